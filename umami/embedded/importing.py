"""Umami's tables as CSV, into the store: all of them, or nothing.

Read are a folder or a zip, plain or gzipped, of either layout:

- the tables of a PostgreSQL database, each with its header (``website_event.csv``, …);
- the export of Umami Cloud, where every event row carries its session's attributes, ``''`` stands
  for NULL and there is no table of sessions.

DuckDB reads at full speed and is only told afterwards to look closer: what it refuses is read a
second time, slowly, to say in which line and column the fault is.
"""

from __future__ import annotations

import csv
import gzip
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

import duckdb

from umami.embedded.store import TABLES, Store

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
SESSION_ATTRIBUTES = (
    "browser",
    "os",
    "device",
    "screen",
    "language",
    "country",
    "region",
    "city",
    "distinct_id",
)
CLOUD = "browser"
"""A column of events that only the Cloud's layout has."""
TIMES = ("1970-01-02", "2100-01-01")
"""When something can have happened; elsewhere a date may be any of four digits."""
DATES = ("0001-01-01", "9999-12-31")
UNPACKED_FREELY = 64 * 2**20
PIECE = 2**18
LARGEST_RATIO = 250
"""Text of tables packs some ten times. What unpacks to much more than that is no table."""


class Bytes(Protocol):
    """Something that bytes are read from."""

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes; none at the end."""


class ImportRefused(Exception):
    """The tables cannot be read; ``str()`` is a sentence that names file, line and column."""

    def __init__(
        self, reason: str, file: str = "", line: int | None = None, column: str | None = None
    ) -> None:
        place = ", ".join(
            part for part in (file, line and f"line {line}", column and f"column {column}") if part
        )
        super().__init__(f"{place}: {reason}" if place else reason)
        self.file = file
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of one file must and may be."""

    required: tuple[str, ...]
    """Without these columns, or without a value in them, a row says nothing."""
    optional: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    """Columns of other generations that no question asks for."""
    unique: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read, if it is there."""
        return self.required + self.optional


def _rest(table: str, *required: str, but: Sequence[str] = ()) -> tuple[str, ...]:
    return tuple(name for name in TABLES[table] if name not in required and name not in but)


def _layout(
    table: str, *required: str, ignored: tuple[str, ...] = (), unique: str | None = None
) -> Layout:
    return Layout(required, _rest(table, *required), ignored, unique)


VITALS = ("lcp", "inp", "cls", "fcp", "ttfb")
EVENT = ("event_id", "website_id", "session_id", "visit_id", "created_at", "url_path", "event_type")
POSTGRES = {
    "website": _layout(
        "website",
        "website_id",
        "name",
        ignored=(
            "user_id",
            "team_id",
            "created_by",
            "replay_enabled",
            "replay_config",
            "recorder_enabled",
        ),
        unique="website_id",
    ),
    "session": _layout(
        "session",
        "session_id",
        "website_id",
        "created_at",
        ignored=("hostname", "subdivision1", "subdivision2"),
        unique="session_id",
    ),
    "website_event": _layout("website_event", *EVENT, ignored=VITALS, unique="event_id"),
    "event_data": _layout(
        "event_data",
        *("event_data_id", "website_id", "website_event_id", "data_key", "data_type", "created_at"),
    ),
    "session_data": _layout(
        "session_data",
        *("session_data_id", "website_id", "session_id", "data_key", "data_type", "created_at"),
    ),
    "revenue": _layout(
        "revenue",
        *("revenue_id", "website_id", "session_id", "event_id", "currency", "created_at"),
    ),
}
CLOUD_EXPORT = {
    "website_event": Layout(
        EVENT,
        _rest("website_event", *EVENT) + SESSION_ATTRIBUTES,
        ("job_id", *VITALS),
        unique="event_id",
    ),
    "event_data": Layout(
        ("website_id", "event_id", "data_key", "data_type", "created_at"),
        ("string_value", "number_value", "date_value"),
        ("session_id", "url_path", "event_name", "job_id"),
    ),
    "session_data": Layout(
        ("website_id", "session_id", "data_key", "data_type", "created_at"),
        ("string_value", "number_value", "date_value", "distinct_id"),
        ("job_id",),
    ),
}
MAY_LACK = {
    "tag",
    "hostname",
    "distinct_id",
    "share_id",
    "deleted_at",
    "reset_at",
    "updated_at",
    "domain",
    "event_name",
    "created_at",
    *UTM,
    *("fbclid", "gclid", "li_fat_id", "msclkid", "ttclid", "twclid"),
}
"""Optional columns that some release of Umami did not have, or that can be told otherwise."""


@dataclass(frozen=True, slots=True)
class Table:
    """One CSV file with a header, unpacked."""

    name: str
    """As a person knows it: ``website_event.csv.gz``."""
    path: Path
    header: tuple[str, ...]
    layout: Layout
    kinds: dict[str, str] = field(default_factory=dict)
    """DuckDB type by column."""

    @property
    def reader(self) -> str:
        """``read_csv(…)`` with every column as text; a quoted empty field is ``''``, not NULL."""
        columns = ", ".join(f"{_quoted(name)}: 'VARCHAR'" for name in self.header)
        return (
            f"read_csv({_quoted(_no_glob(self.path))}, auto_detect=false, header=true, delim=',', "
            "quote='\"', escape='\"', strict_mode=true, allow_quoted_nulls=false, nullstr='', "
            f"columns={{{columns}}})"
        )

    @property
    def numbered(self) -> str:
        """The same with ``record``, the place of each row in the file, from 0."""
        return f"(SELECT row_number() OVER () - 1 AS record, * FROM {self.reader})"

    def value(self, column: str) -> str:
        """SQL of a column's typed value; NULL where the file has no such column."""
        if column not in self.header:
            return "NULL"
        return _typed("CAST", f'"{column}"', self.kinds[column])


