"""The shares of a field's values in two groups of visitors, side by side."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from umami.analysis.changes import Z
from umami.analysis.rankings import is_cut
from umami.api.traffic import Ranking

FEW: Final = 10
"""Values with fewer visitors on both sides say little; they come last."""


@dataclass(frozen=True, slots=True)
class Shares:
    """The values on two sides: ``frame`` has a row for each. ``uncertain`` counts values that one
    ranking lacks because it may have been cut short above them; these values are left out."""

    frame: pd.DataFrame
    uncertain: int


def shares(left: Ranking, right: Ranking, left_total: int, right_total: int, limit: int) -> Shares:
    """A row for each value (``name``, ``country``): the counts ``left`` and ``right``, their shares
    of the totals, the difference ``points``, and the quotient ``times`` (``NaN`` for a division by
    zero, which a share of a side without visitors is). ``beyond_chance`` says that sides of this
    size rarely differ so much if their visitors are alike. The largest difference is first, values
    with few visitors are last.

    A value that only one ranking of up to ``limit`` rows has counts 0 in the other, if that is
    complete.
    """
    counts: dict[tuple[str, str | None], list[int | None]] = {}
    absent = [None if is_cut(ranking, limit) else 0 for ranking in (left, right)]
    for place, ranking in enumerate((left, right)):
        for row in ranking.rows:
            pair = counts.setdefault((row.name or "", row.country), list(absent))
            pair[place] = (pair[place] or 0) + row.count
    known = [(*key, *pair) for key, pair in counts.items() if None not in pair]
    frame = pd.DataFrame(known, columns=["name", "country", "left", "right"])
    frame = frame.astype({"left": "int64", "right": "int64"})
    totals = {"left": left_total, "right": right_total}
    for side, total in totals.items():
        frame[f"{side}_share"] = frame[side].astype("float64") / (total or np.nan)
    frame["points"] = frame["left_share"] - frame["right_share"]
    frame["times"] = frame["left_share"] / frame["right_share"].replace(0, np.nan)
    mean = (frame["left"] + frame["right"]) / max(left_total + right_total, 1)
    spread = np.sqrt(mean * (1 - mean).clip(lower=0)) * np.sqrt(
        1 / max(left_total, 1) + 1 / max(right_total, 1)
    )
    frame["beyond_chance"] = frame["points"].abs() > Z * spread
    frame["few"] = frame[["left", "right"]].max(axis="columns") < FEW
    frame["size"] = -(frame["left_share"].fillna(0) - frame["right_share"].fillna(0)).abs()
    ordered = frame.sort_values(["few", "size", "name"], kind="stable", ignore_index=True)
    return Shares(ordered.drop(columns=["few", "size"]), len(counts) - len(known))
