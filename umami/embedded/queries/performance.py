"""Web vitals: how fast pages were, as browsers measured it (event type 5).

A vital of a page that was not measured is no value. Times are milliseconds, ``cls`` is a ratio.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from umami.embedded.scope import PERFORMANCE, Scope, Unit, bucket, column
from umami.embedded.store import Store

Vital = Literal["lcp", "inp", "cls", "fcp", "ttfb"]
VITALS: tuple[Vital, ...] = ("lcp", "inp", "cls", "fcp", "ttfb")
Dimension = Literal["path", "title", "device", "browser"]


@dataclass(frozen=True, slots=True)
class Percentiles:
    """The value that 50, 75 and 95 per cent of measurements do not exceed; ``None`` without any."""

    p50: float | None
    p75: float | None
    p95: float | None


def summary(store: Store, scope: Scope) -> tuple[dict[Vital, Percentiles], int]:
    """The percentiles of each vital, and the number of measurements."""
    rows = scope.rows(PERFORMANCE)
    row = store.row(
        f"SELECT count(*), {', '.join(map(_percentiles, VITALS))} {rows.sql}", rows.values
    )
    assert row
    return {vital: _of(found) for vital, found in zip(VITALS, row[1:], strict=True)}, row[0]


def over_time(
    store: Store, scope: Scope, vital: Vital, unit: Unit, timezone: str
) -> list[tuple[datetime, Percentiles]]:
    """The percentiles of a vital by bucket, ascending."""
    rows = scope.rows(PERFORMANCE)
    found = store.rows(
        f"SELECT {bucket(scope, unit, timezone)} AS t, {_percentiles(vital)} {rows.sql} "
        "GROUP BY t ORDER BY t",
        rows.values,
    )
    return [(start, _of(values)) for start, values in found]


def by_dimension(
    store: Store, scope: Scope, vital: Vital, dimension: Dimension, limit: int
) -> list[tuple[str | None, Percentiles, int]]:
    """The percentiles of a vital by page, title, device or browser, with the number of its values;
    the slowest first, by the 75th percentile."""
    rows = scope.rows(PERFORMANCE, columns=(dimension,))
    found = store.rows(
        f"SELECT {column(dimension)} AS name, {_percentiles(vital)} AS found, count(e.{vital}) "
        f"{rows.sql} GROUP BY name ORDER BY found[2] DESC NULLS LAST, name LIMIT ?",
        [*rows.values, limit],
    )
    return [(name, _of(values), count) for name, values, count in found]


def _percentiles(vital: Vital) -> str:
    return f"quantile_cont(e.{vital}::DOUBLE, [0.5, 0.75, 0.95])"


def _of(values: list[float] | None) -> Percentiles:
    return Percentiles(*values) if values else Percentiles(None, None, None)
