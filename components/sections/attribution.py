"""Attribution: the conversion, and which touch it is credited to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from components import address, panels, parameters, saved, steps, tiles
from components.asking import aside, blank
from components.figures import shift as drawn
from components.listing import listing
from components.text import plain
from components.told import attribution as told
from umami.analysis import saved as spelling
from umami.analysis.steps import spell
from umami.models.paging import Page
from umami.models.reports import Attribution, FunnelStep, Report
from umami.models.traffic import Value
from umami.view import View


def conversion() -> tuple[FunnelStep, str | None]:
    """The conversion that the URL names (its value may still be empty), and the currency."""
    step, currency, faults = told.read(parameters.read("conversion", "conversion_currency"))
    for fault in faults:
        aside(fault)
    return step, currency


def editor(
    view: View,
    step: FunnelStep,
    currency: str | None,
    paths: Sequence[Value],
    events: Sequence[Value],
    codes: tuple[str, ...],
    listed: Page[Report],
) -> None:
    """Inputs for the conversion and the money, and what is saved."""
    offered = steps.suggestions(paths, events)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        steps.inputs(
            step,
            offered,
            label="Conversion",
            key="edit",
            write=lambda one: parameters.write(conversion=spell(one)),
        )
        money = sorted({*(code.upper() for code in codes), *([currency] if currency else [])})
        if money:
            parameters.choice(
                "Count",
                {"": "Count visitors", **{code: f"And money in {code}" for code in money}},
                currency or "",
                key="pick_currency",
                icon=":material/payments:",
                width=220,
                write=lambda code: parameters.write(conversion_currency=code),
            )
        making = partial(_saving, view, step, currency) if step.value else None
        saved.menu(view, "attribution", making, listed)


def _saving(view: View, step: FunnelStep, currency: str | None) -> dict[str, object]:
    return spelling.parameters(
        view, model="first-click", type=step.kind, step=step.value, currency=currency
    )


def nothing() -> None:
    """What is shown until there is a conversion."""
    blank(
        "Choose the page or the event that you call a conversion. First and last touch are then "
        "shown side by side."
    )


def totals(step: FunnelStep, first: Attribution, last: Attribution) -> None:
    """How many conversions there were; both models see the same ones."""
    del last
    tiles.draw(told.totals(step, first))


def parts(currency: str | None, first: Attribution, last: Attribution) -> None:
    """Each part of the credit as a figure and a table."""
    credit = told.credit(currency, first, last)
    if credit.moneyless:
        aside(told.NO_MONEY)
    if credit.table.empty:
        blank(address.why_empty(told.NOBODY))
        return
    st.caption(told.EXPLAINED)
    with st.grid(2, min_column_width=330):
        for part in credit.parts:
            with panels.card(told.PARTS[part][0]):
                _part(part, credit)
    if credit.missing:
        st.caption(credit.missing)


def _part(part: str, credit: told.Credit) -> None:
    title = told.PARTS[part][0]
    sums, data, frame, fields = told.of_part(credit, part)
    st.caption(plain(sums))
    panels.chart(
        drawn.shift_figure,
        data,
        key=f"shift_{part}",
        alt=f"{title}: credit by first and by last touch",
    )
    listing(frame, fields, what=title, key=f"credit_{part}")
