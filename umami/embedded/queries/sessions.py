"""Sessions: the list, its totals, and single sessions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from umami.embedded.queries.events import Listed, counted
from umami.embedded.scope import CUSTOM_EVENT, PAGEVIEW, SESSION_COLUMNS, Rows, Scope, like
from umami.embedded.store import Store

ATTRIBUTES = ", ".join(f"s.{name}" for name in SESSION_COLUMNS.values())
SEARCHED = ("distinct_id", "city", "browser", "os", "device")


@dataclass(frozen=True, slots=True)
class SessionTotals:
    """Totals of a range; ``rows`` counts events of every type, ``events`` custom events."""

    rows: int
    visitors: int
    visits: int
    countries: int
    events: int


def session_totals(store: Store, scope: Scope) -> SessionTotals:
    """Count rows of every type, distinct sessions, visits and countries, and custom events."""
    rows = scope.rows(columns=("country",))
    counts = f"""
        count(*), count(DISTINCT e.session_id), count(DISTINCT e.visit_id),
        count(DISTINCT s.country), count(*) FILTER (e.event_type = {CUSTOM_EVENT})
    """
    return SessionTotals(*store.rows(f"SELECT {counts} {rows.sql}", rows.values)[0])


def sessions(
    store: Store,
    scope: Scope,
    *,
    search: str | None,
    newest: int | None = None,
    most: int | None = None,
    order: str | None = None,
    limit: int,
    offset: int,
    among: Rows | None = None,
) -> Listed:
    """Return one row for each session and hostname with events of any type in the range, the most
    recently active first.

    The times of the first and the last event and the numbers of visits, views and custom events
    are those of the range. ``search`` keeps sessions whose distinct id, city, browser, system or
    device contains the text, and ``among`` those whose ids a query returns. ``newest`` restricts
    the list to that many rows, which the column ``order`` then sorts, ascending. Rows are counted
    up to ``most``.
    """
    where: list[str] = []
    values: list[Any] = []
    if search:
        # Comparing each session once is cheaper than comparing the session of every event.
        matches = " OR ".join(like(name, search) for name in SEARCHED)
        where.append(
            f"e.session_id IN (SELECT session_id FROM session WHERE website_id = ? AND ({matches}))"
        )
        values = [scope.website, *[f"%{search}%"] * len(SEARCHED)]
    if among:
        where.append(f"e.session_id IN ({among.sql})")
        values += among.values
    rows = scope.rows(where=where)
    values = [*rows.values, *values]
    distinct = Rows(f"SELECT DISTINCT e.session_id, e.hostname {rows.sql}", values)
    count, capped = counted(store, distinct, most if newest is None else newest)
    return Listed(
        store.records(
            f"""
            WITH newest AS (
                SELECT e.session_id, e.hostname, max(e.created_at) AS last_at
                {rows.sql} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
                LIMIT {offset + limit if newest is None else newest}
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
            ORDER BY {f"{order}, " if order else ""}last_at DESC, s.session_id, n.hostname
            LIMIT ? OFFSET ?
            """,
            [*values, *values, scope.website, limit, offset],
        ),
        count,
        capped,
    )


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


def sessions_of_distinct_id(store: Store, website: UUID, distinct_id: str) -> set[UUID]:
    """Return the sessions that are linked to a distinct id."""
    rows = store.rows(
        "SELECT DISTINCT session_id FROM session_link WHERE website_id = ? AND distinct_id = ?",
        [website, distinct_id],
    )
    return {session for (session,) in rows}


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
    Sums include the sessions in ``also``. With ``by_hostname``, they include only the activity on
    the first of the session's hostnames by name.
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
               sum(v.views)::BIGINT AS views, sum(v.events)::BIGINT AS events,
               sum(floor(epoch(v.last_at - v.first_at)))::BIGINT AS seconds
        FROM session s CROSS JOIN visit v
        WHERE s.website_id = $website AND s.session_id = $session
        GROUP BY ALL ORDER BY v.hostname LIMIT 1
        """,
        {"website": website, "session": session, "sessions": [session, *also]},
    )
    return rows[0] if rows else None


def delete(store: Store, website: UUID, session: UUID) -> bool:
    """Delete a session with all its events and data, and return whether the session existed."""
    values = [website, session]
    with store.erasing() as cursor:
        existing = cursor.execute(
            "SELECT 1 FROM session WHERE website_id = ? AND session_id = ?", values
        ).fetchone()
        cursor.execute(
            "DELETE FROM event_data WHERE website_id = $website AND website_event_id IN (SELECT "
            "event_id FROM website_event WHERE website_id = $website AND session_id = $session)",
            {"website": website, "session": session},
        )
        for table in ("website_event", "session_data", "revenue", "session_link", "session"):
            cursor.execute(f"DELETE FROM {table} WHERE website_id = ? AND session_id = ?", values)
    return existing is not None
