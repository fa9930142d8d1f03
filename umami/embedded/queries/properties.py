"""Details of properties of events and sessions: numbers, values over time, and whole records.

If a session has several values of a property, only the newest value counts, as Umami 3.3 stores it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from umami.embedded.property_filters import BOOLEAN, DATE, LIST, NUMBER, TEXT
from umami.embedded.queries.session_data import NEWEST_VALUE
from umami.embedded.scope import CUSTOM_EVENT, PAGEVIEW, Rows, Scope, Unit, bucket, wall_clock
from umami.embedded.store import Store

NOT_PERFORMANCE = (1, 2, 3, 4)
"""The event types by which a session counts as active."""
MOST_LABELS = 100
CLOCKS = (datetime(1970, 1, 1), datetime(2100, 1, 1))
"""The years for which offsets from UTC are computed."""
DATES = "BETWEEN TIMESTAMP '0002-01-01' AND TIMESTAMP '9998-12-31'"
"""The dates that every time zone can represent."""

Metric = Literal["sum", "avg", "count"]
FORMULAS: dict[Metric, str] = {
    "sum": "sum(d.number_value)::DOUBLE",
    "avg": "avg(d.number_value)",
    "count": "count(*)",
}
Series = Literal["property", "array"]
_ARRAY = "TRY_CAST(d.string_value AS JSON)"
VALUES: dict[Series, tuple[str, str]] = {
    "property": ("d.string_value", f"d.data_type IN ({TEXT}, {BOOLEAN})"),
    "array": (
        f"unnest({_ARRAY} ->> '$[*]')",
        f"d.data_type = {LIST} AND json_type({_ARRAY}) = 'ARRAY'",
    ),
}
"""The SQL of the values of a series, which are texts and booleans or the elements of lists, and the
condition on their records."""
Pivot = tuple[list[dict[str, Any]], int]
"""A page of events or sessions by column name, and their number in total. ``keys`` and ``values``
are the names and values of the row's properties; dates are wall clock."""


def of_event(scope: Scope, event: str, name: str) -> Rows:
    """Return ``FROM … WHERE …`` over the records ``d`` of one property of the events of a name."""
    rows = scope.rows(CUSTOM_EVENT, where=["e.event_name = ?", "d.data_key = ?"])
    join = "JOIN event_data d ON d.website_event_id = e.event_id AND d.website_id = e.website_id"
    return Rows(rows.sql.replace(" WHERE ", f" {join} WHERE ", 1), [*rows.values, event, name])


def of_sessions(scope: Scope, name: str) -> Rows:
    """Return ``FROM … WHERE …`` over the record ``d`` of one property of each session with an event
    in the range."""
    passed = scope.rows(*NOT_PERFORMANCE)
    sql = f"""
        FROM (
            SELECT d.* FROM session_data d WHERE d.website_id = ? AND d.data_key = ? {NEWEST_VALUE}
        ) d
        WHERE d.session_id IN (SELECT e.session_id {passed.sql})
        """
    return Rows(sql, [scope.website, name, *passed.values])


def numeric_stats(store: Store, records: Rows) -> dict[str, float]:
    """Return total, average, median and extremes of the numbers among the records; zeros without
    numbers."""
    return store.records(
        f"""
        SELECT coalesce(sum(d.number_value), 0)::DOUBLE AS total,
               coalesce(avg(d.number_value), 0)::DOUBLE AS average,
               coalesce(quantile_cont(d.number_value::DOUBLE, 0.5), 0) AS median,
               coalesce(max(d.number_value), 0)::DOUBLE AS max,
               coalesce(min(d.number_value), 0)::DOUBLE AS min
        {records.sql} AND d.data_type = {NUMBER}
        """,
        records.values,
    )[0]


def numeric_series(
    store: Store, scope: Scope, records: Rows, metric: Metric, unit: Unit, timezone: str
) -> list[tuple[datetime, float]]:
    """Return the metric of the numbers per bucket, ascending."""
    at = bucket(_wide(store, scope, records, "d.created_at"), unit, timezone, "d.created_at")
    return store.rows(
        f"SELECT {at} AS t, {FORMULAS[metric]} {records.sql} AND d.data_type = {NUMBER} "
        "AND d.number_value IS NOT NULL GROUP BY t ORDER BY t",
        records.values,
    )


def value_series(
    store: Store, scope: Scope, records: Rows, kind: Series, unit: Unit, timezone: str
) -> list[tuple[str | None, datetime, int]]:
    """Return the values of a kind, the start of a bucket (wall clock), and how often the value
    occurs in the bucket, ascending."""
    at = bucket(_wide(store, scope, records, "d.created_at"), unit, timezone, "d.created_at")
    value, condition = VALUES[kind]
    return store.rows(
        f"""
        SELECT x, t, count(*)
        FROM (SELECT {value} AS x, {at} AS t {records.sql} AND {condition})
        GROUP BY x, t ORDER BY t, x
        """,
        records.values,
    )


