"""Single events and sessions: pages of a website's events and sessions, and single sessions."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from umami.embedded.scope import CUSTOM_EVENT, PAGEVIEW, SESSION_COLUMNS, Rows, Scope, like
from umami.embedded.store import Store

ATTRIBUTES = ", ".join(f"s.{name}" for name in SESSION_COLUMNS.values())
SUMS = {"views": "views", "events": "events", "totaltime": "seconds"}
"""The sums of a single session by their names in JSON."""
SEARCHED = ("distinct_id", "city", "browser", "os", "device")
MOST_OF_SESSION = 500
NEWEST_FIRST = "ORDER BY e.created_at DESC, e.event_id"
HAS_DATA = """
    EXISTS (
        SELECT 1 FROM event_data d
        WHERE d.website_id = e.website_id AND d.website_event_id = e.event_id
    ) AS has_data
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list: its rows by column name, and the number of rows of the list; ``capped`` if
    counting stopped before the end of the list."""

    rows: list[dict[str, Any]]
    count: int
    capped: bool


def page(
    store: Store, scope: Scope, *, pattern: str | None, most: int, limit: int, offset: int
) -> Listed:
    """Return events of any type with the attributes of their session and whether they carry data,
    newest first. ``pattern`` keeps custom events whose name, and views whose path, matches; ``%``
    and ``_`` are wildcards. Rows are counted up to ``most``."""
    rows = scope.rows()
    if pattern:
        rows = rows.where(
            f"(e.event_type = {CUSTOM_EVENT} AND {like('e.event_name', pattern)}"
            f" OR e.event_type = {PAGEVIEW} AND {like('e.url_path', pattern)})",
            *[pattern] * 2,
        )
    records = store.records(
        f"""
        WITH page AS (SELECT e.* {rows.sql} {NEWEST_FIRST} LIMIT ? OFFSET ?)
        SELECT e.*, s.distinct_id, s.country, s.city, s.device, s.os, s.browser, {HAS_DATA}
        FROM page e
        LEFT JOIN session s ON s.session_id = e.session_id AND s.website_id = e.website_id
        {NEWEST_FIRST}
        """,
        [*rows.values, limit, offset],
    )
    return Listed(records, *counted(store, Rows(f"SELECT 1 {rows.sql}", rows.values), most))


def counted(store: Store, rows: Rows, most: int) -> tuple[int, bool]:
    """Count the rows of a query up to ``most``, and return whether there are more."""
    query = f"SELECT count(*) FROM ({rows.sql} LIMIT ?)"
    ((count,),) = store.rows(query, [*rows.values, most + 1])
    return min(count, most), count > most


def events_of_sessions(
    store: Store, scope: Scope, sessions: Collection[UUID]
) -> list[dict[str, Any]]:
    """Return the newest events of some sessions and whether they carry data, newest first."""
    rows = scope.rows().where("e.session_id IN (SELECT unnest(?::UUID[]))", [*sessions])
    return store.records(
        f"SELECT e.*, {HAS_DATA} {rows.sql} {NEWEST_FIRST} LIMIT {MOST_OF_SESSION}", rows.values
    )


def session_totals(store: Store, scope: Scope) -> dict[str, dict[str, int]]:
    """Count events of every type (``pageviews``), distinct sessions, visits and countries, and
    custom events."""
    rows = scope.rows(columns=("country",))
    counts = store.records(
        f"""
        SELECT count(*) AS pageviews, count(DISTINCT e.session_id) AS visitors,
               count(DISTINCT e.visit_id) AS visits, count(DISTINCT s.country) AS countries,
               count(*) FILTER (e.event_type = {CUSTOM_EVENT}) AS events
        {rows.sql}
        """,
        rows.values,
    )[0]
    return {name: {"value": count} for name, count in counts.items()}


def sessions(
    store: Store,
    scope: Scope,
    *,
    search: str | None,
    most: int,
    limit: int,
    offset: int,
    among: Rows | None = None,
) -> Listed:
    """Return one row for each session and hostname with events of any type in the range, the most
    recently active first.

    The times of the first and the last event and the numbers of visits, views and custom events
    are those of the range. ``search`` keeps sessions whose distinct id, city, browser, system or
    device contains the text, and ``among`` those whose ids a query returns. Rows are counted up to
    ``most``.
    """
    rows = scope.rows()
    if search:
        # Comparing each session once is cheaper than comparing the session of every event.
        matches = " OR ".join(like(name, search) for name in SEARCHED)
        sessions = f"SELECT session_id FROM session WHERE website_id = ? AND ({matches})"
        texts = [f"%{search}%"] * len(SEARCHED)
        rows = rows.where(f"e.session_id IN ({sessions})", scope.website, *texts)
    if among:
        rows = rows.where(f"e.session_id IN ({among.sql})", *among.values)
    distinct = Rows(f"SELECT DISTINCT e.session_id, e.hostname {rows.sql}", rows.values)
    records = store.records(
        f"""
        WITH newest AS (
            SELECT e.session_id, e.hostname, max(e.created_at) AS last_at
            {rows.sql} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT ?
        ),
        counted AS (
            SELECT e.session_id, e.hostname, min(e.created_at) AS first_at,
                   count(DISTINCT e.visit_id) AS visits,
                   count(*) FILTER (e.event_type = {PAGEVIEW}) AS views,
                   count(*) FILTER (e.event_type = {CUSTOM_EVENT}) AS events
            {rows.sql} AND e.session_id IN (SELECT session_id FROM newest)
            GROUP BY 1, 2
        )
        SELECT s.session_id, s.website_id, s.distinct_id, n.hostname, {ATTRIBUTES},
               c.first_at, n.last_at, c.visits, c.views, c.events
        FROM newest n
        JOIN counted c ON c.session_id = n.session_id
            AND c.hostname IS NOT DISTINCT FROM n.hostname
        JOIN session s ON s.session_id = n.session_id AND s.website_id = ?
        ORDER BY last_at DESC, s.session_id, n.hostname LIMIT ? OFFSET ?
        """,
        [*rows.values, offset + limit, *rows.values, scope.website, limit, offset],
    )
    return Listed(records, *counted(store, distinct, most))


def linked_sessions(store: Store, website: UUID, session: UUID) -> tuple[list[str], set[UUID]]:
    """Return the distinct ids that a session was linked to, and all sessions linked to any of
    them, including the session itself."""
    distinct_ids, sessions = store.rows(
        """
        WITH known AS (
            SELECT DISTINCT distinct_id FROM session_link
            WHERE website_id = $website AND session_id = $session
        )
        SELECT (SELECT list(distinct_id ORDER BY distinct_id) FROM known),
               (SELECT list(session_id) FROM session_link
                WHERE website_id = $website AND distinct_id IN (SELECT distinct_id FROM known))
        """,
        {"website": website, "session": session},
    )[0]
    return distinct_ids or [], {session, *(sessions or [])}


def session(
    store: Store,
    website: UUID,
    session: UUID,
    *,
    also: Collection[UUID] = (),
    by_hostname: bool = False,
) -> dict[str, Any] | None:
    """Return one session over its whole life: its attributes, the times of its first and last
    event, and its numbers of visits, views and custom events.

    ``seconds`` is the time between the first and the last event of any type, summed over visits.
    The sums, which are text, include the sessions in ``also``. With ``by_hostname``, they include
    only the activity on the first of the session's hostnames by name.
    """
    rows = store.records(
        f"""
        WITH visit AS (
            SELECT {"e.hostname" if by_hostname else "NULL"} AS hostname, e.visit_id,
                   min(e.created_at) AS first_at,
                   max(e.created_at) AS last_at,
                   count(*) FILTER (e.event_type = {PAGEVIEW}) AS views,
                   count(*) FILTER (e.event_type = {CUSTOM_EVENT}) AS events
            FROM website_event e
            WHERE e.website_id = $website AND e.session_id IN (SELECT unnest($sessions::UUID[]))
            GROUP BY 1, 2
        )
        SELECT s.session_id, s.website_id, s.distinct_id, v.hostname, {ATTRIBUTES},
               min(v.first_at) AS first_at, max(v.last_at) AS last_at,
               count(DISTINCT v.visit_id) AS visits,
               sum(v.views)::VARCHAR AS views, sum(v.events)::VARCHAR AS events,
               sum(floor(epoch(v.last_at - v.first_at)))::BIGINT::VARCHAR AS seconds
        FROM session s CROSS JOIN visit v
        WHERE s.website_id = $website AND s.session_id = $session
        GROUP BY ALL ORDER BY v.hostname LIMIT 1
        """,
        {"website": website, "session": session, "sessions": [session, *also]},
    )
    return rows[0] if rows else None
