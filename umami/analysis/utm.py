"""Pageviews by the UTM tags of links, and pageviews without tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

from umami.analysis.changes import beside
from umami.api.reports import Utm
from umami.memoize import memoize

LONGEST_LIST: Final = 50
"""The most values that newer servers return."""


@memoize
def table(now: Utm, before: Utm | None, parameter: str) -> pd.DataFrame:
    """The values of a parameter: ``value``, ``views`` and the columns that ``beside`` adds."""
    return beside(
        _of(now, parameter), None if before is None else _of(before, parameter), "value", "views"
    )


def _of(utm: Utm, parameter: str) -> pd.DataFrame:
    return utm.frame[utm.frame["parameter"] == parameter]


@dataclass(frozen=True, slots=True)
class Tagged:
    """Views that came by a tagged link (one with a ``utm_source``), of all ``views``.

    ``at_least`` means that the server cut the values short, so that there may be more.
    """

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
    sources = _of(utm, "source")
    return Tagged(int(sources["views"].sum()), views, len(sources) == LONGEST_LIST)
