"""Sessions: the list, its totals, activity by weekday and hour, single sessions, properties."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from umami.embedded import wire
from umami.embedded.http import Call, Nothing, Routes, Text, Zone
from umami.embedded.parameters import DataType, Filtered, Paged, Ranged, Timed, json_row, scope
from umami.embedded.queries import session_data
from umami.embedded.queries import sessions as queries
from umami.embedded.queries.events import events_of_sessions
from umami.embedded.queries.totals import weekly_sessions
from umami.embedded.refusals import Refusal
from umami.embedded.routes.records import camel_case
from umami.embedded.routes.reports import InCurrency
from umami.embedded.routes.traffic import VIEWS
from umami.embedded.scope import SESSION_COLUMNS, Rows

routes = Routes()

SESSION = {
    "id": "session_id",
    "websiteId": "website_id",
    **SESSION_COLUMNS,
    **camel_case("first_at", "last_at", "visits"),
}
ROW = {
    "id": "session_id",
    **camel_case("website_id", "distinct_id", "hostname"),
    **SESSION_COLUMNS,
    **camel_case("first_at", "last_at", "visits", "views", "events"),
    "createdAt": "last_at",
}
STEP = camel_case(
    *("created_at", "url_path", "url_query", "referrer_domain", "event_id", "event_type"),
    *("event_name", "visit_id", "hostname", "has_data"),
)


class Zoned(Filtered):
    """A range, and the time zone of weekdays and hours."""

    timezone: Zone


class Activity(Timed):
    """The events of one session, or of all sessions that are linked to a distinct id."""

    distinctId: Text | None = None


class Properties(Ranged):
    """One property or all properties."""

    propertyName: Text | None = None


class OfProperty(Ranged):
    """One property, of one data type or of all."""

    propertyName: Text
    dataType: DataType | None = None


class OfCurrency(Paged, InCurrency):
    """A page of sessions, and a currency."""


@routes("GET", "/websites/{website_id}/sessions", Paged)
def sessions(call: Call[Paged]) -> Any:
    """Return a page of the most recently active sessions, with a row for each hostname."""
    return _page(call, None)


@routes("GET", "/websites/{website_id}/sessions/stats", Filtered)
def stats(call: Call[Filtered]) -> Any:
    """Return the totals of sessions, always including bounces; ``pageviews`` are events of every
    type."""
    here = replace(scope(call), without_bounces=False)
    return wire.session_totals(queries.session_totals(call.umami.store, here))


@routes("GET", "/websites/{website_id}/sessions/weekly", Zoned)
def weekly(call: Call[Zoned]) -> Any:
    """Return the sessions with a view by weekday, from Sunday, and hour."""
    return wire.week(weekly_sessions(call.umami.store, scope(call), call.params.timezone, VIEWS))


@routes("DELETE", "/websites/{website_id}/sessions/{session_id}", Nothing)
def delete(call: Call[Nothing]) -> Any:
    """Delete a session with all its events and data."""
    if not queries.delete(call.umami.store, call.id("website_id"), call.id("session_id")):
        raise Refusal(404, "Not found")
    return {"ok": True}


@routes("GET", "/websites/{website_id}/revenue/sessions", OfCurrency)
def paying(call: Call[OfCurrency]) -> Any:
    """Return a page of the sessions with a purchase in a currency within the range."""
    here = scope(call)
    revenue = (
        "SELECT session_id FROM revenue WHERE website_id = ? AND created_at BETWEEN ? AND ? "
        "AND upper(currency) = ?"
    )
    return _page(call, Rows(revenue, [here.website, here.start, here.end, call.params.currency]))


def _page(call: Call[Any], among: Rows | None) -> Any:
    params = call.params
    page = queries.sessions(
        call.umami.store,
        scope(call),
        search=params.search,
        most=params.maxResults,
        limit=params.pageSize,
        offset=params.skipped,
        among=among,
    )
    return params.listed(page, ROW)


@routes("GET", "/websites/{website_id}/sessions/{session_id}", Nothing)
def session(call: Call[Nothing]) -> Any:
    """Return one session over its whole life. Its sums are text and include the sessions that are
    linked to it."""
    store, website, id = call.umami.store, call.id("website_id"), call.id("session_id")
    distinct_ids, linked = queries.linked_sessions(store, website, id)
    row = queries.session(store, website, id, also=linked)
    if row is None:
        raise Refusal(404, "Not found")
    # Sessions from before 3.3 have no links, only their own distinct id.
    if not distinct_ids and row["distinct_id"]:
        distinct_ids = [row["distinct_id"]]
    return {
        **json_row(row, SESSION),
        **wire.session_sums(row),
        **({"distinctId": distinct_ids[0]} if len(distinct_ids) == 1 else {}),
        "distinctIds": distinct_ids,
        "stitchedSessionCount": len(linked),
        "canDelete": call.user is not None,
    }


@routes("GET", "/websites/{website_id}/sessions/{session_id}/activity", Activity)
def activity(call: Call[Activity]) -> Any:
    """Return the events of one session, or of all sessions that are linked to a distinct id,
    newest first."""
    store, sessions = call.umami.store, {call.id("session_id")}
    if call.params.distinctId:
        sessions |= queries.sessions_of_distinct_id(
            store, call.id("website_id"), call.params.distinctId
        )
    return [json_row(row, STEP) for row in events_of_sessions(store, scope(call), sessions)]


@routes("GET", "/websites/{website_id}/sessions/{session_id}/properties", Nothing)
def properties(call: Call[Nothing]) -> Any:
    """Return the properties of one session."""
    rows = session_data.properties_of(
        call.umami.store, call.id("website_id"), call.id("session_id")
    )
    return [json_row(row, wire.SESSION_PROPERTY) for row in rows]


@routes("GET", "/websites/{website_id}/session-data/properties", Properties)
def data_properties(call: Call[Properties]) -> Any:
    """Return the properties of all sessions."""
    properties = session_data.properties(
        call.umami.store, scope(call), name=call.params.propertyName
    )
    return wire.named(properties, typed=True)


@routes("GET", "/websites/{website_id}/session-data/values", OfProperty)
def data_values(call: Call[OfProperty]) -> Any:
    """Return the values of one property of sessions."""
    params = call.params
    values = session_data.values(
        call.umami.store, scope(call), params.propertyName, "instant", params.dataType
    )
    return wire.valued(values)
