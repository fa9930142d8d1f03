"""Revenue: money by time, event, place and source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from components import formats
from components.charts import maps, stacks
from components.charts.tiles import Tile, counted
from components.formats import Field, Kind
from umami import names
from umami.analysis import revenue as analysis
from umami.definitions import Definitions
from umami.endpoint import Query
from umami.endpoints import reports
from umami.filters import FIELDS
from umami.memoize import memoize
from umami.models.reports import Revenue, RevenueTotals
from umami.view import View

NO_MONEY: Final = (
    "No revenue in this period. Send it with an event that has the properties revenue and "
    "currency: umami.track('purchase', { revenue: 19.99, currency: 'EUR' })."
)
BY_DAY: Final = "This server tells revenue by day only. Choose days in the Time menu."
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
    "regions": ("Regions", "region"),
    "referrers": ("Referrers", "referrer"),
    "channels": ("Channels", "channel"),
    "events": ("Events", "event"),
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
    refused = [one.field for one in view.filters if one.field not in fields]
    if refused and view.match == "any":
        refused = [one.field for one in view.filters]
    names_of = [FIELDS[field] for field in dict.fromkeys(refused)]
    applied = replace(view, filters=tuple(one for one in view.filters if one.field not in refused))
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


def no_currency(view: View, listed: str | None) -> str:
    """Why no currency is listed; ``listed`` is the key of the question that was asked for them."""
    if view.is_filtered and listed == reports.currencies(view).key:
        return (
            "With the filters that are fixed for you, this server lists no currency. A link to "
            "this page that names the currency can show revenue."
        )
    return NO_MONEY


def why_none(view: View) -> str:
    """Why there is no money at all."""
    if view.is_filtered:
        return "No revenue in this period from visitors who match the filters."
    return NO_MONEY


def named(given: Mapping[str, Sequence[str]]) -> tuple[str, str | None]:
    """The currency that a page's parameters name (``""`` for none), and what is wrong with it."""
    currency = (list(given.get("revenue_currency", ())) or [""])[-1]
    if currency and not sound(currency):
        return "", f"“{currency[:20]}” is not a currency."
    return currency, None


def choices(listed: Iterable[str], chosen: str = "") -> dict[str, tuple[str, ...]]:
    """The currencies to choose from as they were sent, each with its other spellings.

    Spellings of one currency differ in case and in spaces around them only; the one that is asked
    for is ``chosen`` where that is one of them.
    """
    spellings: dict[str, set[str]] = {}
    for currency in (*listed, *([chosen] if chosen else [])):
        if sound(currency):
            spellings.setdefault(currency.strip().upper(), set()).add(currency)
    found: dict[str, tuple[str, ...]] = {}
    for code, alike in sorted(spellings.items()):
        first = next((one for one in (chosen, code) if one in alike), min(alike))
        found[first] = tuple(sorted(alike - {first}))
    return found


def suggested(listed: Iterable[str]) -> str | None:
    """The currency to begin with, among those that occur: EUR, else the first ISO code, else the
    first text; ``None`` without any."""
    codes = list(choices(listed))
    return min(
        codes,
        key=lambda one: (
            one.strip().upper() != "EUR",
            formats.iso_currency(one) is None,
            one.upper(),
        ),
        default=None,
    )


def sound(currency: str) -> bool:
    """Whether a text may be a currency: websites send symbols and names, too."""
    return bool(currency.strip()) and len(currency) <= LONGEST_CURRENCY and currency.isprintable()


def elsewhere(spelling: str, found: RevenueTotals) -> str | None:
    """Money under another spelling of the currency, in a sentence."""
    if not found.orders:
        return None
    amount = formats.money(float(found.total), spelling)
    return (
        f"The figures are without {amount} that were sent with the currency “{spelling}”, which is "
        "spelled differently."
    )


def asked(code: str, view: View) -> Query[Revenue]:
    """The money of a View in one currency."""
    return reports.revenue(view, code)


def figures(
    means: Definitions, of: Scope, now: Revenue, before: Revenue | None = None
) -> list[Tile]:
    """The money in all, and by order and visitor. Each says which filters are left out: workbooks
    have no other place for that."""
    under_filters = f" {means.filtered_revenue}" if of.view.filters else ""
    left_out = f" {of.left_out}" if of.left_out else ""

    def tile(label: str, field: str, about: str, kind: Kind = "money") -> Tile:
        value, previous = (
            None if one is None or getattr(one, field) is None else float(getattr(one, field))
            for one in (now, before)
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


@memoize
def series(of: Scope, now: Revenue, before: Revenue | None = None) -> stacks.Stacks:
    """Money over time by event, beside all of the comparison's; ``now`` has a chart."""
    assert now.chart is not None
    earlier = None if before is None else before.chart
    unit = of.view.period.unit
    return stacks.stacked(now.chart, unit, "amount", money=of.currency, before=earlier)


@memoize
def world(code: str, now: Revenue) -> maps.World:
    """Money by country for the map."""
    ranked = analysis.part(now.countries, None, float(now.total)).rename(
        columns={"amount": "count"}
    )
    return maps.world(ranked, said=lambda amount: formats.money(amount, code))


@memoize
def part(
    name: str, code: str, now: Revenue, before: Revenue | None = None
) -> tuple[pd.DataFrame, list[Field]] | None:
    """One part of the money as a table; ``None`` where the server does not tell it."""
    title, field = PARTS[name]
    frame, earlier = _part(name, now), None if before is None else _part(name, before)
    if frame is None:
        return None
    # Money of visitors whose first view had no referrer has no name.
    table = analysis.part(frame, earlier, float(now.total), nameless=name == "referrers")
    table.insert(0, "label", [_label(field, one) for one in table["name"]])
    losses = bool((table["amount"] < 0).any())
    fields = [
        Field("label", title, "text"),
        Field("amount", "Revenue", "money", currency=code, bar=not losses),
    ]
    if not losses:
        fields.append(Field("share", "% of revenue", "percent", wide=True))
    if before is not None:
        fields.append(Field("change", "Change", "change"))
    return table, fields


def losses(now: Revenue) -> bool:
    """Whether any amount is negative."""
    frames = (now.chart, now.countries, now.regions, now.referrers, now.channels)
    return any((frame["amount"] < 0).any() for frame in frames if frame is not None)


def none_of(name: str, view: View, now: Revenue) -> str:
    """Why one part of the money is empty."""
    return NONE_OF[name] if now.orders else why_none(view)


def _label(field: str, name: str) -> str:
    if not name:
        return "Direct / none"
    # Before 3.3 visitors without any source have the channel “Unknown”, later “direct”.
    return names.label(field, "direct" if (field, name) == ("channel", "Unknown") else name)


def untold(name: str) -> str:
    """What is said where the server does not tell a part."""
    return f"This server does not tell revenue by {PARTS[name][1]}."


def _part(name: str, revenue: Revenue) -> pd.DataFrame | None:
    if name == "events":
        return None if revenue.chart is None else analysis.by_event(revenue)
    frame: pd.DataFrame | None = getattr(revenue, name)
    return frame
