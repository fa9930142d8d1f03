"""Errors that scripts raised in visitors' browsers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import pandas as pd
from pydantic import TypeAdapter

from umami.parsing import Count, Row, Time

ErrorStatus = Literal["unresolved", "resolved", "ignored"]


class _BrowserError(Row):
    id: str
    title: str
    status: str
    resolvedAt: Time = None
    createdAt: Time = None
    occurrences: Count
    visits: Count
    firstSeen: Time = None
    lastSeen: Time = None


class _Day(Row):
    date: date
    occurrences: Count


class _Stats(Row):
    occurrences: Count
    visits: Count
    issues: Count
    firstSeen: Time = None
    lastSeen: Time = None
    series: list[_Day] | None = None


_ERROR, _STATS = TypeAdapter(_BrowserError), TypeAdapter(_Stats)


@dataclass(frozen=True, slots=True)
class BrowserError:
    """Errors that Umami takes for the same one, how often they occurred and in how many visits;
    times are instants (UTC)."""

    id: str
    title: str
    status: str
    occurrences: int
    visits: int
    first: datetime | None
    last: datetime | None
    resolved: datetime | None

    @classmethod
    def read(cls, answer: Any) -> BrowserError:
        """From an issue object."""
        row = _ERROR.validate_python(answer)
        return cls(
            row.id,
            row.title,
            row.status,
            row.occurrences,
            row.visits,
            row.firstSeen,
            row.lastSeen,
            row.resolvedAt,
        )


@dataclass(frozen=True, slots=True)
class BrowserErrorStats:
    """Errors of a period: how often, in how many visits, how many different ones.

    ``days`` has ``day`` (a day of UTC, whatever the period's zone) and ``occurrences``, for days
    that had any; ``first`` and ``last`` are instants (UTC).
    """

    occurrences: int
    visits: int
    issues: int
    first: datetime | None
    last: datetime | None
    days: pd.DataFrame

    @classmethod
    def read(cls, answer: Any) -> BrowserErrorStats:
        """From ``{occurrences, visits, issues, firstSeen, lastSeen, series}``."""
        row = _STATS.validate_python(answer)
        series = row.series or []
        days = pd.DataFrame(
            {
                "day": pd.DatetimeIndex([pd.Timestamp(point.date) for point in series]),
                "occurrences": pd.Series([point.occurrences for point in series], dtype="int64"),
            }
        )
        return cls(row.occurrences, row.visits, row.issues, row.firstSeen, row.lastSeen, days)
