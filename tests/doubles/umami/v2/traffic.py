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
from umami.embedded.queries.metrics import Counted, Edge, ranking
from umami.embedded.queries.totals import timeline, totals
from umami.embedded.scope import Filter, Scope, Unit, format_bucket
from umami.embedded.store import Store

routes = Routes()

FIELDS = {**NAMES, "screen": "screen"}
EDGES: dict[str, Edge] = {"entry": "entry", "exit": "exit"}
TYPES = (*FIELDS, *EDGES, "channel")
COUNT_EVENTS = ("url", "entry", "exit", "title", "query", "tag", "event")
"""Metrics whose ``y`` counts rows on 2.18; the others count visitors."""
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
    return {name: {"value": now[name], "prev": before[name]} for name in now}


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
    return _primary(ranks) if asked.type == "language" else ranks


@routes("GET", "/websites/{website_id}/values", Values)
def values(call: Call[Values]) -> Any:
    """Values that a filter could be set to, the most frequent first."""
    field = FIELDS.get(call.params.type, "path")
    return queries.values(call.umami.store, scope(call), field, call.params.search or "")


def _series(store: Store, scope: Scope, unit: Unit, timezone: str) -> dict[str, Any]:
    buckets = timeline(store, scope, unit, timezone)
    return {
        "pageviews": [{"x": format_bucket(start), "y": views} for start, views, _ in buckets],
        "sessions": [{"x": format_bucket(start), "y": count} for start, _, count in buckets],
    }


def _primary(ranks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Languages without their countries: summed up after the limit, and not ordered anew."""
    counts: dict[str, int] = {}
    for rank in ranks:
        name = (rank["x"] or "null").lower().split("-")[0]
        counts[name] = counts.get(name, 0) + rank["y"]
    return [{"x": name, "y": count} for name, count in counts.items()]
