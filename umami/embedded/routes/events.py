"""Single events, and the data that custom events carry."""

from __future__ import annotations

from typing import Any

from umami.embedded import wire
from umami.embedded.http import Call, Nothing, Routes, Text
from umami.embedded.parameters import DataType, Paged, Ranged, json_row, scope
from umami.embedded.queries import event_data
from umami.embedded.queries import events as single

routes = Routes()

COLUMNS = {
    "id": "event_id",
    "websiteId": "website_id",
    "sessionId": "session_id",
    "visitId": "visit_id",
    "distinctId": "distinct_id",
    "createdAt": "created_at",
    "hostname": "hostname",
    "urlPath": "url_path",
    "urlQuery": "url_query",
    "referrerPath": "referrer_path",
    "referrerQuery": "referrer_query",
    "referrerDomain": "referrer_domain",
    "country": "country",
    "city": "city",
    "device": "device",
    "os": "os",
    "browser": "browser",
    "pageTitle": "page_title",
    "eventType": "event_type",
    "eventName": "event_name",
    "hasData": "has_data",
}
RECORD = {
    "websiteId": "website_id",
    "eventId": "website_event_id",
    "eventName": "event_name",
    "dataKey": "data_key",
    "stringValue": "string_value",
    "numberValue": "number_value",
    "dateValue": "date_value",
    "dataType": "data_type",
    "createdAt": "created_at",
}


class OfEvent(Ranged):
    """One event or all of them; ``event`` is a filter beside it."""

    eventName: Text | None = None


class OfProperty(OfEvent):
    """One property, of one type or of all."""

    propertyName: Text
    dataType: DataType | None = None


@routes("GET", "/websites/{website_id}/events", Paged)
def listed(call: Call[Paged]) -> Any:
    """A page of events and views, newest first; a search looks for a text in names and paths."""
    asked = call.params
    found = single.page(
        call.umami.store,
        scope(call),
        pattern=f"%{asked.search}%" if asked.search else None,
        most=asked.maxResults,
        limit=asked.pageSize,
        offset=asked.skipped,
    )
    return asked.listed(found, COLUMNS)


@routes("GET", "/websites/{website_id}/event-data/events", Ranged)
def data_events(call: Call[Ranged]) -> Any:
    """Which properties events have; of one event, also their values as they are stored."""
    store, rows = call.umami.store, unnamed(call)
    if call.params.event is None:
        return wire.properties(event_data.properties_by_type(store, rows), typed=True)
    found = event_data.values_of_event(store, rows, call.params.event)
    return wire.properties(found, typed=True, valued=True)


@routes("GET", "/websites/{website_id}/event-data/fields", OfEvent)
def data_fields(call: Call[OfEvent]) -> Any:
    """Properties with their types, of one event or of all."""
    return wire.fields(event_data.names(call.umami.store, scope(call), call.params.eventName))


@routes("GET", "/websites/{website_id}/event-data/properties", Ranged)
def data_properties(call: Call[Ranged]) -> Any:
    """Which properties events have."""
    return wire.properties(event_data.properties(call.umami.store, scope(call)), typed=True)


@routes("GET", "/websites/{website_id}/event-data/values", OfProperty)
def data_values(call: Call[OfProperty]) -> Any:
    """Values of one property."""
    asked = call.params
    found = event_data.values(
        call.umami.store,
        scope(call),
        asked.eventName,
        asked.propertyName,
        "instant",
        asked.dataType,
    )
    return wire.valued(found)


@routes("GET", "/websites/{website_id}/event-data/stats", Ranged)
def data_stats(call: Call[Ranged]) -> Any:
    """How much data events carry; the records are a text, and null without any."""
    return wire.size(event_data.size(call.umami.store, scope(call)))


@routes("GET", "/websites/{website_id}/event-data/{event_id}", Nothing)
def data_of_event(call: Call[Nothing]) -> Any:
    """Everything that one event carries."""
    found = event_data.of_event(call.umami.store, call.id("website_id"), call.id("event_id"))
    return [json_row(row, RECORD) for row in found]


def unnamed(call: Call[Any]) -> Any:
    """The rows that are asked about where ``event`` is the event's name as it is, no filter."""
    asked = call.params.model_copy(update={"event": None})
    return scope(Call(call.umami, asked, call.path, call.headers, call.user))
