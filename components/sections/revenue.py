"""Revenue: money by time, event, place and source."""

from __future__ import annotations

from functools import partial

import streamlit as st

from components import draw_blocks, parameters, tiles, traffic_blocks, url_state
from components.blocks import Chart
from components.charts import stacks
from components.listing import listing
from components.notices import show_empty, show_error, show_note
from components.render import Page as Asking
from components.told import revenue as told
from umami import names
from umami.endpoints import reports
from umami.errors import UmamiError
from umami.models.reports import Revenue
from umami.view import View


def scope(page: Asking, view: View) -> told.Scope | None:
    """What to ask about money, which the page's other questions need; draws the control.

    What the URL names is taken as it is, without waiting for the list. Where there is no money
    that is said, and ``None`` is returned. The list is of the whole website: the properties of
    purchases do not match filters on other views.
    """
    named, fault = told.named(parameters.read("revenue_currency"))
    listed = page.unfiltered(view, reports.currencies)
    if fault:
        show_note(fault)
    try:
        means = page.client.definitions
        currency = named or told.suggested(listed.result())
    except UmamiError as problem:
        show_error(problem)
        return None
    if currency is None:
        with st.container(border=True):
            show_empty(told.no_currency(view, page.key(listed)))
        return None
    page.section(partial(_choice, currency), listed, height=40)
    return told.scope(means, view, currency)


def _choice(now: str, listed: tuple[str, ...]) -> None:
    parameters.choice(
        "Currency",
        {currency: _name(currency) for currency in told.choices(listed, now)},
        now,
        key="pick_currency",
        icon=":material/payments:",
        width=250,
        write=lambda currency: parameters.write(revenue_currency=currency),
    )


def _name(code: str) -> str:
    name = names.currency(code)
    return f"{code} · {name}" if name != code else code


def figures(
    page: Asking,
    of: told.Scope,
    listed: tuple[str, ...],
    now: Revenue,
    before: Revenue | None = None,
) -> None:
    """The money in all, and by order and visitor; what other spellings of the currency hold."""
    tiles.draw(told.figures(page.client.definitions, of, now, before))
    for spelling in told.choices(listed, of.currency)[of.currency]:
        found = page.ask(told.asked(spelling, of.view)).result()
        if sentence := told.elsewhere(spelling, found):
            show_note(sentence)


def series(of: told.Scope, now: Revenue, before: Revenue | None = None) -> None:
    """Money over time by event, the comparison's as a dashed line."""
    if now.chart is None:
        show_empty(told.BY_DAY)
        return
    if not now.orders:
        show_empty(told.why_none(of.view))
        return
    if told.losses(now):
        show_note(told.LOSSES)
    draw_blocks.draw(
        Chart(
            f"Revenue over time by event, in {of.currency}",
            "revenue",
            stacks.stacked_figure,
            told.series(of, now, before),
        )
    )


def world(of: told.Scope, now: Revenue) -> None:
    """Money by country on the map."""
    data = told.world(of.currency, now)
    alt = f"Revenue by country, in {of.currency}"
    clickable = "country" in of.fields
    for block in traffic_blocks.world_map(data, key="revenue_map", alt=alt, clickable=clickable):
        draw_blocks.draw(block)


def part(name: str, of: told.Scope, now: Revenue, before: Revenue | None = None) -> None:
    """A table of one part of the money."""
    title, field = told.PARTS[name]
    found = told.part(name, of.currency, now, before)
    if found is None:
        show_empty(told.untold(name))
        return
    table, fields = found
    if table.empty:
        show_empty(told.none_of(name, of.view, now))
        return
    table = table.assign(name=table["name"].where(table["name"] != "", None))
    clickable = field in ("country", "region", "referrer") and field in of.fields
    listing(
        table,
        fields,
        what=title.lower(),
        key=f"revenue_{name}",
        value="name" if clickable else None,
        active=url_state.chosen(field),
        on_choose=lambda value: url_state.toggle(field, value),
    )
