"""Websites: the totals of all websites or of a group, side by side and over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pandas as pd

from access.website_groups import WebsiteGroup
from components import blocks as ui
from components import (
    figure_parts,
    formats,
    texts,
    visit_tables,
    website_charts,
    website_figures,
    what_changed,
)
from components.areas import PageInfo, last_value
from components.charts import common
from components.charts.tiles import figure
from components.loading import Collector, every_website
from components.texts import N_, _
from components.view_description import described, present
from components.website_figures import SiteQueries, Sum
from umami.analysis.steps import KINDS
from umami.api import traffic
from umami.api.traffic import Stats, Timeline
from umami.api.websites import Website
from umami.conversion import PURCHASE, FunnelStep, StepKind, read, spell
from umami.errors import InvalidView, UmamiError
from umami.view import View

INFO: Final = PageInfo(
    "websites",
    N_("Websites"),
    "language",
    N_("Manage"),
    2,
    N_("All websites at a glance: their sums, who grew and who fell."),
    ("websites", "stats", "pageviews", *visit_tables.ENDPOINTS),
    ("goal", "revenue_stats"),
    params=("websites_page", "websites_search", "site", "group", "same_conversion", "scale", "sum"),
)
MOST: Final = 100
"""Most websites with figures, with up to four queries each."""
TRAFFIC: Final = 4
"""Tiles of traffic, which are the first."""
MOST_TILES: Final = 5
"""Tiles in a row that are wide enough for their labels."""
INDEXED: Final = "index"
"""The text of the scale on which the average of each website is 100."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The websites that the parameters of the page choose, and how they are compared."""

    sites: Sequence[Website]
    group: WebsiteGroup | None = None
    conversion: str = ""
    """What counts as a conversion on every website, as in URLs; empty for that of each."""
    indexed: bool = False
    figure: str = ""
    """The tile whose change is explained by the websites, as in ``Sum.named``."""
    faults: tuple[str, ...] = ()
    """What is wrong with the parameters, in sentences."""

    @classmethod
    def of(
        cls, params: ui.Params, sites: Sequence[Website], groups: Sequence[WebsiteGroup]
    ) -> Choice:
        """Read the parameters; a group or a conversion that is not there is left out."""
        faults = []
        id_ = last_value(params, "group")
        group = next((group for group in shown_groups(groups, sites) if group.id == id_), None)
        if id_ and group is None:
            faults.append(
                _("All websites are shown: the group of this link is not there or not for you.")
            )
        text = last_value(params, "same_conversion")
        try:
            if text and text != PURCHASE and not read(text).value:
                raise InvalidView(N_("Choose a page or an event."))
        except InvalidView as problem:
            faults.append(texts.sentence(problem))
            text = ""
        members = [site for site in sites if group is None or site.id in group.websites]
        indexed = last_value(params, "scale") == INDEXED
        figure = last_value(params, "sum")
        return cls(members, group, text, indexed, figure, tuple(faults))


def typed_step(text: str) -> str:
    """The text of the step that somebody typed: a path begins with ``/`` or ``*``, anything else is
    an event."""
    text = text.strip()
    kind: StepKind = "path" if text[:1] in ("/", "*") else "event"
    return spell(FunnelStep(kind, text)) if text else ""


def shown_groups(groups: Sequence[WebsiteGroup], sites: Sequence[Website]) -> list[WebsiteGroup]:
    """The groups that have one of these websites."""
    known = {site.id for site in sites}
    return [group for group in groups if not known.isdisjoint(group.websites)]


