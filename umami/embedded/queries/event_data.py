"""Properties of custom events.

A value's text is the stored one, but numbers lose a ``.0000`` and dates are cut to the hour (UTC).
"""

from __future__ import annotations

from dataclasses import dataclass

from umami.embedded.scope import Scope
from umami.embedded.store import Store

NUMBER, DATE = 2, 4
"""Data types whose text is not taken as it is stored."""
MOST_PROPERTIES, MOST_VALUES = 500, 100

TEXT = f"""
    CASE d.data_type
        WHEN {NUMBER} THEN replace(d.string_value, '.0000', '')
        WHEN {DATE} THEN strftime(date_trunc('hour', d.date_value), '%Y-%m-%d %H:%M:%S')
        ELSE d.string_value
    END
"""
PROPERTIES = """
    FROM event_data d
    JOIN website_event e ON e.event_id = d.website_event_id AND e.website_id = d.website_id
    WHERE d.website_id = ? AND d.created_at BETWEEN ? AND ?
"""


@dataclass(frozen=True, slots=True)
class Property:
    """A property of an event, with or without its type and one of its values, and the number of
    records."""

    event: str | None
    name: str
    count: int
    data_type: int | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """How much data there is: events that have some, different property names, records."""

    events: int
    properties: int
    records: int


def properties_by_type(store: Store, scope: Scope) -> list[Property]:
    """By event, property and type: records. In this order."""
    found = store.rows(
        f"""
        SELECT e.event_name, d.data_key, count(*), d.data_type
        {PROPERTIES} GROUP BY ALL ORDER BY ALL LIMIT {MOST_PROPERTIES}
        """,
        _given(scope),
    )
    return [Property(*row) for row in found]


def values_of_event(store: Store, scope: Scope, event: str) -> list[Property]:
    """By property, type and stored text of one event: records. Most frequent text first."""
    found = store.rows(
        f"""
        SELECT e.event_name, d.data_key, count(*), d.data_type, d.string_value
        {PROPERTIES} AND e.event_name = ?
        GROUP BY ALL ORDER BY d.data_key, d.data_type, count(*) DESC, d.string_value
        """,
        [*_given(scope), event],
    )
    return [Property(*row) for row in found]


def properties(store: Store, scope: Scope) -> list[Property]:
    """By event and property: records. Most first."""
    found = store.rows(
        f"""
        SELECT e.event_name, d.data_key, count(*)
        {PROPERTIES} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT {MOST_PROPERTIES}
        """,
        _given(scope),
    )
    return [Property(*row) for row in found]


def fields(store: Store, scope: Scope) -> list[Property]:
    """By property, type and value, whatever the event: records. Ordered by type, descending; only
    the first hundred."""
    found = store.rows(
        f"""
        SELECT NULL, d.data_key, count(*), d.data_type, {TEXT} AS value
        {PROPERTIES} GROUP BY d.data_key, d.data_type, value
        ORDER BY d.data_type DESC, d.data_key, count(*) DESC, value LIMIT {MOST_VALUES}
        """,
        _given(scope),
    )
    return [Property(*row) for row in found]


def values(store: Store, scope: Scope, event: str, name: str) -> list[tuple[str | None, int]]:
    """By value of one property of one event: records. Most first; only the first hundred."""
    found = store.rows(
        f"""
        SELECT {TEXT} AS value, count(*) AS number
        {PROPERTIES} AND e.event_name = ? AND d.data_key = ?
        GROUP BY value ORDER BY number DESC, value LIMIT {MOST_VALUES}
        """,
        [*_given(scope), event, name],
    )
    return [(value, number) for value, number in found]


def size(store: Store, scope: Scope) -> Size:
    """How much data the range has."""
    row = store.row(
        """
        SELECT count(DISTINCT website_event_id), count(DISTINCT data_key), count(*)
        FROM event_data WHERE website_id = ? AND created_at BETWEEN ? AND ?
        """,
        _given(scope),
    )
    assert row
    return Size(*row)


def _given(scope: Scope) -> list[object]:
    return [scope.website, scope.start, scope.end]
