"""Blocks shared by several areas: key figures of a website, traffic and events over time, busiest
times of the week, and rankings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any, Final, cast, get_args

import pandas as pd

from components import (
    conversions,
    converters,
    formats,
    merged_tags,
    rankings,
    texts,
    visit_tables,
    what_changed,
)
from components.blocks import (
    TABLE,
    Block,
    Chart,
    Medium,
    Section,
    SetParams,
    Tab,
    Table,
    Tabs,
    Text,
    Tiles,
    Toggle,
)
from components.charts import common, heatmaps, maps, over_time
from components.charts import tiles as tile_data
from components.charts.tiles import MEASURES, Tile
from components.formats import Field
from components.loading import Collector, QueryClient, computed_from
from components.merged_tags import Merge
from components.texts import N_, _
from components.view_description import (
    compared_with,
    described,
    present,
    why_empty,
    why_unknown,
)
from umami.analysis.converters import SESSION_FIELDS
from umami.api.conversions import VisitField, VisitGroups, visit_groups
from umami.api.conversions import over_time as over_time_of
from umami.api.events import EventSeries
from umami.api.sessions import Rhythm, Session
from umami.api.traffic import Ranking, Stats, Timeline
from umami.api.traffic import stats as stats_of
from umami.conversion import Conversion
from umami.memoize import memoize
from umami.parsing import Page
from umami.period import UNIT_WORDS
from umami.view import View

NO_VIEWS: Final = N_(
    "No views in this period yet. They appear as soon as Umami's tracker is on the website and "
    "somebody visits it."
)
NO_EVENTS: Final = N_(
    "No events in this period. Send one from your pages with umami.track('name')."
)


def website_tiles(
    client: QueryClient,
    view: View,
    stats: Stats,
    timeline: Timeline,
    compared: Stats | None = None,
    *,
    visits: VisitGroups | None = None,
    brought: Mapping[str, Tile] | None = None,
    measure: str | None = None,
    why_not: Callable[[str], str] | None = None,
    opened: View | None = None,
) -> list[Block]:
    """A website's five key figures, and what visits ``brought``, by measure.

    ``compared`` is the separate answer of the comparison, ``visits`` are the visits over time. With
    a ``measure`` (``""`` for all), a click on a tile chooses what the chart shows. A click on the
    change explains it, unless ``why_not`` says why that cannot be (``what_changed.explaining``).
    """
    unknown = why_unknown(view)
    frame = history(view, timeline, visits)
    tiles = tile_data.of_website(client.definitions, view, stats, frame, compared)
    source = computed_from(client, stats_of(view))
    tiles = [tile if tile.number is None else replace(tile, source=source) for tile in tiles]
    over = common.over(frame, present(view))
    for name, tile in (brought or {}).items():
        if view.whole_visits:
            tile = replace(tile, source=computed_from(client, visit_groups(view, None)))
        known = measure is not None and name in over
        tiles.append(tile_data.with_history(tile, name, over[name]) if known else tile)

    def choose(clicked: str) -> SetParams:
        return SetParams({"chart": "" if clicked == measure else clicked})

    shown = Tiles(tiles, on_choose=None if measure is None else choose, chosen=measure or "")
    if why_not:
        names = [*list(MEASURES)[:5], *(brought or {})]
        if not view.whole_visits:
            # Servers of Umami count the visitors who converted.
            names = ["goal_visitors" if name == "conversions" else name for name in names]
        shown = what_changed.explaining(shown, names, why_not, opened)
    return [
        shown,
        *([Text(unknown)] if unknown else []),
    ]


def ask_conversions(
    query: Collector, view: View, conversion: Conversion
) -> tuple[Future[Any], ...]:
    """Send the queries of ``conversion_tiles``, whose answers rankings need, too."""
    if view.whole_visits:
        # Every visit has one country, so these groups have all of them.
        return (*query.compared(view, visit_tables.groups_query(conversion, "country")),)
    views = [view, *filter(None, [view.compared()])]
    return tuple(converters.ask(query, each, conversion) for each in views)


def conversion_tiles(conversion: Conversion | None, *answers: Any) -> dict[str, Tile]:
    """Tiles of the conversions and, if it is known, the revenue, by measure."""
    if not conversion:
        return {}
    if isinstance(answers[0], VisitGroups):
        return visit_tables.conversion_tiles(conversion, *answers)
    counts = [page.count if page is not None else None for page in answers]
    if counts[0] is None:
        return {}
    about = _("Visitors with the conversion “{described}”.").format(
        described=conversions.described(conversion)
    )
    now, before = [*counts, None][:2]
    return {"conversions": tile_data.figure(_("Conversions"), now, before, about)}


def traffic(
    view: View, measure: str, *answers: Timeline | VisitGroups, counted: str = ""
) -> list[Block]:
    """Views and visitors over time, or one ``measure``, with the comparison. ``counted`` is another
    name for the views.

    The ``answers`` are those of the period and of the comparison: views and visitors, and as far as
    they are known, the visits by time.
    """
    now, *before = [answer for answer in answers if isinstance(answer, Timeline)]
    visits = [answer for answer in answers if isinstance(answer, VisitGroups)]
    if _is_empty(now):
        return [Text(why_empty(view, _(NO_VIEWS)), "empty")]
    compared = view.compared()
    unit, until = view.period.unit, present(view)
    frame = history(view, now, *visits[:1])
    column, name, kind = MEASURES.get(measure, MEASURES["views"])
    shown = [("views", counted or N_("Views"), "count"), MEASURES["visitors"]]
    title = _("{views} and visitors").format(views=counted) if counted else _("Views and visitors")
    if measure and column in frame:
        shown, title = [(column, name, kind)], _(name)
    earlier = None
    if compared and before and not _is_empty(before[0]):
        earlier = history(compared, before[0], *visits[1:])
    draw = partial(
        over_time.traffic,
        frame,
        unit,
        earlier,
        # Not the time itself, so that the figure is the same until the next bucket begins.
        None if until is None else int((frame["time"] <= until).sum()),
        view.period.partial(),
        compared.period.partial() if compared else (False, False),
        tuple(shown),
        compared_with=compared_with(view),
    )
    fields = [
        Field("time", texts.capitalised(_(UNIT_WORDS[unit])), "time", unit=unit),
        Field("views", counted or _("Views")),
        Field("sessions", _("Visitors")),
    ]
    return [
        Chart(f"{title}, {described(view)}", "traffic", draw),
        Table(_("Traffic over time"), now.frame, fields, "traffic", printed=0, medium="report"),
    ]


@memoize
def history(view: View, timeline: Timeline, visits: VisitGroups | None = None) -> pd.DataFrame:
    """The buckets of a View with the columns of ``MEASURES`` that are known."""
    if visits is None:
        return timeline.frame
    frame = over_time_of(visits, view.period)
    count = frame["visits"].where(frame["visits"] > 0)
    return timeline.frame.assign(
        visits=frame["visits"],
        bounce_rate=frame["bounces"] / count,
        duration=frame["seconds"] / count,
        conversions=frame["conversions"],
        revenue=frame["revenue"],
    )


def _is_empty(timeline: Timeline) -> bool:
    return not (timeline.frame["views"].any() or timeline.frame["sessions"].any())


def events_over_time(
    view: View, series: EventSeries, *, none_on: Medium | None = None
) -> list[Block]:
    """Events by time and name; ``none_on`` limits the text for no events to a medium."""
    if series.frame.empty:
        return [Text(why_empty(view, _(NO_EVENTS)), "empty", medium=none_on)]
    draw = partial(over_time.stacked, series.frame, view.period.unit, "count", "", None)
    return [Chart(_("Events over time"), "events", draw)]


def week(view: View, weekly: Rhythm) -> list[Block]:
    """Visitors by weekday and hour, in weeks that begin as those of the View."""
    counts = heatmaps.full_week(weekly.frame).to_numpy()
    if not counts.any():
        return [Text(_("No visits in this period."), "empty")]
    day, hour = divmod(int(counts.argmax()), 24)
    first = {"monday": 0, "saturday": 5, "sunday": 6}[view.week_start]
    most = _("{day}, {hours}").format(day=formats.weekday(day), hours=formats.hours(hour))
    return [
        Text(_("Visitors by weekday and hour. Busiest: {most}.").format(most=most)),
        Chart(
            _("Visitors by weekday and hour"), "rhythm", partial(heatmaps.week, weekly.frame, first)
        ),
    ]


def world_map(
    world: Sequence[maps.Country], *, key: str, alt: str, clickable: bool = True
) -> list[Block]:
    """A map of ``maps.world``, and a list of countries that its geometry lacks.

    If the map is ``clickable``, a click on a country filters by it.
    """

    def country(point: Sequence[Any]) -> Toggle:
        return Toggle("country", point[3])

    draw = partial(maps.world_figure, world)
    chart = Chart(alt, key, draw, on_choose=country if clickable else None, is_map=True)
    undrawn = [f"{country.name} ({country.label})" for country in world if not country.drawn][:6]
    return [
        chart,
        *(
            [Text(_("Too small for the map: {undrawn}").format(undrawn=", ".join(undrawn)))]
            if undrawn
            else []
        ),
    ]


def ranking_tabs(
    query: Collector,
    tables: Sequence[rankings.Table],
    view: View,
    *,
    key: str,
    printed: int | None = None,
    conversion: Conversion | None = None,
) -> Tabs:
    """Rankings in tabs; only the open tab is queried. Reports print the first ``printed`` tabs."""
    return Tabs(
        key,
        [
            Tab(
                _(table.tab),
                partial(ranking_section, query, table, view, conversion),
                printed is None or at < printed,
            )
            for at, table in enumerate(tables)
        ],
    )


def ask_ranking(
    query: Collector, table: rankings.Table, view: View, conversion: Conversion | None
) -> tuple[tuple[Future[Any], ...], Sequence[Future[Any]]]:
    """Send the queries of a ranking and its shares (the arguments of ``rankings.shares``), and
    those of its conversions."""
    groups: Sequence[Future[Any]] = ()
    counted: Future[Ranking] | None = None
    if conversion and view.whole_visits and table.field in get_args(VisitField):
        ask = visit_tables.groups_query(conversion, cast(VisitField, table.field))
        groups = (*query.compared(view, ask),)
        if table.field in rankings.COUNTED_BY_GROUPS:
            counted = query.derived(ask(view), rankings.of_groups)
    elif conversion and not view.whole_visits and table.field in SESSION_FIELDS:
        groups = [converters.ask(query, view, conversion)]
    return rankings.ask(query, table, view, counted), groups


def ranking_section(
    query: Collector, table: rankings.Table, view: View, conversion: Conversion | None = None
) -> Section:
    """Send the queries of a ranking; a click on one of its rows filters every page.

    With a ``conversion``, the rows show how many of their visits converted, where the server counts
    whole visits, and else how many of their visitors, where it lists them.
    """
    ranked, groups = ask_ranking(query, table, view, conversion)
    merges = merged_tags.of(query, view.website, table.field)

    def make(*answers: Any) -> list[Block]:
        count = len(ranked)
        return ranking(
            query.client,
            view,
            table,
            *answers[:count],
            brought=(conversion, *answers[count:]),
            merges=merges,
        )

    return Section(texts.capitalised(_(table.many)), make, (*ranked, *groups), height=TABLE)


def ranking(
    client: QueryClient,
    view: View,
    table: rankings.Table,
    ranked: Ranking,
    stats: Stats | None = None,
    channels: Ranking | None = None,
    *,
    brought: tuple[Conversion | None, *tuple[VisitGroups | Page[Session] | None, ...]] = (None,),
    merges: tuple[Merge, ...] = (),
) -> list[Block]:
    """A ranking as a table. ``brought`` are the conversion and, where the server counts whole
    visits, the visits by value and those of the comparison, else the visitors who converted."""
    blocks: list[Block] = []
    if table.field == "channel":
        text = _("How channels are counted")
        blocks.append(Text(text, help=_(client.definitions.channel), medium="page"))
    conversion, *groups = brought
    shares, frame = _ranking_rows(table, ranked, stats, channels, tuple(groups), merges)
    if frame.empty:
        return [*blocks, Text(table.why_empty(view), "empty")]
    heading, measure = frame.columns[0], _(rankings.MEASURES[shares.measure])
    note = "Country" if table.field in ("region", "city") else "note" if "note" in frame else None
    more = [Field("Code", _("Code"), "text")] if "Code" in frame else []
    shown: list[Field] = []
    if conversion and "conversions" in frame:
        counted = _("Visits") if view.whole_visits else _("Visitors")
        shown, further = (
            [field for field in fields if field.column in frame]
            for fields in visit_tables.conversion_fields(conversion, _("visitor"), counted)
        )
        more += [*shown[2:], *further]
    blocks.append(
        Table(
            _(table.many),
            frame,
            [
                Field(heading, heading, "text", note=note),
                Field(measure, measure, bar=True),
                Field(shares.heading, shares.heading, "percent", help=shares.about),
                *shown[:2],
            ],
            f"ranking_{table.field}",
            value="value" if table.filters else None,
            filter_field=table.filters,
            merged=merged_tags.filters(merges),
            more_fields=more,
            csv=False,
        )
    )
    if merged_tags.notes(merges, [row.name or "" for row in ranked.rows]):
        blocks.append(Text(_(merged_tags.TWICE)))
    if shares.no_direct:
        blocks.append(Text(_(rankings.NO_DIRECT), medium="report"))
    return blocks


@texts.memoize
def _ranking_rows(
    table: rankings.Table,
    ranked: Ranking,
    stats: Stats | None,
    channels: Ranking | None,
    groups: tuple[VisitGroups | Page[Session] | None, ...],
    merges: tuple[Merge, ...],
) -> tuple[rankings.Shares, pd.DataFrame]:
    """The shares of a ranking, and its rows; a ``note`` marks those that are merged."""
    merged = merged_tags.notes(merges, [row.name or "" for row in ranked.rows])
    if merges:
        ranked = merged_tags.ranking(ranked, merges)
    shares = rankings.shares(table, ranked, stats, channels)
    frame = rankings.full(table, shares)
    keys = pd.Series([(row.name or "", row.country or "") for row in shares.rows])
    now, *before = groups or (None,)
    if isinstance(now, Page):
        counts = converters.by_field(now, table.field)
        if counts is not None:
            pairs = zip(counts["name"], counts["country"], strict=True)
            named = dict(zip(pairs, counts["conversions"], strict=True))
            conversions = pd.Series([named.get(key, 0) for key in keys], dtype="int64")
            visitors = pd.Series([row.count for row in shares.rows], dtype="int64")
            frame = frame.assign(conversions=conversions, rate=conversions / visitors)
    elif now is not None:
        rows = visit_tables.rows_of(keys, merged_tags.groups(now, merges))
        earlier = [
            visit_tables.rows_of(keys, merged_tags.groups(group, merges))
            for group in before
            if isinstance(group, VisitGroups)
        ]
        frame = frame.assign(**visit_tables.conversion_columns(rows, "visitors", *earlier))
        if table.field not in ("region", "city"):
            frame["note"] = visit_tables.few(rows["visits"])
    if merged:
        others = frame["note"] if "note" in frame else [None] * len(frame)
        frame["note"] = merged_tags.joined(frame["value"], merged, others)
    return shares, frame
