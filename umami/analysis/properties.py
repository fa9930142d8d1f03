"""Values of a property: their shares, and how numbers are distributed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from umami.memoize import memoize
from umami.models.events import PropertyValue

LONGEST_LIST: Final = 100
"""Values that servers tell at most."""
BINS: Final = 20


@dataclass(frozen=True, slots=True)
class Distribution:
    """Numbers weighted by how often each occurs.

    ``edges`` are one more than ``counts``: the borders of equal stretches from ``least`` to
    ``most``.
    """

    times: int
    least: float
    median: float
    mean: float
    most: float
    edges: tuple[float, ...]
    counts: tuple[int, ...]


def table(values: Sequence[PropertyValue]) -> pd.DataFrame:
    """``value``, ``total`` and ``share`` of the totals, most frequent first."""
    frame = pd.DataFrame(
        {
            "value": pd.Series([one.value or "" for one in values], dtype="object"),
            "total": pd.Series([one.total for one in values], dtype="int64"),
        }
    ).sort_values("total", ascending=False, kind="stable", ignore_index=True)
    total = int(frame["total"].sum())
    return frame.assign(share=frame["total"] / total if total else 0.0)


@memoize
def distribution(values: Sequence[PropertyValue]) -> Distribution | None:
    """How the numbers among the values are distributed; ``None`` where there are none."""
    known = [(_number(one.value), one.total) for one in values if one.total > 0]
    pairs = sorted((number, total) for number, total in known if number is not None)
    if not pairs:
        return None
    numbers = np.array([number for number, _ in pairs])
    weights = np.array([total for _, total in pairs])
    times = int(weights.sum())
    passed = weights.cumsum()
    lower, upper = (
        numbers[int(np.searchsorted(passed, place))] for place in ((times + 1) // 2, times // 2 + 1)
    )
    bins = min(BINS, max(1, len(numbers)))
    counts, edges = np.histogram(numbers, bins=bins, weights=weights)
    return Distribution(
        times,
        float(numbers[0]),
        float(lower + upper) / 2,
        float((numbers * weights).sum() / times),
        float(numbers[-1]),
        tuple(float(edge) for edge in edges),
        tuple(int(count) for count in counts),
    )


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and abs(number) < 1e15 else None
