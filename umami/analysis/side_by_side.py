"""The shares of a field's values in two groups of visitors, side by side."""

from typing import Final

import numpy as np
import pandas as pd

from umami.api.traffic import Ranking

FEW: Final = 10
"""Values with fewer visitors on both sides say little; they come last."""


def shares(left: Ranking, right: Ranking, left_total: int, right_total: int) -> pd.DataFrame:
    """A row for each value (``name``, ``country``): the counts ``left`` and ``right``, their shares
    of the totals, the difference ``points``, and the quotient ``times`` (``NaN`` for a division by
    zero). The largest difference is first, values with few visitors are last.

    A value that only one ranking has counts 0 in the other.
    """
    counts: dict[tuple[str, str | None], list[int]] = {}
    for place, ranking in enumerate((left, right)):
        for row in ranking.rows:
            counts.setdefault((row.name or "", row.country), [0, 0])[place] += row.count
    frame = pd.DataFrame(
        [(*key, *pair) for key, pair in counts.items()],
        columns=["name", "country", "left", "right"],
    )
    totals = {"left": left_total, "right": right_total}
    for side, total in totals.items():
        frame[f"{side}_share"] = frame[side].astype("float64") / (total or np.nan)
    frame["points"] = frame["left_share"].fillna(0) - frame["right_share"].fillna(0)
    frame["times"] = frame["left_share"] / frame["right_share"].replace(0, np.nan)
    frame["few"] = frame[["left", "right"]].max(axis="columns") < FEW
    frame["size"] = -frame["points"].abs()
    return (
        frame.sort_values(["few", "size", "name"], kind="stable")
        .drop(columns=["few", "size"])
        .reset_index(drop=True)
    )
