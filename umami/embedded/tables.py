"""The CSV layouts of Umami's tables: which columns a file must and may have, and how to read it."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from umami.embedded.collect import CLICK_IDS, LONGEST_TERM, UTM
from umami.embedded.store import TABLES, escape_globs

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
DELIMITERS = (",", ";", "\t", "|")
NULL = r"\N"
"""As PostgreSQL, MySQL and ClickHouse write it; no value looks so."""
UNKNOWN = "column "
FROM_QUERY = (*UTM, *CLICK_IDS)
"""Columns that Umami fills from the query of an event's address."""
FOLLOWING = ("visit_id", "event_type")
"""Columns that every row has, but whose values follow from others where the file lacks them."""
NOT_UTF_8 = (
    "This is not UTF-8. Save the file in that encoding (Excel calls it “CSV UTF-8”), "
    "and import it again."
)


class ImportRefused(Exception):
    """The tables cannot be read; ``str()`` is a sentence that names file, line and column."""

    def __init__(
        self, reason: str, file: str = "", line: int | None = None, column: str | None = None
    ) -> None:
        place = ", ".join(
            part
            for part in (file, line and f"line {line}", column and f"column {column[:60]}")
            if part
        )
        super().__init__(f"{place}: {reason}" if place else reason)
        self.file = file
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of one file must and may be."""

    filled: tuple[str, ...]
    """Columns without whose value a row says nothing."""
    known_by: tuple[str, ...]
    """Columns of the store by which a row is the same as one that is there already."""
    empty: tuple[str, ...] = ()
    """Columns whose values may be missing."""
    ignored: tuple[str, ...] = ()
    """Columns of other generations that no question asks for."""
    unique: tuple[str, ...] = ()
    """The columns that no two rows may have in common."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Today's name of a column by the one that earlier releases gave it."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read."""
        return self.filled + self.empty


VITALS = ("lcp", "inp", "cls", "fcp", "ttfb")
MAY_LACK = {
    *("created_at", "updated_at", "reset_at", "deleted_at", "domain", "share_id"),
    *("tag", "hostname", "distinct_id", "event_name"),
    *("visit_id", "event_type"),
    *UTM,
    *CLICK_IDS,
    *("team_id", "user_id", "all_day"),
    *VITALS,
}
"""Columns that some release of Umami did not have, or that follow from others."""
WORDS = ("null", "[null]", "<null>", "(null)", "nan", "none")
"""What tools write for NULL, in lower case, besides an empty field and ``\\N``."""
FIXED = {
    *("browser", "os", "device", "screen", "language", "country", "region"),
    *("hostname", "referrer_domain", "referrer_path", "domain", "share_id"),
}
"""Columns of text whose values have a form that none of ``WORDS`` has."""
DESCRIBED = {"event_name": ("event_type", "2"), "string_value": ("data_type", "1", "3", "5")}
"""Columns of text that Umami fills in the rows that have one of these values in another column. A
word is a value there. In other rows it means NULL: pageviews have no event name, and the text of a
number or date has a fixed form."""


def _layout(
    table: str,
    filled: str,
    ignored: tuple[str, ...] = (),
    *,
    key: str | None = None,
    known_by: str | None = None,
    renamed: Mapping[str, str] | None = None,
) -> Layout:
    """As PostgreSQL has it, where the first column is the primary key unless ``key`` names it."""
    names = tuple(filled.split())
    rest = tuple(name for name in TABLES[table] if name not in names)
    unique = tuple(key.split()) if key else names[:1]
    return Layout(names, (known_by,) if known_by else unique, rest, ignored, unique, renamed or {})


POSTGRES = {
    "website": _layout(
        "website",
        "website_id name",
        (
            *(
                "user_id",
                "created_by",
                "rev_id",
                "replay_enabled",
                "replay_config",
                "recorder_enabled",
            ),
            *("errors_enabled", "error_retention_days"),
        ),
    ),
    "session": _layout(
        "session",
        "session_id website_id created_at",
        ("hostname", "subdivision2"),
        renamed={"subdivision1": "region"},
    ),
    "website_event": _layout(
        "website_event",
        "event_id website_id session_id visit_id created_at event_type",
    ),
    "event_data": _layout(
        "event_data",
        "event_data_id website_id website_event_id data_key data_type created_at",
        renamed={
            "event_id": "event_data_id",
            "event_key": "data_key",
            "event_string_value": "string_value",
            "event_numeric_value": "number_value",
            "event_date_value": "date_value",
            "event_data_type": "data_type",
        },
    ),
    "session_data": _layout(
        "session_data",
        "session_data_id website_id session_id data_key data_type created_at",
        ("deleted_at",),
        renamed={"session_key": "data_key", "event_key": "data_key"},
    ),
    # Where an export has no such table, it is made with ids of our own: an event tells better.
    "revenue": _layout(
        "revenue",
        "revenue_id website_id session_id event_id currency created_at",
        known_by="event_id",
    ),
    "session_link": _layout(
        "session_link",
        "website_id session_id distinct_id",
        key="website_id distinct_id session_id",
    ),
    "annotation": _layout("annotation", "annotation_id website_id date note"),
    "team": _layout(
        "team",
        "team_id name",
        ("access_code", "logo_url", "deleted_at", "two_factor_required"),
    ),
    "team_user": _layout("team_user", "team_user_id team_id user_id role"),
    "link": _layout("link", "link_id name url slug", ("user_id",)),
    "pixel": _layout("pixel", "pixel_id name slug", ("user_id",)),
}
SECRET = re.compile(r"user|two_factor_\w+|app_setting|api_key")
"""Tables of passwords, keys and codes, which are never read."""
CLOUD_EXPORT = {
    "website_event": replace(
        POSTGRES["website_event"],
        empty=POSTGRES["website_event"].empty + SESSION_ATTRIBUTES,
        ignored=("job_id",),
    ),
    # Rows of data have no ids there.
    "event_data": Layout(
        ("website_id", "event_id", "data_key", "data_type", "created_at"),
        ("website_event_id", "data_key"),
        ("string_value", "number_value", "date_value"),
        ("session_id", "url_path", "event_name", "job_id"),
    ),
    "session_data": Layout(
        ("website_id", "session_id", "data_key", "data_type", "created_at"),
        ("session_id", "data_key", "created_at"),
        ("string_value", "number_value", "date_value", "distinct_id"),
        ("job_id",),
    ),
}


@dataclass(frozen=True, slots=True)
class Words:
    """How an export spells NULL in columns of text, besides an empty field and ``\\N``."""

    plain: tuple[str, ...] = ()
    """Words that mean NULL where they are not in quotes."""
    quoted: tuple[str, ...] = ()
    """Words that mean NULL in quotes, too."""


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one table as CSV with a header."""

    name: str
    """The file as a person knows it: ``website_event.csv.gz``."""
    header: tuple[str, ...]
    """Today's name of each column; unknown ones have a name that is none of Umami's."""
    layout: Layout
    kinds: dict[str, str] = field(default_factory=dict)
    """DuckDB type by column."""
    delimiter: str = ","
    written: dict[str, str] = field(default_factory=dict)
    """The name that a column has in the file, where that is another."""
    words: Words = Words()

    def reader(self, path: Path) -> str:
        """``read_csv(…)`` of a plain file, or a query of it, with every column as text; a quoted
        empty field is ``''``, not NULL."""
        if not self.words.plain:
            return self._read(path, ())
        # Columns in which a word may be a value are read as they stand, all else with NULL for it.
        columns = ", ".join(
            f'{"stands" if self._keeps_words(name) else "read"}."{name}"' for name in self.header
        )
        return (
            f"(SELECT {columns} FROM {self._read(path, self.words.plain)} read "
            f"POSITIONAL JOIN {self._read(path, ())} stands)"
        )

    def _read(self, path: Path, nulls: tuple[str, ...]) -> str:
        columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in self.header)
        return (
            f"read_csv({quoted(escape_globs(path))}, auto_detect=false, header=true, "
            f"delim={quoted(self.delimiter)}, "
            "quote='\"', escape='\"', strict_mode=true, allow_quoted_nulls=false, "
            f"nullstr=[{_listed(('', NULL, *nulls))}], "
            f"columns={{{columns}}})"
        )

    def numbered(self, path: Path) -> str:
        """The same with ``record``, the place of each row in the file, from 0."""
        return f"(SELECT row_number() OVER () - 1 AS record, * FROM {self.reader(path)})"

    @property
    def unknown(self) -> list[str]:
        """Columns that no release of Umami is known to have; they are not read."""
        return [self.spelled(column) for column in self.header if column.startswith(UNKNOWN)]

    def spelled(self, column: str) -> str:
        """A column's name as the file has it."""
        return self.written.get(column, column)

    def text(self, column: str) -> str:
        """SQL of a column's text, with NULL for the words that mean it."""
        text = f'"{column}"'
        spelled = f"lower({text}) IN ({_listed(WORDS)})"
        words = (*self.words.plain, *self.words.quoted)
        if column in self.layout.filled:
            return text
        if self.kinds[column] != "VARCHAR" or column in FIXED:
            pass
        elif column in DESCRIBED and DESCRIBED[column][0] in self.header:
            other, *values = DESCRIBED[column]
            spelled += f' AND "{other}" NOT IN ({_listed(values)})'
        elif column in FROM_QUERY and words:
            # Where the address has it, too, it is a value.
            query = '"url_query"' if "url_query" in self.header else "NULL"
            spelled = (
                f"{text} IN ({_listed(words)}) AND NOT contains(lower(coalesce({query}, '')), "
                f"{quoted(column + '=')} || lower({text}))"
            )
        elif self.words.quoted:
            spelled = f"{text} IN ({_listed(self.words.quoted)})"
        else:
            return text
        return f"CASE WHEN {spelled} THEN NULL ELSE {text} END"

    def _keeps_words(self, column: str) -> bool:
        return column in (*self.layout.filled, *DESCRIBED, *FROM_QUERY)

    def value(self, column: str) -> str:
        """SQL of a column's typed value; what follows from others, or NULL, where the file has no
        such column."""
        if column in self.header:
            value = typed("CAST", self.text(column), self.kinds[column])
            if self.written.get(column) == "event_string_value":
                # Of numbers and dates Umami 2.3 made it when it was upgraded.
                date = f"strftime({self.value('date_value')}, '%Y-%m-%dT%H:%M:%SZ')"
                return f"coalesce({value}, {self.value('number_value')}::VARCHAR, {date})"
            return value
        if column in FROM_QUERY and "url_query" in self.header:
            found = (
                f"nullif(regexp_extract({self.value('url_query')}, "
                f"'(?i)(?:^|[&?]){column}=([^&]+)', 1), '')"
            )
            decoded = f"coalesce(TRY(url_decode(replace({found}, '+', ' '))), {found})"
            return f"left({decoded}, {LONGEST_TERM})"
        if column == "event_type":
            return f"CASE WHEN {self.value('event_name')} <> '' THEN 2 ELSE 1 END"
        if column == "visit_id":
            # As Umami does when it is upgraded: a visit for each hour of a session.
            hour = f"date_trunc('hour', {self.value('created_at')})"
            return f"CAST(md5(concat({self.value('session_id')}, ' ', {hour})) AS UUID)"
        return "NULL"


