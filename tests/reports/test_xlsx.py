"""A report as a workbook: real numbers and dates, frozen headings, no formulas."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

import openpyxl
import pandas as pd
import pytest

from components.blocks import Table, Tiles
from components.formats import Field
from reports import xlsx
from reports.document import Chapter, Report, Section
from tests.reports.conftest import seen
from umami.api import traffic
from umami.client import Client


def opened(report: Report) -> openpyxl.Workbook:
    """The workbook as a spreadsheet reads it."""
    return openpyxl.load_workbook(BytesIO(xlsx.workbook(report)))


def of(report: Report, *tables: Table) -> Report:
    """The same report with these tables only."""
    return Report(report.cover, (Chapter("x", "X", "", (Section("", "", tables),)),))


def rows(book: openpyxl.Workbook, sheet: str) -> list[dict[str, Any]]:
    """The rows of a sheet by their headings."""
    heading, *values = book[sheet].iter_rows(values_only=True)
    return [dict(zip(map(str, heading), row, strict=True)) for row in values]


def test_sums_of_sheets_are_the_servers(overview: Report, client: Client) -> None:
    book = opened(overview)
    stats = client.ask(traffic.stats(seen())).current
    figures = {row["Figure"]: row["Value"] for row in rows(book, "Overview figures")}
    assert figures["Views"] == stats.views
    assert figures["Bounce rate"] == pytest.approx(stats.bounce_rate)
    days = rows(book, "Traffic over time")
    assert sum(row["Views"] for row in days) == stats.views
    assert days[0]["Day"] == datetime(2026, 9, 1)
    countries = client.ask(traffic.metrics(seen(), "country")).frame
    shares = [count / stats.visitors for count in countries["count"]]
    printed = rows(book, "Countries")
    assert [row["Visitors"] for row in printed] == list(countries["count"])
    assert [row["% of visitors"] for row in printed] == pytest.approx(shares, abs=0.0001)


@pytest.mark.thorough
def test_every_table_has_frozen_headings_filters_and_formats(whole: Report) -> None:
    book = opened(whole)
    tables = [
        block
        for chapter in whole.chapters
        for part in chapter.sections
        for block in part.blocks
        if isinstance(block, Table) and not block.frame.empty
    ]
    figures = [
        chapter
        for chapter in whole.chapters
        if any(isinstance(block, Tiles) for part in chapter.sections for block in part.blocks)
    ]
    assert len(book.sheetnames) == 1 + len(tables) + len(figures)
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes is not None, sheet.title
        kinds = {type(cell.value) for line in sheet.iter_rows() for cell in line}
        assert kinds & {int, float, datetime}, sheet.title
    countries = book["Countries"]
    assert countries["C2"].number_format == "0.0%"
    assert countries.auto_filter.ref == f"A1:C{countries.max_row}"
    assert book["Latest visitors"]["C2"].number_format == "yyyy-mm-dd hh:mm"
    assert "EUR" in book["Revenue by country"]["B2"].number_format


def test_cover_is_the_first_sheet(overview: Report) -> None:
    sheet = opened(overview).worksheets[0]
    lines = {row[0]: row[1] for row in sheet.iter_rows(min_row=3, values_only=True)}
    assert lines == overview.cover.lines


def test_text_is_never_a_formula_or_a_link(overview: Report) -> None:
    names = ["=1+1", "+1", "-1", "@SUM(A1)", "https://example.com", "0042", "", "x" * 40_000]
    frame = pd.DataFrame({"name": names, "count": range(len(names))})
    book = opened(
        of(
            overview,
            Table("names", frame, [Field("name", "Name", "text"), Field("count", "Count")], "k"),
        )
    )
    cells = [row[0] for row in book["Names"].iter_rows(min_row=2)]
    assert [cell.data_type for cell in cells if cell.value] == ["s"] * 7
    assert [cell.value or "" for cell in cells[:7]] == names[:7]
    assert all(cell.hyperlink is None for cell in cells)


@pytest.mark.parametrize(
    ("wanted", "taken", "name"),
    [
        ("pages", (), "Pages"),
        ("Pages", ("pages",), "Pages 2"),
        ("a[b]:c*d?e/f\\g", (), "A b c d e f g"),
        ("'quoted'", (), "Quoted"),
        ("history", (), "History of visits"),
        ("", (), "Table"),
        ("x" * 40, (), "X" + "x" * 30),
        ("x" * 40, ("x" * 31, "x" * 29 + " 2"), "X" + "x" * 28 + " 3"),
    ],
)
def test_sheet_names_are_valid_and_unique(wanted: str, taken: Sequence[str], name: str) -> None:
    sheet = xlsx.sheet_name(wanted, set(taken))
    assert sheet == name
    assert len(sheet) <= xlsx.LONGEST_NAME


def test_unknown_values_are_empty_cells(overview: Report) -> None:
    frame = pd.DataFrame(
        {
            "name": ["a", "b"],
            "change": [0.5, float("nan")],
            "money": [12.5, -3.0],
            "seconds": [90.0, 3_661.0],
            "at": [pd.Timestamp("2026-03-29 02:30"), pd.NaT],
        }
    )
    fields = [
        Field("name", "Name", "text"),
        Field("change", "Change", "change"),
        Field("money", "Money", "money", currency="eur"),
        Field("seconds", "Time", "seconds"),
        Field("at", "At", "time"),
    ]
    sheet = opened(of(overview, Table("x", frame, fields, "k")))["X"]
    assert sheet["B3"].value is None
    assert sheet["E3"].value is None
    assert (sheet["B2"].value, sheet["C2"].value) == (0.5, 12.5)
    assert sheet["D3"].value.total_seconds() == 3_661
    assert sheet["E2"].value == datetime(2026, 3, 29, 2, 30)


@pytest.mark.parametrize(
    ("currency", "number"),
    [
        ("EUR", '#,##0.00 "EUR";-#,##0.00 "EUR"'),
        ("jpy ", '#,##0 "JPY";-#,##0 "JPY"'),
        ("KWD", '#,##0.000 "KWD";-#,##0.000 "KWD"'),
        ("€", '#,##0.00 "€";-#,##0.00 "€"'),
        ('a"b', '#,##0.00 "ab";-#,##0.00 "ab"'),
    ],
)
def test_money_has_the_format_of_its_currency(overview: Report, currency: str, number: str) -> None:
    frame = pd.DataFrame({"name": ["a"], "money": [-12.5]})
    fields = [Field("name", "Name", "text"), Field("money", "Money", "money", currency=currency)]
    cell = opened(of(overview, Table("x", frame, fields, "k")))["X"]["B2"]
    assert (cell.value, cell.number_format) == (-12.5, number)
