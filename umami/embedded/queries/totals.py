"""Totals of views and of custom events, in a range, over time, and by weekday and hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from umami.embedded.scope import (
    CUSTOM_EVENT,
    PAGEVIEW,
    Rows,
    Scope,
    Unit,
    bucket,
    column,
    wall_clock,
)
from umami.embedded.store import Store

MOST_GROUPS = 500
Order = Literal["views", "visitors"]
ORDERS: dict[Order, str] = {
    "views": "all_views DESC, visitors DESC",
    "visitors": "visitors DESC, all_views DESC",
}


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of a range; ``seconds`` is the time on site."""

    views: int
    visitors: int
    visits: int
    bounces: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """The counts of one unit of time by its start (wall clock); empty buckets do not exist."""

    start: datetime
    views: int
    sessions: int


@dataclass(frozen=True, slots=True)
class EventBucket:
    """How often one custom event happened in one unit of time."""

    start: datetime
    event: str
    count: int


def is_bounce(scope: Scope) -> Rows:
    """Return the condition that a row of a table of visits (``session_id``, ``visit_id``,
    ``views``) is a bounce: the visit has one view and no custom event in the unfiltered range."""
    if not scope.definitions.event_prevents_bounce:
        return Rows("views = 1")
    events = scope.unfiltered().rows(CUSTOM_EVENT)
    return Rows(
        "views = 1 AND (session_id, visit_id) NOT IN "
        f"(SELECT (e.session_id, e.visit_id) {events.sql})",
        events.values,
    )


def totals(store: Store, scope: Scope, types: Sequence[int] = (PAGEVIEW,)) -> Totals:
    """Return the totals of the rows of the types.

    Views are rows, visitors distinct sessions, visits distinct visits, and bounces those of
    ``is_bounce``. Time is the sum over sessions and visits of the whole seconds between the first
    and the last view. If the scope leaves bounces out, no visit is a bounce, even if the filters
    leave it only one view.
    """
    rows = scope.rows(*types)
    bounce = Rows("false") if scope.without_bounces else is_bounce(scope)
    (sums,) = store.rows(
        f"""
        WITH visit AS (
            SELECT e.session_id, e.visit_id, count(*) AS views,
                   min(e.created_at) AS first_at, max(e.created_at) AS last_at
            {rows.sql} GROUP BY 1, 2
        )
        SELECT coalesce(sum(views), 0), count(DISTINCT session_id), count(DISTINCT visit_id),
               count(*) FILTER ({bounce.sql}),
               coalesce(sum(floor(epoch(last_at - first_at))), 0)
        FROM visit
        """,
        [*rows.values, *bounce.values],
    )
    return Totals(*map(int, sums))


def breakdown(
    store: Store, scope: Scope, fields: Sequence[str], *, by: Order = "views"
) -> list[dict[str, Any]]:
    """Return the totals of ``totals()`` for page views with equal values of the fields (2.x:
    insights): the 500 groups with the most views or visitors.

    Views and time are those within the group: a visit to two pages can be a bounce on each.
    """
    rows, bounce = scope.rows(PAGEVIEW, columns=fields), is_bounce(scope)
    named = [f"{column(field)} AS field{number}" for number, field in enumerate(fields)]
    keys = ", ".join(f"field{number}" for number in range(len(fields)))
    groups = store.rows(
        f"""
        WITH visit AS (
            SELECT {", ".join(named)}, e.session_id, e.visit_id, count(*) AS views,
                   min(e.created_at) AS first_at, max(e.created_at) AS last_at
            {rows.sql} GROUP BY {keys}, e.session_id, e.visit_id
        )
        SELECT {keys}, sum(views)::BIGINT AS all_views, count(DISTINCT session_id) AS visitors,
               count(DISTINCT visit_id), count(*) FILTER ({bounce.sql}),
               sum(floor(epoch(last_at - first_at)))::BIGINT
        FROM visit GROUP BY {keys} ORDER BY {ORDERS[by]} LIMIT {MOST_GROUPS}
        """,
        [*rows.values, *bounce.values],
    )
    measures = ("views", "visitors", "visits", "bounces", "seconds")
    return [dict(zip((*fields, *measures), row, strict=True)) for row in groups]


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
    store: Store, scope: Scope, unit: Unit, timezone: str, types: Sequence[int] = (PAGEVIEW,)
) -> list[Bucket]:
    """Count the rows of the types and the distinct sessions among them per bucket, ascending. The
    two hours of equal name in autumn are one bucket."""
    rows = scope.rows(*types)
    buckets = store.rows(
        f"""
        SELECT {bucket(scope, unit, timezone)} AS start, count(*), count(DISTINCT e.session_id)
        {rows.sql} GROUP BY start ORDER BY start
        """,
        rows.values,
    )
    return [Bucket(*row) for row in buckets]


def event_series(
    store: Store, scope: Scope, unit: Unit, timezone: str, *, names: int | None = None
) -> list[EventBucket]:
    """Count custom events per bucket and name, ascending by bucket.

    ``names`` restricts the series to that many names: the most frequent of the unfiltered range.
    """
    where, values = [], []
    if names is not None:
        everything = scope.unfiltered().rows(CUSTOM_EVENT)
        where.append(
            f"e.event_name IN (SELECT e.event_name {everything.sql} "
            "GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT ?)"
        )
        values = [*everything.values, names]
    rows = scope.rows(CUSTOM_EVENT, where=where)
    buckets = store.rows(
        f"""
        SELECT {bucket(scope, unit, timezone)} AS start, e.event_name, count(*)
        {rows.sql} GROUP BY 1, 2 ORDER BY 1, 2
        """,
        [*rows.values, *values],
    )
    return [EventBucket(*row) for row in buckets]


def weekly_sessions(
    store: Store, scope: Scope, timezone: str, types: Sequence[int] = ()
) -> dict[tuple[int, int], int]:
    """Count the distinct sessions with an event of any type, or of the types, per weekday (0 is
    Sunday) and hour of the wall clock, over the whole range."""
    rows = scope.rows(*types)
    counts = store.rows(
        f"""
        SELECT dayofweek(time), hour(time), count(DISTINCT session_id)
        FROM (SELECT {wall_clock(scope, timezone)} AS time, e.session_id {rows.sql})
        GROUP BY 1, 2
        """,
        rows.values,
    )
    return {(weekday, hour): count for weekday, hour, count in counts}
