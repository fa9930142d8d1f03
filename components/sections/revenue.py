"""Revenue: money by time, event, place and source."""

from __future__ import annotations

import streamlit as st

from components import address, panels, parameters, tiles
from components.asking import Page as Asking
from components.asking import aside, blank, trouble
from components.figures import stacks
from components.listing import listing
from components.questions import Asks
from components.told import revenue as told
from umami import names
from umami.endpoints import reports
from umami.errors import UmamiError
from umami.models.reports import Revenue
from umami.view import View


def currency(page: Asking, view: View) -> str | None:
    """The currency to look at, which the page's other questions need; draws the control.

    What the URL names is taken as it is, without waiting for the list. Where there is no money
    that is said, and ``None`` is returned.
    """
    named, fault = told.named(parameters.read("revenue_currency"))
    listed = page.ask(reports.currencies(view))
    if fault:
        aside(fault)
    if not named:
        try:
            suggested = told.suggested(listed.result())
        except UmamiError as problem:
            trouble(problem)
            return None
        if suggested is None:
            with st.container(border=True):
                blank(address.why_empty(told.NO_MONEY))
            return None
        named = suggested
    page.section(lambda codes: _choice(named, codes), listed, height=40)
    return named


def _choice(now: str, listed: tuple[str, ...]) -> None:
    codes = sorted({now, *(code.upper() for code in listed if told.sound(code))})
    parameters.choice(
        "Currency",
        {code: _name(code) for code in codes},
        now,
        key="pick_currency",
        icon=":material/payments:",
        width=250,
        write=lambda code: parameters.write(revenue_currency=code),
    )


def _name(code: str) -> str:
    name = names.currency(code)
    return f"{code} · {name}" if name != code else code


def figures(
    client: Asks, view: View, code: str, now: Revenue, before: Revenue | None = None
) -> None:
    """The money in all, and by order and visitor."""
    tiles.draw(told.figures(client.definitions, view, code, now, before))


def series(view: View, code: str, now: Revenue) -> None:
    """Money over time by event."""
    if now.chart is None:
        blank(told.BY_DAY)
        return
    data = stacks.stacked(now.chart, view.period.unit, "amount", money=code)
    if not now.orders:
        blank(address.why_empty(told.NO_MONEY))
        return
    panels.chart(
        stacks.stacked_figure,
        data,
        key="revenue",
        alt=f"Revenue over time by event, in {code}",
    )


def world(code: str, now: Revenue) -> None:
    """Money by country on the map."""
    data = told.world(code, now)
    panels.world_map(data, key="revenue_map", alt=f"Revenue by country, in {code}")


def part(name: str, code: str, now: Revenue, before: Revenue | None = None) -> None:
    """A table of one part of the money."""
    title, field = told.PARTS[name]
    found = told.part(name, code, now, before)
    if found is None:
        blank(told.untold(name))
        return
    table, fields = found
    if table.empty:
        blank(address.why_empty(told.NONE_OF))
        return
    listing(
        table,
        fields,
        what=title.lower(),
        key=f"revenue_{name}",
        value="name" if field in ("country", "region", "referrer") else None,
        active=address.chosen(field),
        on_choose=lambda value: address.toggle(field, value),
    )
