"""Counts over time: views and visitors, custom events, and the rhythm of the week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from umami.embedded.scope import CUSTOM_EVENT, PAGEVIEW, Scope, Unit, bucket, wall_clock
from umami.embedded.store import Store


@dataclass(frozen=True, slots=True)
class Bucket:
    """One stretch of time, by its start as wall clock; a bucket without rows does not exist."""

    start: datetime
    views: int
    sessions: int


@dataclass(frozen=True, slots=True)
class EventBucket:
    """How often one custom event happened in one stretch of time."""

    start: datetime
    event: str
    count: int


def timeline(
    store: Store, scope: Scope, unit: Unit, timezone: str, types: Sequence[int] = (PAGEVIEW,)
) -> list[Bucket]:
    """By bucket: views are rows of the types, sessions distinct sessions among them. The two hours
    of equal name in autumn are one bucket. Ascending."""
    rows = scope.rows(*types)
    found = store.rows(
        f"""
        SELECT {bucket(scope, unit, timezone)} AS start, count(*), count(DISTINCT e.session_id)
        {rows.sql} GROUP BY start ORDER BY start
        """,
        rows.values,
    )
    return [Bucket(*row) for row in found]


def event_series(
    store: Store, scope: Scope, unit: Unit, timezone: str, *, names: int | None = None
) -> list[EventBucket]:
    """By bucket and name: custom event rows. Ascending by bucket.

    ``names`` keeps only so many names, the most frequent of the range without its filters.
    """
    everything = scope.unfiltered().rows(CUSTOM_EVENT)
    where, values = [], []
    if names is not None:
        where.append(
            f"e.event_name IN (SELECT e.event_name {everything.sql} "
            "GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT ?)"
        )
        values = [*everything.values, names]
    rows = scope.rows(CUSTOM_EVENT, where=where)
    found = store.rows(
        f"""
        SELECT {bucket(scope, unit, timezone)} AS start, e.event_name, count(*)
        {rows.sql} GROUP BY 1, 2 ORDER BY 1, 2
        """,
        [*rows.values, *values],
    )
    return [EventBucket(*row) for row in found]


def rhythm(
    store: Store, scope: Scope, timezone: str, types: Sequence[int] = ()
) -> dict[tuple[int, int], int]:
    """By weekday (0 = Sunday) and hour of the wall clock: distinct sessions with any event, or one
    of the types, then; over the whole range."""
    rows = scope.rows(*types)
    found = store.rows(
        f"""
        SELECT dayofweek(time), hour(time), count(DISTINCT session_id)
        FROM (SELECT {wall_clock(scope, timezone)} AS time, e.session_id {rows.sql})
        GROUP BY 1, 2
        """,
        rows.values,
    )
    return {(weekday, hour): count for weekday, hour, count in found}
