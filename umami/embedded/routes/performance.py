"""How fast pages were: percentiles of web vitals in all, over time, and by page or device."""

from __future__ import annotations

from dataclasses import asdict
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


class By(Ranged):
    """One vital by page, title, device or browser."""

    type: Dimension
    metric: Vital = "lcp"
    limit: Annotated[int, Field(ge=1, le=500)] = 500


@routes("GET", "/websites/{website_id}/performance/stats", Ranged)
def stats(call: Call[Ranged]) -> Any:
    """The percentiles of each vital; zeros without measurements."""
    vitals, count = queries.summary(call.umami.store, scope(call))
    zeros = {
        vital: {name: value or 0 for name, value in asdict(found).items()}
        for vital, found in vitals.items()
    }
    return {**zeros, "count": count}


@routes("GET", "/websites/{website_id}/performance/chart", Chart)
def chart(call: Call[Chart]) -> Any:
    """The percentiles of one vital over time."""
    asked = call.params
    found = queries.over_time(
        call.umami.store, scope(call), asked.metric, asked.answered_unit, asked.zone
    )
    return {"chart": [{"t": asked.stamp(start), **asdict(values)} for start, values in found]}


@routes("GET", "/websites/{website_id}/performance/metrics", By)
def metrics(call: Call[By]) -> Any:
    """The percentiles of one vital by page, title, device or browser; the slowest first."""
    asked = call.params
    found = queries.by_dimension(
        call.umami.store, scope(call), asked.metric, asked.type, asked.limit
    )
    return [{"name": name, **asdict(values), "count": count} for name, values, count in found]
