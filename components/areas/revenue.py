"""Revenue: money by time, event, place and source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import pandas as pd

from components import formats, traffic_blocks
from components.areas import PageInfo
from components.blocks import (
    Block,
    Card,
    Chart,
    Columns,
    Grid,
    Item,
    Params,
    Section,
    Table,
    Text,
    Tiles,
    blocks_section,
    failed_section,
)
from components.charts import maps, stacks
from components.charts.tiles import Tile, counted
from components.formats import Field, Kind
from components.loading import Collector
from components.view_description import described
from umami import names
from umami.analysis import revenue as analysis
from umami.definitions import Definitions
from umami.endpoints import reports
from umami.errors import UmamiError
from umami.filters import FIELDS
from umami.memoize import memoize
from umami.models.reports import Revenue
from umami.view import View

INFO: Final = PageInfo(
    "revenue",
    "Revenue",
    "payments",
    "Marketing",
    3,
    "Money by time, event, place and source.",
    ("currencies", "revenue"),
    params=("revenue_currency",),
)
NO_MONEY: Final = (
    "No revenue in this period. Send it with an event that has the properties revenue and "
    "currency: umami.track('purchase', { revenue: 19.99, currency: 'EUR' })."
)
LOSSES: Final = (
    "Some amounts are negative, such as refunds. Amounts are therefore shown without shares, and "
    "gains and losses over time as net amounts."
)
NONE_OF: Final = {
    "countries": "The country of the visitors who brought this revenue is unknown.",
    "regions": "The region of the visitors who brought this revenue is unknown.",
    "referrers": "No visitor who brought this revenue came from another website.",
    "channels": "The channel of the visitors who brought this revenue is unknown.",
    "events": "The events that brought this revenue are unknown.",
}
LONGEST_CURRENCY: Final = 100
"""Characters that servers store of a currency."""
PARTS: Final = {
    "countries": ("Countries", "country"),
    "events": ("Events", "event"),
    "regions": ("Regions", "region"),
    "channels": ("Channels", "channel"),
    "referrers": ("Referrers", "referrer"),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Which money is asked for: the View without the filters that the server cannot apply."""

    view: View
    currency: str
    fields: frozenset[str]
    """The fields by which revenue can be filtered."""
    left_out: str | None
    """Which filters are left out, in a sentence."""


def scope(means: Definitions, view: View, currency: str) -> Scope:
    """The scope of a View on a server.

    Filters joined by “any” are left out together: the others alone would choose other visitors. A
    segment holds filters that are not known here.
    """
    fields = means.revenue_fields
    refused = [filter_.field for filter_ in view.filters if filter_.field not in fields]
    if refused and view.match == "any":
        refused = [filter_.field for filter_ in view.filters]
    names_of = [FIELDS[field] for field in dict.fromkeys(refused)]
    applied = replace(
        view, filters=tuple(filter_ for filter_ in view.filters if filter_.field not in refused)
    )
    if view.segment and fields != frozenset(FIELDS):
        names_of.append("a segment")
        applied = replace(applied, segment=None)
    if not names_of:
        return Scope(view, currency, fields, None)
    these = "this filter" if len(names_of) == 1 else "these filters"
    left_out = (
        f"This server cannot filter revenue by {' or '.join(names_of)}. "
        f"The figures below are without {these}."
    )
    return Scope(applied, currency, fields, left_out)


def find_scope(query: Collector, view: View, params: Params) -> Scope | Section:
    """The scope of the currency that the parameters name, else of the one to begin with.

    Where there is none, a section that says why. What the parameters name is taken as it is;
    otherwise this waits for the list, which is of the whole website: the properties of purchases
    do not match filters on other views.
    """
    currency, _ = parse(params)
    listed = query.unfiltered(view, reports.currencies)
    try:
        currency = currency or suggested(listed.result()) or ""
        if currency:
            return scope(query.client.definitions, view, currency)
    except UmamiError as problem:
        return failed_section("Revenue", problem)
    text = NO_MONEY
    if view.is_filtered and query.key(listed) == reports.currencies(view).key:
        text = (
            "With the filters that are fixed for you, this server lists no currency. A link to "
            "this page that names the currency can show revenue."
        )
    return blocks_section("Revenue", Text(text, "empty"))


