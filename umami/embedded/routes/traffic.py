"""Traffic of a website: totals, page views, metrics, values, custom events over time, export."""

from __future__ import annotations

import base64
import csv
import io
import zipfile
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from umami.embedded.filters import FIELDS
from umami.embedded.http import Call, Routes, Text, to_iso
from umami.embedded.parameters import (
    Bucketed,
    Filtered,
    Paged,
    Timed,
    ZoneOrUtc,
    compared,
    one_of,
    scope,
)
from umami.embedded.queries import metrics as queries
from umami.embedded.queries.channels import channel_totals, channel_visitors
from umami.embedded.queries.metrics import DOMAIN, FULL_PATH, IN_A_COUNTRY, Edge, Rank
from umami.embedded.queries.totals import event_series, event_totals, timeline, totals
from umami.embedded.scope import Filter, Scope
from umami.embedded.store import Store

routes = Routes()

VIEWS = (1, 3, 4)
"""The event types that count as views: pages, links and pixels, not custom events or measurements
of a page's speed."""
EDGES: dict[str, Edge] = {"entry": "entry", "exit": "exit"}
COLUMNS = {
    **{name: name for name in FIELDS},
    "screen": "screen",
    "domain": "referrer",
    "fullPath": "path",
    **dict.fromkeys(EDGES, "path"),
}
"""The field that a metric counts by."""
CHANNEL = "channel"
MOST_EXACT = 5
"""The number of values in a comma-separated ``search`` of ``values``; further ones are ignored."""
EXPORTED = {
    "events": "event",
    "pages": "path",
    "referrers": "referrer",
    "browsers": "browser",
    "os": "os",
    "devices": "device",
    "countries": "country",
}
"""The files of an export, and the type of metric in each file."""


class Metrics(Filtered):
    """A field, a page of its values, and a text that they contain."""

    type: Annotated[str, one_of((*COLUMNS, CHANNEL), "Invalid type")]
    limit: Annotated[int, Field(ge=0, le=1_000_000)] = 500
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    search: Text | None = None

    def searched(self, scope: Scope) -> Scope:
        """Return the scope with the search as a filter that replaces those on the same field."""
        if not self.search or self.type == CHANNEL:
            return scope
        others = [filter_ for filter_ in scope.filters if filter_.field != self.type]
        return scope.filtered(*others, Filter(COLUMNS[self.type], "c", self.search))


class Values(Timed):
    """A field, and a text that its values contain, or several exact values separated by commas."""

    type: Annotated[str, one_of(FIELDS, "Invalid type")]
    search: Text | None = None


class Series(Bucketed):
    """A time zone, and ``limit``, the number of the most frequent event names to return."""

    timezone: ZoneOrUtc
    limit: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


@routes("GET", "/websites/{website_id}/stats", Filtered)
def stats(call: Call[Filtered]) -> Any:
    """Return the totals of the range and of the range before."""
    here = scope(call)

    def summed(scope: Scope) -> dict[str, int]:
        sums = totals(call.umami.store, scope, VIEWS)
        return {
            "pageviews": sums.views,
            "visitors": sums.visitors,
            "visits": sums.visits,
            "bounces": sums.bounces,
            "totaltime": sums.seconds,
        }

    before = compared(here, call.params.start, call.params.end, call.params.compare)
    return {**summed(here), "comparison": summed(before)}


@routes("GET", "/websites/{website_id}/pageviews", Bucketed)
def pageviews(call: Call[Bucketed]) -> Any:
    """Return views and visitors over time; with ``compare`` also those of the range before."""
    params, here = call.params, scope(call)

    def series(scope: Scope) -> dict[str, Any]:
        buckets = timeline(call.umami.store, scope, params.answered_unit, params.zone, VIEWS)
        return {
            "pageviews": [{"x": params.stamp(row.start), "y": row.views} for row in buckets],
            "sessions": [{"x": params.stamp(row.start), "y": row.sessions} for row in buckets],
        }

    def dated(start: Any, end: Any) -> dict[str, Any]:
        return {"startDate": to_iso(start), "endDate": to_iso(end)}

    if not params.compare:
        return series(here)
    before = compared(here, params.start, params.end, params.compare)
    comparison = {**series(before), **dated(before.start, before.end)}
    return {**series(here), **dated(params.start, params.end), "compare": comparison}


@routes("GET", "/websites/{website_id}/metrics", Metrics)
def metrics(call: Call[Metrics]) -> Any:
    """Return the values of a field and their visitors, the most frequent first; for events, how
    often they happened."""
    params = call.params
    return [
        {"x": rank.name, "y": rank.count}
        | ({"country": rank.country} if params.type in IN_A_COUNTRY else {})
        for rank in _ranks(call.umami.store, params.searched(scope(call)), params)
    ]


