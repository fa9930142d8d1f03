"""Statistics of a website's traffic: stats, pageviews, metrics, values, custom events over time."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated, Any

from pydantic import Field

from umami.embedded.filters import FIELDS
from umami.embedded.http import Call, Routes, Text, to_iso
from umami.embedded.parameters import Bucketed, Filtered, Timed, ZoneOrUtc, compared, one_of, scope
from umami.embedded.queries import values as known
from umami.embedded.queries.channels import channel_totals, channel_visitors
from umami.embedded.queries.domains import DOMAIN
from umami.embedded.queries.metrics import (
    FULL_PATH,
    IN_A_COUNTRY,
    Edge,
    Expanded,
    Rank,
    expanded,
    first_paths,
    ranking,
)
from umami.embedded.queries.timeline import event_series, timeline
from umami.embedded.queries.totals import event_totals, totals
from umami.embedded.scope import Filter, Scope
from umami.embedded.store import Store

routes = Routes()

VIEWS = (1, 3, 4)
"""Event types that 3.1 counts as views: pages, links, pixels. Not custom events, and not
measurements of a page's speed."""
EDGES: dict[str, Edge] = {"entry": "entry", "exit": "exit"}
COLUMNS = {
    **{name: name for name in FIELDS},
    "screen": "screen",
    "domain": "referrer",
    "fullPath": "path",
    **dict.fromkeys(EDGES, "path"),
}
"""The field that a metric counts by."""
NAMES = {"fullPath": FULL_PATH}
"""SQL of what a metric counts by, where it is not the field as it is."""
CHANNEL = "channel"
MOST_EXACT = 5
"""How many values a comma list of ``values`` may have; the rest is not looked at."""


class Metrics(Filtered):
    """Which field, how many of its values, and a text that they contain."""

    type: Annotated[str, one_of((*COLUMNS, CHANNEL), "Invalid type")]
    limit: Annotated[int, Field(ge=0, le=1_000_000)] = 500
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    search: Text | None = None

    def searched(self, scope: Scope) -> Scope:
        """The scope with the search as one filter more, instead of those on its own field."""
        if not self.search or self.type == CHANNEL:
            return scope
        kept = [one for one in scope.filters if one.field != self.type]
        return scope.filtered(*kept, Filter(COLUMNS[self.type], "c", self.search))


class Values(Timed):
    """Which field, and a text that its values contain, or a comma list of such as they are."""

    type: Annotated[str, one_of(FIELDS, "Invalid type")]
    search: Text | None = None


class Series(Bucketed):
    """``limit`` keeps only so many of the most frequent names."""

    timezone: ZoneOrUtc
    limit: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


@routes("GET", "/websites/{website_id}/stats", Filtered)
def stats(call: Call[Filtered]) -> Any:
    """Totals of the range and of the one before."""
    here = scope(call)

    def summed(scope: Scope) -> dict[str, int]:
        found = totals(call.umami.store, scope, VIEWS)
        return {
            "pageviews": found.views,
            "visitors": found.visitors,
            "visits": found.visits,
            "bounces": found.bounces,
            "totaltime": found.seconds,
        }

    before = compared(here, call.params.start, call.params.end, call.params.compare)
    return {**summed(here), "comparison": summed(before)}


@routes("GET", "/websites/{website_id}/pageviews", Bucketed)
def pageviews(call: Call[Bucketed]) -> Any:
    """Views and visitors over time; with ``compare`` also those of the range before."""
    asked, here = call.params, scope(call)

    def series(scope: Scope) -> dict[str, Any]:
        found = timeline(call.umami.store, scope, asked.answered_unit, asked.zone, VIEWS)
        return {
            "pageviews": [{"x": asked.stamp(one.start), "y": one.views} for one in found],
            "sessions": [{"x": asked.stamp(one.start), "y": one.sessions} for one in found],
        }

    if not asked.compare:
        return series(here)
    before = compared(here, asked.start, asked.end, asked.compare)
    return {
        **series(here),
        "startDate": to_iso(asked.start),
        "endDate": to_iso(asked.end),
        "compare": {
            **series(before),
            "startDate": to_iso(before.start),
            "endDate": to_iso(before.end),
        },
    }


