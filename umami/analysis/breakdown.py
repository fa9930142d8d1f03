"""Groups of one to three fields: rates of each, the first two as a pivot table, a tree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import pandas as pd

from umami.api.reports import Breakdown

Measure = Literal["views", "visitors", "visits", "bounce_rate", "average_visit"]
MOST: Final = 500
"""The most groups that servers return."""
COLUMNS: Final = 8
"""Columns of a pivot table that are not folded into the last."""


def table(answer: Breakdown) -> pd.DataFrame:
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
    """The values of one field by those of another, most views first; empty cells are ``NaN``.

    A cell sums up its groups, and its rates are those of the sums. Columns beyond the first eight
    are folded into one, named ``rest``.
    """
    order = groups.groupby(columns)["views"].sum().sort_values(ascending=False, kind="stable")
    largest = order.index[:COLUMNS]
    folded = groups[columns].where(groups[columns].isin(largest), rest)
    sums = groups.assign(**{columns: folded}).groupby([rows, columns])[
        ["views", "visitors", "visits", "bounces", "seconds"]
    ]
    cells = table(Breakdown(sums.sum().reset_index()))
    matrix = cells.groupby([rows, columns])[measure].sum().unstack()
    names = [*largest, *([rest] if rest in set(folded) else [])]
    lines = groups.groupby(rows)["views"].sum().sort_values(ascending=False, kind="stable").index
    return matrix.reindex(index=lines, columns=list(dict.fromkeys(names)))


def tree(groups: pd.DataFrame, fields: Sequence[str], measure: Measure) -> pd.DataFrame:
    """A node for each group of the first field, of the first two fields and of all three.

    ``path`` is the tuple of values from the root, ``value`` the sum of the groups below.
    """
    levels: list[dict[tuple[str, ...], float]] = [{} for _ in fields]
    for *path, value in groups[[*fields, measure]].itertuples(index=False):
        for depth, sums in enumerate(levels, 1):
            place = tuple(path[:depth])
            sums[place] = sums.get(place, 0) + value
    nodes = [node for sums in levels for node in sums.items()]
    return pd.DataFrame({"path": [path for path, _ in nodes], "value": [sum for _, sum in nodes]})
