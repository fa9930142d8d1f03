"""Statistics of a website's traffic: stats, pageviews, metrics, values."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from tests.doubles.umami.v2.parameters import NAMES, Bucketed, Filtered, scope
from tests.doubles.umami.v2.queries.channels import channels
from tests.doubles.umami.v2.queries.edges import edges
from umami.embedded.http import Call, Range, Routes, Text, to_iso
from umami.embedded.parameters import compared, one_of
from umami.embedded.queries import metrics as queries
from umami.embedded.queries.metrics import Counted, Edge, Rank, ranking
from umami.embedded.queries.totals import Bucket, timeline, totals
from umami.embedded.scope import Filter, Scope, Unit, format_bucket
from umami.embedded.store import Store

routes = Routes()

FIELDS = {**NAMES, "screen": "screen"}
EDGES: dict[str, Edge] = {"entry": "entry", "exit": "exit"}
TYPES = (*FIELDS, *EDGES, "channel")
COUNT_EVENTS = ("url", "entry", "exit", "title", "query", "tag", "event")
"""Metrics whose ``y`` counts rows on 2.18; the others count visitors."""
MOST_EXACT = 5
"""How many values a comma list of ``values`` may have; the rest is not looked at."""


Type = Annotated[str, one_of(TYPES, "Invalid type")]


class Compared(Filtered):
    """``compare`` is ``yoy`` for a year before, anything else for the period before."""

    compare: Text | None = None


class Series(Bucketed):
    """Without ``compare`` nothing is compared."""

    compare: Text | None = None


class Metrics(Filtered):
    """Which field, how many of its values, and a text that they contain."""

    type: Type
    limit: Annotated[int, Field(ge=0, le=1_000_000)] = 500
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    search: Text | None = None


class Values(Range):
    """Which field, and a text that its values contain, or a comma list of such as they are."""

    type: Type
    search: Text | None = None


@routes("GET", "/websites/{website_id}/stats", Compared)
def stats(call: Call[Compared]) -> Any:
    """Totals of the range and of the one before."""
    here = scope(call)
    now = totals(call.umami.store, here)
    asked = call.params
    before = totals(call.umami.store, compared(here, asked.start, asked.end, asked.compare))
    return {
        "pageviews": {"value": now.views, "prev": before.views},
        "visitors": {"value": now.visitors, "prev": before.visitors},
        "visits": {"value": now.visits, "prev": before.visits},
        "bounces": {"value": now.bounces, "prev": before.bounces},
        "totaltime": {"value": now.seconds, "prev": before.seconds},
    }


@routes("GET", "/websites/{website_id}/pageviews", Series)
def pageviews(call: Call[Series]) -> Any:
    """Views and visitors over time; with ``compare`` also those of the range before."""
    asked, here = call.params, scope(call)
    answer = _series(call.umami.store, here, asked.answered_unit, asked.timezone)
    if not asked.compare:
        return answer
    before = compared(here, asked.start, asked.end, asked.compare)
    return {
        **answer,
        "startDate": to_iso(asked.start),
        "endDate": to_iso(asked.end),
        "compare": {
            **_series(call.umami.store, before, asked.answered_unit, asked.timezone),
            "startDate": to_iso(before.start),
            "endDate": to_iso(before.end),
        },
    }


@routes("GET", "/websites/{website_id}/metrics", Metrics)
def metrics(call: Call[Metrics]) -> Any:
    """Values of a field and their counts, most first."""
    asked, here, store = call.params, scope(call), call.umami.store
    if asked.type == "channel":
        found = sorted(channels(store, here).items(), key=lambda one: -one[1])
        return [{"x": name, "y": count} for name, count in found if (asked.search or "") in name]
    field = FIELDS.get(asked.type, "path")
    if asked.search:
        # Umami knows one filter a name: the search takes the place of another.
        kept = (one for one in here.filters if one.field != FIELDS.get(asked.type))
        here = here.filtered(*kept, Filter(field, "c", asked.search))
    count: Counted = "events" if asked.type in COUNT_EVENTS else "visitors"
    if asked.type in EDGES:
        ranks = edges(
            store, here, EDGES[asked.type], count=count, limit=asked.limit, offset=asked.offset
        )
    else:
        ranks = ranking(store, here, field, count=count, limit=asked.limit, offset=asked.offset)
    if asked.type == "language":
        return _primary(ranks)
    if asked.type in ("region", "city"):
        return [{"x": one.name, "y": one.count, "country": one.country} for one in ranks]
    return [{"x": one.name, "y": one.count} for one in ranks]


@routes("GET", "/websites/{website_id}/values", Values)
def values(call: Call[Values]) -> Any:
    """Values that a filter could be set to, the most frequent first."""
    asked = call.params
    search = asked.search or ""
    exact = tuple(search.split(",")[:MOST_EXACT]) if "," in search else ()
    found = queries.values(
        call.umami.store,
        scope(call),
        FIELDS.get(asked.type, "path"),
        containing=None if exact else search,
        among=exact,
    )
    return [{"value": rank.name, "count": rank.count} for rank in found]


def _series(store: Store, scope: Scope, unit: Unit, timezone: str) -> dict[str, Any]:
    found: list[Bucket] = timeline(store, scope, unit, timezone)
    return {
        "pageviews": [{"x": format_bucket(one.start), "y": one.views} for one in found],
        "sessions": [{"x": format_bucket(one.start), "y": one.sessions} for one in found],
    }


def _primary(ranks: list[Rank]) -> list[dict[str, Any]]:
    """Languages without their countries: summed up after the limit, and not ordered anew."""
    counts: dict[str, int] = {}
    for one in ranks:
        name = (one.name or "null").lower().split("-")[0]
        counts[name] = counts.get(name, 0) + one.count
    return [{"x": name, "y": count} for name, count in counts.items()]