@routes("GET", "/websites/{website_id}/metrics", Metrics)
def metrics(call: Call[Metrics]) -> Any:
    """Values of a field and their visitors, most first; of events, how often they happened."""
    asked, store = call.params, call.umami.store
    here = asked.searched(scope(call))
    return [
        {"x": one.name, "y": one.count}
        | ({"country": one.country} if asked.type in IN_A_COUNTRY else {})
        for one in _ranks(store, here, asked)
    ]


@routes("GET", "/websites/{website_id}/metrics/expanded", Metrics)
def metrics_expanded(call: Call[Metrics]) -> Any:
    """Values of a field and the totals of the rows that have them, most visitors first."""
    asked, store = call.params, call.umami.store
    here = asked.searched(scope(call))
    return [
        {"name": one.name}
        | ({"country": one.country} if asked.type in IN_A_COUNTRY else {})
        | {
            "pageviews": str(one.views),
            "visitors": one.visitors,
            "visits": one.visits,
            "bounces": one.bounces,
            "totaltime": str(one.seconds),
        }
        for one in _expanded(store, here, asked)
    ]


@routes("GET", "/websites/{website_id}/values", Values)
def values(call: Call[Values]) -> Any:
    """Values that a filter could be set to, the most frequent first."""
    search = call.params.search or ""
    exact = tuple(search.split(",")[:MOST_EXACT]) if "," in search else ()
    found = known.values(
        call.umami.store,
        scope(call),
        call.params.type,
        containing=None if exact else search,
        among=exact,
    )
    return [{"value": one.value, "count": one.count} for one in found]


@routes("GET", "/websites/{website_id}/events/series", Series)
def series(call: Call[Series]) -> Any:
    """How often each custom event happened over time."""
    asked = call.params
    found = event_series(
        call.umami.store,
        _with_bounces(scope(call)),
        asked.answered_unit,
        asked.zone,
        names=asked.limit,
    )
    return [{"x": one.event, "t": asked.stamp(one.start), "y": one.count} for one in found]


@routes("GET", "/websites/{website_id}/events/stats", Filtered)
def events_stats(call: Call[Filtered]) -> Any:
    """Totals of the custom events of the range and of the one before."""
    here = _with_bounces(scope(call))

    def summed(scope: Scope) -> dict[str, int]:
        found = asdict(event_totals(call.umami.store, scope))
        return {"uniqueEvents": found.pop("names"), **found}

    before = compared(here, call.params.start, call.params.end, call.params.compare)
    return {"data": {**summed(here), "comparison": summed(before)}}


def _ranks(store: Store, here: Scope, asked: Metrics) -> list[Rank]:
    limit, offset = asked.limit, asked.offset
    if asked.type == CHANNEL:
        # A limit does not apply, as on 3.1.
        return channel_visitors(store, here, VIEWS)
    if asked.type in EDGES:
        edge = EDGES[asked.type]
        return first_paths(store, here, edge, types=VIEWS, limit=limit, offset=offset)
    if asked.type == "event":
        here = _of_events(here)
        return ranking(store, here, asked.type, count="events", limit=limit, offset=offset)
    return ranking(
        store,
        here,
        COLUMNS[asked.type],
        count="visitors",
        types=VIEWS,
        named=True,
        name=NAMES.get(asked.type),
        limit=limit,
        offset=offset,
    )


def _expanded(store: Store, here: Scope, asked: Metrics) -> list[Expanded]:
    if asked.type == CHANNEL:
        return channel_totals(store, here, VIEWS)
    return expanded(
        store,
        _of_events(here) if asked.type == "event" else here,
        COLUMNS[asked.type],
        types=VIEWS,
        edge=EDGES.get(asked.type),
        name={**NAMES, "domain": DOMAIN}.get(asked.type),
        limit=asked.limit,
        offset=asked.offset,
    )


def _of_events(here: Scope) -> Scope:
    """Custom events, whichever type of event was asked for."""
    return replace(_with_bounces(here), event_type=None)


def _with_bounces(here: Scope) -> Scope:
    """Custom events of any visit: for them 3.1 leaves no bounce out."""
    return replace(here, without_bounces=False)
