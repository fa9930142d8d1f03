"""Sessions: their list, their totals, and one of them."""

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
    """Sums over a range; ``rows`` counts events of every type, ``events`` custom ones."""

    rows: int
    visitors: int
    visits: int
    countries: int
    events: int


def session_totals(store: Store, scope: Scope) -> SessionTotals:
    """Distinct sessions, visits and countries, and how many rows; any type."""
    rows = scope.rows(columns=("country",))
    found = store.row(
        f"""
        SELECT count(*), count(DISTINCT e.session_id), count(DISTINCT e.visit_id),
               count(DISTINCT s.country), count(*) FILTER (e.event_type = {CUSTOM_EVENT})
        {rows.sql}
        """,
        rows.values,
    )
    assert found
    return SessionTotals(*found)


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
    """One row for each session and hostname with events of any type in the range, those with the
    newest event first, and only so many of the ``newest`` where that is said; counted up to
    ``most``.

    First and last event, visits, views and custom events are those of the range. ``search`` keeps
    sessions whose distinct id, city, browser, system or device contains the text. ``order`` is a
    column that then orders the ``newest`` among themselves, ascending. ``among`` is a query of the
    session ids that count.
    """
    where: list[str] = []
    texts: list[Any] = []
    if search:
        # Which sessions is cheaper to ask once each than for every event.
        found = " OR ".join(like(name, search) for name in SEARCHED)
        where.append(
            f"e.session_id IN (SELECT session_id FROM session WHERE website_id = ? AND ({found}))"
        )
        texts = [scope.website, *[f"%{search}%"] * len(SEARCHED)]
    if among:
        where.append(f"e.session_id IN ({among.sql})")
        texts += among.values
    rows = scope.rows(where=where)
    given = [*rows.values, *texts]
    # Without an order of its own, no more are looked at than the page needs.
    looked_at = offset + limit if newest is None else newest
    distinct = Rows(f"SELECT DISTINCT e.session_id, e.hostname {rows.sql}", given)
    count, capped = counted(store, distinct, most if newest is None else newest)
    return Listed(
        store.records(
            f"""
            WITH newest AS (
                SELECT e.session_id, e.hostname, max(e.created_at) AS last_at
                {rows.sql} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT {looked_at}
            ),
            counted AS (
                SELECT e.session_id, e.hostname, min(e.created_at) AS first_at,
                       count(DISTINCT e.visit_id) AS visits,
                       count(*) FILTER (e.event_type = {PAGEVIEW}) AS views,
                       count(*) FILTER (e.event_type = {CUSTOM_EVENT}) AS events
                {rows.sql} AND e.session_id IN (SELECT session_id FROM newest)
                GROUP BY 1, 2
            ),
            listed AS (
                SELECT s.session_id, s.website_id, s.distinct_id, n.hostname, {ATTRIBUTES},
                       c.first_at, n.last_at, c.visits, c.views, c.events
                FROM newest n
                JOIN counted c ON c.session_id = n.session_id
                    AND c.hostname IS NOT DISTINCT FROM n.hostname
                JOIN session s ON s.session_id = n.session_id AND s.website_id = ?
            )
            SELECT * FROM listed
            ORDER BY {f"{order}, " if order else ""}last_at DESC, session_id, hostname
            LIMIT ? OFFSET ?
            """,
            [*given, *given, scope.website, limit, offset],
        ),
        count,
        capped,
    )


@dataclass(frozen=True, slots=True)
class Linked:
    """The distinct ids that a session was linked to, and all sessions linked to any of them, itself
    among them."""

    distinct_ids: list[str]
    sessions: set[UUID]


def linked(store: Store, website: UUID, session: UUID) -> Linked:
    """What identifying a visitor linked to a session."""
    found = store.row(
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
    )
    assert found
    return Linked(found[0] or [], {session, *(found[1] or [])})


def sessions_of(store: Store, website: UUID, distinct_id: str) -> set[UUID]:
    """The sessions linked to a distinct id."""
    found = store.rows(
        "SELECT DISTINCT session_id FROM session_link WHERE website_id = ? AND distinct_id = ?",
        [website, distinct_id],
    )
    return {row[0] for row in found}


def session(
    store: Store,
    website: UUID,
    session: UUID,
    *,
    also: Collection[UUID] = (),
    by_hostname: bool = False,
) -> dict[str, Any] | None:
    """One session over its whole life: attributes, first and last event, visits, views, custom
    events, and the seconds between first and last event of any type, summed over its visits.
    Sums are those of the sessions in ``also``, too.

    ``by_hostname``: of a session that was on several hostnames, what it did on the first of them
    by name.
    """
    found = store.records(
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
    return found[0] if found else None


def delete(store: Store, website: UUID, session: UUID) -> bool:
    """Delete a session with all that it did; whether there was one."""
    with store.erasing() as cursor:
        values = [website, session]
        there = cursor.execute(
            "SELECT 1 FROM session WHERE website_id = ? AND session_id = ?", values
        ).fetchone()
        cursor.execute(
            "DELETE FROM event_data WHERE website_id = $website AND website_event_id IN (SELECT "
            "event_id FROM website_event WHERE website_id = $website AND session_id = $session)",
            {"website": website, "session": session},
        )
        for table in ("website_event", "session_data", "revenue", "session_link", "session"):
            cursor.execute(f"DELETE FROM {table} WHERE website_id = ? AND session_id = ?", values)
    return there is not None
