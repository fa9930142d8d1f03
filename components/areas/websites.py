"""Websites: the totals of all websites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import pandas as pd

from components import blocks as ui
from components import conversions, formats, visit_tables, what_changed
from components.areas import PageInfo
from components.charts import common
from components.charts.tiles import Tile, figure
from components.formats import Field
from components.loading import Collector, every_website
from components.texts import N_, _
from components.view_description import described, present
from umami.api import traffic
from umami.api.conversions import VisitGroups
from umami.api.traffic import Stats, Timeline
from umami.api.websites import Website
from umami.conversion import Conversion
from umami.endpoint import Query
from umami.view import View

INFO: Final = PageInfo(
    "websites",
    N_("Websites"),
    "language",
    N_("Manage"),
    2,
    N_("All websites at a glance, and what an admin does with them."),
    ("websites", "stats", "pageviews", *visit_tables.ENDPOINTS),
    params=("websites_page", "websites_search", "site"),
)
MOST: Final = 100
"""Most websites in a report, with up to two queries each."""


def ask(query: Collector, view: View, _params: ui.Params) -> Iterator[ui.Item]:
    """Figures of all websites, and a table with a row for each. The page adds ``card``s.

    On the page, a website without figures is an error, as the sums would be wrong; its card says
    why. Reports leave out what is missing.
    """
    websites = every_website(query.client)
    sites = websites[:MOST]
    views = [view.of_website(site.id) for site in sites]
    compared = [each.compared() for each in views if each.comparison != "umami"]
    queries: list[Query[Any]] = [traffic.stats(each) for each in (*views, *compared) if each]
    brought: list[Conversion] = []
    if view.whole_visits:
        suggestions = [conversions.suggestion(query, each) for each in views]
        brought = [Conversion(*suggestion()) for suggestion in suggestions]
        queries += [
            visit_tables.groups_query(conversion, None)(each)
            for each, conversion in zip(views, brought, strict=True)
        ]
    make = partial(_blocks, view, sites, len(websites), brought)
    section = ui.Section(_("All websites"), make, about=described(view), height=340)
    yield replace(section, answers=[query.ask(each) for each in queries], medium="page")
    yield replace(section, answers=[query.optional(each) for each in queries], medium="report")


def _blocks(
    view: View,
    sites: Sequence[Website],
    total: int,
    brought: Sequence[Conversion],
    *answers: Any,
) -> list[ui.Block]:
    """Tiles with the sums, and the table; ``answers`` are the totals of the websites, those of the
    comparison, and the conversions."""
    count = len(sites)
    groups = answers[len(answers) - len(brought) :] if brought else ()
    compared = answers[count : len(answers) - len(brought)]
    frame = rows(sites, answers[:count], compared, brought, groups)
    # Currencies cannot be added or compared.
    currencies = {conversion.currency for conversion in brought if conversion.currency}
    currency = next(iter(currencies)) if len(currencies) == 1 else ""
    fields = [
        Field("name", _("Website"), "text", note="domain"),
        Field("visitors", _("Visitors"), bar=True),
        Field("change", _("Change"), "change"),
        Field("visits", _("Visits"), wide=True),
        Field("views", _("Views"), wide=True),
        Field("bounce_rate", _("Bounce rate"), "percent", wide=True),
    ]
    if brought:
        fields += [
            Field("conversions", _("Conversions"), note="conversion"),
            Field("rate", _("Rate"), "percent", wide=True),
        ]
    if currency:
        fields.append(Field("revenue", _("Revenue"), "money", currency=currency))
    complete = count > 1 and frame["visitors"].notna().all()
    blocks: list[ui.Block] = [ui.Tiles(_tiles(frame, currency), framed=False)] if complete else []
    blocks.append(
        ui.Table(
            _("websites"),
            frame,
            fields,
            "websites",
            shown=20,
            printed=MOST,
            value="id",
            on_choose=lambda id_: ui.OpenPage("overview", {}, view.of_website(id_)),
        )
    )
    if total > count:
        blocks.append(
            ui.Text(
                _("The first {count} of {total} by name.").format(
                    count=count, total=formats.whole(total)
                )
            )
        )
    return blocks


def rows(
    sites: Sequence[Website],
    now: Sequence[Stats | None],
    compared: Sequence[Stats | None],
    brought: Sequence[Conversion],
    groups: Sequence[VisitGroups | None],
) -> pd.DataFrame:
    """A row for each website, most visitors first; unknown figures are missing."""
    listed = []
    for at, (site, stats) in enumerate(zip(sites, now, strict=True)):
        current = stats.current if stats else None
        other = compared[at] if compared else None
        before = other.current if other else stats.previous if stats else None
        row: dict[str, Any] = {"id": site.id, "name": site.name, "domain": site.domain or ""}
        for name in ("visitors", "visits", "views", "bounces", "bounce_rate"):
            row[name] = getattr(current, name, None)
        row["before"] = getattr(before, "visitors", None)
        row["change"] = formats.change(row["visitors"], row["before"])
        answer = groups[at] if groups else None
        if answer is not None and brought[at]:
            totals = answer.frame.sum(numeric_only=True)
            row["conversion"] = conversions.described(brought[at])
            row["conversions"] = totals["conversions"]
            row["rate"] = totals["conversions"] / totals["visits"] if totals["visits"] else None
            row["revenue"] = totals["revenue"] if brought[at].currency else None
        listed.append(row)
    frame = pd.DataFrame(listed)
    missing = {"conversion", "conversions", "rate", "revenue"} - {*frame.columns}
    frame = frame.assign(**dict.fromkeys(sorted(missing), None))
    numbers = ["visitors", "visits", "views", "before", "change", "bounce_rate"]
    frame = frame.astype(dict.fromkeys([*numbers, "conversions", "rate", "revenue"], "float64"))
    return frame.sort_values(["visitors", "name"], ascending=[False, True], ignore_index=True)


def _tiles(frame: pd.DataFrame, currency: str) -> list[Tile]:
    """The sums of the websites."""
    per_site = _("Somebody who visited two of the websites counts twice.")
    known = frame.dropna(subset=["before"]) if frame["before"].notna().any() else None
    before = None if known is None else float(known["before"].sum())
    visits, bounces = frame["visits"].sum(), frame["bounces"].astype("float64").sum()
    tiles = [
        figure(_("Visitors"), float(frame["visitors"].sum()), before, per_site),
        figure(_("Visits"), float(visits), None, _("Visits of all websites.")),
        figure(_("Views"), float(frame["views"].sum()), None, _("Views of all websites.")),
        figure(
            _("Bounce rate"),
            bounces / visits if visits else None,
            None,
            _("Of all visits."),
            "percent",
        ),
    ]
    if frame["conversions"].notna().any():
        conversions_of_all = float(frame["conversions"].sum())
        tiles.append(
            figure(_("Conversions"), conversions_of_all, None, _("Visits that converted."))
        )
    if currency:
        revenue = float(frame["revenue"].sum())
        about = _("Revenue in {currency}.").format(currency=currency)
        tiles.append(figure(_("Revenue"), revenue, None, about, "money", currency=currency))
    return tiles


def card(query: Collector, view: View, site: Website) -> ui.Section:
    """A website's visitors and their sparkline, without the filters of the View."""
    view = view.of_website(site.id)
    totals = query.totals(view)
    timeline = query.hint(traffic.pageviews(view), None)
    return ui.Section(
        site.name,
        partial(_visitors, view),
        [totals.now, timeline, *totals.earlier],
        height=ui.CURVES,
        framed=False,
    )


def _visitors(
    view: View, stats: Stats, timeline: Timeline | None, compared: Stats | None = None
) -> list[ui.Block]:
    before = compared.current if compared else stats.previous
    over = common.over(timeline.frame, present(view)) if timeline else None
    tile = figure(
        _("Visitors"),
        stats.current.visitors,
        before.visitors if before else None,
        _("{visits} visits.").format(visits=formats.whole(stats.current.visits)),
        series=() if over is None else over["sessions"].tolist(),
    )
    tiles = ui.Tiles([tile], framed=False, key=view.website)
    return [what_changed.explaining(tiles, ["visitors"], what_changed.figures_of(view, None), view)]
