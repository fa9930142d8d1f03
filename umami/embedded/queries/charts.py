"""Small charts of many websites, links or pixels at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from umami.embedded.scope import Scope, wall_clock
from umami.embedded.store import Store


@dataclass(slots=True)
class Chart:
    """Distinct sessions of the whole range, and by half day of a wall clock (0:00 or 12:00)."""

    total: int = 0
    half_days: dict[datetime, int] = field(default_factory=dict)


def charts(
    store: Store,
    ids: Sequence[UUID],
    start: datetime,
    end: datetime,
    timezone: str,
    types: Sequence[int],
) -> dict[UUID, Chart]:
    """The chart of each id over events of the types; both ends of the range count."""
    found = {id: Chart() for id in ids}
    if end < start or not ids:
        return found
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
    for id, half_day, sessions in rows:
        if half_day is None:
            found[id].total = sessions
        else:
            found[id].half_days[half_day] = sessions
    return found
