"""Revenue: money by time, event, place and source."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from components import address, formats, panels, parameters, tiles
from components.asking import Page as Asking
from components.asking import aside, blank, trouble
from components.fields import Field, Kind
from components.figures import maps, stacks
from components.listing import listing
from umami import names
from umami.analysis import revenue as analysis
from umami.endpoints import reports
from umami.errors import UmamiError
from umami.models.reports import Revenue
from umami.question import Question
from umami.view import View

NO_MONEY: Final = (
    "No revenue in this period. Send it with an event that has the properties revenue and "
    "currency: umami.track('purchase', { revenue: 19.99, currency: 'EUR' })."
)
PARTS: Final = {
    "countries": ("Countries", "country"),
    "regions": ("Regions", "region"),
    "referrers": ("Referrers", "referrer"),
    "channels": ("Channels", "channel"),
    "events": ("Events", "event"),
}


def currency(page: Asking, view: View) -> str | None:
    """The currency to look at, which the page's other questions need; draws the control.

    What the URL names is taken as it is, without waiting for the list. Where there is no money
    that is said, and ``None`` is returned.
    """
    named = (parameters.read("currency")["currency"] or [""])[-1].upper()
    listed = page.ask(reports.currencies(view))
    if named and not _sound(named):
        aside(f"“{named[:20]}” is not a currency.")
        named = ""
    if not named:
        try:
            codes = sorted({code.upper() for code in listed.result() if _sound(code)})
        except UmamiError as problem:
            trouble(problem)
            return None
        if not codes:
            with st.container(border=True):
                blank(address.why_empty(NO_MONEY))
            return None
        named = "EUR" if "EUR" in codes else codes[0]
    page.section(lambda codes: _choice(named, codes), listed, height=40)
    return named


def _sound(code: str) -> bool:
    return 1 <= len(code) <= 10 and code.isascii() and code.isalnum()


def _choice(now: str, listed: tuple[str, ...]) -> None:
    codes = sorted({now, *(code.upper() for code in listed if _sound(code))})
    parameters.choice(
        "Currency",
        {code: _name(code) for code in codes},
        now,
        key="pick_currency",
        icon=":material/payments:",
        width=250,
        write=lambda code: parameters.write(currency=code),
    )


def _name(code: str) -> str:
    name = names.currency(code)
    return f"{code} · {name}" if name != code else code


def asked(code: str, view: View) -> Question[Revenue]:
    """The money of a View in one currency."""
    return reports.revenue(view, code)


def figures(code: str, now: Revenue, before: Revenue | None = None) -> None:
    """The money in all, and by order and visitor."""

    def tile(label: str, field: str, about: str, kind: Kind = "money") -> tiles.Tile:
        value, previous = (
            None if one is None or getattr(one, field) is None else float(getattr(one, field))
            for one in (now, before)
        )
        return tiles.counted(label, value, previous, about, kind=kind, currency=code)

    tiles.draw(
        [
            tile("Revenue", "total", "All money of the period in this currency."),
            tile("Orders", "orders", "Events that brought money.", "count"),
            tile("Average order", "average", "Money an order."),
            tile("Paying visitors", "visitors", "Visitors who brought money.", "count"),
            tile("Revenue per visitor", "per_visitor", "Money a visitor, paying or not."),
        ]
    )


def series(view: View, code: str, now: Revenue) -> None:
    """Money over time by event."""
    if now.chart is None:
        blank("This server tells revenue by day only. Choose days in the Time menu.")
        return
    data = stacks.stacked(now.chart, view.period.unit, "amount")
    if not now.orders:
        blank(address.why_empty(NO_MONEY))
        return
    panels.chart(
        stacks.stacked_figure(data, panels.mode(), money=code),
        key="revenue",
        alt=f"Revenue over time by event, in {code}",
    )


def world(code: str, now: Revenue) -> None:
    """Money by country on the map."""
    ranked = analysis.part(now.countries, None).rename(columns={"amount": "count"})
    data = maps.world(ranked)
    panels.world_map(
        maps.world_figure(data, panels.mode(), said=lambda amount: formats.money(amount, code)),
        key="revenue_map",
        alt=f"Revenue by country, in {code}",
    )
    panels.small_countries(data, lambda amount: formats.money(amount, code))


def part(name: str, code: str, now: Revenue, before: Revenue | None = None) -> None:
    """A table of one part of the money."""
    title, field = PARTS[name]
    frame, earlier = _part(name, now), None if before is None else _part(name, before)
    if frame is None:
        blank(f"This server does not tell revenue by {field}.")
        return
    table = analysis.part(frame, earlier)
    if table.empty:
        blank(address.why_empty("They appear with the first revenue."))
        return
    table.insert(0, "label", [names.label(field, one) for one in table["name"]])
    fields = [
        Field("label", title, "text"),
        Field("amount", "Revenue", "money", currency=code, bar=True),
        Field("share", "Share", "percent", wide=True),
    ]
    if before is not None:
        fields.append(Field("change", "Change", "change"))
    listing(
        table,
        fields,
        what=title.lower(),
        key=f"revenue_{name}",
        value="name" if field in ("country", "region", "referrer") else None,
        active=address.chosen(field),
        on_choose=lambda value: address.toggle(field, value),
    )


def _part(name: str, revenue: Revenue) -> pd.DataFrame | None:
    if name == "events":
        return None if revenue.chart is None else analysis.by_event(revenue)
    frame: pd.DataFrame | None = getattr(revenue, name)
    return frame
