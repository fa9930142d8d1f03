"""Custom events: their series, single events, and the data they carry."""

from __future__ import annotations

from typing import Annotated, Any

from tests.doubles.umami.v2.parameters import NEWEST, Bucketed, Paged, scope
from umami.embedded.http import Call, Range, Routes, Text
from umami.embedded.parameters import one_of
from umami.embedded.queries import property_data
from umami.embedded.queries import sessions as single
from umami.embedded.queries.property_data import EVENT, MOST_VALUES, PROPERTY, TYPE, counted
from umami.embedded.queries.totals import event_series
from umami.embedded.scope import Scope, format_bucket

routes = Routes()

PLAIN = "%Y-%m-%d %H:%M:%S"
"""How 2.x spells dates."""
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
    params = call.params
    buckets = event_series(call.umami.store, scope(call), params.answered_unit, params.timezone)
    return [{"x": event, "t": format_bucket(start), "y": count} for start, event, count in buckets]


@routes("GET", "/websites/{website_id}/events", Listed)
def listed(call: Call[Listed]) -> Any:
    """A page of the newest events; ``search`` looks at names of events and paths of views."""
    pattern = f"%{call.params.search}%" if call.params.search else None
    newest = single.page(
        call.umami.store, scope(call), pattern=pattern, most=NEWEST, limit=NEWEST, offset=0
    )
    return call.params.answer(newest, COLUMNS)


@routes("GET", "/websites/{website_id}/event-data/events", OfEvent)
def data_events(call: Call[OfEvent]) -> Any:
    """Which properties events have; of one event, also their values as they are stored."""
    return property_data.properties_of_events(call.umami.store, scope(call), call.params.event)


@routes("GET", "/websites/{website_id}/event-data/fields", Range)
def data_fields(call: Call[Range]) -> Any:
    """Properties with their values, whatever the event."""
    return fields(call, scope(call), PLAIN)


def fields(call: Call[Any], here: Scope, dates: str) -> Any:
    """The first hundred properties with their values, by descending type."""
    columns = {**PROPERTY, **TYPE, "value": property_data.text(dates)}
    order = "dataType DESC, propertyName, total DESC, value"
    records = property_data.of_events(here)
    return counted(call.umami.store, records, columns, order, MOST_VALUES)


@routes("GET", "/websites/{website_id}/event-data/properties", Range)
def data_properties(call: Call[Range]) -> Any:
    """Which properties events have."""
    records = property_data.of_events(scope(call))
    return counted(call.umami.store, records, EVENT | PROPERTY)


@routes("GET", "/websites/{website_id}/event-data/values", OfProperty)
def data_values(call: Call[OfProperty]) -> Any:
    """Values of one property of one event."""
    params = call.params
    records = property_data.of_events(scope(call), params.eventName)
    records = records.where("d.data_key = ?", params.propertyName)
    return property_data.values(call.umami.store, records, dates=PLAIN)


@routes("GET", "/websites/{website_id}/event-data/stats", Range)
def data_stats(call: Call[Range]) -> Any:
    """How much data events carry; the records are a text, and null without any."""
    return property_data.size_of_events(call.umami.store, scope(call))
