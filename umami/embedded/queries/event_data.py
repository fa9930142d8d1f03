"""Properties of custom events.

A value's text is the stored one, but numbers lose a ``.0000`` and dates are cut to the hour (UTC).
Filters keep the records of events that pass them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from umami.embedded.scope import Rows, Scope
from umami.embedded.store import Store

NUMBER, DATE = 2, 4
"""Data types whose text is not taken as it is stored."""
MOST_PROPERTIES, MOST_VALUES = 500, 100

Dates = Literal["plain", "instant"]
FORMATS: dict[Dates, str] = {"plain": "%Y-%m-%d %H:%M:%S", "instant": "%Y-%m-%dT%H:%M:%SZ"}
"""A date as 2.x writes it, and as 3.x does."""


def text(dates: Dates) -> str:
    """The SQL of a value's text."""
    return f"""
    CASE d.data_type
        WHEN {NUMBER} THEN replace(d.string_value, '.0000', '')
        WHEN {DATE} THEN strftime(date_trunc('hour', d.date_value), '{FORMATS[dates]}')
        ELSE d.string_value
    END
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
    records = _records(scope)
    found = store.rows(
        f"""
        SELECT e.event_name, d.data_key, count(*), d.data_type
        {records.sql} GROUP BY ALL ORDER BY ALL LIMIT {MOST_PROPERTIES}
        """,
        records.values,
    )
    return [Property(*row) for row in found]


def values_of_event(store: Store, scope: Scope, event: str) -> list[Property]:
    """By property, type and stored text of one event: records. Most frequent text first."""
    records = _records(scope)
    found = store.rows(
        f"""
        SELECT e.event_name, d.data_key, count(*), d.data_type, d.string_value
        {records.sql} AND e.event_name = ?
        GROUP BY ALL ORDER BY d.data_key, d.data_type, count(*) DESC, d.string_value
        """,
        [*records.values, event],
    )
    return [Property(*row) for row in found]


def properties(store: Store, scope: Scope, *, typed: bool = True) -> list[Property]:
    """By event, property and type: records. Most first."""
    records = _records(scope)
    found = store.rows(
        f"""
        SELECT e.event_name, d.data_key, count(*), {"d.data_type" if typed else "NULL"} AS data_type
        {records.sql} GROUP BY 1, 2, 4 ORDER BY 3 DESC, 1, 2, 4 LIMIT {MOST_PROPERTIES}
        """,
        records.values,
    )
    return [Property(*row) for row in found]


def names(store: Store, scope: Scope, event: str | None) -> list[Property]:
    """By property and type, of one event or of all: records. Most first."""
    records = _of(_records(scope), event)
    found = store.rows(
        f"""
        SELECT NULL, d.data_key, count(*), d.data_type
        {records.sql} GROUP BY 2, 4 ORDER BY 3 DESC, 2, 4 LIMIT {MOST_PROPERTIES}
        """,
        records.values,
    )
    return [Property(*row) for row in found]


def fields(store: Store, scope: Scope, dates: Dates = "plain") -> list[Property]:
    """By property, type and value, whatever the event: records. Ordered by type, descending; only
    the first hundred."""
    records = _records(scope)
    found = store.rows(
        f"""
        SELECT NULL, d.data_key, count(*), d.data_type, {text(dates)} AS value
        {records.sql} GROUP BY d.data_key, d.data_type, value
        ORDER BY d.data_type DESC, d.data_key, count(*) DESC, value LIMIT {MOST_VALUES}
        """,
        records.values,
    )
    return [Property(*row) for row in found]


def values(
    store: Store,
    scope: Scope,
    event: str | None,
    name: str,
    dates: Dates = "plain",
    data_type: int | None = None,
) -> list[tuple[str | None, int]]:
    """By value of one property, of one event or of all: records. Most first; only the first
    hundred."""
    records = _of(_records(scope), event)
    of_type, given = ("", ()) if data_type is None else ("AND d.data_type = ?", (data_type,))
    found = store.rows(
        f"""
        SELECT {text(dates)} AS value, count(*) AS number
        {records.sql} AND d.data_key = ? {of_type}
        GROUP BY value ORDER BY number DESC, value LIMIT {MOST_VALUES}
        """,
        [*records.values, name, *given],
    )
    return [(value, number) for value, number in found]


def of_event(store: Store, website: UUID, event: UUID) -> list[dict[str, Any]]:
    """Every record of one event, with the event's name."""
    return store.records(
        """
        SELECT d.*, e.event_name
        FROM event_data d JOIN website_event e ON e.event_id = d.website_event_id
        WHERE d.website_id = ? AND d.website_event_id = ? ORDER BY d.data_key
        """,
        [website, event],
    )


def size(store: Store, scope: Scope) -> Size:
    """How much data the range has."""
    records = _records(scope)
    row = store.row(
        "SELECT count(DISTINCT d.website_event_id), count(DISTINCT d.data_key), count(*) "
        + records.sql,
        records.values,
    )
    assert row
    return Size(*row)


def _of(records: Rows, event: str | None) -> Rows:
    """The records of events of this name, or all of them."""
    if event is None:
        return records
    return Rows(f"{records.sql} AND e.event_name = ?", [*records.values, event])


def _records(scope: Scope) -> Rows:
    """``FROM … WHERE …`` over the records ``d`` and their events ``e``."""
    sql = """
    FROM event_data d
    JOIN website_event e ON e.event_id = d.website_event_id AND e.website_id = d.website_id
    WHERE d.website_id = ? AND d.created_at BETWEEN ? AND ?
    """
    values: list[Any] = [scope.website, scope.start, scope.end]
    if not scope.is_filtered:
        return Rows(sql, values)
    passed = scope.rows()
    return Rows(
        f"{sql} AND d.website_event_id IN (SELECT e.event_id {passed.sql})",
        [*values, *passed.values],
    )
