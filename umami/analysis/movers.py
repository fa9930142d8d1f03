"""The names that grew, fell, appeared or vanished between two rankings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from umami.api.traffic import Ranking
from umami.memoize import memoize

Move = Literal["grew", "fell", "appeared", "vanished"]
MOVES: Final[tuple[Move, ...]] = get_args(Move)


@dataclass(frozen=True, slots=True)
class Movers:
    """The names of two rankings, largest move first.

    ``frame`` has ``name``, ``country``, ``now``, ``before``, ``delta``, ``change`` (a fraction;
    ``NaN`` for what is new), ``move`` (``same`` where nothing moved) and ``part``: the delta as a
    fraction of all moves, up and down. ``uncertain`` counts names that are missing in one ranking
    because it may have been cut short above them; these names are left out.
    """

    frame: pd.DataFrame
    uncertain: int

    @memoize
    def of(self, move: Move) -> pd.DataFrame:
        """The names that made one kind of move."""
        return self.frame[self.frame["move"] == move].reset_index(drop=True)


def movers(now: Ranking, before: Ranking, limit: int) -> Movers:
    """The moves between two rankings; a ranking with ``limit`` rows was cut short there."""
    keys = ["name", "country"]
    sides = [
        ranking.frame[[*keys, "count"]].rename(columns={"count": side})
        for ranking, side in ((now, "now"), (before, "before"))
    ]
    both = sides[0].merge(sides[1], on=keys, how="outer")
    new, gone = both["before"].isna(), both["now"].isna()
    unsure = (new & (len(before.frame) >= limit)) | (gone & (len(now.frame) >= limit))
    frame = (
        both[~unsure].fillna({"now": 0, "before": 0}).astype({"now": "int64", "before": "int64"})
    )
    frame["delta"] = frame["now"] - frame["before"]
    frame["change"] = frame["delta"] / frame["before"].where(frame["before"] > 0)
    moved = float(frame["delta"].abs().sum())
    frame["part"] = frame["delta"] / moved if moved else 0.0
    moves = {
        "vanished": frame["now"] == 0,
        "appeared": frame["before"] == 0,
        "grew": frame["delta"] > 0,
        "fell": frame["delta"] < 0,
    }
    frame["move"] = np.select(list(moves.values()), list(moves), "same")
    order = frame.assign(most=frame["delta"].abs()).sort_values(
        ["most", "now", "name"], ascending=[False, False, True], kind="stable"
    )
    return Movers(order.drop(columns="most").reset_index(drop=True), int(unsure.sum()))
