"""Single events, and the data of custom events."""

from typing import Any

from umami.embedded.http import Call, Nothing, Routes, Text
from umami.embedded.parameters import OfProperty, Paged, Ranged, scope
from umami.embedded.queries import property_data
from umami.embedded.queries import sessions as queries
from umami.embedded.queries.property_data import EVENT, PROPERTY, TYPE, counted, of_events
from umami.embedded.wire import camel_case, renamed

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


class OfEventProperty(OfProperty, OfEvent):
    """One property, of one event or of all."""


@routes("GET", "/websites/{website_id}/events", Paged)
def events(call: Call[Paged]) -> Any:
    """Return a page of events and views, newest first; ``search`` looks in names and paths."""
    params = call.params
    return params.listed(
        queries.page(
            call.umami.store,
            scope(call),
            pattern=f"%{params.search}%" if params.search else None,
            most=params.maxResults,
            limit=params.pageSize,
            offset=params.skipped,
        ),
        COLUMNS,
    )


@routes("GET", "/websites/{website_id}/event-data/events", Ranged)
def data_events(call: Call[Ranged]) -> Any:
    """Return the properties of events; of one event, also their stored values."""
    here, event = scope(call, without="event"), call.params.filter_params.get("event")
    return property_data.properties_of_events(call.umami.store, here, event)


@routes("GET", "/websites/{website_id}/event-data/fields", OfEvent)
def data_fields(call: Call[OfEvent]) -> Any:
    """Return properties with their types, of one event or of all."""
    records = of_events(scope(call), call.params.eventName)
    return counted(call.umami.store, records, PROPERTY | TYPE)


@routes("GET", "/websites/{website_id}/event-data/properties", Ranged)
def data_properties(call: Call[Ranged]) -> Any:
    return counted(call.umami.store, of_events(scope(call)), EVENT | PROPERTY | TYPE)


@routes("GET", "/websites/{website_id}/event-data/values", OfEventProperty)
def data_values(call: Call[OfEventProperty]) -> Any:
    """Return the values of one property."""
    params = call.params
    records = of_events(scope(call), params.eventName).where("d.data_key = ?", params.propertyName)
    return property_data.values(call.umami.store, records, params.dataType)


@routes("GET", "/websites/{website_id}/event-data/stats", Ranged)
def data_stats(call: Call[Ranged]) -> Any:
    """Return how much data events carry."""
    return property_data.size_of_events(call.umami.store, scope(call))


@routes("GET", "/websites/{website_id}/event-data/{event_id}", Nothing)
def data_of_event(call: Call[Nothing]) -> Any:
    """Return all data of one event, with its name."""
    rows = call.umami.store.records(
        """
        SELECT d.*, e.event_name
        FROM event_data d JOIN website_event e ON e.event_id = d.website_event_id
        WHERE d.website_id = ? AND d.website_event_id = ? ORDER BY d.data_key
        """,
        [call.id("website_id"), call.id("event_id")],
    )
    return [renamed(row, RECORD) for row in rows]
