"""Revenue: money by time, event, place and source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import pandas as pd

from components import formats
from components.fields import Field, Kind
from components.figures import maps
from components.figures.tiles import Tile, counted
from umami import names
from umami.analysis import revenue as analysis
from umami.definitions import Definitions
from umami.derived import derived
from umami.endpoints import reports
from umami.models.reports import Revenue
from umami.question import Question
from umami.view import View

NO_MONEY: Final = (
    "No revenue in this period. Send it with an event that has the properties revenue and "
    "currency: umami.track('purchase', { revenue: 19.99, currency: 'EUR' })."
)
BY_DAY: Final = "This server tells revenue by day only. Choose days in the Time menu."
NONE_OF: Final = "They appear with the first revenue."
PARTS: Final = {
    "countries": ("Countries", "country"),
    "regions": ("Regions", "region"),
    "referrers": ("Referrers", "referrer"),
    "channels": ("Channels", "channel"),
    "events": ("Events", "event"),
}


def named(given: Mapping[str, Sequence[str]]) -> tuple[str, str | None]:
    """The currency that a page's parameters name (``""`` for none), and what is wrong with it."""
    code = (list(given.get("revenue_currency", ())) or [""])[-1].upper()
    if code and not sound(code):
        return "", f"“{code[:20]}” is not a currency."
    return code, None


def suggested(listed: Iterable[str]) -> str | None:
    """The currency to begin with, among those that occur; ``None`` without any."""
    codes = sorted({code.upper() for code in listed if sound(code)})
    if not codes:
        return None
    return "EUR" if "EUR" in codes else codes[0]


def sound(code: str) -> bool:
    """Whether a text may be a currency's code."""
    return 1 <= len(code) <= 10 and code.isascii() and code.isalnum()


def asked(code: str, view: View) -> Question[Revenue]:
    """The money of a View in one currency."""
    return reports.revenue(view, code)


def figures(
    means: Definitions, view: View, code: str, now: Revenue, before: Revenue | None = None
) -> list[Tile]:
    """The money in all, and by order and visitor."""
    under_filters = f" {means.filtered_revenue}" if view.filters else ""

    def tile(label: str, field: str, about: str, kind: Kind = "money") -> Tile:
        value, previous = (
            None if one is None or getattr(one, field) is None else float(getattr(one, field))
            for one in (now, before)
        )
        return counted(label, value, previous, about, kind=kind, currency=code)

    return [
        tile("Revenue", "total", f"All money of the period in this currency.{under_filters}"),
        tile("Orders", "orders", "Events that brought money.", "count"),
        tile("Average order", "average", "Money an order."),
        tile("Paying visitors", "visitors", "Visitors who brought money.", "count"),
        tile("Revenue per visitor", "per_visitor", "Money a visitor, paying or not."),
    ]


@derived
def world(code: str, now: Revenue) -> maps.World:
    """Money by country for the map."""
    ranked = analysis.part(now.countries, None).rename(columns={"amount": "count"})
    return maps.world(ranked, said=lambda amount: formats.money(amount, code))


@derived
def part(
    name: str, code: str, now: Revenue, before: Revenue | None = None
) -> tuple[pd.DataFrame, list[Field]] | None:
    """One part of the money as a table; ``None`` where the server does not tell it."""
    title, field = PARTS[name]
    frame, earlier = _part(name, now), None if before is None else _part(name, before)
    if frame is None:
        return None
    table = analysis.part(frame, earlier)
    table.insert(0, "label", [names.label(field, one) for one in table["name"]])
    fields = [
        Field("label", title, "text"),
        Field("amount", "Revenue", "money", currency=code, bar=True),
        Field("share", "Share", "percent", wide=True),
    ]
    if before is not None:
        fields.append(Field("change", "Change", "change"))
    return table, fields


def untold(name: str) -> str:
    """What is said where the server does not tell a part."""
    return f"This server does not tell revenue by {PARTS[name][1]}."


def _part(name: str, revenue: Revenue) -> pd.DataFrame | None:
    if name == "events":
        return None if revenue.chart is None else analysis.by_event(revenue)
    frame: pd.DataFrame | None = getattr(revenue, name)
    return frame
