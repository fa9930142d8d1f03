"""Funnel: how many visitors go from step to step, and where they are lost."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from components import (
    analysis_controls,
    authorized,
    controls,
    elements,
    entrypoint_guard,
    loading,
    page_context,
    url_state,
)
from components.areas import funnel
from components.elements import show_note
from components.render import open_page
from umami.analysis import saved as saved_parameters
from umami.analysis.steps import spell_steps
from umami.api.records import Page
from umami.api.reports import FunnelStep, Report
from umami.api.traffic import Value
from umami.view import View

entrypoint_guard.check()


def editor(
    view: View,
    chain: funnel.Chain,
    paths: Sequence[Value],
    events: Sequence[Value],
    saved_reports: Page[Report],
) -> None:
    """A row of inputs for each step, the time window, and the menu of saved reports."""
    suggestions = analysis_controls.suggestions(paths, events)
    for at, step in enumerate(chain.steps):
        before, after = chain.steps[:at], chain.steps[at + 1 :]
        with st.container(
            horizontal=True, vertical_alignment="center", gap="xsmall", key=f"step_{at}"
        ):
            st.markdown(f"**{at + 1}**", width="content")
            analysis_controls.inputs(
                step,
                suggestions,
                label=f"Step {at + 1}",
                key=f"edit_{at}",
                write=partial(write_between, before, after),
            )
            st.button(
                ":material/arrow_upward:",
                key=f"raise_{at}",
                help="Earlier",
                type="tertiary",
                disabled=at == 0,
                on_click=authorized.callback(write_between),
                args=(before[:-1], (*before[-1:], *after), step),
            )
            st.button(
                ":material/close:",
                key=f"remove_{at}",
                help="Remove this step",
                type="tertiary",
                disabled=len(chain.steps) <= funnel.FEWEST and not step.value,
                on_click=authorized.callback(write_between),
                args=(before, after),
            )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Add step",
            key="add_step",
            icon=":material/add:",
            disabled=len(chain.steps) >= funnel.MOST,
            on_click=authorized.callback(write_between),
            args=(chain.steps, (), FunnelStep("path", "")),
        )
        elements.select(
            "Time from each step to the next",
            {window: funnel.within(window) for window in sorted({chain.window, *funnel.WINDOWS})},
            chain.window,
            key="pick_window",
            icon=":material/timer:",
            width=215,
            write=lambda window: url_state.set_params(window=str(window)),
        )
        if suggested := funnel.suggested(suggestions.paths, suggestions.events):
            st.button(
                "Suggest steps",
                key="suggest_steps",
                icon=":material/lightbulb:",
                help="The page most visits see, then the events that happen most",
                on_click=authorized.callback(write_between),
                args=(suggested, ()),
            )
        make_parameters = partial(saved_parameters.funnel, view, chain.steps, chain.window)
        analysis_controls.saved_menu(
            view, "funnel", make_parameters if chain.complete else None, saved_reports
        )


def write_between(
    before: Sequence[FunnelStep], after: Sequence[FunnelStep], *changed: FunnelStep
) -> None:
    """Write the steps to the URL: ``changed`` between ``before`` and ``after``."""
    url_state.set_params(step=spell_steps([*before, *changed, *after]))


view = controls.view()

with open_page(page_context.client()) as page:
    params = url_state.page_params(funnel.INFO)
    chain, faults = funnel.parse(params)
    suggestions = analysis_controls.ask_suggestions(page, view)
    saved_reports = loading.ask_saved_reports(page, view)
    layout = page.prepare(funnel.ask(page, view, params))
    with elements.title("Funnel"):
        for fault in faults:
            show_note(fault)
    with elements.card(
        "Steps", about="Visitors take the steps in this order, each within the time chosen below."
    ):
        page.section(partial(editor, view, chain), *suggestions, saved_reports, height=190)
    page.draw(layout)
