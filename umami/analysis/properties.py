"""Values of a property: their shares, and the distribution of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from umami.analysis.changes import with_share
from umami.api.events import PropertyValue
from umami.api.records import frame_of
from umami.memoize import memoize

LONGEST_LIST: Final = 100
"""The most values that servers return."""
BINS: Final = 20


@dataclass(frozen=True, slots=True)
class Distribution:
    """Numbers weighted by how often each occurs.

    ``counts`` are those of bins of equal width from ``least`` to ``most``; ``edges`` are the
    borders of the bins, one more than there are bins.
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
    frame = frame_of(values, value="object", total="int64").fillna({"value": ""})
    return with_share(frame, "total")


@memoize
def distribution(values: Sequence[PropertyValue]) -> Distribution | None:
    """The distribution of the numbers among the values; ``None`` without numbers."""
    known = [(_number(value.value), value.total) for value in values if value.total > 0]
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
