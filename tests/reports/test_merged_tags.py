"""Merged spellings in reports: the same rows and notes as on the page, in every kind of file."""

from __future__ import annotations

import csv
from dataclasses import replace
from io import BytesIO, StringIO

import openpyxl
import pytest

from access import database
from access.permissions import ALL
from access.reader import Reader
from access.rules import Rule, Rules
from components.blocks import Table
from components.formats import labelled
from components.loading import every_website
from components.table import to_csv
from reports import build, html
from reports.document import Report
from tests.reports.conftest import GIVEN, WEBSITES, seen
from umami.client import Client

SHOP = WEBSITES["shop"]
NOTE = "2 of 3 spellings merged"
VALUES = ("=google", "google", "bing")


@pytest.fixture(scope="module")
def report(client: Client, tmp_path_factory: pytest.TempPathFactory) -> Report:
    engine = database.open_engine(f"sqlite:///{tmp_path_factory.mktemp('rules') / 'store'}")
    spec = {"field": "utmSource", "name": VALUES[0], "values": [*VALUES]}
    Rules(lambda _create: engine, "ann", ALL).add(Rule(SHOP, "merge", VALUES[0], spec))
    order = build.Order(replace(seen(), whole_visits=True), ["utm"], every_website(client), GIVEN)
    made = build.make(client, order, reader=Reader(lambda _create: engine, "ann", ALL))
    engine.dispose()
    return made


def sources(report: Report) -> Table:
    (section,) = (part for part in report.chapters[0].sections if part.title == "Sources")
    (table,) = (block for block in section.blocks if isinstance(block, Table))
    return table


def test_every_file_has_the_merged_row_with_its_note(report: Report) -> None:
    frame = sources(report).frame.set_index("label")
    assert frame.loc["=google", "note"] == NOTE
    assert not {"google", "bing"} & {*frame.index}
    page = html.page(report)
    assert NOTE in page
    book = openpyxl.load_workbook(BytesIO(build.render(report, "xlsx")))
    rows = (row for sheet in book for row in sheet.iter_rows())
    cells = [cell for row in rows for cell in row if cell.value is not None]
    assert NOTE in {cell.value for cell in cells}
    (name,) = (cell for cell in cells if str(cell.value).endswith("=google"))
    assert name.data_type == "s"


def test_csv_has_the_note_and_no_visitors(report: Report) -> None:
    table = sources(report)
    content = to_csv(labelled(table.frame, [*table.fields, *table.more_fields]))
    rows = list(csv.DictReader(StringIO(content.decode("utf-8-sig"))))
    (row,) = (row for row in rows if row["Source"] == "'=google")
    assert row["Note"] == NOTE
    assert row["Visitors"] == ""
    assert int(row["Visits"]) > 0
    assert all(other["Visitors"] for other in rows if other is not row)


def test_reports_list_no_rules_and_no_authors(report: Report) -> None:
    page = html.page(report)
    assert "By ann." not in page
    assert "Shown as one" not in page
