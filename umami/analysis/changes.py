"""Two rankings side by side: what there is now, what there was before."""

from __future__ import annotations

import numpy as np
import pandas as pd


def beside(now: pd.DataFrame, before: pd.DataFrame | None, on: str, value: str) -> pd.DataFrame:
    """What ``now`` ranks (columns ``on`` and ``value``), largest first, with ``share``, and
    ``before``, ``delta`` and ``change`` (a fraction).

    What was not there before counts as nothing then, and has no change; without a comparison
    ``before``, ``delta`` and ``change`` are ``NaN``.
    """
    frame = now[[on, value]].sort_values(value, ascending=False, kind="stable", ignore_index=True)
    numbers = frame[value].to_numpy(dtype="float64")
    total = float(numbers.sum())
    was, change = np.full((2, len(numbers)), np.nan)
    if before is not None:
        earlier = before.groupby(on)[value].sum().to_dict()
        was = np.array([earlier.get(name, 0) for name in frame[on]], dtype="float64")
        change = np.divide(numbers, was, out=change, where=was > 0) - 1
    return frame.assign(
        share=numbers / total if total else 0.0, before=was, delta=numbers - was, change=change
    )
