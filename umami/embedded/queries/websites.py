"""For which time a website has data."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from umami.embedded.store import Store


def recorded(store: Store, website: UUID) -> tuple[datetime | None, datetime | None]:
    """The times of the first and the last event of any type; ``None`` without events."""
    row = store.row(
        "SELECT min(created_at), max(created_at) FROM website_event "
        "WHERE website_id = ? AND created_at >= TIMESTAMP '2000-01-01'",
        [website],
    )
    return (row[0], row[1]) if row else (None, None)
