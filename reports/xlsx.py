"""A report as a workbook: a cover and one sheet per table, with real numbers and dates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from typing import Any, Final

import pandas as pd
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from components import formats
from components.blocks import Table, Tiles
from components.charts.tiles import Tile
from components.formats import Field, Kind
from components.texts import _
from components.theme import LIGHT
from reports.document import Chapter, Report

LONGEST_NAME: Final = 31
MOST_ROWS: Final = 1_048_575
"""Rows of a sheet below its headings."""
LONGEST_TEXT: Final = 32_767
_WIDEST: Final = 60
_DATES: Final = {
    **dict.fromkeys(("minute", "hour"), "yyyy-mm-dd hh:mm"),
    "day": "yyyy-mm-dd",
    "month": "mmmm yyyy",
    "year": "yyyy",
}
_FORMATS: Final[dict[Kind, str]] = {
    "count": "#,##0",
    "number": "#,##0.####",
    "percent": "0.0%",
    "seconds": "[h]:mm:ss",
    "milliseconds": '#,##0 "ms"',
    "money": "#,##0.00",
    "change": "+0.0%;-0.0%;0%",
    "delta": "+#,##0;-#,##0;0",
}
_DAY: Final = 86_400


class _Book:
    """A workbook, with the formats and the names of its sheets."""

    def __init__(self, file: BytesIO) -> None:
        self.book = xlsxwriter.Workbook(file, {"in_memory": True})
        self._names: set[str] = set()
        self.format = cache(lambda number: self.book.add_format({"num_format": number}))
        self.heading = self.book.add_format(
            {"bold": True, "bottom": 1, "bottom_color": LIGHT.border, "text_wrap": True}
        )
        self.title = self.book.add_format({"bold": True, "font_size": 16})
        self.muted = self.book.add_format({"font_color": LIGHT.muted})

    def sheet(self, name: str, prefix: str = "") -> Worksheet:
        """Add a sheet with a valid name; ``prefix`` distinguishes it from one of the same name."""
        if sheet_name(name, set()).casefold() in self._names:
            name = f"{prefix} {name}"
        sheet = self.book.add_worksheet(sheet_name(name, self._names))
        self._names.add(sheet.get_name().casefold())
        return sheet

    def write(
        self, sheet: Worksheet, row: int, column: int, field: Field, value: Any, missing: str = ""
    ) -> None:
        """Write a value with its type. Text is never a formula; a missing value is an empty cell
        or the text ``missing``."""
        if not isinstance(value, str) and pd.isna(value):
            if missing:
                sheet.write_string(row, column, missing)
        elif field.kind == "text":
            sheet.write_string(row, column, str(value)[:LONGEST_TEXT])
        elif field.kind == "time":
            moment = pd.Timestamp(value).to_pydatetime().replace(tzinfo=None)
            sheet.write_datetime(row, column, moment, self.format(_DATES[field.unit]))
        else:
            number = float(value) / (_DAY if field.kind == "seconds" else 1)
            number *= 100 if field.kind == "points" else 1
            sheet.write_number(row, column, number, self.format(_number_format(field)))


def workbook(report: Report) -> bytes:
    """Return the content of the file."""
    file = BytesIO()
    book = _Book(file)
    _add_cover(book, report)
    tables: list[Table] = []
    for chapter in report.chapters:
        _add_figures(book, chapter)
        for section in chapter.sections:
            for block in section.blocks:
                # Several chapters may share a table, such as that of the notes.
                if isinstance(block, Table) and not block.frame.empty:
                    if not any(block is table for table in tables):
                        _add_table(book, block, chapter.title)
                    tables.append(block)
    book.book.close()
    return file.getvalue()


def sheet_name(wanted: str, taken: set[str]) -> str:
    """Return a valid name of a sheet that is not ``taken`` (names in lower case): at most 31
    characters, and none that spreadsheets forbid."""
    plain = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", wanted)
    plain = " ".join(plain.split()).strip("'")[:LONGEST_NAME].strip("' ") or _("Table")
    plain = plain[0].upper() + plain[1:]
    if plain.casefold() == "history":  # a name that Excel reserves
        plain = _("History of visits")
    name, number = plain, 1
    while name.casefold() in taken:
        number += 1
        name = f"{plain[: LONGEST_NAME - len(str(number)) - 1]} {number}"
    return name


def _add_cover(book: _Book, report: Report) -> None:
    sheet = book.sheet(_("Report"))
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, _WIDEST)
    sheet.write_string(0, 0, report.cover.website[:LONGEST_TEXT], book.title)
    for row, (name, value) in enumerate(report.cover.lines.items(), 2):
        sheet.write_string(row, 0, name, book.muted)
        sheet.write_string(row, 1, value[:LONGEST_TEXT])


def _add_figures(book: _Book, chapter: Chapter) -> None:
    """Add a sheet with the tiles of a chapter, one per row."""
    tiles = [
        (section.title, tile)
        for section in chapter.sections
        for block in section.blocks
        if isinstance(block, Tiles)
        for tile in block.tiles
    ]
    if not tiles:
        return
    sheet = book.sheet(_("{title} figures").format(title=chapter.title))
    compared = any(tile.earlier is not None for _unused, tile in tiles)
    headings = [
        _("Section"),
        _("Figure"),
        _("Value"),
        *([_("Before"), _("Change")] if compared else []),
        _("Meaning"),
    ]
    sheet.write_row(0, 0, headings, book.heading)
    for row, (title, tile) in enumerate(tiles, 1):
        sheet.write_string(row, 0, title)
        sheet.write_string(row, 1, tile.label)
        field = Field("", "", tile.kind, currency=tile.currency)
        text = "" if tile.value == formats.ABSENT else tile.value
        book.write(sheet, row, 2, field, tile.number, text)
        if compared:
            book.write(sheet, row, 3, field, tile.earlier)
            kind: Kind = "points" if tile.kind == "percent" else "change"
            book.write(sheet, row, 4, Field("", "", kind), _change(tile))
        sheet.write_string(row, len(headings) - 1, tile.about)
    sheet.set_column(0, 1, 24)
    sheet.set_column(2, 4, 14)
    sheet.set_column(len(headings) - 1, len(headings) - 1, _WIDEST)
    sheet.freeze_panes(1, 2)


def _change(tile: Tile) -> float | None:
    """Return the difference of percentages, else the relative change."""
    if tile.number is None or tile.earlier is None:
        return None
    if tile.kind == "percent":
        return tile.number - tile.earlier
    return tile.number / tile.earlier - 1 if tile.earlier else None


def _add_table(book: _Book, table: Table, chapter: str) -> None:
    sheet = book.sheet(table.report_title or table.title, chapter)
    columns = _columns(table.fields)
    frame = table.frame.head(MOST_ROWS)
    for place, field in enumerate(columns):
        values = frame[field.column]
        sheet.write_string(0, place, field.label, book.heading)
        for row, value in enumerate(values, 1):
            book.write(sheet, row, place, field, value)
        texts = [field.label, *map(field.shown, values.head(200))]
        sheet.set_column(place, place, min(_WIDEST, max(10, max(map(len, texts)) + 3)))
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, len(frame), len(columns) - 1)


def _columns(fields: Sequence[Field]) -> list[Field]:
    """Return the columns, and a column of its own for each note that pages show below a value."""
    known = {field.column for field in fields}
    columns: list[Field] = []
    for field in fields:
        columns.append(field)
        if field.note and field.note not in known:
            columns.append(Field(field.note, field.note_heading, "text"))
    return columns


def _number_format(field: Field) -> str:
    if field.kind == "points":
        return '+0.0" {0}";-0.0" {0}";0" {0}"'.format(_("pts"))
    if field.decimals is None:
        return _FORMATS[field.kind]
    # A quotation mark would end the quoted currency, and unprintable characters are invalid.
    currency = formats.iso_currency(field.currency) or field.currency.strip()
    code = "".join(filter(str.isprintable, currency)).replace('"', "")[:20]
    sign = "+" if field.kind == "delta" else ""
    digits = f"#,##0.{'0' * field.decimals}".rstrip(".")
    return f'{sign}{digits} "{code}";-{digits} "{code}"'
