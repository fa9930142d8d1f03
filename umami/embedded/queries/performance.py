"""Web vitals: how fast pages were, as browsers measured it (event type 5).

A vital that was not measured has no value. Times are in milliseconds; ``cls`` is a ratio.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from umami.embedded.scope import PERFORMANCE, Scope, Unit, bucket, column
from umami.embedded.store import Store

Vital = Literal["lcp", "inp", "cls", "fcp", "ttfb"]
VITALS: tuple[Vital, ...] = ("lcp", "inp", "cls", "fcp", "ttfb")
Dimension = Literal["path", "title", "device", "browser"]
Percentiles = dict[str, float | None]
"""The values that 50, 75 and 95 per cent of the measurements do not exceed (``p50``, ``p75``,
``p95``); ``None`` without measurements."""


def summary(store: Store, scope: Scope) -> tuple[dict[str, Percentiles], int]:
    """Return the percentiles of each vital, and the number of measurements."""
    rows = scope.rows(PERFORMANCE)
    vitals = ", ".join(f"{_percentiles(vital)} AS {vital}" for vital in VITALS)
    record = store.records(f"SELECT {vitals}, count(*) AS count {rows.sql}", rows.values)[0]
    return record, record.pop("count")


def over_time(
    store: Store, scope: Scope, vital: Vital, unit: Unit, timezone: str
) -> list[tuple[datetime, Percentiles]]:
    """Return the percentiles of a vital per bucket, ascending."""
    rows = scope.rows(PERFORMANCE)
    return store.rows(
        f"SELECT {bucket(scope, unit, timezone)} AS t, {_percentiles(vital)} {rows.sql} "
        "GROUP BY t ORDER BY t",
        rows.values,
    )


def by_dimension(
    store: Store, scope: Scope, vital: Vital, dimension: Dimension, limit: int
) -> list[tuple[str | None, Percentiles, int]]:
    """Return the percentiles of a vital per page, title, device or browser, with the number of
    measurements, the highest 75th percentile first."""
    rows = scope.rows(PERFORMANCE, columns=(dimension,))
    return store.rows(
        f"SELECT {column(dimension)} AS name, {_percentiles(vital)} AS percentiles, "
        f"count(e.{vital}) {rows.sql} GROUP BY name "
        "ORDER BY percentiles['p75'] DESC NULLS LAST, name LIMIT ?",
        [*rows.values, limit],
    )


def _percentiles(vital: Vital) -> str:
    parts = (f"p{part}: quantile_cont(e.{vital}::DOUBLE, 0.{part})" for part in (50, 75, 95))
    return f"{{{', '.join(parts)}}}"