@routes("GET", "/websites/{website_id}/metrics/expanded", Metrics)
def metrics_expanded(call: Call[Metrics]) -> Any:
    """Return the values of a field and the totals of their rows, most visitors first."""
    params = call.params
    return [
        {"name": row["name"]}
        | ({"country": row["country"]} if params.type in IN_A_COUNTRY else {})
        | {
            "pageviews": str(row["views"]),
            "visitors": row["visitors"],
            "visits": row["visits"],
            "bounces": row["bounces"],
            "totaltime": str(row["seconds"]),
        }
        for row in _expanded(call.umami.store, params.searched(scope(call)), params)
    ]


@routes("GET", "/websites/{website_id}/values", Values)
def values(call: Call[Values]) -> Any:
    """Return values for a filter, the most frequent first."""
    search = call.params.search or ""
    exact = tuple(search.split(",")[:MOST_EXACT]) if "," in search else ()
    ranks = queries.values(
        call.umami.store,
        scope(call),
        call.params.type,
        containing=None if exact else search,
        among=exact,
    )
    return [{"value": rank.name, "count": rank.count} for rank in ranks]


@routes("GET", "/websites/{website_id}/events/series", Series)
def series(call: Call[Series]) -> Any:
    """Return how often each custom event happened over time."""
    params, here = call.params, _with_bounces(scope(call))
    buckets = event_series(
        call.umami.store, here, params.answered_unit, params.zone, names=params.limit
    )
    return [{"x": row.event, "t": params.stamp(row.start), "y": row.count} for row in buckets]


@routes("GET", "/websites/{website_id}/events/stats", Filtered)
def events_stats(call: Call[Filtered]) -> Any:
    """Return the totals of the custom events of the range and of the range before."""
    here, store = _with_bounces(scope(call)), call.umami.store
    before = compared(here, call.params.start, call.params.end, call.params.compare)
    return {"data": {**event_totals(store, here), "comparison": event_totals(store, before)}}


@routes("GET", "/websites/{website_id}/export", Paged)
def export(call: Call[Any]) -> Any:
    """Return the metrics of several fields as CSV files in a zip in base64; the page has no
    effect."""
    params = call.params
    query = {**params.filter_params, "startAt": params.startAt, "endAt": params.endAt}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, kind in EXPORTED.items():
            rows = metrics(replace(call, params=Metrics.model_validate({**query, "type": kind})))
            text = io.StringIO()
            writer = csv.writer(text)
            writer.writerow(["x", "y"])
            writer.writerows([row["x"], row["y"]] for row in rows)
            archive.writestr(f"{name}.csv", text.getvalue().encode(errors="replace"))
    return {"zip": base64.b64encode(packed.getvalue()).decode()}


def _ranks(store: Store, here: Scope, params: Metrics) -> list[Rank]:
    limit, offset = params.limit, params.offset
    if params.type == CHANNEL:
        # A limit has no effect, as on 3.1.
        return channel_visitors(store, here, VIEWS)
    if params.type in EDGES:
        edge = EDGES[params.type]
        return queries.first_paths(store, here, edge, types=VIEWS, limit=limit, offset=offset)
    if params.type == "event":
        here = _of_events(here)
        return queries.ranking(store, here, "event", count="events", limit=limit, offset=offset)
    return queries.ranking(
        store,
        here,
        COLUMNS[params.type],
        count="visitors",
        types=VIEWS,
        named=True,
        name=FULL_PATH if params.type == "fullPath" else None,
        limit=limit,
        offset=offset,
    )


def _expanded(store: Store, here: Scope, params: Metrics) -> list[dict[str, Any]]:
    if params.type == CHANNEL:
        return channel_totals(store, here, VIEWS)
    return queries.expanded(
        store,
        _of_events(here) if params.type == "event" else here,
        COLUMNS[params.type],
        types=VIEWS,
        edge=EDGES.get(params.type),
        name={"fullPath": FULL_PATH, "domain": DOMAIN}.get(params.type),
        limit=params.limit,
        offset=params.offset,
    )


def _of_events(here: Scope) -> Scope:
    """Return the scope of custom events, regardless of a filter by type of event."""
    return replace(_with_bounces(here), event_type=None)


def _with_bounces(here: Scope) -> Scope:
    """Return the scope including bounces, which 3.1 never leaves out of custom events."""
    return replace(here, without_bounces=False)
