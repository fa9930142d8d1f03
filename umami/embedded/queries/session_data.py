"""Properties of sessions, as trackers' ``identify`` set them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from umami.embedded.queries.event_data import MOST_PROPERTIES, MOST_VALUES, Dates, text
from umami.embedded.scope import Scope
from umami.embedded.store import Store


def properties(store: Store, scope: Scope) -> list[tuple[str, int]]:
    """By property: the distinct sessions that have it and an event in the range. Most first."""
    rows = scope.rows()
    found = store.rows(
        f"""
        SELECT d.data_key, count(DISTINCT d.session_id)
        FROM session_data d WHERE d.session_id IN (SELECT e.session_id {rows.sql})
        GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_PROPERTIES}
        """,
        rows.values,
    )
    return [(name, sessions) for name, sessions in found]


def values(
    store: Store, scope: Scope, name: str, dates: Dates = "plain"
) -> list[tuple[str | None, int]]:
    """By value of one property: the distinct sessions that have it and an event in the range.
    Most first; only the first hundred."""
    rows = scope.rows()
    found = store.rows(
        f"""
        SELECT {text(dates)} AS value, count(DISTINCT d.session_id) AS sessions
        FROM session_data d
        WHERE d.data_key = ? AND d.session_id IN (SELECT e.session_id {rows.sql})
        GROUP BY value ORDER BY sessions DESC, value LIMIT {MOST_VALUES}
        """,
        [name, *rows.values],
    )
    return [(value, sessions) for value, sessions in found]


def properties_of(store: Store, website: UUID, session: UUID) -> list[dict[str, Any]]:
    """Everything known about one session, by property."""
    return store.records(
        """
        SELECT * REPLACE (replace(string_value, '.0000', '') AS string_value)
        FROM session_data WHERE website_id = ? AND session_id = ? ORDER BY data_key, created_at
        """,
        [website, session],
    )
