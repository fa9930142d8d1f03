"""Percentiles of web vitals: in total, over time, and by page, title, device or browser."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from umami.embedded.http import Call, Routes
from umami.embedded.parameters import Bucketed, Ranged, scope
from umami.embedded.queries import performance as queries
from umami.embedded.queries.performance import Dimension, Vital

routes = Routes()


class Chart(Ranged, Bucketed):
    """One vital over time."""

    metric: Vital = "lcp"


class Metrics(Ranged):
    """One vital by page, title, device or browser."""

    type: Dimension
    metric: Vital = "lcp"
    limit: Annotated[int, Field(ge=1, le=500)] = 500


@routes("GET", "/websites/{website_id}/performance/stats", Ranged)
def stats(call: Call[Ranged]) -> Any:
    """Return the percentiles of each vital; zeros without measurements."""
    vitals, count = queries.summary(call.umami.store, scope(call))
    zeros = {
        vital: {name: value or 0 for name, value in percentiles.items()}
        for vital, percentiles in vitals.items()
    }
    return {**zeros, "count": count}


@routes("GET", "/websites/{website_id}/performance/chart", Chart)
def chart(call: Call[Chart]) -> Any:
    """Return the percentiles of one vital over time."""
    params = call.params
    buckets = queries.over_time(
        call.umami.store, scope(call), params.metric, params.answered_unit, params.zone
    )
    return {"chart": [{"t": params.stamp(start), **values} for start, values in buckets]}


@routes("GET", "/websites/{website_id}/performance/metrics", Metrics)
def metrics(call: Call[Metrics]) -> Any:
    """Return the percentiles of one vital by page, title, device or browser, the slowest first."""
    params = call.params
    groups = queries.by_dimension(
        call.umami.store, scope(call), params.metric, params.type, params.limit
    )
    return [{"name": name, **values, "count": count} for name, values, count in groups]
