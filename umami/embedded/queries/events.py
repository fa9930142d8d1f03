"""Single events: the newest of a website, of some sessions, and of the last half hour."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from umami.embedded.scope import CUSTOM_EVENT, PAGEVIEW, Rows, Scope, bucket, like
from umami.embedded.store import Store

MOST_OF_SESSION = 500
WINDOW = timedelta(minutes=30)
NEWEST = 100
HAS_DATA = """
    EXISTS (
        SELECT 1 FROM event_data d
        WHERE d.website_id = e.website_id AND d.website_event_id = e.event_id
    )
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list: its rows by column name, and the number of rows of the list; ``capped`` if
    counting stopped before the end of the list."""

    rows: list[dict[str, Any]]
    count: int
    capped: bool = False


def page(
    store: Store,
    scope: Scope,
    *,
    pattern: str | None,
    newest: int | None = None,
    most: int | None = None,
    order: str | None = None,
    limit: int,
    offset: int,
) -> Listed:
    """Return events of any type with the attributes of their session and whether they carry data,
    newest first.

    ``pattern`` keeps custom events whose name, and views whose path, matches; ``%`` and ``_`` are
    wildcards. ``newest`` restricts the list to that many of the newest events, which the column
    ``order`` then sorts, ascending. Rows are counted up to ``most``.
    """
    where, patterns = [], []
    if pattern:
        where.append(
            f"(e.event_type = {CUSTOM_EVENT} AND {like('e.event_name', pattern)}"
            f" OR e.event_type = {PAGEVIEW} AND {like('e.url_path', pattern)})"
        )
        patterns = [pattern] * 2
    rows = scope.rows(where=where)
    values = [*rows.values, *patterns]
    count, capped = counted(
        store, Rows(f"SELECT 1 {rows.sql}", values), most if newest is None else newest
    )
    by = f"{f'e.{order}, ' if order else ''}e.created_at DESC, e.event_id"
    return Listed(
        store.records(
            f"""
            WITH newest AS (
                SELECT e.* {rows.sql} ORDER BY e.created_at DESC, e.event_id
                LIMIT {offset + limit if newest is None else newest}
            ),
            page AS (SELECT * FROM newest e ORDER BY {by} LIMIT ? OFFSET ?)
            SELECT e.*, s.distinct_id, s.country, s.city, s.device, s.os, s.browser,
                   {HAS_DATA} AS has_data
            FROM page e
            LEFT JOIN session s ON s.session_id = e.session_id AND s.website_id = e.website_id
            ORDER BY {by}
            """,
            [*values, limit, offset],
        ),
        count,
        capped,
    )


def counted(store: Store, rows: Rows, most: int | None) -> tuple[int, bool]:
    """Count the rows of a query up to ``most``, and return whether there are more."""
    limit = "" if most is None else f"LIMIT {int(most) + 1}"
    count: int = store.rows(f"SELECT count(*) FROM ({rows.sql} {limit})", rows.values)[0][0]
    return (count, False) if most is None or count <= most else (most, True)


def events_of_sessions(
    store: Store, scope: Scope, sessions: Collection[UUID]
) -> list[dict[str, Any]]:
    """Return the newest events of some sessions and whether they carry data, newest first."""
    rows = scope.rows(where=("e.session_id IN (SELECT unnest(?::UUID[]))",))
    return store.records(
        f"SELECT e.*, {HAS_DATA} AS has_data {rows.sql} "
        f"ORDER BY e.created_at DESC, e.event_id LIMIT {MOST_OF_SESSION}",
        [*rows.values, [*sessions]],
    )


def realtime(
    store: Store, website: UUID, timezone: str, now: datetime
) -> tuple[list[dict[str, Any]], list[tuple[datetime, int, int]]]:
    """Return the half hour before ``now`` (naive UTC), from the start of a minute on: the newest
    events of any type with the attributes of their session, newest first; and the start (wall
    clock), views and visitors of each minute with views."""
    scope = Scope(website, now.replace(second=0, microsecond=0) - WINDOW, now)
    newest, views = scope.rows(columns=("country",)), scope.rows(PAGEVIEW)
    minutes = store.rows(
        f"SELECT {bucket(scope, 'minute', timezone)} AS minute, count(*), "
        f"count(DISTINCT e.session_id) {views.sql} GROUP BY 1 ORDER BY 1",
        views.values,
    )
    rows = store.records(
        "SELECT e.session_id, e.event_name, e.created_at, e.url_path, e.referrer_domain, "
        f"e.hostname, s.browser, s.os, s.device, s.country {newest.sql} "
        f"ORDER BY e.created_at DESC, e.event_id LIMIT {NEWEST}",
        newest.values,
    )
    return rows, minutes
