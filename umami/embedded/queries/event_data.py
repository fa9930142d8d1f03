"""Properties of custom events.

The text of a value is the stored text, except that numbers lose a trailing ``.0000`` and dates are
cut to the hour (UTC). Filters keep the records of the events that pass them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from umami.embedded.scope import Rows, Scope
from umami.embedded.store import Store

NUMBER, DATE = 2, 4
"""The data types whose text differs from the stored text."""
MOST_PROPERTIES, MOST_VALUES = 500, 100

Dates = Literal["plain", "instant"]
FORMATS: dict[Dates, str] = {"plain": "%Y-%m-%d %H:%M:%S", "instant": "%Y-%m-%dT%H:%M:%SZ"}
"""The date formats of Umami 2.x and 3.x."""
FREQUENT_FIRST = f"3 DESC, 1, 2, 4 LIMIT {MOST_PROPERTIES}"


def text(dates: Dates) -> str:
    """Return the SQL of a value's text."""
    return f"""
    CASE d.data_type
        WHEN {NUMBER} THEN replace(d.string_value, '.0000', '')
        WHEN {DATE} THEN strftime(date_trunc('hour', d.date_value), '{FORMATS[dates]}')
        ELSE d.string_value
    END
"""


@dataclass(frozen=True, slots=True)
class Property:
    """A property of an event, optionally with its type and one of its values, and its number of
    records."""

    event: str | None
    name: str
    count: int
    data_type: int | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """The number of events with data, of different property names, and of records."""

    events: int
    properties: int
    records: int


def properties_by_type(store: Store, scope: Scope) -> list[Property]:
    """Return the records per event, property and type, in this order."""
    return _counts(store, _records(scope), f"1, 2, 3, 4 LIMIT {MOST_PROPERTIES}")


def values_of_event(store: Store, scope: Scope, event: str) -> list[Property]:
    """Return the records per property, type and stored text of one event, the most frequent texts
    of a property first."""
    order = "2, 4, 3 DESC, 5"
    return _counts(store, _records(scope, event), order, value="d.string_value")


def properties(store: Store, scope: Scope, *, typed: bool = True) -> list[Property]:
    """Return the records per event, property and, if ``typed``, type, the most frequent first."""
    data_type = "d.data_type" if typed else "NULL"
    return _counts(store, _records(scope), FREQUENT_FIRST, data_type=data_type)


def names(store: Store, scope: Scope, event: str | None) -> list[Property]:
    """Return the records per property and type, of one event or of all, the most frequent first."""
    return _counts(store, _records(scope, event), FREQUENT_FIRST, event="NULL")


def fields(store: Store, scope: Scope, dates: Dates = "plain") -> list[Property]:
    """Return the records per property, type and value of all events: the first hundred, by
    descending type."""
    order = f"4 DESC, 2, 3 DESC, 5 LIMIT {MOST_VALUES}"
    return _counts(store, _records(scope), order, event="NULL", value=text(dates))


def values(
    store: Store,
    scope: Scope,
    event: str | None,
    name: str,
    dates: Dates = "plain",
    data_type: int | None = None,
) -> list[tuple[str | None, int]]:
    """Return the records per value of one property, of one event or of all: the hundred most
    frequent values."""
    records = _records(scope, event)
    of_type, types = ("", ()) if data_type is None else ("AND d.data_type = ?", (data_type,))
    return store.rows(
        f"""
        SELECT {text(dates)} AS value, count(*) AS number
        {records.sql} AND d.data_key = ? {of_type}
        GROUP BY value ORDER BY number DESC, value LIMIT {MOST_VALUES}
        """,
        [*records.values, name, *types],
    )


def of_event(store: Store, website: UUID, event: UUID) -> list[dict[str, Any]]:
    """Return every record of one event, with the event's name."""
    return store.records(
        """
        SELECT d.*, e.event_name
        FROM event_data d JOIN website_event e ON e.event_id = d.website_event_id
        WHERE d.website_id = ? AND d.website_event_id = ? ORDER BY d.data_key
        """,
        [website, event],
    )


def size(store: Store, scope: Scope) -> Size:
    """Return how much data the events of the range carry."""
    records = _records(scope)
    counts = "count(DISTINCT d.website_event_id), count(DISTINCT d.data_key), count(*)"
    return Size(*store.rows(f"SELECT {counts} {records.sql}", records.values)[0])


def _counts(
    store: Store,
    records: Rows,
    order: str,
    *,
    event: str = "e.event_name",
    data_type: str = "d.data_type",
    value: str = "NULL",
) -> list[Property]:
    """Count the records by the SQL of the columns of ``Property``."""
    rows = store.rows(
        f"""
        SELECT {event}, d.data_key, count(*), {data_type}, {value} {records.sql}
        GROUP BY 1, 2, 4, 5 ORDER BY {order}
        """,
        records.values,
    )
    return [Property(*row) for row in rows]


def _records(scope: Scope, event: str | None = None) -> Rows:
    """Return ``FROM … WHERE …`` over the records ``d`` and their events ``e``, of one event name
    or of all."""
    sql = """
    FROM event_data d
    JOIN website_event e ON e.event_id = d.website_event_id AND e.website_id = d.website_id
    WHERE d.website_id = ? AND d.created_at BETWEEN ? AND ?
    """
    values: list[Any] = [scope.website, scope.start, scope.end]
    if scope.is_filtered:
        passed = scope.rows()
        sql += f"AND d.website_event_id IN (SELECT e.event_id {passed.sql})"
        values += passed.values
    if event is not None:
        sql += " AND e.event_name = ?"
        values.append(event)
    return Rows(sql, values)