def load(store: Store, source: Path) -> None:
    """Import a folder or zip of tables into an empty store.

    Raises:
        ImportRefused: for whatever cannot be read; then the store stays empty.
    """
    with tempfile.TemporaryDirectory(prefix="umami-import-") as scratch:
        files = _unpacked(source, Path(scratch))
        if "website_event" not in files:
            raise ImportRefused(f"There is no website_event.csv in {source.name or source}.")
        cloud = CLOUD in _header(*files["website_event"])
        if not cloud and "session" not in files:
            raise ImportRefused(f"There is no session.csv in {source.name or source}.")
        layouts = CLOUD_EXPORT if cloud else POSTGRES
        tables = {
            table: _table(table, *files[table], layouts[table])
            for table in layouts
            if table in files
        }
        with store.writing() as cursor:
            for table, found in tables.items():
                _insert(cursor, table, found, cloud)
            _complete(cursor, tables, cloud)


def _insert(cursor: duckdb.DuckDBPyConnection, table: str, found: Table, cloud: bool) -> None:
    values = {name: found.value(name) for name in TABLES[table]}
    if cloud:
        values = {
            name: f"nullif({value}, '')" if TABLES[table][name] == "VARCHAR" else value
            for name, value in values.items()
        }
    if table == "website_event":
        values |= {name: f"coalesce({values[name]}, '')" for name in ("url_path", "url_query")}
    if table == "event_data" and cloud:
        values |= {"website_event_id": found.value("event_id")}
    if table in ("event_data", "session_data") and cloud:
        values[f"{table}_id"] = "uuid()"
    # Sorted, so that a question about one website and range skips whole blocks of rows.
    order = " ORDER BY website_id, created_at" if table != "website" else ""
    names = ", ".join(values)
    selected = ", ".join(f"{value} AS {name}" for name, value in values.items())
    try:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {selected} FROM {found.reader}{order}"
        )
        sound = _sound(cursor, table, found)
    except duckdb.Error as error:
        raise _explained(found, str(error)) from None
    if not sound:
        raise _explained(found, "")