def date_series(
    store: Store, scope: Scope, records: Rows, timezone: str
) -> list[tuple[datetime, int]]:
    """Count the dates of the property, to the second (wall clock), ascending."""
    clock = wall_clock(_wide(store, scope, records, "d.date_value"), timezone, "d.date_value")
    return store.rows(
        f"SELECT date_trunc('second', {clock}) AS t, count(*) {records.sql} "
        f"AND d.data_type = {DATE} AND d.date_value {DATES} GROUP BY t ORDER BY t",
        records.values,
    )


def labels(store: Store, scope: Scope, name: str) -> list[dict[str, Any]]:
    """Return the text values (``label``) of a session property and what their sessions did in the
    unfiltered range, the most active first.

    The counts are ``sessions``, ``visits``, ``views``, custom ``events``, and ``activity``, which
    is all events.
    """
    records, everything = of_sessions(scope, name), scope.unfiltered().rows(*NOT_PERFORMANCE)
    return store.records(
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
        SELECT string_value AS label, count(*) AS sessions, sum(visits)::BIGINT AS visits,
               sum(views)::BIGINT AS views, sum(events)::BIGINT AS events,
               sum(activity)::BIGINT AS activity
        FROM value JOIN did USING (session_id)
        GROUP BY 1 ORDER BY 6 DESC, 1 LIMIT {MOST_LABELS}
        """,
        [*records.values, *everything.values],
    )


def pivoted_events(
    store: Store, scope: Scope, event: str, timezone: str, limit: int, offset: int
) -> Pivot:
    """Return the events of a name that carry data, with all their data, newest first."""
    rows = scope.rows(
        where=[
            "e.event_name = ?",
            "e.event_id IN (SELECT website_event_id FROM event_data WHERE website_id = ?)",
        ]
    )
    values = [*rows.values, event, scope.website]
    events = store.records(
        f"""
        SELECT e.event_id, e.event_name, e.url_path, e.session_id, e.created_at {rows.sql}
        ORDER BY e.created_at DESC, e.event_id LIMIT ? OFFSET ?
        """,
        [*values, limit, offset],
    )
    records = Rows(
        "FROM event_data d WHERE d.website_id = ? AND d.website_event_id IN (SELECT unnest(?))",
        [scope.website, [row["event_id"] for row in events]],
    )
    owners = {row["event_id"]: row for row in events}
    _add_properties(store, scope, owners, "website_event_id", records, timezone)
    return [*owners.values()], store.rows(f"SELECT count(*) {rows.sql}", values)[0][0]


def pivoted_sessions(
    store: Store, scope: Scope, name: str, timezone: str, limit: int, offset: int
) -> Pivot:
    """Return the sessions that have a property, with all their properties; those whose value of
    this property was set last come first."""
    records = of_sessions(scope, name)
    ids = store.rows(
        f"""
        SELECT d.session_id {records.sql}
        ORDER BY d.created_at DESC, d.session_id LIMIT ? OFFSET ?
        """,
        [*records.values, limit, offset],
    )
    newest = Rows(
        f"""
        FROM (
            SELECT d.* FROM session_data d
            WHERE d.website_id = ? AND d.session_id IN (SELECT unnest(?)) {NEWEST_VALUE}
        ) d WHERE true
        """,
        [scope.website, [session for (session,) in ids]],
    )
    sessions = {
        row["session_id"]: row
        for row in store.records(
            "SELECT d.session_id, max(d.distinct_id) AS distinct_id, max(d.created_at) AS "
            f"created_at {newest.sql} GROUP BY 1",
            newest.values,
        )
    }
    _add_properties(store, scope, sessions, "session_id", newest, timezone)
    count = store.rows(f"SELECT count(*) {records.sql}", records.values)[0][0]
    return [sessions[session] for (session,) in ids], count


def _add_properties(
    store: Store,
    scope: Scope,
    owners: dict[Any, dict[str, Any]],
    owner: str,
    records: Rows,
    timezone: str,
) -> None:
    """Add ``keys`` and ``values`` to the rows by their id, in the order of names. ``owner`` is the
    column of the records that holds this id."""
    clock = wall_clock(_wide(store, scope, records, "d.date_value"), timezone, "d.date_value")
    for row in owners.values():
        row |= {"keys": [], "values": []}
    for id, key, kind, string, number, date in store.rows(
        f"""
        SELECT d.{owner}, d.data_key, d.data_type, d.string_value, d.number_value::VARCHAR,
               CASE WHEN d.date_value {DATES} THEN {clock} END
        {records.sql} ORDER BY d.data_key
        """,
        records.values,
    ):
        owners[id]["keys"].append(key)
        owners[id]["values"].append({NUMBER: number, DATE: date}.get(kind, string) or "")


def _wide(store: Store, scope: Scope, records: Rows, time: str) -> Scope:
    """Return a scope whose range includes a time of the records, which may be outside the range, so
    that ``wall_clock`` includes the offsets at these times."""
    ((first, last),) = store.rows(f"SELECT min({time}), max({time}) {records.sql}", records.values)
    if first is None:
        return scope
    return scope.between(
        max(min(first, scope.start), CLOCKS[0]), min(max(last, scope.end), CLOCKS[1])
    )
