"""Money against the comparison's."""

from __future__ import annotations

import pandas as pd

from umami.analysis.changes import beside
from umami.models.reports import Revenue


def by_event(revenue: Revenue) -> pd.DataFrame:
    """Money by event: ``name`` and ``amount``, largest first; empty where there is no series."""
    if revenue.chart is None or revenue.chart.empty:
        return pd.DataFrame(
            {"name": pd.Series(dtype="object"), "amount": pd.Series(dtype="float64")}
        )
    sums = revenue.chart.groupby("event")["amount"].sum().sort_values(ascending=False)
    return pd.DataFrame({"name": sums.index.astype("object"), "amount": sums.to_numpy()})


def part(now: pd.DataFrame, before: pd.DataFrame | None) -> pd.DataFrame:
    """One part of the money (``name``, ``amount``) beside the comparison's."""
    named = now[now["name"].notna()]
    earlier = None if before is None else before[before["name"].notna()]
    return beside(named, earlier, "name", "amount")
