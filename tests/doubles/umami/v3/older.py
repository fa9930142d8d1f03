"""Answers of 3.0, 3.1 and 3.2 that are not those of later versions with something taken away."""

from __future__ import annotations

from typing import Any

from tests.doubles.umami.v2.account import me
from tests.doubles.umami.v2.events import fields
from umami.embedded.http import Call, Nothing, Routes, Text
from umami.embedded.parameters import Filtered, Paged, Timed, scope
from umami.embedded.queries import property_data
from umami.embedded.queries import sessions as event_queries
from umami.embedded.queries import sessions as session_queries
from umami.embedded.refusals import Refusal
from umami.embedded.routes.events import COLUMNS as EVENT
from umami.embedded.routes.sessions import ROW, SESSION, STEP
from umami.embedded.wire import renamed

routes = Routes()

EVENT_COLUMNS = {
    name: column for name, column in EVENT.items() if name not in ("visitId", "distinctId")
}
SESSION_ROW = {name: column for name, column in ROW.items() if name != "distinctId"}


MOST = 10**9
"""The rows of a list that these versions count: all."""


class OfProperty(Filtered):
    """One property; the name of an event, as 2.x and 3.3 spell it, has no effect."""

    propertyName: Text
    eventName: Text | None = None


routes("GET", "/me", Nothing)(me)


@routes("GET", "/links/charts", Nothing)
def charts_of_links(_call: Call[Nothing]) -> Any:
    """There is no such route yet: it is taken for the id of a link."""
    raise Refusal(404, "Not found")


@routes("GET", "/websites/{website_id}/events", Paged)
def events(call: Call[Paged]) -> Any:
    """A page of events and views, newest first; a search is compared with the whole text."""
    params = call.params
    page = event_queries.page(
        call.umami.store,
        scope(call),
        pattern=params.search,
        most=MOST,
        limit=params.pageSize,
        offset=params.skipped,
    )
    return params.response([renamed(row, EVENT_COLUMNS) for row in page.rows], page.count)


@routes("GET", "/websites/{website_id}/event-data/fields", Filtered)
def event_data_fields(call: Call[Filtered]) -> Any:
    """Properties with their values, whatever the event."""
    return fields(call, scope(call), property_data.INSTANT)


@routes("GET", "/websites/{website_id}/event-data/properties", Filtered)
def event_data_properties(call: Call[Filtered]) -> Any:
    """Which properties events have."""
    records = property_data.of_events(scope(call))
    columns = property_data.EVENT | property_data.PROPERTY
    return property_data.counted(call.umami.store, records, columns)


@routes("GET", "/websites/{website_id}/event-data/values", OfProperty)
def event_data_values(call: Call[OfProperty]) -> Any:
    """Values of one property; ``event`` is the name of an event."""
    params = call.params
    records = property_data.of_events(
        scope(call, without="event"), params.filter_params.get("event")
    )
    records = records.where("d.data_key = ?", params.propertyName)
    return property_data.values(call.umami.store, records)


@routes("GET", "/websites/{website_id}/sessions", Paged)
def sessions(call: Call[Paged]) -> Any:
    """A page of the sessions that were active last, a row for each hostname they were on."""
    params = call.params
    page = session_queries.sessions(
        call.umami.store,
        scope(call),
        search=params.search,
        most=MOST,
        limit=params.pageSize,
        offset=params.skipped,
    )
    return params.response([renamed(row, SESSION_ROW) for row in page.rows], page.count)


@routes("GET", "/websites/{website_id}/sessions/{session_id}", Nothing)
def session(call: Call[Nothing]) -> Any:
    """One session over its whole life, its sums as texts; nothing where there is none."""
    row = session_queries.session(call.umami.store, call.id("website_id"), call.id("session_id"))
    if row is None:
        return {}
    return renamed(row, {**SESSION, "distinctId": "distinct_id", **session_queries.SUMS})


@routes("GET", "/websites/{website_id}/sessions/{session_id}/activity", Timed)
def activity(call: Call[Timed]) -> Any:
    """The events of one session, newest first."""
    rows = event_queries.events_of_sessions(call.umami.store, scope(call), [call.id("session_id")])
    return [renamed(row, STEP) for row in rows]


@routes("GET", "/websites/{website_id}/session-data/properties", Filtered)
def session_data_properties(call: Call[Filtered]) -> Any:
    """Which properties sessions have."""
    records = property_data.of_sessions(scope(call))
    return property_data.counted(call.umami.store, records, property_data.PROPERTY)


@routes("GET", "/websites/{website_id}/session-data/values", OfProperty)
def session_data_values(call: Call[OfProperty]) -> Any:
    """Values of one property of sessions."""
    records = property_data.of_sessions(scope(call), call.params.propertyName)
    return property_data.values(call.umami.store, records)
