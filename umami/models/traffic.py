"""A website's traffic: totals, series, rankings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
from pydantic import TypeAdapter

from umami.parsing import Count, Row, series
from umami.period import Period


class _Totals(Row):
    pageviews: Count
    visitors: Count
    visits: Count
    bounces: Count
    totaltime: Count


class _Stats(_Totals):
    comparison: _Totals | None = None


class _Ranked(Row):
    x: str | None
    y: Count
    country: str | None = None


class _Group(Row):
    name: str | None
    country: str | None = None
    pageviews: Count | None = None
    visitors: Count
    visits: Count | None = None
    bounces: Count | None = None
    totaltime: Count | None = None


class _Value(Row):
    value: str | None
    count: Count


class _Active(Row):
    visitors: Count


_STATS, _ACTIVE = TypeAdapter(_Stats), TypeAdapter(_Active)
_RANKED, _VALUES = TypeAdapter(list[_Ranked]), TypeAdapter(list[_Value])
_GROUPS = TypeAdapter(list[_Group])

Measure = Literal["visitors", "times"]
"""What a ranking counts: distinct visitors, or rows."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a period; ``seconds`` is time on site over all visits."""

    views: int
    visitors: int
    visits: int
    bounces: int
    seconds: int

    @property
    def bounce_rate(self) -> float | None:
        """Visits with a single view, as a fraction of all; ``None`` without visits."""
        return min(self.visits, self.bounces) / self.visits if self.visits else None

    @property
    def average_visit(self) -> float | None:
        """Seconds a visit lasts on average; ``None`` without visits."""
        return self.seconds / self.visits if self.visits else None

    @property
    def views_per_visit(self) -> float | None:
        """Views a visit has on average; ``None`` without visits."""
        return self.views / self.visits if self.visits else None


def _totals(row: _Totals) -> Totals:
    return Totals(row.pageviews, row.visitors, row.visits, row.bounces, row.totaltime)


@dataclass(frozen=True, slots=True)
class Stats:
    """Totals of a period, and of the one it is compared with, where servers answer both."""

    current: Totals
    previous: Totals | None

    @classmethod
    def read(cls, answer: Any, *, compared: bool) -> Stats:
        """From flat totals with ``comparison``."""
        row = _STATS.validate_python(answer)
        before = _totals(row.comparison) if compared and row.comparison else None
        return cls(_totals(row), before)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Views and sessions over time.

    ``frame`` has ``time`` (start of the bucket, naive wall clock of the period's zone), ``views``
    and ``sessions`` (distinct visitors of that bucket: not additive), every bucket in order.
    """

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any, period: Period) -> Timeline:
        """From ``{pageviews: [{x, y}], sessions: [{x, y}]}``."""
        views, sessions = series(answer["pageviews"], period), series(answer["sessions"], period)
        return cls(
            pd.DataFrame(
                {
                    "time": period.axis(),
                    "views": views.to_numpy(),
                    "sessions": sessions.to_numpy(),
                }
            )
        )


@dataclass(frozen=True, slots=True)
class Ranking:
    """Values of a field with their counts, largest first; rows that lack the field are left out.

    ``frame`` has ``name``, ``count`` and ``country`` (code, with regions and cities; else
    ``None``). A visitor may count in several rows. ``measure`` says what is counted: visitors, but
    times for events, and for entry and exit pages on servers up to 2.18.
    """

    frame: pd.DataFrame
    measure: Measure

    @classmethod
    def read(cls, answer: Any, measure: Measure) -> Ranking:
        """From ``[{x, y}]``, or ``{times: [{x, y}]}`` where times stand in for visitors."""
        if isinstance(answer, dict):
            measure, answer = "times", answer["times"]
        rows = [row for row in _RANKED.validate_python(answer) if row.x]
        frame = pd.DataFrame(
            {
                "name": pd.Series([row.x for row in rows], dtype="object"),
                "count": pd.Series([row.y for row in rows], dtype="int64"),
                "country": pd.Series([row.country for row in rows], dtype="object"),
            }
        ).sort_values("count", ascending=False, kind="stable", ignore_index=True)
        return cls(frame, measure)


@dataclass(frozen=True, slots=True)
class Groups:
    """Values of a field with the totals of each, most visitors first.

    ``frame`` has ``name``, ``country`` (code, with regions and cities), ``visitors``, ``views``,
    ``visits``, ``bounces`` and ``seconds``; bounces and seconds are within the group. Where a
    server tells visitors only, the others are ``NA``.
    """

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any) -> Groups:
        """From ``[{name, pageviews, visitors, visits, bounces, totaltime}]``."""
        rows = [row for row in _GROUPS.validate_python(answer) if row.name]
        columns = {"visitors": "visitors", "views": "pageviews", "visits": "visits"}
        columns |= {"bounces": "bounces", "seconds": "totaltime"}
        frame = pd.DataFrame(
            {
                "name": pd.Series([row.name for row in rows], dtype="object"),
                "country": pd.Series([row.country for row in rows], dtype="object"),
                **{
                    ours: pd.Series([getattr(row, theirs) for row in rows], dtype="Int64")
                    for ours, theirs in columns.items()
                },
            }
        )
        order = ["visitors", "visits", "name"]
        return cls(frame.sort_values(order, ascending=[False, False, True], ignore_index=True))


@dataclass(frozen=True, slots=True)
class Value:
    """A value that occurs, with the number of rows that have it."""

    value: str | None
    count: int


def values(answer: Any) -> tuple[Value, ...]:
    """From ``[{value, count}]``."""
    return tuple(Value(row.value, row.count) for row in _VALUES.validate_python(answer))


@dataclass(frozen=True, slots=True)
class Active:
    """Visitors with any activity in the last five minutes."""

    visitors: int

    @classmethod
    def read(cls, answer: Any) -> Active:
        """From ``{visitors}``."""
        return cls(_ACTIVE.validate_python(answer).visitors)