def parse(params: Params) -> tuple[str, tuple[str, ...]]:
    """The currency that the page's parameters name (``""`` for none), and what is wrong with it."""
    currency = (list(params.get("revenue_currency", ())) or [""])[-1]
    if currency and not is_currency(currency):
        return "", (f"“{currency[:20]}” is not a currency.",)
    return currency, ()


def choices(listed: Iterable[str], chosen: str = "") -> dict[str, tuple[str, ...]]:
    """The currencies to choose from as they were sent, each with its other spellings.

    Spellings of one currency differ in case and in spaces around them only; the one that is asked
    for is ``chosen`` where that is one of them.
    """
    spellings: dict[str, set[str]] = {}
    for currency in (*listed, *([chosen] if chosen else [])):
        if is_currency(currency):
            spellings.setdefault(currency.strip().upper(), set()).add(currency)
    by_first: dict[str, tuple[str, ...]] = {}
    for code, alike in sorted(spellings.items()):
        first = next((spelling for spelling in (chosen, code) if spelling in alike), min(alike))
        by_first[first] = tuple(sorted(alike - {first}))
    return by_first


def suggested(listed: Iterable[str]) -> str | None:
    """The currency to begin with, among those that occur: EUR, else the first ISO code, else the
    first text; ``None`` without any."""
    return min(
        choices(listed),
        key=lambda currency: (
            currency.strip().upper() != "EUR",
            formats.iso_currency(currency) is None,
            currency.upper(),
        ),
        default=None,
    )


def is_currency(text: str) -> bool:
    """Whether a text may be a currency: websites send symbols and names, too."""
    return bool(text.strip()) and len(text) <= LONGEST_CURRENCY and text.isprintable()


def ask(query: Collector, view: View, params: Params) -> Iterator[Item]:
    """The money in all, over time, and by each part."""
    of = find_scope(query, view, params)
    if isinstance(of, Section):
        yield of
        return
    if of.left_out:
        yield blocks_section("Filters", Text(of.left_out, "note"), framed=False)
    money = query.compared(of.view, partial(reports.revenue, currency=of.currency))
    no_currencies: tuple[str, ...] = ()
    listed = query.hint(reports.currencies(view.unfiltered()), no_currencies)
    yield Section("Figures", partial(_figures, query, of), [listed, *money], framed=False)
    about = described(of.view)
    series = Section(
        f"Revenue in {formats.iso_currency(of.currency) or of.currency}",
        partial(_series, of),
        [*money],
        about,
        height=280,
    )
    yield Card("Revenue over time", [series], about)
    countries, *others = (
        Section(title, partial(part, name, of), [*money], height=330)
        for name, (title, _) in PARTS.items()
    )
    world = Section("World", partial(_world, of), [money.now], height=330)
    yield Card("Places", [Columns([world, countries], widths=(3, 2))])
    yield Grid(others)


def _figures(
    query: Collector,
    of: Scope,
    listed: tuple[str, ...],
    now: Revenue,
    before: Revenue | None = None,
) -> list[Block]:
    """The money in all; what other spellings of the currency hold."""
    blocks: list[Block] = [Tiles(tiles(query.client.definitions, of, now, before))]
    for spelling in choices(listed, of.currency)[of.currency]:
        totals = query.ask(reports.revenue(of.view, spelling)).result()
        if totals.orders:
            amount = formats.money(float(totals.total), spelling)
            sentence = (
                f"The figures are without {amount} that were sent with the currency “{spelling}”, "
                "which is spelled differently."
            )
            blocks.append(Text(sentence, "note"))
    return blocks


def tiles(means: Definitions, of: Scope, now: Revenue, before: Revenue | None = None) -> list[Tile]:
    """The money in all, and by order and visitor. Each says which filters are left out: workbooks
    have no other place for that."""
    under_filters = f" {means.filtered_revenue}" if of.view.filters else ""
    left_out = f" {of.left_out}" if of.left_out else ""

    def tile(label: str, field: str, about: str, kind: Kind = "money") -> Tile:
        value, previous = (
            None
            if answer is None or getattr(answer, field) is None
            else float(getattr(answer, field))
            for answer in (now, before)
        )
        return counted(
            label, value, previous, f"{about}{left_out}", kind=kind, currency=of.currency
        )

    return [
        tile("Revenue", "total", f"All money of the period in this currency.{under_filters}"),
        tile("Orders", "orders", "Events that brought money.", "count"),
        tile("Average order", "average", "Money an order."),
        tile("Paying visitors", "visitors", "Visitors who brought money.", "count"),
        tile("Revenue per visitor", "per_visitor", "Money a visitor, paying or not."),
    ]


