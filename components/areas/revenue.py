"""Revenue: money by time, event, place and source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import pandas as pd

from components import blocks as ui
from components import figure_parts, formats, texts, traffic_blocks, what_changed
from components.areas import PageInfo, last_value
from components.charts import maps, over_time
from components.charts.tiles import Figures, figures
from components.conversions import choices, suggested_currency
from components.formats import Field
from components.loading import Collector, computed_from
from components.texts import N_, _, memoize
from components.view_description import compared_with, described, value_name
from umami.analysis import marketing as analysis
from umami.api import revenue
from umami.api.revenue import Revenue
from umami.conversion import Conversion, is_currency
from umami.definitions import Definitions
from umami.errors import UmamiError
from umami.filters import FIELDS
from umami.view import View

INFO: Final = PageInfo(
    "revenue",
    N_("Revenue"),
    "payments",
    N_("Marketing"),
    3,
    N_("Revenue over time, and by event, location and source."),
    ("currencies", "revenue", "annotations"),
    params=("revenue_currency",),
)
NO_MONEY: Final = N_(
    "No revenue in this period. Send it with an event that has the properties revenue and "
    "currency: umami.track('purchase', { revenue: 19.99, currency: 'EUR' })."
)
LOSSES: Final = N_(
    "Some amounts are negative, such as refunds. Amounts are therefore shown without shares, and "
    "gains and losses over time as net amounts."
)
BY_VISIT: Final = N_(
    "With filters, the purchases count of visits that have any view or event that passes the "
    "filters."
)
OF_FIRST_VIEW: Final = N_(
    "By the first view of each visitor in the period. Campaigns tells it by visit."
)
PARTS: Final = {
    "countries": (
        N_("Countries"),
        "country",
        N_("The country of the visitors who brought this revenue is unknown."),
    ),
    "events": (N_("Events"), "event", N_("The events that brought this revenue are unknown.")),
    "regions": (
        N_("Regions"),
        "region",
        N_("The region of the visitors who brought this revenue is unknown."),
    ),
    "channels": (
        N_("Channels"),
        "channel",
        N_("The channel of the visitors who brought this revenue is unknown."),
    ),
    "referrers": (
        N_("Referrers"),
        "referrer",
        N_("No visitor who brought this revenue came from another website."),
    ),
}
"""By attribute of an answer: title, field of the values, and why there are none."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The currency, and the View without the filters that the server cannot apply."""

    view: View
    currency: str
    fields: frozenset[str]
    """The fields by which revenue can be filtered."""
    left_out: str | None
    """A sentence about the filters that are left out; ``None`` if there are none."""


def resolve_scope(definitions: Definitions, view: View, currency: str) -> Scope:
    """Remove the filters that the server cannot apply to revenue.

    Filters joined by “any” are left out together, since the others alone would select other
    visitors. A segment is left out unless all fields are supported: its filters are unknown here.
    """
    fields = definitions.revenue_fields
    refused = [filter_.field for filter_ in view.filters if filter_.field not in fields]
    if refused and view.match == "any":
        refused = [filter_.field for filter_ in view.filters]
    names_of = [_(FIELDS[field]) for field in dict.fromkeys(refused)]
    applied = replace(
        view, filters=tuple(filter_ for filter_ in view.filters if filter_.field not in refused)
    )
    if view.segment and fields != frozenset(FIELDS):
        names_of.append(_("a segment"))
        applied = replace(applied, segment=None)
    if not names_of:
        return Scope(view, currency, fields, None)
    these = _("this filter") if len(names_of) == 1 else _("these filters")
    left_out = _(
        "This server cannot filter revenue by {names_of}. The figures below are without {these}."
    ).format(names_of=_(" or ").join(names_of), these=these)
    return Scope(applied, currency, fields, left_out)


def find_scope(query: Collector, view: View, params: ui.Params) -> Scope | ui.Section:
    """The scope with the currency of the parameters, else with the suggested currency.

    Without any currency, a section that explains why. Unless the parameters name a currency, this
    waits for the list of the whole website's currencies: filters on properties of other views do
    not match purchases.
    """
    currency, _unused = parse(params)
    currencies = query.unfiltered(view, revenue.currencies)
    try:
        currency = currency or suggested_currency(currencies.result()) or ""
        if currency:
            return resolve_scope(query.client.definitions, view, currency)
    except UmamiError as problem:
        return ui.failed_section(_("Revenue"), problem)
    text = _(NO_MONEY)
    if view.is_filtered and query.key(currencies) == revenue.currencies(view).key:
        text = _(
            "With the filters that are set for you, this server lists no currency. A link to "
            "this page that names the currency can show revenue."
        )
    return ui.blocks_section(_("Revenue"), ui.Text(text, "empty"))


