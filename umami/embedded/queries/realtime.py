"""What happens just now on a website."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from umami.embedded.scope import PAGEVIEW, Scope, bucket
from umami.embedded.store import Store

WINDOW = timedelta(minutes=30)
NEWEST = 100


@dataclass(frozen=True, slots=True)
class Realtime:
    """The last half hour. ``rows`` are the newest events of any type, newest first, with their
    session's attributes; ``views`` and ``visitors`` are counts by minute (wall clock)."""

    rows: list[dict[str, Any]]
    views: list[tuple[datetime, int]]
    visitors: list[tuple[datetime, int]]

    @property
    def first_of_session(self) -> list[int]:
        """Places in ``rows`` of the oldest row of each session."""
        return list({row["session_id"]: place for place, row in enumerate(self.rows)}.values())


def realtime(store: Store, website: UUID, timezone: str, now: datetime) -> Realtime:
    """The half hour before ``now`` (naive UTC), from the start of a minute on."""
    scope = Scope(website, now.replace(second=0, microsecond=0) - WINDOW, now)
    newest = scope.rows(columns=("country",))
    minutes = scope.rows(PAGEVIEW)
    series = store.rows(
        f"SELECT {bucket(scope, 'minute', timezone)} AS minute, count(*), "
        f"count(DISTINCT e.session_id) {minutes.sql} GROUP BY 1 ORDER BY 1",
        minutes.values,
    )
    return Realtime(
        rows=store.records(
            "SELECT e.session_id, e.event_name, e.created_at, e.url_path, e.referrer_domain, "
            f"e.hostname, s.browser, s.os, s.device, s.country {newest.sql} "
            f"ORDER BY e.created_at DESC, e.event_id LIMIT {NEWEST}",
            newest.values,
        ),
        views=[(minute, views) for minute, views, _ in series],
        visitors=[(minute, visitors) for minute, _, visitors in series],
    )
