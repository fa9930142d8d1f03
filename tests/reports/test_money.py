"""Revenue in reports: unsupported filters and fixed filters."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import openpyxl
import pytest

from access.permissions import AuthorizedClient, Grant, Permissions, ViewFilters
from components.blocks import Table, Tiles
from reports import build, html, xlsx
from reports.document import Report
from tests.doubles.umami import serve as serve_version
from tests.reports.conftest import TABLES, WEBSITES, asking, ordered, seen
from tests.reports.test_making import said, sections
from umami.api import revenue as endpoints
from umami.api.conversions import MODELS
from umami.client import Client
from umami.filters import Filter

GOOGLE = ["referrer.eq.google.com"]
LEFT_OUT = (
    "This server cannot filter revenue by Referrer. The figures below are without this filter."
)


def revenue(report: Report) -> float | None:
    """The revenue in all formats of a report."""
    block = sections(report, "revenue")["Figures"].blocks[0]
    assert isinstance(block, Tiles)
    return block.tiles[0].number


def test_filter_on_a_source_keeps_revenue_of_its_visitors(client: Client) -> None:
    report = ordered(client, seen(filter=GOOGLE), ["revenue"], {})
    expected = client.ask(endpoints.revenue(seen(filter=GOOGLE), "EUR"))
    assert expected.orders > 0
    assert revenue(report) == float(expected.total)
    assert "cannot filter" not in said(report)


@pytest.mark.parametrize("version", ["2.18", "3.0", "3.1"])
def test_ignored_filter_is_named_in_all_formats(version: str) -> None:
    with serve_version(version, TABLES) as running, asking(running) as old:
        report = ordered(old, seen(filter=GOOGLE), ["revenue"], {})
        expected = old.ask(endpoints.revenue(seen(), "EUR"))
    assert expected.orders > 0
    assert revenue(report) == float(expected.total)
    assert LEFT_OUT in said(report)
    assert LEFT_OUT in html.page(report)
    book = openpyxl.load_workbook(BytesIO(xlsx.workbook(report)))
    assert book["Revenue figures"]["C2"].value == float(expected.total)
    assert any(LEFT_OUT in str(cell.value) for cell in book["Revenue figures"][2])


def test_fixed_filters_do_not_hide_that_revenue_exists(client: Client) -> None:
    order = build.Order(seen(filter=GOOGLE), ["revenue"], (), {})
    fixed = Permissions(
        (
            Grant(
                frozenset({WEBSITES["shop"]}),
                frozenset({"revenue"}),
                frozenset({"revenue", "currencies"}),
                fixed_filters=ViewFilters((Filter("referrer", "eq", "google.com"),)),
                exports=True,
            ),
        )
    )
    report = build.make(AuthorizedClient(client, fixed), order)
    assert "lists no currency" in said(report)
    assert "No revenue in this period." not in said(report)


def test_default_conversion_is_the_event_with_revenue(client: Client) -> None:
    by_visit = replace(seen(), whole_visits=True)
    report = ordered(client, by_visit, ["attribution"], {})
    parts = sections(report, "attribution")
    assert "purchase" in parts
    (table,) = [block for block in parts["Credit by referrer"].blocks if isinstance(block, Table)]
    assert [field.column for field in table.fields] == [
        *("label", "first", "last", "last_known", "change", "linear", "time_decay", "position")
    ]
    for model in MODELS:
        assert table.frame[model].sum() == pytest.approx(table.frame["first"].sum())
