"""Properties of sessions, as ``identify`` of the tracker sets them.

If a session has several values of a property, only the newest value counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from umami.embedded.queries.event_data import MOST_PROPERTIES, MOST_VALUES, Dates, text
from umami.embedded.scope import Rows, Scope
from umami.embedded.store import Store

NEWEST_VALUE = """
    QUALIFY row_number() OVER (
        PARTITION BY d.session_id, d.data_key ORDER BY d.created_at DESC, d.session_data_id
    ) = 1
"""


@dataclass(frozen=True, slots=True)
class Property:
    """A property, optionally with its type, and the number of sessions that have it."""

    name: str
    sessions: int
    data_type: int | None = None


def properties(
    store: Store, scope: Scope, *, name: str | None = None, typed: bool = True
) -> list[Property]:
    """Return the sessions per property and type, the most frequent first; a session counts if it
    has an event in the range."""
    records = _records(scope, name)
    rows = store.rows(
        f"""
        SELECT data_key, count(*), {"data_type" if typed else "NULL"} AS data_type
        FROM ({records.sql}) GROUP BY 1, 3 ORDER BY 2 DESC, 1, 3 LIMIT {MOST_PROPERTIES}
        """,
        records.values,
    )
    return [Property(*row) for row in rows]


def values(
    store: Store, scope: Scope, name: str, dates: Dates = "plain", data_type: int | None = None
) -> list[tuple[str | None, int]]:
    """Return the sessions per value of one property: the hundred most frequent values. A session
    counts if it has an event in the range."""
    records = _records(scope, name)
    of_type, types = ("", ()) if data_type is None else ("WHERE d.data_type = ?", (data_type,))
    return store.rows(
        f"""
        SELECT {text(dates)} AS value, count(*) AS sessions
        FROM ({records.sql}) d {of_type}
        GROUP BY value ORDER BY sessions DESC, value LIMIT {MOST_VALUES}
        """,
        [*records.values, *types],
    )


def properties_of(store: Store, website: UUID, session: UUID) -> list[dict[str, Any]]:
    """Return the newest record of each property of one session, by property."""
    return store.records(
        f"""
        SELECT d.* REPLACE (replace(string_value, '.0000', '') AS string_value)
        FROM session_data d WHERE d.website_id = ? AND d.session_id = ?
        {NEWEST_VALUE} ORDER BY d.data_key
        """,
        [website, session],
    )


def _records(scope: Scope, name: str | None) -> Rows:
    """Return the ``SELECT`` of the newest record of each session and property, of one property or
    of all."""
    rows = scope.rows()
    named, names = ("", ()) if name is None else ("AND d.data_key = ?", (name,))
    return Rows(
        f"""
        SELECT d.* FROM session_data d
        WHERE d.session_id IN (SELECT e.session_id {rows.sql}) {named} {NEWEST_VALUE}
        """,
        [*rows.values, *names],
    )
