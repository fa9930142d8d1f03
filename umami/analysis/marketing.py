"""Credit by first and last touch, revenue by name, and pageviews by UTM tags."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from umami.analysis.rankings import beside
from umami.api.reports import Utm
from umami.api.revenue import Attribution, Revenue
from umami.memoize import memoize
from umami.parsing import frame_of

MOST_CREDITED: Final = 20
"""The most names per part that servers return in attribution."""
MOST_TAGS: Final = 50
"""The most values of a UTM parameter that newer servers return."""


def shift(first: Attribution, last: Attribution, value: str) -> pd.DataFrame:
    """Credit by part and name: ``first``, ``last`` and ``shift``, the last less the first.
    ``value`` is ``visitors`` or ``amount``. A name that is missing in one of the lists has 0 there,
    or ``NaN`` where that list is full. A negative shift means that visits begin there, but the
    credit goes to a later touch. Rows are in the order of the parts, most credit first."""
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
    return listed.get(name, 0.0 if len(listed) < MOST_CREDITED else math.nan)


def by_event(revenue: Revenue) -> pd.DataFrame:
    """Money by event: ``name`` and ``amount``, largest first; empty where there is no series."""
    if revenue.chart is None or revenue.chart.empty:
        return frame_of((), name="object", amount="float64")
    sums = revenue.chart.groupby("event")["amount"].sum().sort_values(ascending=False)
    return pd.DataFrame({"name": sums.index.astype("object"), "amount": sums.to_numpy()})


def revenue_part(
    now: pd.DataFrame, before: pd.DataFrame | None, total: float, *, nameless: bool = False
) -> pd.DataFrame:
    """Money by name (``name``, ``amount``) with the comparison, as ``beside`` returns it. ``share``
    is a fraction of ``total``, all money of the period. ``nameless`` keeps the money of rows
    without a name, under the name ``""``; otherwise they are left out."""
    earlier = None if before is None else _named(before, nameless=nameless)
    ranking = beside(_named(now, nameless=nameless), earlier, "name", "amount")
    return ranking.assign(share=ranking["amount"] / total if total else 0.0)


def _named(frame: pd.DataFrame, *, nameless: bool) -> pd.DataFrame:
    if not nameless:
        return frame[frame["name"].notna()]
    names = frame["name"].where(frame["name"].notna(), "")
    return frame.assign(name=names.astype("object"))


@memoize
def utm_table(now: Utm, before: Utm | None, parameter: str) -> pd.DataFrame:
    """The values of a parameter: ``value``, ``views`` and the columns that ``beside`` adds."""
    earlier = None if before is None else _tags(before, parameter)
    return beside(_tags(now, parameter), earlier, "value", "views")


def _tags(utm: Utm, parameter: str) -> pd.DataFrame:
    return utm.frame[utm.frame["parameter"] == parameter]


@dataclass(frozen=True, slots=True)
class Tagged:
    """Views that came by a tagged link (one with a ``utm_source``), of all ``views``. ``at_least``
    means that the server cut the values short, so that there may be more."""

    tagged: int
    views: int
    at_least: bool

    @property
    def untagged(self) -> int:
        """Views of pages whose address had no source."""
        return max(0, self.views - self.tagged)

    @property
    def share(self) -> float | None:
        """Tagged views as a fraction of all; ``None`` without views."""
        return min(1.0, self.tagged / self.views) if self.views else None


def tagged(utm: Utm, views: int) -> Tagged:
    """How many of all ``views`` of the same View carry tags."""
    sources = _tags(utm, "source")
    return Tagged(int(sources["views"].sum()), views, len(sources) == MOST_TAGS)
