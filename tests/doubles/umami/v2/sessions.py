"""Sessions: their list, totals and rhythm, one of them, and the properties they carry."""

from __future__ import annotations

from typing import Annotated, Any

from tests.doubles.umami.v2.events import COLUMNS as EVENT_COLUMNS
from tests.doubles.umami.v2.parameters import NEWEST, Filtered, Paged, scope
from umami.embedded import wire
from umami.embedded.http import Call, Nothing, Range, Routes, Text, Zone
from umami.embedded.parameters import json_row, one_of
from umami.embedded.queries import session_data
from umami.embedded.queries import sessions as queries
from umami.embedded.queries.events import events_of_sessions
from umami.embedded.queries.totals import weekly_sessions
from umami.embedded.refusals import Refusal
from umami.embedded.scope import SESSION_COLUMNS

routes = Routes()

COLUMNS = {
    "id": "session_id",
    "websiteId": "website_id",
    "hostname": "hostname",
    **SESSION_COLUMNS,
    "firstAt": "first_at",
    "lastAt": "last_at",
    "visits": "visits",
}
ROW = {**COLUMNS, "views": "views", "createdAt": "last_at"}
ACTIVITY = {
    **EVENT_COLUMNS,
    "visitId": "visit_id",
    "utmSource": "utm_source",
    "utmMedium": "utm_medium",
    "utmCampaign": "utm_campaign",
    "utmContent": "utm_content",
    "utmTerm": "utm_term",
    "gclid": "gclid",
    "fbclid": "fbclid",
    "msclkid": "msclkid",
    "ttclid": "ttclid",
    "lifatid": "li_fat_id",
    "twclid": "twclid",
    "tag": "tag",
    "hostname": "hostname",
}


class Listed(Paged):
    """A page of sessions."""

    orderBy: Annotated[str, one_of(ROW, "Unknown column")] | None = None


class Zoned(Range):
    """A range, and the zone whose clock is looked at."""

    timezone: Zone


class OfProperty(Range):
    """One property."""

    propertyName: Text


@routes("GET", "/websites/{website_id}/sessions", Listed)
def listed(call: Call[Listed]) -> Any:
    """A page of the sessions that were active last, a row for each hostname they were on."""
    asked = call.params
    found = queries.sessions(
        call.umami.store,
        scope(call),
        search=asked.search,
        newest=NEWEST,
        order=ROW[asked.orderBy] if asked.orderBy else None,
        limit=asked.pageSize,
        offset=asked.skipped,
    )
    return asked.answer([json_row(row, ROW) for row in found.rows], found.count)


@routes("GET", "/websites/{website_id}/sessions/stats", Filtered)
def stats(call: Call[Filtered]) -> Any:
    """Totals of sessions; what is called pageviews are events of every type."""
    found = queries.session_totals(call.umami.store, scope(call))
    return wire.session_totals(found)


@routes("GET", "/websites/{website_id}/sessions/weekly", Zoned)
def weekly(call: Call[Zoned]) -> Any:
    """Sessions by weekday, from Sunday, and hour."""
    found = weekly_sessions(call.umami.store, scope(call), call.params.timezone)
    return wire.week(found)


@routes("GET", "/websites/{website_id}/sessions/{session_id}", Nothing)
def session(call: Call[Nothing]) -> Any:
    """One session over its whole life; its sums are texts."""
    found = queries.session(
        call.umami.store, call.id("website_id"), call.id("session_id"), by_hostname=True
    )
    if found is None:
        raise Refusal(404, "Not found")
    return {
        **json_row(found, {**COLUMNS, "distinctId": "distinct_id"}),
        **wire.session_sums(found),
    }


@routes("GET", "/websites/{website_id}/sessions/{session_id}/activity", Range)
def activity(call: Call[Range]) -> Any:
    """The events of one session, newest first."""
    rows = events_of_sessions(call.umami.store, scope(call), [call.id("session_id")])
    return [json_row(row, ACTIVITY) for row in rows]


@routes("GET", "/websites/{website_id}/sessions/{session_id}/properties", Nothing)
def properties(call: Call[Nothing]) -> Any:
    """What is known about one session."""
    rows = session_data.properties_of(
        call.umami.store, call.id("website_id"), call.id("session_id")
    )
    return [json_row(row, wire.SESSION_PROPERTY) for row in rows]


@routes("GET", "/websites/{website_id}/session-data/properties", Range)
def data_properties(call: Call[Range]) -> Any:
    """Which properties sessions have."""
    found = session_data.properties(call.umami.store, scope(call), typed=False)
    return wire.named(found)


@routes("GET", "/websites/{website_id}/session-data/values", OfProperty)
def data_values(call: Call[OfProperty]) -> Any:
    """Values of one property."""
    found = session_data.values(call.umami.store, scope(call), call.params.propertyName)
    return wire.valued(found)
