"""Attribution: the first and last touches that get credit for conversions, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from components import (
    analysis_controls,
    controls,
    elements,
    entrypoint_guard,
    loading,
    page_context,
    url_state,
)
from components.areas import attribution
from components.areas.revenue import choices
from components.elements import show_note
from components.render import open_page
from components.view_description import described
from umami.analysis import saved as saved_parameters
from umami.analysis.steps import spell
from umami.api import revenue
from umami.api.records import Page
from umami.api.reports import FunnelStep, Report
from umami.api.traffic import Value
from umami.view import View

entrypoint_guard.check()


def editor(
    view: View,
    step: FunnelStep,
    currency: str | None,
    in_money: bool,
    paths: Sequence[Value],
    events: Sequence[Value],
    currencies: tuple[str, ...],
    saved_reports: Page[Report],
) -> None:
    """Inputs for the conversion and, if the server reports revenue, its currency; saved reports."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        analysis_controls.inputs(
            step,
            analysis_controls.suggestions(paths, events),
            label="Conversion",
            key="edit",
            write=lambda step: url_state.set_params(conversion=spell(step)),
        )
        if currencies and in_money:
            money = choices(currencies, currency or "")
            elements.select(
                "Count",
                {"": "Count visitors", **{code: f"And revenue in {code}" for code in money}},
                currency or "",
                key="pick_currency",
                icon=":material/payments:",
                width=220,
                write=lambda code: url_state.set_params(conversion_currency=code),
            )
        make_parameters = partial(
            saved_parameters.parameters,
            view,
            model="first-click",
            type=step.kind,
            step=step.value,
            currency=currency,
        )
        analysis_controls.saved_menu(
            view, "attribution", make_parameters if step.value else None, saved_reports
        )


view = controls.view()

with open_page(page_context.client()) as page:
    params = url_state.page_params(attribution.INFO)
    (step, currency), faults = attribution.parse(params)
    suggestions = analysis_controls.ask_suggestions(page, view)
    no_currencies: tuple[str, ...] = ()
    currencies = page.hint(revenue.currencies(view.unfiltered()), no_currencies)
    saved_reports = loading.ask_saved_reports(page, view)
    if not step.value:
        step = attribution.suggested(page, view)
        params["conversion"] = [spell(step)]
    layout = page.prepare(attribution.ask(page, view, params))
    in_money = attribution.reports_money(page)
    with elements.title("Attribution"):
        for fault in faults:
            show_note(fault)
    with elements.card("Conversion", about=described(view)):
        page.section(
            partial(editor, view, step, currency, in_money),
            *suggestions,
            currencies,
            saved_reports,
            height=60,
        )
    page.draw(layout)
