"""The Overview."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from components import rankings, traffic_blocks, view_description
from components.charts import lines, maps, tiles
from components.loading import QueryClient
from components.told import traffic as told
from reports.asking import Asking
from reports.document import Block, Chart, Sentence, Table, Tiles
from umami.endpoints import events, sessions, traffic
from umami.models.traffic import Ranking, Stats, Timeline
from umami.view import View

PARTS = (
    ("Pages", (*rankings.PAGES[:3],)),
    ("Sources", rankings.SOURCES),
    ("Places", rankings.PLACES),
    ("Environment", rankings.ENVIRONMENT),
)


def ask(page: Asking) -> None:
    """What the page asks, and every one of its tabs."""
    view = page.view
    timeline = page.compared(view, traffic.pageviews)
    totals = page.totals(view)
    ranked = {
        table.field: rankings.ask(page, table, view)
        for _, tables in (*PARTS, ("Events", rankings.EVENTS))
        for table in tables
    }
    series = page.ask(events.series(view))
    week = page.ask(sessions.weekly(view))

    page.section(
        "Figures", partial(figures, page.client, view), totals.now, timeline.now, *totals.earlier
    )
    page.section(
        "Traffic", partial(_traffic, view), *timeline, about=view_description.described(view)
    )
    for title, tables in PARTS:
        if title == "Places":
            page.section("World", _world, *ranked["country"])
        for table in tables:
            page.section(
                table.many.capitalize(), partial(ranking, view, table), *ranked[table.field]
            )
    page.section("Events over time", partial(traffic_blocks.event_series, view), series)
    page.section("Events", partial(ranking, view, rankings.EVENTS[0]), *ranked["event"])
    page.section("The week's rhythm", traffic_blocks.rhythm, week)


def figures(
    client: QueryClient, view: View, stats: Stats, timeline: Timeline, compared: Stats | None = None
) -> list[Block]:
    """A website's five figures."""
    blocks: list[Block] = [
        Tiles(tiles.of_website(client.definitions, view, stats, timeline, compared))
    ]
    unknown = view_description.why_unknown(view)
    return [*blocks, Sentence(unknown)] if unknown else blocks


def _traffic(view: View, now: Timeline, before: Timeline | None = None) -> list[Block]:
    data = told.over_time(view, now, before)
    if data is None:
        return [Sentence(view_description.why_empty(view, told.NO_VIEWS))]
    frame, fields = told.timeline(view, now)
    return [
        Chart(
            f"Views and visitors, {view_description.described(view)}",
            partial(lines.traffic_figure, data),
        ),
        Table("Traffic over time", frame, fields, shown=0),
    ]


def _world(countries: Ranking, stats: Stats | None) -> list[Block]:
    data = maps.world(rankings.shares(rankings.COUNTRIES, countries, stats).frame)
    blocks: list[Block] = [Chart("Visitors by country", partial(maps.world_figure, data))]
    small = told.undrawn(data)
    return [*blocks, Sentence(small)] if small else blocks


def ranking(
    view: View,
    table: rankings.Table,
    ranked: Ranking,
    stats: Stats | None = None,
    channels: Ranking | None = None,
) -> Sequence[Block]:
    """A ranking as a table."""
    found = rankings.shares(table, ranked, stats, channels)
    if found.frame.empty:
        return [Sentence(table.why_empty(view).replace("`", ""))]
    blocks = [Table(table.many, rankings.full(table, found), rankings.fields(table, found))]
    return [*blocks, Sentence(rankings.NO_DIRECT)] if found.no_direct else blocks
