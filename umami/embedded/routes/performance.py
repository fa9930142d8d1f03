"""Web vitals as in 3.4: in total, over time, and by page, title, device or browser."""

from typing import Annotated, Any

from pydantic import Field

from umami.embedded.http import Call, Routes
from umami.embedded.parameters import Bucketed, Ranged, scope
from umami.embedded.queries import performance as queries

routes = Routes()


class Chart(Ranged, Bucketed):
    metric: queries.Vital = "lcp"


class Metrics(Ranged):
    type: queries.VitalField
    metric: queries.Vital = "lcp"
    limit: Annotated[int, Field(ge=1, le=queries.MOST_VALUES)] = queries.MOST_VALUES


@routes("GET", "/websites/{website_id}/performance/stats", Ranged)
def stats(call: Call[Ranged]) -> Any:
    """Return the percentiles of each vital; zeros without measurements."""
    return queries.totals(call.umami.store, scope(call))


@routes("GET", "/websites/{website_id}/performance/chart", Chart)
def chart(call: Call[Chart]) -> Any:
    """Return the percentiles of one vital over time."""
    params = call.params
    buckets = queries.over_time(
        call.umami.store, scope(call), params.metric, params.answered_unit, params.zone
    )
    return {"chart": [{**row, "t": params.stamp(row["t"])} for row in buckets]}


@routes("GET", "/websites/{website_id}/performance/metrics", Metrics)
def metrics(call: Call[Metrics]) -> Any:
    """Return the percentiles of one vital by page, title, device or browser, and the number of
    measurements, the slowest first."""
    params = call.params
    return queries.by_field(call.umami.store, scope(call), params.metric, params.type, params.limit)