def _series(of: Scope, now: Revenue, before: Revenue | None = None) -> list[Block]:
    """Money over time by event, the comparison's as a dashed line."""
    if now.chart is None:
        text = "This server tells revenue by day only. Choose days in the Time menu."
        return [Text(text, "empty")]
    if not now.orders:
        return [Text(_why_none(of.view), "empty")]
    frames = (now.chart, now.countries, now.regions, now.referrers, now.channels)
    losses = any((frame["amount"] < 0).any() for frame in frames if frame is not None)
    chart = Chart(
        f"Revenue over time by event, in {of.currency}",
        "revenue",
        stacks.stacked_figure,
        _stacks(of, now, before),
    )
    return [Text(LOSSES, "note"), chart] if losses else [chart]


@memoize
def _stacks(of: Scope, now: Revenue, before: Revenue | None) -> stacks.Stacks:
    assert now.chart is not None
    earlier = before.chart if before else None
    unit = of.view.period.unit
    return stacks.stacked(now.chart, unit, "amount", money=of.currency, before=earlier)


def _world(of: Scope, now: Revenue) -> list[Block]:
    """Money by country on the map."""
    return traffic_blocks.world_map(
        _countries(of.currency, now),
        key="revenue_map",
        alt=f"Revenue by country, in {of.currency}",
        clickable="country" in of.fields,
    )


@memoize
def _countries(currency: str, now: Revenue) -> maps.World:
    ranked = analysis.part(now.countries, None, float(now.total)).rename(
        columns={"amount": "count"}
    )
    return maps.world(ranked, said=lambda amount: formats.money(amount, currency))


def part(name: str, of: Scope, now: Revenue, before: Revenue | None = None) -> list[Block]:
    """One part of the money as a table."""
    title, field = PARTS[name]
    frame = _part_frame(name, now, before)
    if frame is None:
        return [Text(f"This server does not tell revenue by {field}.", "empty")]
    if frame.empty:
        return [Text(NONE_OF[name] if now.orders else _why_none(of.view), "empty")]
    losses = bool((frame["amount"] < 0).any())
    fields = [
        Field("label", title, "text"),
        Field("amount", "Revenue", "money", currency=of.currency, bar=not losses),
    ]
    if not losses:
        fields.append(Field("share", "% of revenue", "percent", wide=True))
    if before is not None:
        fields.append(Field("change", "Change", "change"))
    clickable = field in ("country", "region", "referrer") and field in of.fields
    return [
        Table(
            title.lower(),
            frame,
            fields,
            f"revenue_{name}",
            value="value" if clickable else None,
            filter_field=field,
            report_title=f"revenue by {field}",
        )
    ]


@memoize
def _part_frame(name: str, now: Revenue, before: Revenue | None) -> pd.DataFrame | None:
    """What ``umami.analysis.revenue.part`` gives of one part, with ``label`` and ``value``, which
    can be filtered by; ``None`` where the server does not tell it."""
    amounts, earlier = _amounts(name, now), _amounts(name, before) if before else None
    if amounts is None:
        return None
    # Money of visitors whose first view had no referrer has no name.
    frame = analysis.part(amounts, earlier, float(now.total), nameless=name == "referrers")
    return frame.assign(
        label=[_label(PARTS[name][1], text) for text in frame["name"]],
        value=frame["name"].where(frame["name"] != "", None),
    )


def _label(field: str, name: str) -> str:
    if not name:
        return "Direct / none"
    # Before 3.3 visitors without any source have the channel “Unknown”, later “direct”.
    return names.label(field, "direct" if (field, name) == ("channel", "Unknown") else name)


def _why_none(view: View) -> str:
    """Why there is no money at all."""
    if view.is_filtered:
        return "No revenue in this period from visitors who match the filters."
    return NO_MONEY


def _amounts(name: str, revenue: Revenue) -> pd.DataFrame | None:
    """``name`` and ``amount`` of one part; ``None`` where the server does not tell it."""
    if name == "events":
        return None if revenue.chart is None else analysis.by_event(revenue)
    frame: pd.DataFrame | None = getattr(revenue, name)
    return frame
