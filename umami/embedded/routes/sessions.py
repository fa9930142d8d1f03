"""Sessions: their list, totals and rhythm, one of them, and the properties they carry."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from umami.embedded import wire
from umami.embedded.http import Call, Nothing, Routes, Text, Zone
from umami.embedded.parameters import Filtered, Paged, Timed, scope, spelled_row
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
    "distinctId": "distinct_id",
    "websiteId": "website_id",
    **SESSION_COLUMNS,
    "firstAt": "first_at",
    "lastAt": "last_at",
    "visits": "visits",
}
ROW = {
    "id": "session_id",
    "websiteId": "website_id",
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


class OfProperty(Filtered):
    """One property."""

    propertyName: Text


@routes("GET", "/websites/{website_id}/sessions", Paged)
def listed(call: Call[Paged]) -> Any:
    """A page of the sessions that were active last, a row for each hostname they were on."""
    asked = call.asked
    found = queries.sessions(
        call.umami.store,
        scope(call),
        search=asked.search,
        newest=None,
        order=None,
        limit=asked.pageSize,
        offset=asked.skipped,
    )
    return asked.answer([spelled_row(row, ROW) for row in found.rows], found.count)


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
    found = rhythm(call.umami.store, scope(call), call.asked.timezone, VIEWS)
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
    asked = call.asked
    rows = scope(call)
    revenue = (
        "SELECT session_id FROM revenue WHERE website_id = ? AND created_at BETWEEN ? AND ? "
        "AND upper(currency) = ?"
    )
    found = queries.sessions(
        call.umami.store,
        rows,
        search=asked.search,
        newest=None,
        order=None,
        limit=asked.pageSize,
        offset=asked.skipped,
        among=Rows(revenue, [rows.website, rows.start, rows.end, asked.currency]),
    )
    return asked.answer([spelled_row(row, ROW) for row in found.rows], found.count)


@routes("GET", "/websites/{website_id}/sessions/{session_id}", Nothing)
def session(call: Call[Nothing]) -> Any:
    """One session over its whole life, its sums as texts; nothing where there is none."""
    found = queries.session(
        call.umami.store, call.id("website_id"), call.id("session_id"), by_hostname=False
    )
    if found is None:
        return {}
    return {
        **spelled_row(found, ONE),
        **wire.session_sums(found),
    }


@routes("GET", "/websites/{website_id}/sessions/{session_id}/activity", Timed)
def activity(call: Call[Timed]) -> Any:
    """The events of one session, newest first."""
    rows = steps(call.umami.store, scope(call), call.id("session_id"))
    return [spelled_row(row, STEP) for row in rows]


@routes("GET", "/websites/{website_id}/sessions/{session_id}/properties", Nothing)
def properties(call: Call[Nothing]) -> Any:
    """What is known about one session."""
    rows = session_data.properties_of(
        call.umami.store, call.id("website_id"), call.id("session_id")
    )
    return [spelled_row(row, wire.SESSION_PROPERTY) for row in rows]


@routes("GET", "/websites/{website_id}/session-data/properties", Filtered)
def data_properties(call: Call[Filtered]) -> Any:
    """Which properties sessions have."""
    found = session_data.properties(call.umami.store, scope(call))
    return wire.named(found)


@routes("GET", "/websites/{website_id}/session-data/values", OfProperty)
def data_values(call: Call[OfProperty]) -> Any:
    """Values of one property of sessions."""
    found = session_data.values(call.umami.store, scope(call), call.asked.propertyName, "instant")
    return wire.valued(found)