def _sound(cursor: duckdb.DuckDBPyConnection, table: str, found: Table) -> bool:
    """Whether no required value is missing, no time is absurd and no id comes twice."""
    faults = [f"{name} IS NULL" for name in found.layout.required if name in TABLES[table]]
    faults += [
        f"{name} NOT BETWEEN {_quoted(low)} AND {_quoted(high)}"
        for name, kind in TABLES[table].items()
        if kind == "TIMESTAMP"
        for low, high in [_limits(name)]
    ]
    row = cursor.execute(
        f"SELECT count(*) FILTER ({' OR '.join(faults)}), count(*) FROM {table}"
    ).fetchone()
    assert row
    if row[0]:
        return False
    if found.layout.unique:
        distinct = cursor.execute(
            f"SELECT count(*) FROM (SELECT DISTINCT {found.layout.unique} FROM {table})"
        ).fetchone()
        return distinct == (row[1],)
    return True


def _complete(cursor: duckdb.DuckDBPyConnection, tables: dict[str, Table], cloud: bool) -> None:
    """Make the tables that are not there from those that are."""
    if cloud:
        events = tables["website_event"]
        attributes = ", ".join(
            f"arg_min(nullif({events.value(name)}, ''), {events.value('created_at')})"
            for name in SESSION_ATTRIBUTES
        )
        cursor.execute(
            f"INSERT INTO session (session_id, website_id, created_at, "
            f"{', '.join(SESSION_ATTRIBUTES)}) "
            f"SELECT {events.value('session_id')} AS session, "
            f"{events.value('website_id')} AS site, "
            f"min({events.value('created_at')}) AS first_at, {attributes} FROM {events.reader} "
            "GROUP BY session, site ORDER BY site, first_at"
        )
    if "website" not in tables:
        cursor.execute(
            """
            INSERT INTO website (website_id, name, domain, created_at)
            SELECT website_id,
                   coalesce(mode(regexp_replace(hostname, '^www\\.', '')),
                            'Website ' || left(website_id::VARCHAR, 8)),
                   mode(regexp_replace(hostname, '^www\\.', '')), min(created_at)
            FROM website_event GROUP BY website_id ORDER BY website_id
            """
        )
    cursor.execute("UPDATE website SET created_at = updated_at WHERE created_at IS NULL")
    if "revenue" not in tables:
        # As 2.18 tells revenue: an event with a property for the sum and one for the currency.
        cursor.execute(
            """
            INSERT INTO revenue
            SELECT uuid(), e.website_id, e.session_id, e.event_id, e.event_name,
                   currency.string_value, revenue.number_value, e.created_at
            FROM website_event e
            JOIN event_data revenue ON revenue.website_event_id = e.event_id
            JOIN event_data currency ON currency.website_event_id = e.event_id
            WHERE revenue.data_key ILIKE '%revenue%' AND currency.data_key ILIKE '%currency%'
              AND revenue.number_value IS NOT NULL AND currency.string_value IS NOT NULL
            ORDER BY e.website_id, e.created_at
            """
        )


# What is wrong, and where


def _explained(table: Table, problem: str) -> ImportRefused:
    found = _structure(table) or _content(table)
    if found:
        return found
    line = re.search(r"CSV Error on Line: (\d+)", problem)
    return ImportRefused("It cannot be read.", table.name, int(line[1]) if line else None)


def _structure(table: Table) -> ImportRefused | None:
    """The first line that is not text, or has too few or too many fields."""
    for number, bytes_ in enumerate(table.path.open("rb"), 1):
        try:
            bytes_.decode()
        except UnicodeDecodeError:
            return ImportRefused("This is not UTF-8.", table.name, number)
    width = len(table.header)
    try:
        for number, row in _records(table.path):
            if row and len(row) != width:
                column = table.header[len(row)] if len(row) < width else None
                return ImportRefused(
                    f"There are {len(row)} fields where the header has {width}.",
                    table.name,
                    number,
                    column,
                )
    except csv.Error as error:
        return ImportRefused(f"This is not CSV ({error}).", table.name)
    return None


