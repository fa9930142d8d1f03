"""Two rankings side by side: what there is now, what there was before."""

from __future__ import annotations

import pandas as pd


def beside(now: pd.DataFrame, before: pd.DataFrame | None, on: str, value: str) -> pd.DataFrame:
    """What ``now`` ranks (columns ``on`` and ``value``), largest first, with ``share``, and
    ``before``, ``delta`` and ``change`` (a fraction).

    What was not there before counts as nothing then, and has no change; without a comparison
    ``before``, ``delta`` and ``change`` are ``NaN``.
    """
    frame = now[[on, value]].sort_values(value, ascending=False, kind="stable", ignore_index=True)
    total = float(frame[value].sum())
    frame["share"] = frame[value] / total if total else 0.0
    if before is None:
        return frame.assign(before=float("nan"), delta=float("nan"), change=float("nan"))
    earlier = before.groupby(on)[value].sum().to_dict()
    was = pd.Series([earlier.get(one, 0) for one in frame[on]], dtype="float64")
    change = frame[value] / was.where(was > 0) - 1
    return frame.assign(before=was, delta=frame[value] - was, change=change)
