"""Single events: pages of a website's events, the newest of some sessions, the last half hour."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from umami.embedded.scope import CUSTOM_EVENT, PAGEVIEW, Rows, Scope, like
from umami.embedded.store import Store

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
    store: Store, scope: Scope, *, pattern: str | None, most: int | None, limit: int, offset: int
) -> Listed:
    """Return events of any type with the attributes of their session and whether they carry data,
    newest first.

    ``pattern`` keeps custom events whose name, and views whose path, matches; ``%`` and ``_`` are
    wildcards. Rows are counted up to ``most``.
    """
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


def counted(store: Store, rows: Rows, most: int | None) -> tuple[int, bool]:
    """Count the rows of a query up to ``most``, and return whether there are more."""
    limit = "" if most is None else f"LIMIT {int(most) + 1}"
    count: int = store.rows(f"SELECT count(*) FROM ({rows.sql} {limit})", rows.values)[0][0]
    return (count, False) if most is None or count <= most else (most, True)


def events_of_sessions(
    store: Store, scope: Scope, sessions: Collection[UUID]
) -> list[dict[str, Any]]:
    """Return the newest events of some sessions and whether they carry data, newest first."""
    rows = scope.rows().where("e.session_id IN (SELECT unnest(?::UUID[]))", [*sessions])
    return store.records(
        f"SELECT e.*, {HAS_DATA} {rows.sql} {NEWEST_FIRST} LIMIT {MOST_OF_SESSION}", rows.values
    )
