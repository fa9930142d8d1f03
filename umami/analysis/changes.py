"""A ranking next to that of the comparison."""

from __future__ import annotations

import numpy as np
import pandas as pd


def beside(now: pd.DataFrame, before: pd.DataFrame | None, on: str, value: str) -> pd.DataFrame:
    """The ranking ``now`` (columns ``on`` and ``value``), largest first, with ``share`` and
    ``before``, ``delta`` and ``change`` (a fraction).

    A name that is missing in the comparison has 0 there and no change. Without a comparison,
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


def with_share(frame: pd.DataFrame, value: str) -> pd.DataFrame:
    """The rows, largest ``value`` first, with ``share``: the fraction of the sum of all values."""
    ranked = frame.sort_values(value, ascending=False, kind="stable", ignore_index=True)
    total = int(ranked[value].sum())
    return ranked.assign(share=ranked[value] / total if total else 0.0)
