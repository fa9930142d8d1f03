"""Properties of events and of sessions in depth: numbers, values over time, and whole records.

Of a property that a session has several times, the newest value counts, as Umami 3.3 stores it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from umami.embedded.property_filters import BOOLEAN, DATE, LIST, NUMBER, TEXT
from umami.embedded.queries.session_data import NEWEST_VALUE
from umami.embedded.scope import CUSTOM_EVENT, PAGEVIEW, Rows, Scope, Unit, bucket, wall_clock
from umami.embedded.store import Store

NOT_PERFORMANCE = (1, 2, 3, 4)
"""Event types by which a session is known to have been there."""
MOST_LABELS = 100
CLOCKS = (datetime(1970, 1, 1), datetime(2100, 1, 1))
"""The years whose offsets from UTC are known."""
DATES = "BETWEEN TIMESTAMP '0002-01-01' AND TIMESTAMP '9998-12-31'"
"""Dates that every time zone can tell."""

Metric = Literal["sum", "avg", "count"]
FORMULAS: dict[Metric, str] = {
    "sum": "sum(d.number_value)::DOUBLE",
    "avg": "avg(d.number_value)",
    "count": "count(*)",
}
Point = tuple[str | None, datetime, int]
"""A value, the start of a bucket as wall clock, and how often the value occurs there."""


@dataclass(frozen=True, slots=True)
class NumericStats:
    """Sums over the numbers of a property; zeros without any."""

    total: float
    average: float
    median: float
    max: float
    min: float


@dataclass(frozen=True, slots=True)
class Label:
    """A text value of a session property, and what the sessions that have it did in the range."""

    label: str
    sessions: int
    visits: int
    views: int
    events: int
    activity: int


@dataclass(frozen=True, slots=True)
class Pivoted:
    """One event or session with its properties by name; dates are wall clock."""

    columns: dict[str, Any]
    keys: list[str] = field(default_factory=list)
    values: list[str | datetime] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PivotPage:
    """A page of events or sessions with their properties, and how many there are in all."""

    rows: Sequence[Pivoted]
    count: int


def of_event(scope: Scope, event: str, name: str) -> Rows:
    """The records ``d`` of one property of the events of one name."""
    rows = scope.rows(CUSTOM_EVENT, where=["e.event_name = ?", "d.data_key = ?"])
    join = "JOIN event_data d ON d.website_event_id = e.event_id AND d.website_id = e.website_id"
    return Rows(rows.sql.replace(" WHERE ", f" {join} WHERE ", 1), [*rows.values, event, name])


def of_sessions(scope: Scope, name: str) -> Rows:
    """The record ``d`` of one property of each session with an event in the range."""
    passed = scope.rows(*NOT_PERFORMANCE)
    sql = f"""
        FROM (
            SELECT d.* FROM session_data d WHERE d.website_id = ? AND d.data_key = ? {NEWEST_VALUE}
        ) d
        WHERE d.session_id IN (SELECT e.session_id {passed.sql})
        """
    return Rows(sql, [scope.website, name, *passed.values])


def numeric_stats(store: Store, records: Rows) -> NumericStats:
    """Sum, average, median and extremes of the numbers among the records."""
    row = store.row(
        f"""
        SELECT coalesce(sum(d.number_value), 0)::DOUBLE, coalesce(avg(d.number_value), 0)::DOUBLE,
               coalesce(quantile_cont(d.number_value::DOUBLE, 0.5), 0),
               coalesce(max(d.number_value), 0)::DOUBLE, coalesce(min(d.number_value), 0)::DOUBLE
        {records.sql} AND d.data_type = {NUMBER}
        """,
        records.values,
    )
    assert row
    return NumericStats(*row)


def numeric_series(
    store: Store, scope: Scope, records: Rows, metric: Metric, unit: Unit, timezone: str
) -> list[tuple[datetime, float]]:
    """The metric of the numbers by bucket, ascending."""
    at = bucket(_wide(store, scope, records, "d.created_at"), unit, timezone, "d.created_at")
    return [
        (start, value)
        for start, value in store.rows(
            f"SELECT {at} AS t, {FORMULAS[metric]} {records.sql} AND d.data_type = {NUMBER} "
            "AND d.number_value IS NOT NULL GROUP BY t ORDER BY t",
            records.values,
        )
    ]


def value_series(
    store: Store, scope: Scope, records: Rows, unit: Unit, timezone: str
) -> list[Point]:
    """Texts and booleans by bucket, ascending."""
    at = bucket(_wide(store, scope, records, "d.created_at"), unit, timezone, "d.created_at")
    found = store.rows(
        f"SELECT d.string_value AS x, {at} AS t, count(*) {records.sql} "
        f"AND d.data_type IN ({TEXT}, {BOOLEAN}) GROUP BY x, t ORDER BY t, x",
        records.values,
    )
    return [(value, start, count) for value, start, count in found]


def array_series(
    store: Store, scope: Scope, records: Rows, unit: Unit, timezone: str
) -> list[Point]:
    """The elements of lists by bucket, ascending; what is no list has none."""
    at = bucket(_wide(store, scope, records, "d.created_at"), unit, timezone, "d.created_at")
    found = store.rows(
        f"""
        SELECT x, t, count(*)
        FROM (
            SELECT unnest(TRY_CAST(d.string_value AS JSON) ->> '$[*]') AS x, {at} AS t
            {records.sql} AND d.data_type = {LIST}
              AND json_type(TRY_CAST(d.string_value AS JSON)) = 'ARRAY'
        )
        GROUP BY x, t ORDER BY t, x
        """,
        records.values,
    )
    return [(value, start, count) for value, start, count in found]


def date_series(
    store: Store, scope: Scope, records: Rows, timezone: str
) -> list[tuple[datetime, int]]:
    """The dates that the property has, to the second, and how often; ascending."""
    clock = wall_clock(_wide(store, scope, records, "d.date_value"), timezone, "d.date_value")
    found = store.rows(
        f"SELECT date_trunc('second', {clock}) AS t, count(*) {records.sql} "
        f"AND d.data_type = {DATE} AND d.date_value {DATES} GROUP BY t ORDER BY t",
        records.values,
    )
    return [(start, count) for start, count in found]


def labels(store: Store, scope: Scope, name: str) -> list[Label]:
    """The text values of a session property and what their sessions did in the range, whatever the
    filters that chose them; the most active first."""
    records, everything = of_sessions(scope, name), scope.unfiltered().rows(*NOT_PERFORMANCE)
    found = store.rows(
        f"""
        WITH value AS (
            SELECT d.session_id, d.string_value {records.sql}
              AND d.data_type = {TEXT} AND d.string_value <> ''
        ),
        did AS (
            SELECT e.session_id, count(DISTINCT e.visit_id) AS visits, count(*) AS activity,
                   count(*) FILTER (e.event_type = {PAGEVIEW}) AS views,
                   count(*) FILTER (e.event_type = {CUSTOM_EVENT}) AS events
            {everything.sql} AND e.session_id IN (SELECT session_id FROM value) GROUP BY 1
        )
        SELECT string_value, count(*), sum(visits)::BIGINT, sum(views)::BIGINT,
               sum(events)::BIGINT, sum(activity)::BIGINT AS activity
        FROM value JOIN did USING (session_id)
        GROUP BY 1 ORDER BY activity DESC, 1 LIMIT {MOST_LABELS}
        """,
        [*records.values, *everything.values],
    )
    return [Label(*row) for row in found]


def pivoted_events(
    store: Store, scope: Scope, event: str, timezone: str, limit: int, offset: int
) -> PivotPage:
    """A page of the events of one name that carry data, newest first, with all their data."""
    rows = scope.rows(
        where=[
            "e.event_name = ?",
            "e.event_id IN (SELECT website_event_id FROM event_data WHERE website_id = ?)",
        ]
    )
    given = [*rows.values, event, scope.website]
    found = store.records(
        f"""
        SELECT e.event_id, e.event_name, e.url_path, e.session_id, e.created_at {rows.sql}
        ORDER BY e.created_at DESC, e.event_id LIMIT ? OFFSET ?
        """,
        [*given, limit, offset],
    )
    count = store.row(f"SELECT count(*) {rows.sql}", given)
    records = Rows(
        "FROM event_data d WHERE d.website_id = ? AND d.website_event_id IN (SELECT unnest(?))",
        [scope.website, [row["event_id"] for row in found]],
    )
    page = _with_properties(store, scope, found, "event_id", "website_event_id", records, timezone)
    return PivotPage(page, count[0] if count else 0)


def pivoted_sessions(
    store: Store, scope: Scope, name: str, timezone: str, limit: int, offset: int
) -> PivotPage:
    """A page of the sessions that have a property, with all their properties; those that it was
    told of last come first."""
    records = of_sessions(scope, name)
    found = store.records(
        f"""
        SELECT d.session_id, d.created_at AS told_at {records.sql}
        ORDER BY told_at DESC, d.session_id LIMIT ? OFFSET ?
        """,
        [*records.values, limit, offset],
    )
    count = store.row(f"SELECT count(*) {records.sql}", records.values)
    newest = Rows(
        f"""
        FROM (
            SELECT d.* FROM session_data d
            WHERE d.website_id = ? AND d.session_id IN (SELECT unnest(?)) {NEWEST_VALUE}
        ) d WHERE true
        """,
        [scope.website, [row["session_id"] for row in found]],
    )
    columns = {
        session: (distinct, created)
        for session, distinct, created in store.rows(
            f"SELECT d.session_id, max(d.distinct_id), max(d.created_at) {newest.sql} GROUP BY 1",
            newest.values,
        )
    }
    for row in found:
        row["distinct_id"], row["created_at"] = columns[row["session_id"]]
    page = _with_properties(store, scope, found, "session_id", "session_id", newest, timezone)
    return PivotPage(page, count[0] if count else 0)


def _with_properties(
    store: Store,
    scope: Scope,
    found: list[dict[str, Any]],
    id: str,
    owner: str,
    records: Rows,
    timezone: str,
) -> list[Pivoted]:
    """Rows with the properties whose records ``owner`` assigns to them, in the order of names."""
    clock = wall_clock(_wide(store, scope, records, "d.date_value"), timezone, "d.date_value")
    pages = {row[id]: Pivoted(row) for row in found}
    for owned_by, key, kind, string, number, date in store.rows(
        f"""
        SELECT d.{owner}, d.data_key, d.data_type, d.string_value, d.number_value::VARCHAR,
               CASE WHEN d.date_value {DATES} THEN {clock} END
        {records.sql} ORDER BY d.data_key
        """,
        records.values,
    ):
        page = pages[owned_by]
        page.keys.append(key)
        page.values.append({NUMBER: number, DATE: date}.get(kind, string) or "")
    return list(pages.values())


def _wide(store: Store, scope: Scope, records: Rows, time: str) -> Scope:
    """A scope whose range covers a time of the records, which may lie outside the range, so that
    its clock is right for them."""
    row = store.row(f"SELECT min({time}), max({time}) {records.sql}", records.values)
    if row is None or row[0] is None:
        return scope
    return scope.between(
        max(min(row[0], scope.start), CLOCKS[0]), min(max(row[1], scope.end), CLOCKS[1])
    )
