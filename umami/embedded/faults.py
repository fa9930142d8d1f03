"""Find the first fault of a CSV file that cannot be imported, with its line and column. This is
slow, and runs only after DuckDB has refused the file."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb

from umami.embedded.store import MEMORY, lock_down
from umami.embedded.tables import NOT_UTF_8, WORDS, ImportRefused, Table, limits, quoted, typed

_FORMATTED = re.compile(r"\W*\d[\d.,\s'_]*\W*")
"""A number formatted for people: ``1.234,56 €``."""


def explained(table: Table, path: Path, problem: str, spill: Path) -> ImportRefused:
    """The first fault of an unpacked file that DuckDB refused with the error ``problem``, or whose
    rows are unsound; DuckDB spills into the folder ``spill``."""
    path = path.resolve()
    line = re.search(r"CSV Error on Line: (\d+)", problem)
    return (
        _structure(table, path)
        or _content(table, path, spill)
        or ImportRefused("It cannot be read.", table.name, int(line[1]) if line else None)
    )


def _structure(table: Table, path: Path) -> ImportRefused | None:
    """The first record that is not UTF-8, or has too few or too many fields."""
    width = len(table.header)
    for number, row in _records(table, path):
        for column, value in zip(table.header, row, strict=False):
            # Bytes that are not UTF-8 were decoded to surrogates.
            if not value.isascii() and re.search("[\udc80-\udcff]", value):
                return ImportRefused(NOT_UTF_8, table.name, number, table.name_in_file(column))
        if row and len(row) != width:
            return ImportRefused(
                f"There are {len(row)} fields where the header has {width}.",
                table.name,
                number,
                table.name_in_file(table.header[len(row)]) if len(row) < width else None,
            )
    return None


def _content(table: Table, path: Path, spill: Path) -> ImportRefused | None:
    """The first value that is missing, of another type, or not unique."""
    cases = []
    for name in table.layout.columns:
        if name not in table.header:
            continue
        text, kind = table.text(name), table.kinds[name]
        value, is_text = typed("TRY_CAST", text, kind), kind == "VARCHAR"
        if name in table.layout.filled:
            cases.append((name, f"{text} IS NULL" if is_text else f"coalesce({text}, '') = ''"))
        if not is_text:
            cases.append((name, f"{text} <> '' AND {value} IS NULL"))
        if kind == "TIMESTAMP":
            low, high = map(quoted, limits(name))
            cases.append((name, f"{value} NOT BETWEEN {low} AND {high}"))
    with duckdb.connect() as database:
        lock_down(database, memory=MEMORY, spill=spill, readable=path.parent)
        when = " ".join(f"WHEN {test} THEN {number}" for number, (_, test) in enumerate(cases))
        try:
            result = database.execute(
                f"SELECT CASE {when} END AS fault, * FROM {_numbered(table, path)} "
                "WHERE fault IS NOT NULL ORDER BY record LIMIT 1"
            )
            names = [description[0] for description in result.description]
            if row := result.fetchone():
                record = dict(zip(names, row, strict=True))
                column = cases[record["fault"]][0]
                return ImportRefused(
                    _fault(record[column], table.kinds[column]),
                    table.name,
                    _line(table, path, record["record"]),
                    table.name_in_file(column),
                )
            return _repeated(database, table, path)
        except duckdb.Error:
            return None


def _repeated(
    database: duckdb.DuckDBPyConnection, table: Table, path: Path
) -> ImportRefused | None:
    unique = table.layout.unique
    if not unique:
        return None
    key = ", ".join(table.value(column) for column in unique)
    row = database.execute(
        f"SELECT record FROM {_numbered(table, path)} QUALIFY row_number() OVER (PARTITION BY "
        f"{key} ORDER BY record) = 2 ORDER BY record LIMIT 1"
    ).fetchone()
    if not row:
        return None
    line = _line(table, path, row[0])
    if len(unique) > 1:
        return ImportRefused("This row occurs twice.", table.name, line)
    return ImportRefused("This id occurs twice.", table.name, line, table.name_in_file(unique[0]))


def _numbered(table: Table, path: Path) -> str:
    """SQL that reads a file, with the number of each record as ``record``, from 0."""
    return f"(SELECT row_number() OVER () - 1 AS record, * FROM {table.reader(path)})"


def _fault(value: str | None, kind: str) -> str:
    if not value or value.lower() in WORDS:
        return "A value is missing."
    shown = value if len(value) <= 60 else value[:60] + "…"
    expected = {
        "UUID": "a UUID",
        "TIMESTAMP": "a time",
        "INTEGER": "a whole number",
        "BOOLEAN": "true or false",
    }
    refusal = f"{shown!r} is not {expected.get(kind, 'a number')} that Umami could hold."
    if kind not in expected and _FORMATTED.fullmatch(value):
        refusal += " Write it with a point and no other signs, such as 1234.56."
    return refusal


def _records(table: Table, path: Path) -> Iterator[tuple[int, list[str]]]:
    """All records after the header, each with the number of its first line."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        reader = csv.reader(text, strict=True, delimiter=table.delimiter)
        next(reader, None)
        while True:
            begins = reader.line_num + 1
            try:
                row = next(reader, None)
            except csv.Error as error:
                raise ImportRefused(f"This is not CSV ({error}).", table.name, begins) from None
            if row is None:
                return
            yield begins, row


def _line(table: Table, path: Path, index: int) -> int:
    """The first line of a record; ``index`` counts records from 0 and skips empty lines."""
    records = (number for number, row in _records(table, path) if row)
    return next((number for at, number in enumerate(records) if at == index), index + 2)
