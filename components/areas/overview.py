"""Overview: how the website does, and where its visitors come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any, Final

from components import blocks as ui
from components import (
    content_groups,
    conversions,
    figure_parts,
    history,
    rankings,
    traffic_blocks,
    visit_tables,
    what_changed,
)
from components.areas import PageInfo, last_value
from components.charts import maps
from components.loading import Collector
from components.texts import N_, _, memoize
from components.view_description import described
from umami.api import events, sessions, traffic
from umami.api.conversions import VisitGroups
from umami.api.traffic import Ranking, Stats
from umami.view import View

INFO: Final = PageInfo(
    "overview",
    N_("Overview"),
    "monitoring",
    N_("Traffic"),
    1,
    N_("How the website performs, and where its visitors come from."),
    ("active", "series", "weekly", "annotations", *figure_parts.ENDPOINTS),
    (*figure_parts.OPTIONAL_ENDPOINTS, "parts_of_visits"),
    params=("chart",),
    marks_unusual_days=True,
)
PRINTED_PAGE_TABS: Final = 3
"""Number of tabs of the Pages card that reports include."""


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """Figures, traffic over time, rankings, events and the weekly heatmap."""
    timeline = query.compared(view, traffic.pageviews)
    totals = query.totals(view)
    # A suggestion takes a wave of requests, for which only the embedded server is near enough.
    known = view.whole_visits or bool(view.conversion)
    conversion = conversions.chosen(query, view) if known else None
    tabs = partial(traffic_blocks.ranking_tabs, query, view=view, conversion=conversion)
    brought = traffic_blocks.ask_conversions(query, view, conversion) if conversion else ()
    visits: Sequence[Future[VisitGroups]] = ()
    if conversion and view.whole_visits:
        visits = (*query.compared(view, visit_tables.groups_query(conversion, "time")),)
    measure = last_value(params, "chart")
    figures: list[Future[Any]] = [totals.now, timeline.now, *totals.earlier]

    def tiles(*answers: Any) -> list[ui.Block]:
        totals_of, rest = answers[: len(figures)], answers[len(figures) :]
        return traffic_blocks.website_tiles(
            query.client,
            view,
            *totals_of,
            visits=rest[0] if visits else None,
            brought=traffic_blocks.conversion_tiles(conversion, *rest[len(visits[:1]) :]),
            measure=measure,
            why_not=partial(figure_parts.why_not, view, conversion),
        )

    yield from conversions.left_out(query, view)
    yield ui.Section(
        _("Figures"), tiles, [*figures, *visits[:1], *brought], height=ui.CURVES, framed=False
    )
    days = history.ask(query, view)
    chart = ui.Section(
        _("Traffic"),
        partial(traffic_blocks.traffic, view, measure),
        [*timeline, *visits],
        about=described(view),
        height=300 + ui.CHART_BUTTONS,
    )
    changed = what_changed.section(query, view, conversion, totals, brought, days)
    yield ui.Columns([changed, chart], [1, 2])
    pages = tabs(rankings.PAGES, key="pages", printed=PRINTED_PAGE_TABS)
    sources = tabs(rankings.SOURCES, key="sources")
    groups = partial(content_groups.tabs, query, view)
    yield ui.Columns(
        [
            ui.Card(_("Pages"), [replace(pages, tabs=[*pages.tabs, *groups("group")])]),
            ui.Card(_("Sources"), [replace(sources, tabs=[*sources.tabs, *groups("channel")])]),
        ]
    )
    countries, _unused = traffic_blocks.ask_ranking(query, rankings.COUNTRIES, view, conversion)
    world = ui.Section(_("World"), _world, countries, height=330 + ui.CHART_BUTTONS)
    yield ui.Card(
        _("Locations"), [ui.Columns([world, tabs(rankings.PLACES, key="places")], [3, 2])]
    )
    series = query.ask(events.series(view))
    over_time = partial(traffic_blocks.events_over_time, view, none_on="report")
    yield ui.Columns(
        [
            ui.Card(_("Devices & browsers"), [tabs(rankings.ENVIRONMENT, key="environment")]),
            ui.Card(
                _("Events"),
                [
                    ui.Section(
                        _("Events over time"), over_time, [series], height=280 + ui.CHART_BUTTONS
                    ),
                    tabs(rankings.EVENTS, key="event_tabs"),
                ],
            ),
        ]
    )
    week = query.ask(sessions.weekly(view))
    rhythm = partial(traffic_blocks.week, view)
    yield ui.Section(_("Busiest times"), rhythm, [week], height=306 + ui.CHART_BUTTONS)


@memoize
def _world(countries: Ranking, stats: Stats | None) -> list[ui.Block]:
    shares = rankings.shares(rankings.COUNTRIES, countries, stats)
    ranked = zip(shares.rows, shares.parts, strict=True)
    world = maps.world((row.name, row.count, part) for row, part in ranked)
    return traffic_blocks.world_map(world, key="world", alt=_("Visitors by country"))
