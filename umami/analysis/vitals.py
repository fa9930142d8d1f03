"""Ratings of web vitals by Google's thresholds, and their rankings."""

from collections.abc import Mapping
from typing import Final, Literal

import pandas as pd

from umami.api.performance import PerformanceMetrics, PerformanceStats, Vital

Rating = Literal["good", "middling", "poor"]
CORE: Final[tuple[Vital, ...]] = ("lcp", "inp", "cls")
"""Google's Core Web Vitals."""
LIMITS: Final[Mapping[Vital, tuple[float, float]]] = {
    "lcp": (2500, 4000),
    "inp": (200, 500),
    "cls": (0.1, 0.25),
    "fcp": (1800, 3000),
    "ttfb": (800, 1800),
}
"""Up to the first a 75th percentile is good, above the second it is poor: milliseconds, but ``cls``
(https://web.dev/articles/vitals)."""
FEW: Final = 30
"""Fewer measurements than this say little about a 75th percentile."""


def rating(vital: Vital, value: float) -> Rating:
    """The rating of a 75th percentile."""
    good, poor = LIMITS[vital]
    return "good" if value <= good else "middling" if value <= poor else "poor"


def p75(stats: PerformanceStats) -> dict[Vital, float]:
    """The 75th percentiles of the vitals that were measured. Servers report 0 for a time that was
    not; a layout shift of 0 is usual."""
    values = {vital: percentiles.p75 for vital, percentiles in stats.vitals.items()}
    return {
        vital: value
        for vital, value in values.items()
        if value is not None and stats.count and (value or vital == "cls")
    }


def ranked(now: PerformanceMetrics, before: PerformanceMetrics | None) -> pd.DataFrame:
    """The groups that have measurements, the slowest first and those with few measurements last,
    with the relative ``change`` of ``p75``."""
    frame = now.frame[(now.frame["count"] > 0) & now.frame["p75"].notna()]
    order = pd.DataFrame({"few": frame["count"] < FEW, "p75": -frame["p75"]})
    frame = frame.loc[order.sort_values(["few", "p75"], kind="stable").index]
    frame = frame.reset_index(drop=True)
    earlier = before.frame if before else now.frame.iloc[:0]
    earlier = earlier[(earlier["count"] >= FEW) & (earlier["p75"] > 0)]
    known = earlier.drop_duplicates("name").set_index("name")["p75"]
    change = frame["p75"] / frame["name"].map(known).astype("float64") - 1
    return frame.assign(change=change.where(frame["count"] >= FEW))
