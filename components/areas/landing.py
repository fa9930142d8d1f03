"""Landing pages: what comes of the visits that begin, and that end, on each page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from components import blocks as ui
from components import conversions, rankings, visit_tables
from components.areas import PageInfo
from components.loading import Collector
from components.texts import N_, _
from components.traffic_blocks import ranking_section
from components.visit_tables import VisitTable
from umami.view import View

INFO: Final = PageInfo(
    "landing",
    N_("Landing pages"),
    "flight_land",
    N_("Traffic"),
    2,
    N_("Bounces, conversions and revenue of the visits that begin and end on each page."),
    ("metrics", "stats", *visit_tables.ENDPOINTS),
)
ONLY_VISITORS: Final = N_(
    "Umami reports the visitors of landing and exit pages. It does not report which of their "
    "visits bounced or converted; the built-in server does."
)
TABLES: Final = (
    VisitTable(
        "entry",
        N_("Landing pages"),
        N_("landing pages"),
        N_("Page"),
        N_("(no path)"),
        N_("Entries"),
        "path",
        ("exit", N_("Exits")),
    ),
    VisitTable(
        "exit",
        N_("Exit pages"),
        N_("exit pages"),
        N_("Page"),
        N_("(no path)"),
        N_("Exits"),
        "path",
        ("entry", N_("Entries")),
    ),
)


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """The landing pages and the exit pages, with conversions where the server counts them."""
    if view.whole_visits:
        conversion = conversions.chosen(query, view, params)
        yield from conversions.left_out(query, view, params)
        for table in TABLES:
            yield table.section(query, view, conversion)
        return
    yield ui.blocks_section("", ui.Text(_(ONLY_VISITORS), "note"), framed=False)
    entry, exit_ = (table for table in rankings.PAGES if table.field in ("entry", "exit"))
    yield ui.Columns(
        [
            ui.Card(_("Landing pages"), [ranking_section(query, entry, view)]),
            ui.Card(_("Exit pages"), [ranking_section(query, exit_, view)]),
        ]
    )
