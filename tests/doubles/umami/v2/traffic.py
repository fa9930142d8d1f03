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
    params = call.params
    before = totals(call.umami.store, compared(here, params.start, params.end, params.compare))
    return {name: {"value": now[name], "prev": before[name]} for name in now}


@routes("GET", "/websites/{website_id}/pageviews", Series)
def pageviews(call: Call[Series]) -> Any:
    """Views and visitors over time; with ``compare`` also those of the range before."""
    params, here = call.params, scope(call)
    answer = _series(call.umami.store, here, params.answered_unit, params.timezone)
    if not params.compare:
        return answer
    before = compared(here, params.start, params.end, params.compare)
    return {
        **answer,
        "startDate": to_iso(params.start),
        "endDate": to_iso(params.end),
        "compare": {
            **_series(call.umami.store, before, params.answered_unit, params.timezone),
            "startDate": to_iso(before.start),
            "endDate": to_iso(before.end),
        },
    }


@routes("GET", "/websites/{website_id}/metrics", Metrics)
def metrics(call: Call[Metrics]) -> Any:
    """Values of a field and their counts, most first."""
    return ranked(call, "events" if call.params.type in COUNT_EVENTS else "visitors")


def ranked(call: Call[Metrics], count: Counted) -> Any:
    """Values of a field and their counts of events or visitors, most first."""
    params, here, store = call.params, scope(call), call.umami.store
    if params.type == "channel":
        ranked = sorted(channels(store, here).items(), key=lambda entry: -entry[1])
        return [{"x": name, "y": count} for name, count in ranked if (params.search or "") in name]
    field = FIELDS.get(params.type, "path")
    if params.search:
        # Umami knows one filter a name: the search takes the place of another.
        others = (filter_ for filter_ in here.filters if filter_.field != FIELDS.get(params.type))
        here = here.filtered(*others, Filter(field, "c", params.search))
    if params.type in EDGES:
        ranks = edges(
            store, here, EDGES[params.type], count=count, limit=params.limit, offset=params.offset
        )
    else:
        ranks = ranking(store, here, field, count=count, limit=params.limit, offset=params.offset)
    return _primary(ranks) if params.type == "language" else ranks


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