def _content(table: Table) -> ImportRefused | None:
    """The first value that is missing, of the wrong kind, or there twice."""
    cases = []
    for name in table.layout.columns:
        if name not in table.header:
            continue
        text, kind = f'"{name}"', table.kinds[name]
        if name in table.layout.required and kind != "VARCHAR":
            cases.append((name, f"coalesce({text}, '') = ''"))
        elif name in table.layout.required and name != "url_path":
            cases.append((name, f"{text} IS NULL"))
        if kind != "VARCHAR":
            cases.append((name, f"{text} <> '' AND {_typed('TRY_CAST', text, kind)} IS NULL"))
        if kind == "TIMESTAMP":
            low, high = _limits(name)
            value = _typed("TRY_CAST", text, kind)
            cases.append((name, f"{value} NOT BETWEEN {_quoted(low)} AND {_quoted(high)}"))
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        spelled = " ".join(f"WHEN {test} THEN {number}" for number, (_, test) in enumerate(cases))
        try:
            row = database.execute(
                f"SELECT CASE {spelled} END AS fault, * FROM {table.numbered} "
                "WHERE fault IS NOT NULL ORDER BY record LIMIT 1"
            )
            names = [one[0] for one in row.description]
            first = row.fetchone()
            if first:
                record = dict(zip(names, first, strict=True))
                column = cases[record["fault"]][0]
                return ImportRefused(
                    _fault(record[column], table.kinds[column]),
                    table.name,
                    _line(table.path, record["record"]),
                    column,
                )
            return _repeated(database, table)
        except duckdb.Error:
            return None


def _repeated(database: duckdb.DuckDBPyConnection, table: Table) -> ImportRefused | None:
    if not table.layout.unique:
        return None
    row = database.execute(
        f"SELECT record FROM {table.numbered} QUALIFY row_number() OVER (PARTITION BY "
        f"{table.value(table.layout.unique)} ORDER BY record) = 2 ORDER BY record LIMIT 1"
    ).fetchone()
    if not row:
        return None
    return ImportRefused(
        "This id was there before.", table.name, _line(table.path, row[0]), table.layout.unique
    )


def _fault(value: str | None, kind: str) -> str:
    if not value:
        return "A value is missing."
    shown = value if len(value) <= 60 else value[:60] + "…"
    wanted = {"UUID": "a UUID", "TIMESTAMP": "a time", "INTEGER": "a whole number"}
    return f"{shown!r} is not {wanted.get(kind, 'a number')} that Umami could hold."


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Every record after the header with the line it begins in."""
    with path.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text, strict=True)
        next(reader, None)
        begins = reader.line_num + 1
        for row in reader:
            yield begins, row
            begins = reader.line_num + 1


def _line(path: Path, index: int) -> int:
    """The line in which a record begins; records count from 0, empty lines are none."""
    records = (number for number, row in _records(path) if row)
    return next((number for at, number in enumerate(records) if at == index), index + 2)


# SQL


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _no_glob(path: Path) -> str:
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def _typed(cast: str, text: str, kind: str) -> str:
    if kind == "VARCHAR":
        return text
    if kind == "TIMESTAMP":
        # Times without a zone are UTC: so is the connection.
        return f"({cast}(nullif({text}, '') AS TIMESTAMPTZ) AT TIME ZONE 'UTC')"
    return f"{cast}(nullif({text}, '') AS {kind})"


def _limits(column: str) -> tuple[str, str]:
    return TIMES if column == "created_at" else DATES


# Files


def _table(table: str, name: str, path: Path, layout: Layout) -> Table:
    header = _header(name, path)
    for column in layout.columns + layout.ignored:
        if header.count(column) > 1:
            raise ImportRefused("The header names this column twice.", name, 1, column)
    for column in header:
        if column not in layout.columns + layout.ignored:
            raise ImportRefused("Umami has no such column.", name, 1, column or "(without a name)")
    for column in layout.columns:
        if column not in header and not (column in MAY_LACK and column not in layout.required):
            raise ImportRefused("This column is missing.", name, 1, column)
    kinds = dict.fromkeys(header, "VARCHAR")
    kinds |= {column: kind.split(" ")[0] for column, kind in TABLES[table].items()}
    kinds |= {"event_id": "UUID"}
    return Table(name, path, header, layout, kinds)


def _header(name: str, path: Path) -> tuple[str, ...]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            first = next(csv.reader(iter(lambda: text.readline(100_000), ""), strict=True), None)
    except UnicodeDecodeError:
        raise ImportRefused("This is not UTF-8.", name, 1) from None
    except csv.Error:
        raise ImportRefused("This is no header of a CSV file.", name, 1) from None
    if not first:
        raise ImportRefused("The file is empty: not even a header.", name, 1)
    return tuple(first)


def _unpacked(source: Path, scratch: Path) -> dict[str, tuple[str, Path]]:
    """By table: the file's name and a plain CSV of it."""
    try:
        if source.is_dir():
            return _of_folder(source, scratch)
        if source.is_file():
            return _of_zip(source, scratch)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "damaged"
        raise ImportRefused(f"It cannot be unpacked ({reason}).", source.name) from None
    raise ImportRefused(f"There is no folder or file {source}.")


