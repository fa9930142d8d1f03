"""A report as a workbook: a cover, and a sheet a table, with real numbers and dates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Any, Final

import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from components import formats
from components.blocks import Table, Tiles
from components.charts.tiles import Tile
from components.formats import Field, Kind
from components.theme import LIGHT
from reports.document import Chapter, Report

LONGEST_NAME: Final = 31
MOST_ROWS: Final = 1_048_575
"""Rows of a sheet below its headings."""
LONGEST_TEXT: Final = 32_767
_WIDEST: Final = 60
_DATES: Final = {
    "minute": "yyyy-mm-dd hh:mm",
    "hour": "yyyy-mm-dd hh:mm",
    "day": "yyyy-mm-dd",
    "month": "mmmm yyyy",
    "year": "yyyy",
}
_FORMATS: Final[dict[Kind, str]] = {
    "count": "#,##0",
    "number": "#,##0.####",
    "percent": "0.0%",
    "seconds": "[h]:mm:ss",
    "money": "#,##0.00",
    "change": "+0.0%;-0.0%;0%",
    "points": '+0.0" pts";-0.0" pts";0" pts"',
    "delta": "+#,##0;-#,##0;0",
}
_DAY: Final = 86_400


class _Book:
    """The workbook as it grows; a format is made once."""

    def __init__(self, file: BytesIO) -> None:
        self.book = xlsxwriter.Workbook(
            file,
            {
                "in_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "nan_inf_to_errors": False,
            },
        )
        self._names: set[str] = set()
        self._formats: dict[str, Format] = {}
        self.heading = self.book.add_format(
            {"bold": True, "bottom": 1, "bottom_color": LIGHT.border, "text_wrap": True}
        )
        self.title = self.book.add_format({"bold": True, "font_size": 16})
        self.quiet = self.book.add_format({"font_color": LIGHT.muted})

    def sheet(self, name: str, of: str = "") -> Worksheet:
        """A sheet under a name that is valid; ``of`` goes before one that is taken."""
        if sheet_name(name, set()).casefold() in self._names:
            name = f"{of} {name}"
        found = self.book.add_worksheet(sheet_name(name, self._names))
        self._names.add(found.get_name().casefold())
        return found

    def format(self, number: str) -> Format:
        """The format of a number."""
        if number not in self._formats:
            self._formats[number] = self.book.add_format({"num_format": number})
        return self._formats[number]


def workbook(report: Report) -> bytes:
    """The file."""
    file = BytesIO()
    book = _Book(file)
    _cover(book, report)
    for chapter in report.chapters:
        _figures(book, chapter)
        for part in chapter.sections:
            for block in part.blocks:
                if isinstance(block, Table) and not block.frame.empty:
                    _table(book, block, chapter.title)
    book.book.close()
    return file.getvalue()


def sheet_name(wanted: str, taken: set[str]) -> str:
    """A name that spreadsheets take: short, without what they forbid, unlike those ``taken``
    (folded)."""
    plain = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", wanted)
    plain = " ".join(plain.split()).strip("'")[:LONGEST_NAME].strip("' ") or "Table"
    plain = plain[0].upper() + plain[1:]
    if plain.casefold() == "history":  # which spreadsheets keep to themselves
        plain = "History of visits"
    found, number = plain, 1
    while found.casefold() in taken:
        number += 1
        found = f"{plain[: LONGEST_NAME - len(str(number)) - 1]} {number}"
    return found


def _cover(book: _Book, report: Report) -> None:
    sheet = book.sheet("Report")
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, _WIDEST)
    sheet.write_string(0, 0, report.cover.website[:LONGEST_TEXT], book.title)
    for row, (name, said) in enumerate(report.cover.lines.items(), 2):
        sheet.write_string(row, 0, name, book.quiet)
        sheet.write_string(row, 1, said[:LONGEST_TEXT])


def _figures(book: _Book, chapter: Chapter) -> None:
    """The single figures of a chapter, one below the other."""
    told: list[tuple[str, Tile]] = [
        (part.title, tile)
        for part in chapter.sections
        for block in part.blocks
        if isinstance(block, Tiles)
        for tile in block.tiles
    ]
    if not told:
        return
    sheet = book.sheet(f"{chapter.title} figures")
    compared = any(tile.earlier is not None for _, tile in told)
    headings = ["Of", "Figure", "Value", *(["Before", "Change"] if compared else []), "Means"]
    for column, name in enumerate(headings):
        sheet.write_string(0, column, name, book.heading)
    for row, (of, tile) in enumerate(told, 1):
        sheet.write_string(row, 0, of)
        sheet.write_string(row, 1, tile.label)
        field = Field("", "", tile.kind, currency=tile.currency)
        said = "" if tile.value == formats.ABSENT else tile.value
        _cell(book, sheet, row, 2, field, tile.number, otherwise=said)
        if compared:
            _cell(book, sheet, row, 3, field, tile.earlier)
            kind: Kind = "points" if tile.kind == "percent" else "change"
            _cell(book, sheet, row, 4, Field("", "", kind), _moved(tile))
        sheet.write_string(row, len(headings) - 1, tile.about)
    sheet.set_column(0, 1, 24)
    sheet.set_column(2, 4, 14)
    sheet.set_column(len(headings) - 1, len(headings) - 1, _WIDEST)
    sheet.freeze_panes(1, 2)


def _moved(tile: Tile) -> float | None:
    if tile.number is None or tile.earlier is None:
        return None
    if tile.kind == "percent":
        return tile.number - tile.earlier
    return tile.number / tile.earlier - 1 if tile.earlier else None


def _table(book: _Book, table: Table, chapter: str) -> None:
    sheet = book.sheet(table.report_title or table.title, chapter)
    columns = _columns(table.fields)
    frame = table.frame.head(MOST_ROWS)
    for place, field in enumerate(columns):
        sheet.write_string(0, place, field.label, book.heading)
        for row, value in enumerate(frame[field.column], 1):
            _cell(book, sheet, row, place, field, value)
        sheet.set_column(place, place, _width(field, frame[field.column]))
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, len(frame), len(columns) - 1)


def _columns(fields: Sequence[Field]) -> list[Field]:
    """The columns, with those that pages show in small below others."""
    known = {one.column for one in fields}
    found: list[Field] = []
    for field in fields:
        found.append(field)
        if field.note and field.note not in known:
            found.append(Field(field.note, field.note.capitalize(), "text"))
    return found


def _cell(
    book: _Book,
    sheet: Worksheet,
    row: int,
    column: int,
    field: Field,
    value: Any,
    otherwise: str = "",
) -> None:
    """One value as what it is; text is never read as a formula, what is unknown stays empty."""
    if not isinstance(value, str) and pd.isna(value):
        if otherwise:
            sheet.write_string(row, column, otherwise)
        return
    if field.kind == "text":
        sheet.write_string(row, column, str(value)[:LONGEST_TEXT])
    elif field.kind == "time":
        moment: datetime = pd.Timestamp(value).to_pydatetime().replace(tzinfo=None)
        sheet.write_datetime(row, column, moment, book.format(_DATES[field.unit]))
    else:
        number = float(value) / (_DAY if field.kind == "seconds" else 1)
        if field.kind == "points":
            number *= 100
        sheet.write_number(row, column, number, book.format(_number_format(field)))


def _number_format(field: Field) -> str:
    if field.decimals is not None:
        # Quotes would end the text, and what is not printed has no place in a format.
        spelled = formats.iso_currency(field.currency) or field.currency.strip()
        code = "".join(one for one in spelled if one.isprintable() and one != '"')[:20]
        sign = "+" if field.kind == "delta" else ""
        digits = f"#,##0.{'0' * field.decimals}".rstrip(".")
        return f'{sign}{digits} "{code}";-{digits} "{code}"'
    return _FORMATS[field.kind]


def _width(field: Field, values: pd.Series[Any]) -> float:
    said = [field.label, *(field.shown(one) for one in values.head(200))]
    return min(_WIDEST, max(10, max(map(len, said)) + 3))
