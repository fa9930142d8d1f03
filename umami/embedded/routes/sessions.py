"""Sessions: the list, its totals, activity by weekday and hour, single sessions, properties."""

from typing import Any

from umami.embedded.http import Call, Nothing, Routes, Text, Zone
from umami.embedded.parameters import Filtered, OfProperty, Paged, Ranged, Timed, scope
from umami.embedded.queries import property_data
from umami.embedded.queries import sessions as queries
from umami.embedded.queries.sessions import events_of_sessions
from umami.embedded.queries.totals import weekly_sessions
from umami.embedded.refusals import Refusal
from umami.embedded.routes.reports import InCurrency
from umami.embedded.scope import SESSION_COLUMNS, VIEWS, Rows
from umami.embedded.wire import camel_case, renamed

routes = Routes()

SINGLE = "/websites/{website_id}/sessions/{session_id}"
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
    propertyName: Text | None = None


class OfCurrency(InCurrency, Paged):
    """A page of sessions, and a currency."""


@routes("GET", "/websites/{website_id}/sessions", Paged)
def sessions(call: Call[Paged]) -> Any:
    """Return a page of the most recently active sessions, with a row for each hostname."""
    return _page(call, None)


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


@routes("GET", "/websites/{website_id}/sessions/stats", Filtered)
def stats(call: Call[Filtered]) -> Any:
    """Return the totals of sessions, always including bounces."""
    return queries.session_totals(call.umami.store, scope(call).with_bounces())


@routes("GET", "/websites/{website_id}/sessions/weekly", Zoned)
def weekly(call: Call[Zoned]) -> Any:
    """Return the sessions with a view by weekday, from Sunday, and hour."""
    return weekly_sessions(call.umami.store, scope(call), call.params.timezone, VIEWS)


@routes("DELETE", SINGLE, Nothing)
def delete(call: Call[Nothing]) -> Any:
    """Delete a session with all its events and data."""
    here = "website_id = $website_id AND session_id = $session_id"
    with call.umami.store.erasing() as cursor:
        if not cursor.execute(f"SELECT 1 FROM session WHERE {here}", call.path).fetchone():
            raise Refusal(404, "Not found")
        cursor.execute(
            "DELETE FROM event_data WHERE website_id = $website_id AND website_event_id IN "
            f"(SELECT event_id FROM website_event WHERE {here})",
            call.path,
        )
        for table in ("website_event", "session_data", "revenue", "session_link", "session"):
            cursor.execute(f"DELETE FROM {table} WHERE {here}", call.path)
    return {"ok": True}


@routes("GET", "/websites/{website_id}/revenue/sessions", OfCurrency)
def paying(call: Call[OfCurrency]) -> Any:
    """Return a page of the sessions with a purchase in a currency within the range."""
    here = scope(call)
    revenue = (
        "SELECT session_id FROM revenue WHERE website_id = ? AND created_at BETWEEN ? AND ? "
        "AND upper(currency) = ?"
    )
    values = [here.website, here.start, here.end, call.params.currency]
    return _page(call, Rows(revenue, values))


@routes("GET", SINGLE, Nothing)
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
        **renamed(row, SESSION),
        **renamed(row, queries.SUMS),
        **({"distinctId": distinct_ids[0]} if len(distinct_ids) == 1 else {}),
        "distinctIds": distinct_ids,
        "stitchedSessionCount": len(linked),
        "canDelete": call.user is not None,
    }


@routes("GET", f"{SINGLE}/activity", Activity)
def activity(call: Call[Activity]) -> Any:
    """Return the events of a session, or of all that are linked to a distinct id, newest first."""
    store, sessions = call.umami.store, {call.id("session_id")}
    if call.params.distinctId:
        linked = store.rows(
            "SELECT session_id FROM session_link WHERE website_id = ? AND distinct_id = ?",
            [call.id("website_id"), call.params.distinctId],
        )
        sessions.update(session for (session,) in linked)
    return [renamed(row, STEP) for row in events_of_sessions(store, scope(call), sessions)]


@routes("GET", f"{SINGLE}/properties", Nothing)
def properties(call: Call[Nothing]) -> Any:
    return property_data.of_session(call.umami.store, call.id("website_id"), call.id("session_id"))


@routes("GET", "/websites/{website_id}/session-data/properties", Properties)
def data_properties(call: Call[Properties]) -> Any:
    records = property_data.of_sessions(scope(call), call.params.propertyName)
    columns = property_data.PROPERTY | property_data.TYPE
    return property_data.counted(call.umami.store, records, columns)


@routes("GET", "/websites/{website_id}/session-data/values", OfProperty)
def data_values(call: Call[OfProperty]) -> Any:
    """Return the values of one property of sessions."""
    records = property_data.of_sessions(scope(call), call.params.propertyName)
    return property_data.values(call.umami.store, records, call.params.dataType)
