"""First and last touch side by side, and the shift between them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from umami.api.revenue import Attribution

LONGEST_LIST = 20
"""The most names per part that servers return."""


def shift(first: Attribution, last: Attribution, value: str) -> pd.DataFrame:
    """Credit by part and name: ``first``, ``last`` and ``shift``, the last less the first.

    ``value`` is ``visitors`` or ``amount``. A name that is missing in one of the lists has 0 there,
    or ``NaN`` where that list is full. A negative shift means that visits begin there, but the
    credit goes to a later touch. Rows are in the order of the parts, most credit first.
    """
    begun, ended = _credit(first, value), _credit(last, value)
    rows = []
    for part in dict.fromkeys([*first.frame["part"], *last.frame["part"]]):
        firsts, lasts = begun.get(part, {}), ended.get(part, {})
        both = [(name, _known(firsts, name), _known(lasts, name)) for name in {**firsts, **lasts}]
        both.sort(key=lambda row: (-np.nanmax(row[1:]), row[0]))
        rows += [(part, name, start, end, end - start) for name, start, end in both]
    return pd.DataFrame(rows, columns=["part", "name", "first", "last", "shift"])


def with_comparison(table: pd.DataFrame, before: Attribution, value: str) -> pd.DataFrame:
    """The result of ``shift`` with ``before``, the first touch's credit in a comparison, and
    ``change`` (a fraction; ``NaN`` where the credit is unknown or was 0)."""
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
    """Credit by part and name, without names that have no number."""
    credit: dict[str, dict[str, float]] = {}
    frame = answer.frame.dropna(subset=[value])
    for part, name, number in zip(frame["part"], frame["name"], frame[value], strict=True):
        credit.setdefault(part, {})[name] = float(number)
    return credit


def _known(listed: Mapping[str, float], name: str) -> float:
    return listed.get(name, 0.0 if len(listed) < LONGEST_LIST else math.nan)