def _of_folder(folder: Path, scratch: Path) -> dict[str, tuple[str, Path]]:
    found: dict[str, tuple[str, Path]] = {}
    for path in sorted(folder.iterdir()):
        table = _table_of(path.name)
        if table is None or not path.is_file():
            continue
        _once(found, table, path.name)
        plain = path
        if path.suffix == ".gz":
            plain = scratch / f"{table}.csv"
            with path.open("rb") as packed:
                _gunzip(packed, path.stat().st_size, plain, path.name)
        found[table] = (path.name, plain)
    return found


def _of_zip(source: Path, scratch: Path) -> dict[str, tuple[str, Path]]:
    if not zipfile.is_zipfile(source):
        raise ImportRefused("It is neither a folder nor a zip.", source.name)
    found: dict[str, tuple[str, Path]] = {}
    with zipfile.ZipFile(source) as archive:
        for member in archive.infolist():
            # Only the name's last part counts, and nothing is written where a zip says.
            table = _table_of(PurePosixPath(member.filename).name)
            if table is None or member.is_dir() or "__MACOSX" in member.filename:
                continue
            _once(found, table, member.filename)
            if member.flag_bits & 1:
                raise ImportRefused("It is encrypted.", member.filename)
            inner, plain = scratch / f"{table}.packed", scratch / f"{table}.csv"
            with archive.open(member) as packed:
                _copy(packed, inner, member.compress_size, member.filename)
            if member.filename.endswith(".gz"):
                with inner.open("rb") as twice:
                    _gunzip(twice, inner.stat().st_size, plain, member.filename)
                inner.unlink()
            else:
                inner.rename(plain)
            found[table] = (member.filename, plain)
    return found


def _table_of(name: str) -> str | None:
    table = name.removesuffix(".gz").removesuffix(".csv")
    return table if table in POSTGRES and name != table and ".csv" in name else None


def _once(found: dict[str, tuple[str, Path]], table: str, name: str) -> None:
    if table in found:
        raise ImportRefused(f"The same table is there as {found[table][0]} too.", name)


def _gunzip(packed: Bytes, size: int, plain: Path, name: str) -> None:
    try:
        with gzip.GzipFile(fileobj=packed) as unpacking:
            _copy(unpacking, plain, size, name)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise ImportRefused("It is not gzip, or damaged.", name) from None


def _copy(packed: Bytes, plain: Path, packed_size: int, name: str) -> None:
    limit = max(UNPACKED_FREELY, packed_size * LARGEST_RATIO)
    with plain.open("wb") as file:
        while piece := packed.read(PIECE):
            limit -= len(piece)
            if limit < 0:
                raise ImportRefused("It unpacks to far more than a table would.", name)
            file.write(piece)
