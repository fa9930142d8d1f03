"""Revenue by event, and by name next to the comparison."""

from __future__ import annotations

import pandas as pd

from umami.analysis.changes import beside
from umami.api.records import frame_of
from umami.api.revenue import Revenue


def by_event(revenue: Revenue) -> pd.DataFrame:
    """Money by event: ``name`` and ``amount``, largest first; empty where there is no series."""
    if revenue.chart is None or revenue.chart.empty:
        return frame_of((), name="object", amount="float64")
    sums = revenue.chart.groupby("event")["amount"].sum().sort_values(ascending=False)
    return pd.DataFrame({"name": sums.index.astype("object"), "amount": sums.to_numpy()})


def part(
    now: pd.DataFrame, before: pd.DataFrame | None, total: float, *, nameless: bool = False
) -> pd.DataFrame:
    """Money by name (``name``, ``amount``) with the comparison, as ``beside`` returns it.

    ``share`` is a fraction of ``total``, all money of the period. ``nameless`` keeps the money of
    rows without a name, under the name ``""``; otherwise they are left out.
    """
    ranking = beside(
        _named(now, nameless=nameless),
        None if before is None else _named(before, nameless=nameless),
        "name",
        "amount",
    )
    return ranking.assign(share=ranking["amount"] / total if total else 0.0)


def _named(frame: pd.DataFrame, *, nameless: bool) -> pd.DataFrame:
    if not nameless:
        return frame[frame["name"].notna()]
    names = frame["name"].where(frame["name"].notna(), "")
    return frame.assign(name=names.astype("object"))
