"""Rankings: shares and changes, movers, groups of several fields, and values of a property."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from umami.api.events import PropertyValue
from umami.api.reports import Breakdown
from umami.api.traffic import Ranking
from umami.memoize import memoize
from umami.parsing import frame_of

Move = Literal["grew", "fell", "appeared", "vanished"]
MOVES: Final[tuple[Move, ...]] = get_args(Move)
Measure = Literal["views", "visitors", "visits", "bounce_rate", "average_visit"]
MOST_GROUPS: Final = 500
"""The most groups that servers return."""
MOST_COLUMNS: Final = 8
"""Columns of a pivot table that are not folded into the last."""
MOST_VALUES: Final = 100
"""The most values of a property that servers return."""
BINS: Final = 20


def beside(now: pd.DataFrame, before: pd.DataFrame | None, on: str, value: str) -> pd.DataFrame:
    """The ranking ``now`` (columns ``on`` and ``value``), largest first, with ``share`` and
    ``before``, ``delta`` and ``change`` (a fraction). A name that is missing in the comparison has
    0 there and no change. Without a comparison, the last three are ``NaN``."""
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


def is_cut(ranking: Ranking, limit: int) -> bool:
    """Whether a ranking for which ``limit`` rows were queried may lack values."""
    # Rankings leave out the rows without a value, which are null or empty.
    return len(ranking.rows) >= limit - 2


def movers(now: Ranking, before: Ranking, limit: int) -> Movers:
    """The moves between two rankings of up to ``limit`` rows."""
    keys = ["name", "country"]
    sides = [
        ranking.frame[[*keys, "count"]].rename(columns={"count": side})
        for ranking, side in ((now, "now"), (before, "before"))
    ]
    both = sides[0].merge(sides[1], on=keys, how="outer")
    new, gone = both["before"].isna(), both["now"].isna()
    unsure = (new & is_cut(before, limit)) | (gone & is_cut(now, limit))
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


def rated(answer: Breakdown) -> pd.DataFrame:
    """The groups with ``bounce_rate`` (a fraction of visits) and ``average_visit`` (seconds)."""
    frame = answer.frame
    visits = frame["visits"].where(frame["visits"] > 0).astype("float64")
    bounces = frame[["bounces", "visits"]].min(axis=1)
    return frame.assign(bounce_rate=bounces / visits, average_visit=frame["seconds"] / visits)


def ranked(groups: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """The groups, largest first by the measure."""
    return groups.sort_values(
        [measure, "views"], ascending=[False, False], kind="stable", ignore_index=True
    )


def pivot(
    groups: pd.DataFrame, rows: str, columns: str, measure: Measure, rest: str
) -> pd.DataFrame:
    """The values of one field by those of another, most views first; empty cells are ``NaN``. A
    cell sums up its groups, and its rates are those of the sums. Columns beyond the first eight are
    folded into one, named ``rest``."""
    order = groups.groupby(columns)["views"].sum().sort_values(ascending=False, kind="stable")
    largest = order.index[:MOST_COLUMNS]
    folded = groups[columns].where(groups[columns].isin(largest), rest)
    sums = groups.assign(**{columns: folded}).groupby([rows, columns])[
        ["views", "visitors", "visits", "bounces", "seconds"]
    ]
    cells = rated(Breakdown(sums.sum().reset_index()))
    matrix = cells.groupby([rows, columns])[measure].sum().unstack()
    names = [*largest, *([rest] if rest in set(folded) else [])]
    lines = groups.groupby(rows)["views"].sum().sort_values(ascending=False, kind="stable").index
    return matrix.reindex(index=lines, columns=list(dict.fromkeys(names)))


def tree(groups: pd.DataFrame, fields: Sequence[str], measure: Measure) -> pd.DataFrame:
    """A node for each group of the first field, of the first two fields and of all three. ``path``
    is the tuple of values from the root, ``value`` the sum of the groups below."""
    levels: list[dict[tuple[str, ...], float]] = [{} for _ in fields]
    for *path, value in groups[[*fields, measure]].itertuples(index=False):
        for depth, sums in enumerate(levels, 1):
            place = tuple(path[:depth])
            sums[place] = sums.get(place, 0) + value
    nodes = [node for sums in levels for node in sums.items()]
    return pd.DataFrame({"path": [path for path, _ in nodes], "value": [sum for _, sum in nodes]})


@dataclass(frozen=True, slots=True)
class Distribution:
    """Numbers weighted by how often each occurs. ``counts`` are those of bins of equal width from
    ``least`` to ``most``; ``edges`` are the borders of the bins, one more than there are bins."""

    times: int
    least: float
    median: float
    mean: float
    most: float
    edges: tuple[float, ...]
    counts: tuple[int, ...]


def value_table(values: Sequence[PropertyValue]) -> pd.DataFrame:
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
