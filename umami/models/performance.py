"""Web vitals: how fast pages load and react."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
from pydantic import TypeAdapter

from umami.parsing import Count, Ratio, Row, measured_series
from umami.period import Period

Vital = Literal["lcp", "inp", "cls", "fcp", "ttfb"]
"""Largest contentful paint, interaction to next paint, cumulative layout shift, first contentful
paint, time to first byte: milliseconds, but ``cls``, which has no unit."""

PERCENTILES = ("p50", "p75", "p95")


class _Percentiles(Row):
    p50: Ratio = None
    p75: Ratio = None
    p95: Ratio = None


class _Stats(Row):
    lcp: _Percentiles | None
    inp: _Percentiles | None
    cls: _Percentiles | None
    fcp: _Percentiles | None
    ttfb: _Percentiles | None
    count: Count


class _Group(_Percentiles):
    name: str | None
    count: Count


_STATS, _GROUPS = TypeAdapter(_Stats), TypeAdapter(list[_Group])


@dataclass(frozen=True, slots=True)
class Percentiles:
    """What 50, 75 and 95 % of the measurements do not exceed; ``None`` without measurements."""

    p50: float | None
    p75: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class PerformanceStats:
    """Percentiles of each vital, and how many measurements there are."""

    vitals: dict[Vital, Percentiles]
    count: int

    @classmethod
    def read(cls, answer: Any) -> PerformanceStats:
        """From ``{lcp: {p50, p75, p95}, inp, cls, fcp, ttfb, count}``."""
        row = _STATS.validate_python(answer)

        def percentiles(vital: _Percentiles | None) -> Percentiles:
            return Percentiles(None, None, None) if vital is None else _percentiles(vital)

        vitals: dict[Vital, Percentiles] = {
            "lcp": percentiles(row.lcp),
            "inp": percentiles(row.inp),
            "cls": percentiles(row.cls),
            "fcp": percentiles(row.fcp),
            "ttfb": percentiles(row.ttfb),
        }
        return cls(vitals, row.count)


def _percentiles(row: _Percentiles) -> Percentiles:
    return Percentiles(row.p50, row.p75, row.p95)


@dataclass(frozen=True, slots=True)
class PerformanceChart:
    """One vital over time: ``frame`` has ``time`` (naive wall clock of the period's zone), ``p50``,
    ``p75`` and ``p95`` for every bucket, ``NaN`` where nothing was measured."""

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any, period: Period) -> PerformanceChart:
        """From ``{chart: [{t, p50, p75, p95}]}``."""
        columns = {name: name for name in PERCENTILES}
        return cls(measured_series(answer["chart"], period, columns, additive=False))


@dataclass(frozen=True, slots=True)
class PerformanceMetrics:
    """One vital by page, title, device or browser, as servers order it.

    ``frame`` has ``name``, ``p50``, ``p75``, ``p95`` and ``count`` (measurements).
    """

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any) -> PerformanceMetrics:
        """From ``[{name, p50, p75, p95, count}]``; rows without a name are left out."""
        rows = [row for row in _GROUPS.validate_python(answer) if row.name]
        figures = {
            name: pd.Series([getattr(row, name) for row in rows], dtype="float64")
            for name in PERCENTILES
        }
        return cls(
            pd.DataFrame(
                {
                    "name": pd.Series([row.name for row in rows], dtype="object"),
                    **figures,
                    "count": pd.Series([row.count for row in rows], dtype="int64"),
                }
            )
        )
