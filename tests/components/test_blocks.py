"""How pages and reports evaluate a layout."""

from __future__ import annotations

from datetime import date

import pandas as pd

from components.areas import funnel
from components.blocks import (
    Card,
    Cards,
    EChart,
    ReportItems,
    Table,
    Text,
    blocks_section,
    printed,
    sections,
)
from umami.api.reports import FunnelResult
from umami.conversion import FunnelStep
from umami.period import Period
from umami.view import View

VIEW = View(
    "47a8e931-d51a-4351-a5e1-51db9a717a5d",
    Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC"),
)


def test_reports_print_blocks_of_cards_but_not_of_pages() -> None:
    diagram = EChart("A diagram", "diagram", lambda _: {}, 100, pd.DataFrame(), [])
    first, second = Text("First"), Text("Second")
    cards = Cards([("One", [first, Text("On pages", medium="page")]), ("Two", [second])])
    assert list(printed([diagram, cards])) == [first, second]


def test_items_of_reports_are_not_evaluated_for_pages() -> None:
    called = []

    def items() -> list[Card]:
        called.append(True)
        return [Card("Saved", [blocks_section("Of reports", Text("A text"))])]

    layout = [blocks_section("Of both", Text("A text")), ReportItems(items)]
    assert [section.title for section in sections(layout, "page")] == ["Of both"]
    assert not called
    assert [section.title for section in sections(layout, "report")] == ["Of both", "Of reports"]


def test_funnel_names_its_largest_drop_off() -> None:
    steps = [FunnelStep("path", "/"), FunnelStep("event", "x" * 100)]
    now = [
        FunnelResult(steps[0], 10, 0, 0, None, 1.0),
        FunnelResult(steps[1], 4, 10, 6, 0.6, 0.4),
    ]
    overall, lost, _, table = funnel.blocks(VIEW, now)
    assert isinstance(overall, Text)
    assert overall.plain == "4 of 10 visitors (40.0%) completed the funnel."
    assert isinstance(lost, Text)
    assert lost.text == (
        f"Biggest drop: step 2, {'x' * 59}…. "
        "6 visitors left before it, 60.0% of those at the step before."
    )
    assert isinstance(table, Table)
    assert list(table.frame["kind"]) == ["Page", "Event"]
    nobody = [FunnelResult(step, 0, 0, 0, None, None) for step in steps]
    empty, table = funnel.blocks(VIEW, nobody)
    assert isinstance(empty, Text)
    assert empty.kind == "empty"
