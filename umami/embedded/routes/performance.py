"""Percentiles of web vitals, as browsers measured them (event type 5): in total, over time, and by
page, title, device or browser.

The percentiles ``p50``, ``p75`` and ``p95`` are the values that so many per cent of the
measurements do not exceed. Times are in milliseconds; ``cls`` is a ratio.
"""

from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from umami.embedded.http import Call, Routes
from umami.embedded.parameters import Bucketed, Ranged, scope
from umami.embedded.scope import PERFORMANCE, bucket, column

routes = Routes()

Vital = Literal["lcp", "inp", "cls", "fcp", "ttfb"]


class Chart(Ranged, Bucketed):
    metric: Vital = "lcp"


class Metrics(Ranged):
    type: Literal["path", "title", "device", "browser"]
    metric: Vital = "lcp"
    limit: Annotated[int, Field(ge=1, le=500)] = 500


def _percentiles(vital: str) -> dict[str, str]:
    """Return the SQL of the percentiles of a vital."""
    return {f"p{part}": f"quantile_cont(e.{vital}::DOUBLE, 0.{part})" for part in (50, 75, 95)}


def _columns(vital: str) -> str:
    return ", ".join(f"{sql} AS {name}" for name, sql in _percentiles(vital).items())


@routes("GET", "/websites/{website_id}/performance/stats", Ranged)
def stats(call: Call[Ranged]) -> Any:
    """Return the percentiles of each vital; zeros without measurements."""
    rows = scope(call).rows(PERFORMANCE)
    vitals = []
    for vital in get_args(Vital):
        parts = (f"{name}: coalesce({sql}, 0)" for name, sql in _percentiles(vital).items())
        vitals.append(f"{{{', '.join(parts)}}} AS {vital}")
    return call.umami.store.records(
        f"SELECT {', '.join(vitals)}, count(*) AS count {rows.sql}", rows.values
    )[0]


@routes("GET", "/websites/{website_id}/performance/chart", Chart)
def chart(call: Call[Chart]) -> Any:
    """Return the percentiles of one vital over time."""
    params, here = call.params, scope(call)
    rows = here.rows(PERFORMANCE)
    buckets = call.umami.store.records(
        f"SELECT {bucket(here, params.answered_unit, params.zone)} AS t, "
        f"{_columns(params.metric)} {rows.sql} GROUP BY t ORDER BY t",
        rows.values,
    )
    return {"chart": [{**row, "t": params.stamp(row["t"])} for row in buckets]}


@routes("GET", "/websites/{website_id}/performance/metrics", Metrics)
def metrics(call: Call[Metrics]) -> Any:
    """Return the percentiles of one vital by page, title, device or browser, and the number of
    measurements, the slowest first."""
    params = call.params
    rows = scope(call).rows(PERFORMANCE, columns=(params.type,))
    return call.umami.store.records(
        f"SELECT {column(params.type)} AS name, {_columns(params.metric)}, "
        f"count(e.{params.metric}) AS count {rows.sql} GROUP BY name "
        "ORDER BY p75 DESC NULLS LAST, name LIMIT ?",
        [*rows.values, params.limit],
    )
