"""Credit by first and last touch, revenue by name, and pageviews by UTM tags."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import numpy as np
import pandas as pd

from umami.analysis.rankings import beside
from umami.api.reports import Utm
from umami.api.revenue import Attribution, Revenue
from umami.errors import InvalidView
from umami.memoize import memoize
from umami.parsing import frame_of
from umami.texts import N_

MOST_CREDITED: Final = 20
"""The most names per part that servers return in attribution."""
MOST_TAGS: Final = 50
"""The most values of a UTM parameter that newer servers return."""


def touches(
    first: Attribution, last: Attribution, before: Attribution | None, value: str
) -> pd.DataFrame:
    """Credit by part and name: ``first``, ``last`` and, with a comparison, ``before`` (its first
    touch) and ``change`` (a fraction; ``NaN`` where the credit is unknown or was 0). ``value`` is
    ``visitors`` or ``amount``. A name that is missing in one of the lists has 0 there, or ``NaN``
    where that list is full. Rows are in the order of the parts, most credit first. The last row of
    a part, with the name ``""``, is what is missing up to all credit: touches without a value or
    beyond the list."""
    answers = {"first": first, "last": last, **({"before": before} if before else {})}
    credit = {column: _credit(answer, value) for column, answer in answers.items()}
    rows = []
    for part in dict.fromkeys([*first.frame["part"], *last.frame["part"]]):
        lists = {column: parts.get(part, {}) for column, parts in credit.items()}
        known = [
            {"name": name, **{column: _known(list_, name) for column, list_ in lists.items()}}
            for name in dict.fromkeys([*lists["first"], *lists["last"]])
        ]
        known.sort(key=lambda row: (-np.nanmax([row["first"], row["last"]]), row["name"]))
        rest = {
            column: max(0.0, _total(answers[column], value) - sum(list_.values()))
            for column, list_ in lists.items()
        }
        known += [{"name": "", **rest}] if rest["first"] or rest["last"] else []
        rows += [{"part": part, **row} for row in known]
    table = pd.DataFrame(rows, columns=["part", "name", *answers])
    if before:
        table["change"] = table["first"] / table["before"].where(table["before"] > 0) - 1
    return table


def _total(answer: Attribution, value: str) -> float:
    return float(answer.visitors if value == "visitors" else answer.revenue or 0)


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


def tagged_link(address: str, tags: Mapping[str, str]) -> str:
    """A link with UTM tags, by parameter without ``utm_``; other parameters of the address stay.

    An empty tag leaves its parameter out. Raises ``InvalidView`` for what is no web address.
    """
    try:
        parts = urlsplit(address.strip())
        valid = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        valid = None
    if not valid or re.search(r"\s", address.strip()):
        raise InvalidView(N_("Write the whole address of a page: https://example.com/offer."))
    names = {f"utm_{name}" for name in tags}
    others = [(name, value) for name, value in parse_qsl(parts.query, True) if name not in names]
    added = [(f"utm_{name}", value.strip()) for name, value in tags.items() if value.strip()]
    return urlunsplit(parts._replace(query=urlencode([*others, *added])))


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