def parse(params: ui.Params) -> tuple[str, tuple[str, ...]]:
    """Parse the page's parameters; returns the currency (``""`` for none) and error messages."""
    currency = last_value(params, "revenue_currency")
    if currency and not is_currency(currency):
        return "", (_("“{currency}” is not a currency.").format(currency=currency[:20]),)
    return currency, ()


def ask(query: Collector, view: View, params: ui.Params) -> Iterator[ui.Item]:
    """Revenue in total, over time, and by each dimension."""
    scope = find_scope(query, view, params)
    if isinstance(scope, ui.Section):
        yield scope
        return
    if scope.left_out:
        yield ui.blocks_section(_("Filters"), ui.Text(scope.left_out, "note"), framed=False)
    money = query.compared(scope.view, partial(revenue.revenue, currency=scope.currency))
    no_currencies: tuple[str, ...] = ()
    currencies = query.hint(revenue.currencies(view.unfiltered()), no_currencies)
    yield ui.Section(
        _("Figures"), partial(_figures, query, scope), [currencies, *money], framed=False
    )
    about = described(scope.view)
    series = ui.Section(
        _("Revenue in {iso_currency}").format(
            iso_currency=formats.iso_currency(scope.currency) or scope.currency
        ),
        partial(_series, scope),
        [*money],
        about,
        height=280 + ui.CHART_BUTTONS,
    )
    yield ui.Card(_("Revenue over time"), [series], about)
    countries, *others = (
        ui.Section(_(title), partial(part, name, scope), [*money], height=ui.TABLE)
        for name, (title, *_unused) in PARTS.items()
    )
    world = ui.Section(
        _("World"), partial(_world, scope), [money.now], height=330 + ui.CHART_BUTTONS
    )
    yield ui.Card(_("Locations"), [ui.Columns([world, countries], widths=(3, 2))])
    yield ui.Grid(others)


def _figures(
    query: Collector,
    scope: Scope,
    currencies: tuple[str, ...],
    now: Revenue,
    before: Revenue | None = None,
) -> list[ui.Block]:
    """The tiles, and notes about revenue with other spellings of the currency."""
    tiles = _tiles(query.client.definitions, scope, now, before)
    source = computed_from(query.client, revenue.revenue(scope.view, scope.currency))
    sourced = [replace(tile, source=source) for tile in tiles.tiles]
    names = ("revenue", "orders", "average_order", "buyers", "revenue_per_visitor")
    opened = replace(scope.view, currency=scope.currency)
    why_not = partial(_why_not, scope)
    blocks: list[ui.Block] = [what_changed.explaining(ui.Tiles(sourced), names, why_not, opened)]
    for spelling in choices(currencies, scope.currency)[scope.currency]:
        totals = query.ask(revenue.revenue(scope.view, spelling)).result()
        if totals.orders:
            amount = formats.money(float(totals.total), spelling)
            sentence = _(
                "The figures are without {amount} that were sent with the currency “{spelling}”, "
                "which is spelled differently."
            ).format(amount=amount, spelling=spelling)
            blocks.append(ui.Text(sentence, "note"))
    return blocks


def _tiles(
    definitions: Definitions, scope: Scope, now: Revenue, before: Revenue | None
) -> ui.Tiles:
    """Tiles with the total, and by order and visitor.

    Each description names the filters that are left out: workbooks show them nowhere else.
    """
    under_filters = ""
    if scope.view.filters:
        by_visit = scope.view.whole_visits and not scope.view.filters_visits
        term = BY_VISIT if by_visit else definitions.filtered_revenue
        under_filters = f" {_(term)}"
    left_out = f" {scope.left_out}" if scope.left_out else ""
    total = _("Total revenue of the period in this currency.{under_filters}").format(
        under_filters=under_filters
    )
    fields: Figures = [
        (_("Revenue"), "total", total, "money"),
        (_("Orders"), "orders", _("Events with revenue."), "count"),
        (_("Average order"), "average", _("Revenue per order."), "money"),
        (_("Paying visitors"), "visitors", _("Visitors with revenue."), "count"),
        (
            _("Revenue per visitor"),
            "per_visitor",
            _("Revenue per visitor, paying or not."),
            "money",
        ),
    ]
    tiles = figures(now, before, fields, scope.currency)
    return ui.Tiles([replace(tile, about=f"{tile.about}{left_out}") for tile in tiles])


