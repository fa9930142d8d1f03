"""UTM: what tagged links bring."""

from __future__ import annotations

from typing import Final

import pandas as pd

from components import formats
from components.charts import bars as drawn
from components.charts.tiles import Tile, counted, rated
from components.fields import Field
from umami.analysis import utm as analysis
from umami.memoize import memoize
from umami.models.reports import Utm
from umami.models.traffic import Stats

NAMES: Final = {
    "source": "Sources",
    "medium": "Media",
    "campaign": "Campaigns",
    "content": "Contents",
    "term": "Terms",
}


@memoize
def tagged(now: Utm, all_views: Stats, *earlier: Utm | Stats) -> list[Tile]:
    """How much of the traffic carries tags, and how much does not."""
    found = analysis.tagged(now, all_views.current.views)
    before = None
    match earlier:
        case (Utm() as utm, Stats() as stats):
            before = analysis.tagged(utm, stats.current.views)
        case (Utm() as utm,) if all_views.previous:
            before = analysis.tagged(utm, all_views.previous.views)
    more = " More, in fact: the server tells the first 50 sources." if found.at_least else ""
    return [
        counted(
            "Tagged views",
            found.tagged,
            before.tagged if before else None,
            f"Views of pages whose address names a utm_source.{more}",
        ),
        counted(
            "Untagged views",
            found.untagged,
            before.untagged if before else None,
            "Views without one: direct, search, links nobody tagged.",
        ),
        rated(
            "Tagged share",
            found.share,
            before.share if before else None,
            "Tagged views of all views.",
        ),
    ]


def none_of(name: str) -> str:
    """Why there is nothing of a parameter."""
    return (
        f"No utm_{name} in this period. Add ?utm_{name}=… to the links you share, and the "
        "views they bring are counted here."
    )


@memoize
def table(name: str, now: Utm, all_views: Stats | None, before: Utm | None = None) -> pd.DataFrame:
    """The values of a parameter, with their share of all views, tagged or not, where those are
    known."""
    found = analysis.table(now, before, name)
    views = all_views.current.views if all_views else 0
    return found.assign(share=found["views"] / (views or float("nan")))


@memoize
def bars(table: pd.DataFrame, *, compared: bool) -> drawn.Bars:
    """The first values of a parameter, of what ``table`` gives."""
    return drawn.bars(
        list(table["value"]),
        list(table["views"]),
        [formats.whole(one) for one in table["views"]],
        list(table["before"]) if compared else (),
    )


def fields(name: str, *, compared: bool) -> list[Field]:
    """The columns of such a table."""
    found = [
        Field("value", name.capitalize(), "text"),
        Field("views", "Views"),
        Field("share", "% of views", "percent", wide=True),
    ]
    if compared:
        found += [Field("before", "Before", wide=True), Field("change", "Change", "change")]
    return found
