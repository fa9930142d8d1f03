"""Single events, and the data of custom events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from umami.embedded import wire
from umami.embedded.http import Call, Nothing, Routes, Text
from umami.embedded.parameters import DataType, Paged, Ranged, json_row, scope
from umami.embedded.queries import event_data
from umami.embedded.queries import events as queries
from umami.embedded.routes.records import camel_case
from umami.embedded.scope import Scope

routes = Routes()

COLUMNS = {
    "id": "event_id",
    **camel_case(
        *("website_id", "session_id", "visit_id", "distinct_id", "created_at", "hostname"),
        *("url_path", "url_query", "referrer_path", "referrer_query", "referrer_domain"),
        *("country", "city", "device", "os", "browser", "page_title", "event_type", "event_name"),
        "has_data",
    ),
}
RECORD = {
    "websiteId": "website_id",
    "eventId": "website_event_id",
    **camel_case(
        *("event_name", "data_key", "string_value", "number_value", "date_value", "data_type"),
        "created_at",
    ),
}


class OfEvent(Ranged):
    """One event or all events; unlike ``event``, ``eventName`` is not a filter."""

    eventName: Text | None = None


class OfProperty(OfEvent):
    """One property, of one data type or of all."""

    propertyName: Text
    dataType: DataType | None = None


@routes("GET", "/websites/{website_id}/events", Paged)
def events(call: Call[Paged]) -> Any:
    """Return a page of events and views, newest first; ``search`` looks in names and paths."""
    params = call.params
    page = queries.page(
        call.umami.store,
        scope(call),
        pattern=f"%{params.search}%" if params.search else None,
        most=params.maxResults,
        limit=params.pageSize,
        offset=params.skipped,
    )
    return params.listed(page, COLUMNS)


@routes("GET", "/websites/{website_id}/event-data/events", Ranged)
def data_events(call: Call[Ranged]) -> Any:
    """Return the properties of events; of one event, also their stored values."""
    store, here = call.umami.store, without_event_filter(call)
    if call.params.event is None:
        return wire.properties(event_data.properties_by_type(store, here), typed=True)
    values = event_data.values_of_event(store, here, call.params.event)
    return wire.properties(values, typed=True, valued=True)


@routes("GET", "/websites/{website_id}/event-data/fields", OfEvent)
def data_fields(call: Call[OfEvent]) -> Any:
    """Return properties with their types, of one event or of all."""
    return wire.fields(event_data.names(call.umami.store, scope(call), call.params.eventName))


@routes("GET", "/websites/{website_id}/event-data/properties", Ranged)
def data_properties(call: Call[Ranged]) -> Any:
    """Return the properties of events."""
    return wire.properties(event_data.properties(call.umami.store, scope(call)), typed=True)


@routes("GET", "/websites/{website_id}/event-data/values", OfProperty)
def data_values(call: Call[OfProperty]) -> Any:
    """Return the values of one property."""
    params, store = call.params, call.umami.store
    values = event_data.values(
        store, scope(call), params.eventName, params.propertyName, "instant", params.dataType
    )
    return wire.valued(values)


@routes("GET", "/websites/{website_id}/event-data/stats", Ranged)
def data_stats(call: Call[Ranged]) -> Any:
    """Return how much data events carry; ``records`` is text, and null without records."""
    return wire.size(event_data.size(call.umami.store, scope(call)))


@routes("GET", "/websites/{website_id}/event-data/{event_id}", Nothing)
def data_of_event(call: Call[Nothing]) -> Any:
    """Return all data of one event."""
    rows = event_data.of_event(call.umami.store, call.id("website_id"), call.id("event_id"))
    return [json_row(row, RECORD) for row in rows]


def without_event_filter(call: Call[Any]) -> Scope:
    """Return the scope of a request whose ``event`` is the name of an event and not a filter."""
    return scope(replace(call, params=call.params.model_copy(update={"event": None})))
