"""Web vitals: how fast pages load and react."""

from functools import partial
from typing import Any, Literal, Self, get_args

import pandas as pd

from umami.api.params import buckets, choice
from umami.endpoint import Effort, RawQuery, get
from umami.errors import InvalidView
from umami.parsing import Count, Ratio, Record, frame_of, measured_series, parse
from umami.period import Period
from umami.view import View

Vital = Literal["lcp", "inp", "cls", "fcp", "ttfb"]
"""Largest contentful paint, interaction to next paint, cumulative layout shift, first contentful
paint, time to first byte: milliseconds, but ``cls``, which has no unit."""
PerformanceField = Literal["path", "title", "device", "browser"]
MOST_GROUPS = 500
PERCENTILES = ("p50", "p75", "p95")
_get = partial(get, effort=Effort.HEAVY, since="3.1", subject="performance figures")


class Percentiles(Record):
    """The values that 50, 75 and 95 % of measurements do not exceed; ``None`` without any."""

    p50: Ratio = None
    p75: Ratio = None
    p95: Ratio = None


class _Group(Percentiles, kw_only=True):
    name: str | None
    count: Count


class PerformanceStats(Record):
    """Percentiles of each vital, and how many measurements there are."""

    vitals: dict[Vital, Percentiles]
    count: Count

    @classmethod
    def read(cls, answer: Any) -> Self:
        """From ``{lcp: {p50, p75, p95}, inp, cls, fcp, ttfb, count}``."""
        vitals = {vital: answer[vital] or {} for vital in get_args(Vital)}
        return parse(cls, {"vitals": vitals, "count": answer["count"]})


class PerformanceChart(Record):
    """One vital over time: ``frame`` has ``time`` (naive wall clock of the period's zone), ``p50``,
    ``p75`` and ``p95`` for every bucket, ``NaN`` where nothing was measured."""

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any, period: Period) -> Self:
        """From ``{chart: [{t, p50, p75, p95}]}``."""
        columns = {name: name for name in PERCENTILES}
        return cls(measured_series(answer["chart"], period, columns, additive=False))


class PerformanceMetrics(Record):
    """One vital by page, title, device or browser, as servers order it. ``frame`` has ``name``,
    ``p50``, ``p75``, ``p95`` and ``count`` (measurements)."""

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any) -> Self:
        """From ``[{name, p50, p75, p95, count}]``; rows without a name are left out."""
        rows = [row for row in parse(list[_Group], answer) if row.name]
        percentiles = dict.fromkeys(PERCENTILES, "float64")
        return cls(frame_of(rows, name="object", **percentiles, count="int64"))


@_get("/websites/{website}/performance/stats")
def performance_stats(view: View) -> RawQuery[PerformanceStats]:
    """Percentiles of each web vital in the period."""
    return RawQuery()


@_get("/websites/{website}/performance/chart")
def performance_chart(view: View, vital: Vital = "lcp") -> RawQuery[PerformanceChart]:
    """Percentiles of one web vital in each bucket of the period."""
    return RawQuery({**buckets(view), "metric": _vital(vital)})


@_get("/websites/{website}/performance/metrics")
def performance_metrics(
    view: View, field: PerformanceField, vital: Vital = "lcp", limit: int = 100
) -> RawQuery[PerformanceMetrics]:
    """Percentiles of one web vital by path, title, device or browser."""
    choice(field, get_args(PerformanceField), "a field of performance figures")
    if not 1 <= limit <= MOST_GROUPS:
        raise InvalidView(f"Performance figures come for 1 to {MOST_GROUPS} values.")
    return RawQuery({"type": field, "metric": _vital(vital), "limit": limit})


def _vital(vital: Vital) -> Vital:
    return choice(vital, get_args(Vital), "a web vital")