def checked(
    table: str, name: str, found: tuple[str, ...], layout: Layout, delimiter: str = ","
) -> Table:
    """The table of a file whose header is as the layout wants it."""
    known = {*layout.columns, *layout.ignored}
    columns: list[str] = []
    written = {}
    for number, column in enumerate(found, 1):
        today = column if column in known else layout.renamed.get(column, column)
        if today != column and (today in found or _is_other(column, found)):
            today = column
        columns.append(today if today in known else f"{UNKNOWN}{number}")
        if columns[-1] != column:
            written[columns[-1]] = column
    for column, times in Counter(columns).items():
        if times > 1:
            place = written.get(column, column)
            raise ImportRefused("The header names this column twice.", name, 1, place)
    for column in layout.columns:
        if column not in columns and (
            column not in MAY_LACK or (column in layout.filled and column not in FOLLOWING)
        ):
            raise ImportRefused("This column is missing.", name, 1, column)
    kinds = dict.fromkeys(columns, "VARCHAR") | {"event_id": "UUID"}
    kinds |= {column: kind.split(" ")[0] for column, kind in TABLES[table].items()}
    return Table(name, tuple(columns), layout, kinds, delimiter, written)


def header(name: str, line: bytes, known: Iterable[str]) -> tuple[tuple[str, ...], str]:
    """The names in a file's first line, in lower case, and what separates them: what leads to most
    of the ``known`` ones."""
    try:
        text = line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ImportRefused(NOT_UTF_8, name, 1) from None
    if not text:
        raise ImportRefused("There is no header.", name, 1)
    if text.lower().startswith("sep="):
        raise ImportRefused("The header has to be the first line. Delete this line.", name, 1)
    expected = set(known)
    readings = []
    for delimiter in DELIMITERS:
        try:
            row = next(csv.reader([text], strict=True, delimiter=delimiter))
        except csv.Error:
            continue
        names = tuple(column.strip(" \"'`\t").lower() for column in row)
        readings.append((len(expected.intersection(names)), names, delimiter))
    if not readings:
        raise ImportRefused("This is no header of a CSV file.", name, 1)
    _, names, delimiter = max(readings, key=lambda reading: reading[0])
    return names, delimiter


def limits(column: str) -> tuple[str, str]:
    """The first and last time that a column may hold."""
    return TIMES if column in ("created_at", "date") else DATES


def typed(cast: str, text: str, kind: str) -> str:
    """SQL of a text as a DuckDB type; ``cast`` is ``CAST`` or ``TRY_CAST``."""
    if kind == "VARCHAR":
        return text
    if kind == "TIMESTAMP":
        # Times without a zone are UTC: so is the connection.
        return f"({cast}(nullif({text}, '') AS TIMESTAMPTZ) AT TIME ZONE 'UTC')"
    return f"{cast}(nullif({text}, '') AS {kind})"


def _is_other(column: str, found: tuple[str, ...]) -> bool:
    """Whether ``event_id`` of data names the event, as it does in exports of Umami Cloud."""
    return column == "event_id" and "website_event_id" not in found


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(map(quoted, texts))


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