@dataclass(frozen=True, slots=True)
class Overview:
    """The queries of the page about the chosen websites, and its layout."""

    view: View
    choice: Choice
    queries: Sequence[SiteQueries]
    steps: Sequence[FunnelStep]
    """The conversions of the websites that are pages or events, most common first."""
    cut: frozenset[str] = frozenset()
    """The ids of the websites with more currencies than are counted."""

    @classmethod
    def ask(cls, query: Collector, view: View, choice: Choice) -> Overview:
        """Send all queries. Waits for those of the suggestions."""
        sites = choice.sites[:MOST]
        views = [view.of_website(site.id) for site in sites]
        now = [query.outcome(traffic.stats(each)) for each in views]
        earlier = [None if each.comparison == "umami" else each.compared() for each in views]
        compared = [query.outcome(traffic.stats(each)) if each else None for each in earlier]
        timelines = [query.outcome(traffic.pageviews(each)) for each in views]
        counted, steps, cut = website_figures.ask_conversions(query, views, choice.conversion)
        visits = [
            tuple(
                (each, query.outcome(website_figures.counts_query(of_site, each)))
                for each in conversions_of_site
            )
            for of_site, conversions_of_site in zip(views, counted, strict=True)
        ]
        visits_before = [
            tuple(
                query.outcome(website_figures.counts_query(before, each)) for each in counted_here
            )
            if (before := of_site.compared())
            else ()
            for of_site, counted_here in zip(views, counted, strict=True)
        ]
        queries = map(SiteQueries, sites, now, compared, timelines, visits, visits_before)
        return cls(view, choice, list(queries), steps, cut)

    def layout(self) -> Iterator[ui.Item]:
        """The sums, the charts, and a table with a row for each website."""
        figures = [answer for each in self.queries for answer in each.figures()]
        timelines = [each.timeline for each in self.queries]
        several = len(self.queries) > 1
        if self.choice.faults:
            yield ui.blocks_section(
                "", *(ui.Text(fault, "note") for fault in self.choice.faults), framed=False
            )
        if several:
            yield ui.Section(_("Totals"), self._sums, figures, height=2 * ui.TILES, framed=False)
            chart = ui.Section(
                _("Visitors over time"), self._chart, timelines, height=340 + ui.CHART_BUTTONS
            )
            if self.view.comparison == "none":
                yield chart
            else:
                title = _("Who grew, who fell: {figure}").format(figure=self._sum.label)
                grew = ui.Section(title, self._grew, figures, height=320)
                yield ui.Columns([chart, grew], widths=(3, 2))
        title = _("All websites") if self.choice.group is None else self.choice.group.name
        yield ui.Section(
            title, self._table, [*figures, *timelines], about=described(self.view), height=340
        )

    def conversions(self) -> dict[str, str]:
        """What can be counted on every website, and its name; ``""`` stands for what each website
        counts."""
        default = _("Each website’s conversion") if self.view.whole_visits else _("No conversion")
        chosen = self.choice.conversion
        steps = [*self.steps, *([read(chosen)] if chosen and chosen != PURCHASE else [])]
        named = {spell(step): f"{_(KINDS[step.kind])}: {step.value}" for step in steps}
        return {"": default, PURCHASE: _("Purchases"), **named}

    def _rows(self, *, timeline: bool = False) -> pd.DataFrame:
        answers = tuple(each.answers(timeline=timeline) for each in self.queries)
        return website_figures.rows(
            answers,
            website_charts.complete(self.view),
            purchases=self._purchases,
            unit=self._unit,
        )

    @property
    def _unit(self) -> website_figures.Unit:
        return "visits" if self.view.whole_visits else "visitors"

    @property
    def _sum(self) -> Sum:
        codes = website_figures.currencies_of(self.queries)
        return Sum.named(self.choice.figure, self._unit, codes)

    @property
    def _purchases(self) -> bool:
        return self.choice.conversion == PURCHASE

    @property
    def _counted(self) -> str:
        return _("Visits") if self.view.whole_visits else _("Visitors")

    def _sums(self, *_answers: Any) -> list[ui.Block]:
        """Tiles with the sums, and which websites are not in them."""
        answers = [each.answers() for each in self.queries]
        faults = [each.now for each in answers if isinstance(each.now, UmamiError)]
        if len(faults) == len(answers):
            raise faults[0]
        codes = website_figures.currencies_of(answers)
        tiles = website_figures.tiles(self._rows(), codes, self._counted, purchases=self._purchases)
        # Traffic first; what it brought is below where both are too many for a row.
        cut = len(tiles) if len(tiles) <= MOST_TILES else TRAFFIC
        rows = [
            ui.Tiles(row, on_explain=lambda name: ui.SetParams({"sum": name}), key=key)
            for row, key in ((tiles[:cut], "sums"), (tiles[cut:], "more_sums"))
            if row
        ]
        added_up = ui.Text(
            _(
                "Visitors are added up, not deduplicated: a person who visited two websites counts "
                "twice."
            )
        )
        sentences = [*website_figures.left_out(answers), *self._not_counted()]
        return [*rows, added_up, *(ui.Text(sentence, "note") for sentence in sentences)]

    def _not_counted(self) -> Iterator[str]:
        """Sentences about what was not queried."""
        if len(self.choice.sites) > len(self.queries):
            yield _("The first {count} of {total} by name.").format(
                count=len(self.queries), total=formats.whole(len(self.choice.sites))
            )
        if self.cut:
            names = [each.site.name for each in self.queries if each.site.id in self.cut]
            yield _("Revenue in the rarer currencies of {names} is not counted.").format(
                names=website_figures.listed(names)
            )

    def _chart(self, *answers: Timeline | UmamiError) -> list[ui.Block]:
        names = [each.site.name for each in self.queries]
        return website_charts.timelines(self.view, names, answers, indexed=self.choice.indexed)

    def _grew(self, *_answers: Any) -> list[ui.Block]:
        return website_charts.contributions(self._rows(), self._sum)

    def _table(self, *_answers: Any) -> list[ui.Block]:
        answers = [each.answers() for each in self.queries]
        frame = self._rows(timeline=True)
        shown, more = website_figures.fields(
            frame, website_figures.currencies_of(answers), self._counted
        )
        blocks: list[ui.Block] = [
            ui.Table(
                _("websites"),
                frame,
                shown,
                "websites",
                shown=20,
                printed=MOST,
                value="id",
                on_choose=lambda id_: ui.OpenPage("overview", {}, self.view.of_website(id_)),
                more_fields=more,
            )
        ]
        if len(answers) == 1:
            blocks += [ui.Text(sentence, "note") for sentence in website_figures.left_out(answers)]
        return blocks


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """The sums of the chosen websites, charts, and a table. The page adds ``card``s."""
    choice = Choice.of(params, every_website(query.client), query.website_groups())
    yield from Overview.ask(query, view, choice).layout()


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
    why_not = partial(figure_parts.why_not, view, None)
    return [what_changed.explaining(tiles, ["visitors"], why_not, view)]
