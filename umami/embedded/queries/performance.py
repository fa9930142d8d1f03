"""Percentiles of web vitals, as browsers measured them (event type 5): in total, over time, and by
page, title, device or browser.

The percentiles ``p50``, ``p75`` and ``p95`` are the values that so many per cent of the
measurements do not exceed. Times are in milliseconds; ``cls`` is a ratio.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from umami.embedded.scope import PERFORMANCE, Scope, Unit, bucket, column
from umami.embedded.store import Store

Vital = Literal["lcp", "inp", "cls", "fcp", "ttfb"]
VitalField = Literal["path", "title", "device", "browser"]
MOST_VALUES = 500


def totals(store: Store, scope: Scope) -> dict[str, Any]:
    """Return the percentiles of each vital; zeros without measurements."""
    rows = scope.rows(PERFORMANCE)
    vitals = []
    for vital in get_args(Vital):
        parts = (f"{name}: coalesce({sql}, 0)" for name, sql in _percentiles(vital).items())
        vitals.append(f"{{{', '.join(parts)}}} AS {vital}")
    return store.records(f"SELECT {', '.join(vitals)}, count(*) AS count {rows.sql}", rows.values)[
        0
    ]


def over_time(
    store: Store, scope: Scope, vital: Vital, unit: Unit, timezone: str
) -> list[dict[str, Any]]:
    """Return the percentiles of a vital by the local start ``t`` of each bucket that has any."""
    rows = scope.rows(PERFORMANCE)
    return store.records(
        f"SELECT {bucket(scope, unit, timezone)} AS t, {_columns(vital)} {rows.sql} "
        "GROUP BY t ORDER BY t",
        rows.values,
    )


def by_field(
    store: Store, scope: Scope, vital: Vital, field: VitalField, limit: int = MOST_VALUES
) -> list[dict[str, Any]]:
    """Return the percentiles of a vital by the values of a field, and the number of measurements,
    the slowest first."""
    rows = scope.rows(PERFORMANCE, columns=(field,))
    return store.records(
        f"SELECT {column(field)} AS name, {_columns(vital)}, count(e.{vital}) AS count {rows.sql} "
        "GROUP BY name ORDER BY p75 DESC NULLS LAST, name LIMIT ?",
        [*rows.values, limit],
    )


def _percentiles(vital: str) -> dict[str, str]:
    """Return the SQL of the percentiles of a vital."""
    return {f"p{part}": f"quantile_cont(e.{vital}::DOUBLE, 0.{part})" for part in (50, 75, 95)}


def _columns(vital: str) -> str:
    return ", ".join(f"{sql} AS {name}" for name, sql in _percentiles(vital).items())
