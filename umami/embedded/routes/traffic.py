"""Traffic of a website: totals, page views, metrics, values, custom events over time, export."""

import base64
import csv
import io
import zipfile
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from umami.embedded.filters import FIELDS
from umami.embedded.http import Call, Routes, Text
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
from umami.embedded.queries.metrics import DOMAIN, FULL_PATH, Edge
from umami.embedded.queries.totals import event_series, event_totals, timeline, totals
from umami.embedded.scope import Filter, Scope

routes = Routes()

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
        """Return the scope with the search as a filter of rows that replaces filters of rows on the
        same field."""
        if not self.search or self.type == CHANNEL:
            return scope
        search = Filter(COLUMNS[self.type], "c", self.search)
        if scope.whole_visits:
            return replace(scope, required=(search,))
        others = [filter_ for filter_ in scope.filters if filter_.field != self.type]
        return scope.filtered(*others, search)


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
    here, before = _compared(call)
    comparison = totals(call.umami.store, before)
    return {**totals(call.umami.store, here), "comparison": comparison}


@routes("GET", "/websites/{website_id}/pageviews", Bucketed)
def pageviews(call: Call[Bucketed]) -> Any:
    """Return views and visitors over time; with ``compare`` also those of the range before."""
    params, (here, before) = call.params, _compared(call)

    def series(scope: Scope) -> dict[str, Any]:
        buckets = timeline(call.umami.store, scope, params.answered_unit, params.zone)
        return {
            "pageviews": [{"x": params.stamp(start), "y": views} for start, views, _ in buckets],
            "sessions": [{"x": params.stamp(start), "y": count} for start, _, count in buckets],
        }

    if not params.compare:
        return series(here)
    dates = {"startDate": before.start, "endDate": before.end}
    return {
        **series(here),
        "startDate": params.start,
        "endDate": params.end,
        "compare": {**series(before), **dates},
    }


@routes("GET", "/websites/{website_id}/metrics", Metrics)
def metrics(call: Call[Metrics]) -> Any:
    """Return the values of a field and their visitors, most frequent first; for events, times."""
    store, params = call.umami.store, call.params
    here, limit, offset = params.searched(scope(call)), params.limit, params.offset
    if params.type == CHANNEL:
        # A limit has no effect, as on 3.1.
        return channel_visitors(store, here)
    if params.type in EDGES:
        edge = EDGES[params.type]
        return queries.first_paths(store, here, edge, limit=limit, offset=offset)
    events = params.type == "event"
    return queries.ranking(
        store,
        _of_events(here) if events else here,
        COLUMNS[params.type],
        count="events" if events else "visitors",
        named=not events,
        name=FULL_PATH if params.type == "fullPath" else None,
        limit=limit,
        offset=offset,
    )


@routes("GET", "/websites/{website_id}/metrics/expanded", Metrics)
def metrics_expanded(call: Call[Metrics]) -> Any:
    """Return the values of a field and the totals of their rows, most visitors first."""
    store, params = call.umami.store, call.params
    here = params.searched(scope(call))
    if params.type == CHANNEL:
        return channel_totals(store, here)
    return queries.expanded(
        store,
        _of_events(here) if params.type == "event" else here,
        COLUMNS[params.type],
        edge=EDGES.get(params.type),
        name={"fullPath": FULL_PATH, "domain": DOMAIN}.get(params.type),
        limit=params.limit,
        offset=params.offset,
    )


@routes("GET", "/websites/{website_id}/values", Values)
def values(call: Call[Values]) -> Any:
    """Return values for a filter, the most frequent first."""
    params = call.params
    return queries.values(call.umami.store, scope(call), params.type, params.search or "")


@routes("GET", "/websites/{website_id}/events/series", Series)
def series(call: Call[Series]) -> Any:
    """Return how often each custom event happened over time."""
    params, here = call.params, scope(call).with_bounces()
    buckets = event_series(
        call.umami.store, here, params.answered_unit, params.zone, names=params.limit
    )
    return [{"x": event, "t": params.stamp(start), "y": count} for start, event, count in buckets]


@routes("GET", "/websites/{website_id}/events/stats", Filtered)
def events_stats(call: Call[Filtered]) -> Any:
    """Return the totals of the custom events of the range and of the range before."""
    here, before = (
        event_totals(call.umami.store, scope.with_bounces()) for scope in _compared(call)
    )
    return {"data": {**here, "comparison": before}}


@routes("GET", "/websites/{website_id}/export", Paged)
def export(call: Call[Any]) -> Any:
    """Return metrics of several fields as CSV files in a zip in base64, whatever the page."""
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


def _compared(call: Call[Any]) -> tuple[Scope, Scope]:
    """Return the scopes of the requested range and of the range before."""
    here, params = scope(call), call.params
    return here, compared(here, params.start, params.end, params.compare)


def _of_events(here: Scope) -> Scope:
    """Return the scope of custom events, regardless of a filter by type of event."""
    return replace(here.with_bounces(), event_type=None)
