"""Campaigns: what the visits through tagged links brought, by the tags of the links."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from access.costs import Spend
from components import blocks as ui
from components import (
    campaign_costs,
    conversions,
    converters,
    figure_parts,
    formats,
    merged_tags,
    rankings,
    tag_hygiene,
    texts,
    traffic_blocks,
    visit_tables,
    what_changed,
)
from components.areas import PageInfo, last_value
from components.charts.tiles import Figures, figures
from components.converters import FieldTable
from components.loading import Collector
from components.texts import N_, _
from components.view_description import described
from components.visit_tables import SOURCES, VisitTable
from umami.analysis import marketing as analysis
from umami.api import reports, traffic
from umami.api.conversions import CreditedField
from umami.api.reports import Utm
from umami.api.traffic import Stats
from umami.conversion import Conversion
from umami.errors import InvalidView, Unreachable
from umami.filters import Filter
from umami.view import View

INFO: Final = PageInfo(
    "utm",
    N_("Campaigns"),
    "campaign",
    N_("Marketing"),
    1,
    N_("Visits, conversions and revenue of your tagged links."),
    ("stats", *tag_hygiene.ENDPOINTS, *visit_tables.ENDPOINTS),
    tuple(name for name in converters.ENDPOINTS if name not in tag_hygiene.ENDPOINTS),
    params=("campaign",),
)
NONE: Final[dict[CreditedField, tuple[str, str]]] = {
    "utmCampaign": (N_("(no campaign)"), N_("No campaign / other")),
    "utmSource": (N_("(no source)"), N_("No source / other")),
    "utmMedium": (N_("(no medium)"), N_("No medium / other")),
    "channel": (N_("(none)"), N_("(none)")),
    "referrer": (N_("Direct / none"), N_("Direct / other")),
    "utmContent": (N_("(none)"), N_("No ad content / other")),
    "utmTerm": (N_("(no keyword)"), N_("No keyword / other")),
}
"""The tables by their fields: the name of the row without a value where the server counts visits,
and on servers of Umami, where it may be that of rarer values, too."""


def _opens(field: str) -> Callable[[str], ui.Change] | None:
    """What a click on a row does, unless it filters: it opens a campaign."""
    return (lambda name: ui.SetParams({"campaign": name})) if field == "utmCampaign" else None


BY_VISIT: Final = [
    VisitTable(
        field,
        *SOURCES[field],
        none,
        filter_field=None if field == "channel" else field,
        on_choose=_opens(field),
    )
    for field, (none, _unused) in NONE.items()
    if field != "referrer"
]
"""What campaigns brought, where the server counts visits with their conversions."""
ON_UMAMI: Final = [
    FieldTable(field, *SOURCES[field], none, _opens(field))
    for field, (_unused, none) in NONE.items()
]
"""The same on servers of Umami, as far as they report it."""
CAMPAIGN_TABLES: Final = (
    rankings.Table("entry", N_("Landing pages"), N_("landing pages"), by="path"),
    rankings.Table("path", N_("Pages"), N_("pages")),
    rankings.COUNTRIES,
    rankings.Table("utmSource", N_("Sources"), N_("sources")),
    rankings.Table("utmMedium", N_("Mediums"), N_("mediums")),
    rankings.Table("utmContent", N_("Ad content"), N_("contents")),
)


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """Tiles, the opened campaign (on pages only), a card for each UTM parameter, and what is wrong
    with the tags."""
    utm = query.compared(view, reports.utm)
    totals = query.totals(view)
    spend = spend_before = None
    compared = view.compared()
    try:
        spend = query.spend(view)
        spend_before = query.spend(compared) if compared else None
    except Unreachable as problem:
        yield ui.blocks_section("", ui.Text(texts.sentence(problem), "note"), framed=False)
    yield ui.Section(
        _("Figures"),
        partial(_figures, spend, spend_before),
        [utm.now, totals.now, *utm.earlier, *totals.earlier],
        framed=False,
    )
    campaign = last_value(params, "campaign")
    conversion = conversions.chosen(query, view, params)
    yield from conversions.left_out(query, view, params)
    if campaign:
        yield from _campaign(query, view, campaign, conversion)
    tables: Sequence[VisitTable | FieldTable] = BY_VISIT if view.whole_visits else ON_UMAMI
    tabs = [
        ui.Tab(
            _(table.title),
            partial(
                campaign_costs.section,
                query,
                view,
                conversion,
                table,
                spend,
                spend_before,
                is_complete=view.whole_visits,
            ),
        )
        for table in tables
    ]
    yield ui.Card(_("Conversions"), [ui.Tabs("by_visit", tabs)], about=described(view))
    yield tag_hygiene.card(query, view)


def _figures(spend: Spend | None, before: Spend | None, *answers: Any) -> list[ui.Block]:
    """The tiles, with those of costs where there are some."""
    (block,) = _tiles(*answers)
    if spend:
        block = replace(block, tiles=[*block.tiles, *campaign_costs.tiles(spend, before)])
    return [block]


@texts.memoize
def _tiles(now: Utm, all_views: Stats, *earlier: Utm | Stats) -> list[ui.Tiles]:
    """Tiles with the tagged views, the untagged views and the tagged share."""
    tagged = analysis.tagged(now, all_views.current.views)
    before = None
    match earlier:
        case (Utm() as utm, Stats() as stats):
            before = analysis.tagged(utm, stats.current.views)
        case (Utm() as utm,) if all_views.previous:
            before = analysis.tagged(utm, all_views.previous.views)
    more = (
        _(" The actual number is higher: the server returns the first 50 sources only.")
        if tagged.at_least
        else ""
    )
    counted = _("Views of pages with a utm_source in their address.{more}").format(more=more)
    without = _("Views without one: direct traffic, search, untagged links.")
    fields: Figures = [
        (_("Tagged views"), "tagged", counted, "count"),
        (_("Untagged views"), "untagged", without, "count"),
        (_("Tagged share"), "share", _("Tagged views of all views."), "percent"),
    ]
    tiles, names = ui.Tiles(figures(tagged, before, fields)), ("tagged_views", "", "")
    return [what_changed.explaining(tiles, names, _why_not)]


def _why_not(figure: str) -> str:
    return "" if figure else _("Views without tags have no source to explain it by.")


def _campaign(query: Collector, view: View, name: str, conversion: Conversion) -> Iterator[ui.Item]:
    """A card with a campaign's figures, its views over time, and rankings."""
    shown = formats.shortened(name)
    if "utmCampaign" not in query.client.capabilities.fields:
        text = _(
            "This server cannot filter by the campaign {shown}; newer versions of Umami can."
        ).format(shown=shown)
        yield ui.Card("", [ui.blocks_section("", ui.Text(text, "empty"))], medium="page")
        return
    merges = merged_tags.of(query, view.website, "utmCampaign")
    values = merged_tags.filters(merges).get(name, (name,))
    try:
        filter_ = Filter("utmCampaign", "eq", *values)
        campaign = view.adding(filter_, beside=False)
        if refused := query.client.capabilities.refused(filter_):
            raise InvalidView(refused)
    except InvalidView as problem:
        section = ui.blocks_section("", ui.Text(texts.sentence(problem), "note"), framed=False)
        yield ui.Card("", [section], medium="page")
        return
    totals = query.totals(campaign)
    timeline = query.compared(campaign, traffic.pageviews)
    buttons = ui.Buttons(
        "campaign",
        [
            (_("Close"), "close", ui.SetParams({"campaign": ""})),
            (_("Filter every page by it"), "filter_alt", campaign),
        ],
    )
    yield ui.Card(
        _("Campaign {shown}").format(shown=shown),
        [
            ui.blocks_section("", buttons),
            ui.Section(
                _("Figures"),
                partial(
                    traffic_blocks.website_tiles,
                    query.client,
                    campaign,
                    why_not=partial(figure_parts.why_not, campaign, None),
                    opened=campaign,
                ),
                [totals.now, timeline.now, *totals.earlier],
            ),
            ui.Section(
                _("Over time"),
                partial(traffic_blocks.traffic, campaign, ""),
                [*timeline],
                height=300,
            ),
            traffic_blocks.ranking_tabs(
                query, CAMPAIGN_TABLES, campaign, key="campaign_tabs", conversion=conversion
            ),
        ],
        about=described(campaign),
        medium="page",
    )
