"""Totals of views and of custom events, in a range, over time, and by weekday and hour."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from umami.embedded.scope import (
    CUSTOM_EVENT,
    PAGEVIEW,
    VIEWS,
    Rows,
    Scope,
    Unit,
    bucket,
    column,
    wall_clock,
)
from umami.embedded.store import Store

MOST_GROUPS = 500


def visits(rows: Rows, keys: Mapping[str, str] | None = None) -> Rows:
    """Return ``WITH …`` that defines ``visit``: the visits of the rows, per values of the keys,
    with their number of views and the times of the first and last view."""
    columns = "".join(f'{sql} AS "{name}", ' for name, sql in (keys or {}).items())
    sql = f"""
    WITH visit AS (
        SELECT {columns} e.session_id, e.visit_id, count(*) AS views,
               min(e.created_at) AS first_at, max(e.created_at) AS last_at
        {rows.sql} GROUP BY ALL
    )
    """
    return Rows(sql, rows.values)


def summed(
    store: Store,
    visits: Rows,
    is_bounce: Rows,
    keys: Iterable[str] = (),
    tail: str = "",
    values: Sequence[Any] = (),
) -> list[dict[str, Any]]:
    """Sum the table ``visit`` by keys, which ``tail`` groups: ``pageviews``, ``visitors``,
    ``visits``, ``bounces``, and ``totaltime``. Views are rows, visitors distinct sessions, and
    visits distinct visits. ``is_bounce`` is a condition for visits. Time is the sum over sessions
    and visits of the whole seconds between the first and the last view. Views and time are
    text."""
    columns = "".join(f'"{key}", ' for key in keys)
    return store.records(
        f"""
        {visits.sql}
        SELECT {columns} sum(views)::VARCHAR AS pageviews, count(DISTINCT session_id) AS visitors,
               count(DISTINCT visit_id) AS visits, count(*) FILTER ({is_bounce.sql}) AS bounces,
               sum(floor(epoch(last_at - first_at)))::BIGINT::VARCHAR AS totaltime
        FROM visit {tail}
        """,
        [*visits.values, *is_bounce.values, *values],
    )


def select_visits(scope: Scope, value: str = "", condition: str = "") -> tuple[Rows, Rows]:
    """Return ``SELECT …`` of the visits of a scope's views, with their number of views and the
    times of the first and last view, and the condition that such a row is a ``bounce``. ``value``
    is an aggregate over the views that fulfil a condition, which visits have too."""
    if scope.is_filtered or not scope.definitions.event_prevents_bounce:
        rows, is_view, has_event, is_bounce = scope.rows(*VIEWS), "", "", bounce(scope)
    else:
        # One pass over the rows, in two thirds of the time of a second one for custom events.
        rows = scope.rows(*VIEWS, CUSTOM_EVENT)
        is_view = f"e.event_type <> {CUSTOM_EVENT}"
        has_event = f", bool_or(e.event_type = {CUSTOM_EVENT}) AS has_event"
        is_bounce = Rows("views = 1 AND NOT has_event")
    views = _filter(is_view)
    of_value = value and f", {value} {_filter(is_view, condition)} AS value"
    sql = f"""
        SELECT e.session_id, e.visit_id, count(*) {views} AS views,
               min(e.created_at) {views} AS first_at, max(e.created_at) {views} AS last_at
               {has_event} {of_value}
        {rows.sql} GROUP BY ALL HAVING views > 0
        """
    return Rows(sql, rows.values), is_bounce


def _filter(*conditions: str) -> str:
    """The SQL that restricts an aggregate to rows that fulfil all conditions that are not empty."""
    conditions = tuple(filter(None, conditions))
    return f"FILTER ({' AND '.join(conditions)})" if conditions else ""


def bounce(scope: Scope) -> Rows:
    """Return the condition that a row of the table ``visit`` is a bounce: it has one view and no
    custom event in the unfiltered range."""
    condition = Rows("views = 1")
    if not scope.definitions.event_prevents_bounce:
        return condition
    events = scope.unfiltered().rows(CUSTOM_EVENT)
    with_event = f"SELECT (e.session_id, e.visit_id) {events.sql}"
    return condition.where(f"(session_id, visit_id) NOT IN ({with_event})", *events.values)


def totals(store: Store, scope: Scope) -> dict[str, int]:
    """Return the sums of ``summed`` over the views. If the scope leaves bounces out, no visit is a
    bounce, even if the filters leave it only one view."""
    select, is_bounce = select_visits(scope)
    (sums,) = summed(store, Rows(f"WITH visit AS ({select.sql})", select.values), is_bounce)
    if scope.without_bounces:
        sums["bounces"] = 0
    return {name: int(total or 0) for name, total in sums.items()}


def breakdown(
    store: Store, scope: Scope, fields: Sequence[str], order: str = "visitors DESC, sum(views) DESC"
) -> list[dict[str, Any]]:
    """Return the sums of ``summed`` for page views with equal values of the fields: the first 500
    groups of an order. Views and time are those within the group: a visit to two pages can be a
    bounce on each."""
    rows = scope.rows(PAGEVIEW, columns=fields)
    groups = visits(rows, {field: column(field) for field in fields})
    tail = f"GROUP BY ALL ORDER BY {order} LIMIT {MOST_GROUPS}"
    sums = summed(store, groups, bounce(scope), fields, tail)
    return [{"views": row.pop("pageviews"), **row} for row in sums]


def event_totals(store: Store, scope: Scope) -> dict[str, int]:
    """Count custom events (``events``) and the distinct names (``uniqueEvents``), ``visitors`` and
    ``visits`` among them."""
    rows = scope.rows(CUSTOM_EVENT)
    return store.records(
        f"""
        SELECT count(DISTINCT e.event_name) AS uniqueEvents, count(*) AS events,
               count(DISTINCT e.session_id) AS visitors, count(DISTINCT e.visit_id) AS visits
        {rows.sql}
        """,
        rows.values,
    )[0]


def timeline(
    store: Store, scope: Scope, unit: Unit, timezone: str
) -> list[tuple[datetime, int, int]]:
    """Return the start (wall clock) of each bucket with views, their number and the distinct
    sessions among them, ascending. The two hours of equal name in autumn are one bucket."""
    rows = scope.rows(*VIEWS)
    return store.rows(
        f"""
        SELECT start, sum(views)::BIGINT, count(session_id)
        FROM (
            SELECT {bucket(scope, unit, timezone)} AS start, e.session_id, count(*) AS views
            {rows.sql} GROUP BY ALL
        )
        GROUP BY start ORDER BY start
        """,
        rows.values,
    )


def event_series(
    store: Store, scope: Scope, unit: Unit, timezone: str, *, names: int | None = None
) -> list[tuple[datetime, str, int]]:
    """Return the start (wall clock) of each bucket with custom events, the name of an event, and
    how often it happened, ascending by bucket. ``names`` restricts the series to that many names:
    the most frequent of the unfiltered range."""
    rows = scope.rows(CUSTOM_EVENT)
    if names is not None:
        everything = scope.unfiltered().rows(CUSTOM_EVENT)
        frequent = f"SELECT e.event_name {everything.sql} GROUP BY 1 ORDER BY count(*) DESC, 1"
        rows = rows.where(f"e.event_name IN ({frequent} LIMIT ?)", *everything.values, names)
    return store.rows(
        f"""
        SELECT {bucket(scope, unit, timezone)} AS start, e.event_name, count(*)
        {rows.sql} GROUP BY 1, 2 ORDER BY 1, 2
        """,
        rows.values,
    )


def weekly_sessions(
    store: Store, scope: Scope, timezone: str, types: Sequence[int] = ()
) -> list[list[int]]:
    """Count the distinct sessions with an event of any type, or of the types, by weekday (0 is
    Sunday) and hour of the wall clock, over the whole range: seven lists of 24 counts."""
    rows = scope.rows(*types)
    week = [[0] * 24 for _ in range(7)]
    for weekday, hour, count in store.rows(
        f"""
        SELECT dayofweek(time), hour(time), count(DISTINCT session_id)
        FROM (SELECT {wall_clock(scope, timezone)} AS time, e.session_id {rows.sql})
        GROUP BY 1, 2
        """,
        rows.values,
    ):
        week[weekday][hour] = count
    return week
