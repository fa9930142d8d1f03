"""Websites: the totals of all websites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any, Final

import pandas as pd

from components import blocks as ui
from components import formats
from components.areas import PageInfo
from components.charts import common
from components.charts.tiles import figure
from components.formats import Field
from components.loading import Collector, every_website
from components.view_description import described, present
from umami.api import traffic
from umami.api.traffic import Stats, Timeline
from umami.api.websites import Website
from umami.view import View

INFO: Final = PageInfo(
    "websites",
    "Websites",
    "language",
    "Manage",
    2,
    "All websites at a glance, and what an admin does with them.",
    ("websites", "stats", "pageviews"),
    params=("websites_page", "websites_search", "site"),
)
MOST: Final = 100
"""Most websites in a report, with up to two queries each."""
_FIELDS: Final = (
    Field("name", "Website", "text", note="domain"),
    Field("visitors", "Visitors", bar=True),
    Field("visits", "Visits"),
    Field("views", "Views"),
    Field("before", "Visitors before"),
    Field("change", "Change", "change"),
)


def ask(query: Collector, view: View, _: ui.Params) -> Iterator[ui.Item]:
    """A table of the websites' totals for reports; the page draws a ``card`` for each website."""
    websites = every_website(query.client)
    sites = websites[:MOST]
    views = [replace(view.unfiltered(), website=site.id) for site in sites]
    compared = [each.compared() for each in views if each.comparison != "umami"]
    stats: list[Future[Any]] = [
        query.hint(traffic.stats(each), None) for each in (*views, *compared) if each
    ]
    yield ui.Section(
        "Websites",
        partial(_table, sites, len(websites)),
        stats,
        about=described(view),
        medium="report",
    )


def _table(sites: Sequence[Website], total: int, *answers: Stats | None) -> list[ui.Block]:
    now, compared = answers[: len(sites)], answers[len(sites) :]
    rows = []
    for site, stats, other in zip(sites, now, compared or [None] * len(sites), strict=True):
        current = stats.current if stats else None
        before = other.current if other else stats.previous if stats else None
        row = {name: getattr(current, name, None) for name in ("visitors", "visits", "views")}
        row["before"] = getattr(before, "visitors", None)
        change = formats.change(row["visitors"], row["before"])
        rows.append({"name": site.name, "domain": site.domain or "", **row, "change": change})
    frame = pd.DataFrame(rows).sort_values(
        ["visitors", "name"], ascending=[False, True], ignore_index=True
    )
    blocks: list[ui.Block] = [ui.Table("websites", frame, _FIELDS, "websites", printed=MOST)]
    if total > len(sites):
        blocks.append(ui.Text(f"The first {len(sites)} of {formats.whole(total)} by name."))
    return blocks


def card(query: Collector, view: View, site: Website) -> ui.Section:
    """A website's visitors and their sparkline, without the filters of the View."""
    view = replace(view.unfiltered(), website=site.id)
    totals = query.totals(view)
    timeline = query.hint(traffic.pageviews(view), None)
    return ui.Section(
        site.name, partial(_visitors, view), [totals.now, timeline, *totals.earlier], framed=False
    )


def _visitors(
    view: View, stats: Stats, timeline: Timeline | None, compared: Stats | None = None
) -> list[ui.Block]:
    before = compared.current if compared else stats.previous
    over = common.over(timeline.frame, present(view)) if timeline else None
    tile = figure(
        "Visitors",
        stats.current.visitors,
        before.visitors if before else None,
        f"{formats.whole(stats.current.visits)} visits.",
        series=() if over is None else over["sessions"].tolist(),
    )
    return [ui.Tiles([tile], framed=False)]
