"""Custom events: their series, single events, and the data they carry."""

from __future__ import annotations

from typing import Annotated, Any

from tests.doubles.umami.v2.parameters import NEWEST, Bucketed, Paged, scope
from umami.embedded import wire
from umami.embedded.http import Call, Range, Routes, Text
from umami.embedded.parameters import json_row, one_of
from umami.embedded.queries import event_data
from umami.embedded.queries import events as single
from umami.embedded.queries.totals import event_series
from umami.embedded.scope import format_bucket

routes = Routes()

COLUMNS = {
    "id": "event_id",
    "websiteId": "website_id",
    "sessionId": "session_id",
    "createdAt": "created_at",
    "urlPath": "url_path",
    "urlQuery": "url_query",
    "referrerPath": "referrer_path",
    "referrerQuery": "referrer_query",
    "referrerDomain": "referrer_domain",
    "pageTitle": "page_title",
    "eventType": "event_type",
    "eventName": "event_name",
}


class Listed(Paged):
    """A page of single events, custom ones and views."""

    orderBy: Annotated[str, one_of(COLUMNS, "Unknown column")] | None = None


class OfEvent(Range):
    """With ``event``, the values of this event's properties."""

    event: Text | None = None


class OfProperty(Range):
    """One property of one event."""

    eventName: Text
    propertyName: Text


@routes("GET", "/websites/{website_id}/events/series", Bucketed)
def series(call: Call[Bucketed]) -> Any:
    """How often each custom event happened over time."""
    asked = call.params
    found = event_series(call.umami.store, scope(call), asked.answered_unit, asked.timezone)
    return [{"x": one.event, "t": format_bucket(one.start), "y": one.count} for one in found]


@routes("GET", "/websites/{website_id}/events", Listed)
def listed(call: Call[Listed]) -> Any:
    """A page of the newest events; ``search`` looks at names of events and paths of views."""
    asked = call.params
    found = single.page(
        call.umami.store,
        scope(call),
        pattern=f"%{asked.search}%" if asked.search else None,
        newest=NEWEST,
        order=COLUMNS[asked.orderBy] if asked.orderBy else None,
        limit=asked.pageSize,
        offset=asked.skipped,
    )
    return asked.answer([json_row(row, COLUMNS) for row in found.rows], found.count)


@routes("GET", "/websites/{website_id}/event-data/events", OfEvent)
def data_events(call: Call[OfEvent]) -> Any:
    """Which properties events have; of one event, also their values as they are stored."""
    store, rows = call.umami.store, scope(call)
    if call.params.event is None:
        return wire.properties(event_data.properties_by_type(store, rows), typed=True)
    found = event_data.values_of_event(store, rows, call.params.event)
    return wire.properties(found, typed=True, valued=True)


@routes("GET", "/websites/{website_id}/event-data/fields", Range)
def data_fields(call: Call[Range]) -> Any:
    """Properties with their values, whatever the event."""
    return wire.fields(event_data.fields(call.umami.store, scope(call)), valued=True)


@routes("GET", "/websites/{website_id}/event-data/properties", Range)
def data_properties(call: Call[Range]) -> Any:
    """Which properties events have."""
    return wire.properties(event_data.properties(call.umami.store, scope(call), typed=False))


@routes("GET", "/websites/{website_id}/event-data/values", OfProperty)
def data_values(call: Call[OfProperty]) -> Any:
    """Values of one property of one event."""
    asked = call.params
    found = event_data.values(call.umami.store, scope(call), asked.eventName, asked.propertyName)
    return wire.valued(found)


@routes("GET", "/websites/{website_id}/event-data/stats", Range)
def data_stats(call: Call[Range]) -> Any:
    """How much data events carry; the records are a text, and null without any."""
    return wire.size(event_data.size(call.umami.store, scope(call)))
