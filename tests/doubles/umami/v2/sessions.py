"""Sessions: their list, totals and rhythm, one of them, and the properties they carry."""

from __future__ import annotations

from typing import Annotated, Any

from tests.doubles.umami.v2.events import COLUMNS as EVENT_COLUMNS
from tests.doubles.umami.v2.events import PLAIN
from tests.doubles.umami.v2.parameters import NEWEST, Filtered, Paged, scope
from umami.embedded.http import Call, Nothing, Range, Routes, Text, Zone
from umami.embedded.parameters import one_of
from umami.embedded.queries import property_data
from umami.embedded.queries import sessions as queries
from umami.embedded.queries.sessions import events_of_sessions
from umami.embedded.queries.totals import weekly_sessions
from umami.embedded.refusals import Refusal
from umami.embedded.scope import SESSION_COLUMNS
from umami.embedded.wire import renamed

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
    search = call.params.search
    newest = queries.sessions(
        call.umami.store, scope(call), search=search, most=NEWEST, limit=NEWEST, offset=0
    )
    return call.params.answer(newest, ROW)


@routes("GET", "/websites/{website_id}/sessions/stats", Filtered)
def stats(call: Call[Filtered]) -> Any:
    """Totals of sessions; what is called pageviews are events of every type."""
    return queries.session_totals(call.umami.store, scope(call))


@routes("GET", "/websites/{website_id}/sessions/weekly", Zoned)
def weekly(call: Call[Zoned]) -> Any:
    """Sessions by weekday, from Sunday, and hour."""
    return weekly_sessions(call.umami.store, scope(call), call.params.timezone)


@routes("GET", "/websites/{website_id}/sessions/{session_id}", Nothing)
def session(call: Call[Nothing]) -> Any:
    """One session over its whole life; its sums are texts."""
    row = queries.session(
        call.umami.store, call.id("website_id"), call.id("session_id"), by_hostname=True
    )
    if row is None:
        raise Refusal(404, "Not found")
    return renamed(row, {**COLUMNS, "distinctId": "distinct_id", **queries.SUMS})


@routes("GET", "/websites/{website_id}/sessions/{session_id}/activity", Range)
def activity(call: Call[Range]) -> Any:
    """The events of one session, newest first."""
    rows = events_of_sessions(call.umami.store, scope(call), [call.id("session_id")])
    return [renamed(row, ACTIVITY) for row in rows]


@routes("GET", "/websites/{website_id}/sessions/{session_id}/properties", Nothing)
def properties(call: Call[Nothing]) -> Any:
    """What is known about one session."""
    return property_data.of_session(call.umami.store, call.id("website_id"), call.id("session_id"))


@routes("GET", "/websites/{website_id}/session-data/properties", Range)
def data_properties(call: Call[Range]) -> Any:
    """Which properties sessions have."""
    records = property_data.of_sessions(scope(call))
    return property_data.counted(call.umami.store, records, property_data.PROPERTY)


@routes("GET", "/websites/{website_id}/session-data/values", OfProperty)
def data_values(call: Call[OfProperty]) -> Any:
    """Values of one property."""
    records = property_data.of_sessions(scope(call), call.params.propertyName)
    return property_data.values(call.umami.store, records, dates=PLAIN)
