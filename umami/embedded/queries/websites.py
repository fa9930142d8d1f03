"""The time range of a website's data, and small charts of several websites, links or pixels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from umami.embedded.scope import Scope, wall_clock
from umami.embedded.store import Store


def time_range(store: Store, website: UUID) -> tuple[datetime | None, datetime | None]:
    """Return the times of the first and the last event of any type; ``None`` without events."""
    ((first, last),) = store.rows(
        "SELECT min(created_at), max(created_at) FROM website_event "
        "WHERE website_id = ? AND created_at >= TIMESTAMP '2000-01-01'",
        [website],
    )
    return first, last


def charts(
    store: Store,
    ids: Sequence[UUID],
    start: datetime,
    end: datetime,
    timezone: str,
    types: Sequence[int],
) -> dict[UUID, dict[datetime | None, int]]:
    """Count, per id, the distinct sessions with events of the types: per half day by its start
    (wall clock, 0:00 or 12:00), and under ``None`` those of the whole range. Both ends of the
    range are included."""
    sessions: dict[UUID, dict[datetime | None, int]] = {id: {} for id in ids}
    if end < start or not ids:
        return sessions
    clock = wall_clock(Scope(ids[0], start, end), timezone)
    rows = store.rows(
        f"""
        SELECT website_id, half_day, count(DISTINCT session_id)
        FROM (
            SELECT e.website_id, e.session_id,
                   time_bucket(INTERVAL 12 HOURS, {clock}) AS half_day
            FROM website_event e
            WHERE e.website_id IN ({", ".join("?" * len(ids))})
              AND e.created_at BETWEEN ? AND ?
              AND e.event_type IN ({", ".join(map(str, types))})
        )
        GROUP BY GROUPING SETS ((website_id, half_day), (website_id))
        """,
        [*ids, start, end],
    )
    for id, half_day, count in rows:
        sessions[id][half_day] = count
    return sessions
