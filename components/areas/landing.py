"""Landing pages: what comes of the visits that begin, and that end, on each page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from components import blocks as ui
from components import conversions, rankings, visit_tables
from components.areas import PageInfo
from components.loading import Collector
from components.traffic_blocks import ranking_section
from components.visit_tables import VisitTable
from umami.view import View

INFO: Final = PageInfo(
    "landing",
    "Landing pages",
    "flight_land",
    "Traffic",
    2,
    "Bounces, conversions and revenue of the visits that begin and end on each page.",
    ("metrics", "stats", *visit_tables.ENDPOINTS),
)
ONLY_VISITORS: Final = (
    "Umami reports the visitors of landing and exit pages. It does not report which of their "
    "visits bounced or converted; the built-in server does."
)
TABLES: Final = (
    VisitTable(
        "entry", "Landing pages", "landing pages", "Page", "(no path)", "Entries", "path",
        ("exit", "Exits"),
    ),
    VisitTable(
        "exit", "Exit pages", "exit pages", "Page", "(no path)", "Exits", "path",
        ("entry", "Entries"),
    ),
)  # fmt: skip


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """The landing pages and the exit pages, with conversions where the server counts them."""
    if view.whole_visits:
        conversion = conversions.chosen(query, view, params)
        for table in TABLES:
            yield table.section(query, view, conversion)
        return
    yield ui.blocks_section("", ui.Text(ONLY_VISITORS, "note"), framed=False)
    entry, exit_ = (table for table in rankings.PAGES if table.field in ("entry", "exit"))
    yield ui.Columns(
        [
            ui.Card("Landing pages", [ranking_section(query, entry, view)]),
            ui.Card("Exit pages", [ranking_section(query, exit_, view)]),
        ]
    )
