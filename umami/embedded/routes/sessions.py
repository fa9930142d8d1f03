"""Sessions: their list, totals and rhythm, one of them, and the properties they carry."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from umami.embedded import wire
from umami.embedded.http import Call, Nothing, Routes, Text, Zone
from umami.embedded.parameters import DataType, Filtered, Paged, Ranged, Timed, json_row, scope
from umami.embedded.queries import session_data
from umami.embedded.queries import sessions as queries
from umami.embedded.queries.events import steps
from umami.embedded.queries.timeline import rhythm
from umami.embedded.refusals import Refusal
from umami.embedded.routes.reports import InCurrency
from umami.embedded.routes.traffic import VIEWS
from umami.embedded.scope import SESSION_COLUMNS, Rows

routes = Routes()

ONE = {
    "id": "session_id",
    "websiteId": "website_id",
    **SESSION_COLUMNS,
    "firstAt": "first_at",
    "lastAt": "last_at",
    "visits": "visits",
}
ROW = {
    "id": "session_id",
    "websiteId": "website_id",
    "distinctId": "distinct_id",
    "hostname": "hostname",
    **SESSION_COLUMNS,
    "firstAt": "first_at",
    "lastAt": "last_at",
    "visits": "visits",
    "views": "views",
    "events": "events",
    "createdAt": "last_at",
}
STEP = {
    "createdAt": "created_at",
    "urlPath": "url_path",
    "urlQuery": "url_query",
    "referrerDomain": "referrer_domain",
    "eventId": "event_id",
    "eventType": "event_type",
    "eventName": "event_name",
    "visitId": "visit_id",
    "hostname": "hostname",
    "hasData": "has_data",
}


class Zoned(Filtered):
    """A range, and the zone whose clock is looked at."""

    timezone: Zone


class Activity(Timed):
    """The events of one session, or of all that are linked to a distinct id."""

    distinctId: Text | None = None


class Properties(Ranged):
    """One property or all of them."""

    propertyName: Text | None = None


class OfProperty(Ranged):
    """One property, of one type or of all."""

    propertyName: Text
    dataType: DataType | None = None


@routes("GET", "/websites/{website_id}/sessions", Paged)
def listed(call: Call[Paged]) -> Any:
    """A page of the sessions that were active last, a row for each hostname they were on."""
    asked = call.params
    found = queries.sessions(
        call.umami.store,
        scope(call),
        search=asked.search,
        most=asked.maxResults,
        limit=asked.pageSize,
        offset=asked.skipped,
    )
    return asked.listed(found, ROW)


@routes("GET", "/websites/{website_id}/sessions/stats", Filtered)
def stats(call: Call[Filtered]) -> Any:
    """Totals of sessions, bounces always among them; what is called pageviews are events of every
    type."""
    rows = replace(scope(call), without_bounces=False)
    found = queries.session_totals(call.umami.store, rows)
    return wire.session_totals(found)


@routes("GET", "/websites/{website_id}/sessions/weekly", Zoned)
def weekly(call: Call[Zoned]) -> Any:
    """Sessions with a view by weekday, from Sunday, and hour."""
    found = rhythm(call.umami.store, scope(call), call.params.timezone, VIEWS)
    return wire.week(found)


@routes("DELETE", "/websites/{website_id}/sessions/{session_id}", Nothing)
def delete(call: Call[Nothing]) -> Any:
    """Delete a session with all that it did."""
    if not queries.delete(call.umami.store, call.id("website_id"), call.id("session_id")):
        raise Refusal(404, "Not found")
    return {"ok": True}


class Paying(Paged, InCurrency):
    """A currency; its name is compared in upper case."""


@routes("GET", "/websites/{website_id}/revenue/sessions", Paying)
def paying(call: Call[Paying]) -> Any:
    """A page of the sessions that paid in a currency within the range, as the list of sessions has
    them."""
    asked = call.params
    rows = scope(call)
    revenue = (
        "SELECT session_id FROM revenue WHERE website_id = ? AND created_at BETWEEN ? AND ? "
        "AND upper(currency) = ?"
    )
    found = queries.sessions(
        call.umami.store,
        rows,
        search=asked.search,
        most=asked.maxResults,
        limit=asked.pageSize,
        offset=asked.skipped,
        among=Rows(revenue, [rows.website, rows.start, rows.end, asked.currency]),
    )
    return asked.listed(found, ROW)


@routes("GET", "/websites/{website_id}/sessions/{session_id}", Nothing)
def session(call: Call[Nothing]) -> Any:
    """One session over its whole life, its sums as texts and together with those of the sessions
    that are linked to it."""
    store, website, session = call.umami.store, call.id("website_id"), call.id("session_id")
    linked = queries.linked(store, website, session)
    found = queries.session(store, website, session, also=linked.sessions)
    if found is None:
        raise Refusal(404, "Not found")
    # Sessions from before 3.3 are linked to nothing, and know their own id only.
    own = [found["distinct_id"]] if found["distinct_id"] else []
    distinct_ids = linked.distinct_ids or own
    return {
        **json_row(found, ONE),
        **wire.session_sums(found),
        **({"distinctId": distinct_ids[0]} if len(distinct_ids) == 1 else {}),
        "distinctIds": distinct_ids,
        "stitchedSessionCount": len(linked.sessions),
        "canDelete": call.user is not None,
    }


@routes("GET", "/websites/{website_id}/sessions/{session_id}/activity", Activity)
def activity(call: Call[Activity]) -> Any:
    """The events of one session, or of all that are linked to a distinct id, newest first."""
    sessions = {call.id("session_id")}
    if call.params.distinctId:
        sessions |= queries.sessions_of(
            call.umami.store, call.id("website_id"), call.params.distinctId
        )
    return [json_row(row, STEP) for row in steps(call.umami.store, scope(call), sessions)]


@routes("GET", "/websites/{website_id}/sessions/{session_id}/properties", Nothing)
def properties(call: Call[Nothing]) -> Any:
    """What is known about one session."""
    rows = session_data.properties_of(
        call.umami.store, call.id("website_id"), call.id("session_id")
    )
    return [json_row(row, wire.SESSION_PROPERTY) for row in rows]


@routes("GET", "/websites/{website_id}/session-data/properties", Properties)
def data_properties(call: Call[Properties]) -> Any:
    """Which properties sessions have."""
    found = session_data.properties(call.umami.store, scope(call), name=call.params.propertyName)
    return wire.named(found, typed=True)


@routes("GET", "/websites/{website_id}/session-data/values", OfProperty)
def data_values(call: Call[OfProperty]) -> Any:
    """Values of one property of sessions."""
    asked = call.params
    found = session_data.values(
        call.umami.store, scope(call), asked.propertyName, "instant", asked.dataType
    )
    return wire.valued(found)