def _why_not(scope: Scope, figure: str) -> str:
    """Why the page Compare cannot explain a figure; it has no other figures than this page."""
    view = scope.view
    if scope.left_out or (view.segment and not view.whole_visits):
        return _("This server cannot filter revenue by these filters.")
    return figure_parts.why_not(view, Conversion(None, scope.currency), figure)


def _series(scope: Scope, now: Revenue, before: Revenue | None = None) -> list[ui.Block]:
    """Revenue over time by event, with the comparison as a dashed line."""
    if now.chart is None:
        text = _("This server reports revenue by day only. Under Granularity, choose days.")
        return [ui.Text(text, "empty")]
    if not now.orders:
        return [ui.Text(_why_none(scope.view), "empty")]
    frames = (now.chart, now.countries, now.regions, now.referrers, now.channels)
    losses = any((frame["amount"] < 0).any() for frame in frames if frame is not None)
    unit, earlier = scope.view.period.unit, before.chart if before else None
    draw = partial(
        over_time.stacked,
        *(now.chart, unit, "amount", scope.currency, earlier),
        compared_with=compared_with(scope.view),
    )
    chart = ui.Chart(
        _("Revenue over time by event, in {currency}").format(currency=scope.currency),
        "revenue",
        draw,
    )
    return [ui.Text(_(LOSSES), "note"), chart] if losses else [chart]


@memoize
def _world(scope: Scope, now: Revenue) -> list[ui.Block]:
    """A map of revenue by country."""
    ranked = analysis.revenue_part(now.countries, None, float(now.total))
    return traffic_blocks.world_map(
        maps.world(
            zip(ranked["name"], ranked["amount"], ranked["share"], strict=True),
            format_count=lambda amount: formats.money(amount, scope.currency),
        ),
        key="revenue_map",
        alt=_("Revenue by country, in {currency}").format(currency=scope.currency),
        clickable="country" in scope.fields,
    )


def part(name: str, scope: Scope, now: Revenue, before: Revenue | None = None) -> list[ui.Block]:
    """A table of revenue by one dimension."""
    title, field, none = PARTS[name]
    title, by = _(title), texts.inside(_(FIELDS[field]) if field in FIELDS else _("Channel"))
    frame = _part_frame(name, now, before)
    if frame is None:
        return [
            ui.Text(_("This server does not report revenue by {field}.").format(field=by), "empty")
        ]
    if frame.empty:
        return [ui.Text(_(none) if now.orders else _why_none(scope.view), "empty")]
    losses = bool((frame["amount"] < 0).any())
    fields = [
        Field("label", title, "text"),
        Field("amount", _("Revenue"), "money", currency=scope.currency, bar=not losses),
    ]
    if not losses:
        fields.append(Field("share", _("% of revenue"), "percent", wide=True))
    if before is not None:
        fields.append(Field("change", _("Change"), "change"))
    clickable = field in ("country", "region", "referrer") and field in scope.fields
    by_visitor = name in ("channels", "referrers")
    return [
        *([ui.Text(_(OF_FIRST_VIEW))] if by_visitor else []),
        ui.Table(
            texts.inside(title),
            frame,
            fields,
            f"revenue_{name}",
            value="value" if clickable else None,
            filter_field=field,
            report_title=_("revenue by {field}").format(field=by),
        ),
    ]


@memoize
def _part_frame(name: str, now: Revenue, before: Revenue | None) -> pd.DataFrame | None:
    """The frame of ``revenue_part`` with ``label`` and ``value`` (for filters).

    ``None`` if the server does not report revenue by this dimension.
    """
    amounts, earlier = _amounts(name, now), _amounts(name, before) if before else None
    if amounts is None:
        return None
    # Revenue of visitors whose first view had no referrer has an empty name.
    frame = analysis.revenue_part(amounts, earlier, float(now.total), nameless=name == "referrers")
    return frame.assign(
        label=[_label(PARTS[name][1], text) for text in frame["name"]],
        value=frame["name"].where(frame["name"] != "", None),
    )


def _label(field: str, name: str) -> str:
    if not name:
        return _("Direct / none")
    # The channel of visitors without a source is “Unknown” before 3.3, later “direct”.
    return value_name(field, "direct" if (field, name) == ("channel", "Unknown") else name)


def _why_none(view: View) -> str:
    """Why there is no revenue."""
    if view.is_filtered:
        return _("No revenue in this period from visitors who match the filters.")
    return _(NO_MONEY)


def _amounts(name: str, revenue: Revenue) -> pd.DataFrame | None:
    """A frame of ``name`` and ``amount``; ``None`` if the server does not report it."""
    if name == "events":
        return None if revenue.chart is None else analysis.by_event(revenue)
    frame: pd.DataFrame | None = getattr(revenue, name)
    return frame
