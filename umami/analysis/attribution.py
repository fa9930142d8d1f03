"""First and last touch side by side, and the shift between them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from umami.models.reports import Attribution

LONGEST_LIST = 20
"""Names a part that servers tell at most."""


def shift(first: Attribution, last: Attribution, value: str) -> pd.DataFrame:
    """Credit by part and name: ``first``, ``last`` and ``shift``, the last less the first.

    ``value`` is ``visitors`` or ``amount``. A name that only one of the lists has got nothing by
    the other, unless that list is full: then it is unknown (``NaN``). A negative shift begins
    visits and loses the credit by the end. Most credit first within a part; parts in order.
    """
    begun, ended = _credit(first, value), _credit(last, value)
    rows = []
    for part in dict.fromkeys([*first.frame["part"], *last.frame["part"]]):
        firsts, lasts = begun.get(part, {}), ended.get(part, {})
        both = [(name, _known(firsts, name), _known(lasts, name)) for name in {**firsts, **lasts}]
        both.sort(key=lambda row: (-np.nanmax(row[1:]), row[0]))
        rows += [(part, name, one, other, other - one) for name, one, other in both]
    return pd.DataFrame(rows, columns=["part", "name", "first", "last", "shift"])


def with_comparison(table: pd.DataFrame, before: Attribution, value: str) -> pd.DataFrame:
    """What ``shift`` gives, with ``before``, the first touch's credit in a comparison, and
    ``change``, a fraction; ``NaN`` where it is unknown or there was none."""
    parts = _credit(before, value)
    earlier = pd.Series(
        [
            _known(parts.get(part, {}), name)
            for part, name in zip(table["part"], table["name"], strict=True)
        ],
        index=table.index,
        dtype="float64",
    )
    return table.assign(before=earlier, change=table["first"] / earlier.where(earlier > 0) - 1)


def _credit(answer: Attribution, value: str) -> dict[str, dict[str, float]]:
    """What each name is credited with, by part; names without a number are left out."""
    told: dict[str, dict[str, float]] = {}
    frame = answer.frame.dropna(subset=[value])
    for part, name, number in zip(frame["part"], frame["name"], frame[value], strict=True):
        told.setdefault(part, {})[name] = float(number)
    return told


def _known(listed: Mapping[str, float], name: str) -> float:
    return listed.get(name, 0.0 if len(listed) < LONGEST_LIST else math.nan)
