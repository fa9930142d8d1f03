"""Web vitals: how fast pages load and react."""

from __future__ import annotations

from functools import partial
from typing import Literal, get_args

from umami.endpoint import Effort, Freshness, RawQuery, endpoint
from umami.endpoints.params import buckets, choice, for_view
from umami.errors import InvalidView
from umami.models.performance import (
    PerformanceChart,
    PerformanceMetrics,
    PerformanceStats,
    Vital,
)
from umami.view import View

PerformanceField = Literal["path", "title", "device", "browser"]
MOST_GROUPS = 500


@endpoint(
    "GET",
    "/websites/{website}/performance/stats",
    fresh=Freshness.PERIOD,
    effort=Effort.HEAVY,
    since="3.1",
    subject="performance figures",
)
def performance_stats(view: View) -> RawQuery[PerformanceStats]:
    """Percentiles of each web vital in the period."""
    return for_view(PerformanceStats.read, view)


@endpoint(
    "GET",
    "/websites/{website}/performance/chart",
    fresh=Freshness.PERIOD,
    effort=Effort.HEAVY,
    since="3.1",
    subject="performance figures",
)
def performance_chart(view: View, vital: Vital = "lcp") -> RawQuery[PerformanceChart]:
    """Percentiles of one web vital in each bucket of the period."""
    return for_view(
        partial(PerformanceChart.read, period=view.period),
        view,
        {**buckets(view), "metric": _vital(vital)},
    )


@endpoint(
    "GET",
    "/websites/{website}/performance/metrics",
    fresh=Freshness.PERIOD,
    effort=Effort.HEAVY,
    since="3.1",
    subject="performance figures",
)
def performance_metrics(
    view: View, field: PerformanceField, vital: Vital = "lcp", limit: int = 100
) -> RawQuery[PerformanceMetrics]:
    """Percentiles of one web vital by path, title, device or browser."""
    choice(field, get_args(PerformanceField), "a field of performance figures")
    if not 1 <= limit <= MOST_GROUPS:
        raise InvalidView(f"Performance figures come for 1 to {MOST_GROUPS} values.")
    return for_view(
        PerformanceMetrics.read, view, {"type": field, "metric": _vital(vital), "limit": limit}
    )


def _vital(vital: Vital) -> Vital:
    return choice(vital, get_args(Vital), "a web vital")
