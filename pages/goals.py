"""Goals: how often what you want to happen does, against its target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
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
from components.areas import goals
from components.elements import show_note
from components.render import open_page
from umami.analysis import saved as saved_parameters
from umami.analysis.steps import LARGEST_TARGET, Target, spell_target
from umami.api.records import Page
from umami.api.reports import FunnelStep, Report
from umami.api.traffic import Value
from umami.view import View

entrypoint_guard.check()


def editor(
    view: View,
    targets: tuple[Target, ...],
    paths: Sequence[Value],
    events: Sequence[Value],
    saved_reports: Page[Report],
) -> None:
    """A row of inputs for each goal, and the menu of saved reports."""
    suggestions = analysis_controls.suggestions(paths, events)
    new = Target(FunnelStep("path", ""))
    lines = targets or (new,)
    for at, target in enumerate(lines):
        with st.container(
            horizontal=True, vertical_alignment="center", gap="small", key=f"goal_{at}"
        ):
            others = partial(write_between, lines[:at], lines[at + 1 :])
            inputs(suggestions, at, target, others)
            st.button(
                ":material/close:",
                key=f"remove_{at}",
                help="Remove this goal",
                type="tertiary",
                disabled=not targets,
                on_click=authorized.callback(others),
            )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Add goal",
            key="add_goal",
            icon=":material/add:",
            disabled=len(lines) >= goals.MOST or new in lines,
            on_click=authorized.callback(write_between),
            args=(lines, (), new),
        )
        if suggestions.events:
            st.button(
                "Suggest goals",
                key="suggest_goals",
                icon=":material/lightbulb:",
                help="The events that happen most",
                on_click=authorized.callback(write_between),
                args=([Target(FunnelStep("event", name)) for name in suggestions.events[:3]], ()),
            )
        last = next((target for target in reversed(targets) if target.step.value), None)
        analysis_controls.saved_menu(
            view,
            "goal",
            partial(saved_parameters.goal, view, last) if last else None,
            saved_reports,
            description=saved_parameters.described(last) if last else "",
            about=f"Saves the last goal, {last.step.value}." if last else "",
        )


def inputs(
    suggestions: analysis_controls.Suggestions,
    at: int,
    target: Target,
    write: Callable[[Target], None],
) -> None:
    """Inputs for the page or event of a goal, and for its target."""
    analysis_controls.inputs(
        target.step,
        suggestions,
        label=f"Goal {at + 1}",
        key=f"edit_{at}",
        write=lambda step: write(replace(target, step=step)),
    )
    key = f"edit_{at}_times"
    st.session_state[key] = target.times or None
    st.number_input(
        "Target",
        min_value=1,
        max_value=LARGEST_TARGET,
        value=None,
        step=1,
        key=key,
        placeholder="Target",
        label_visibility="collapsed",
        width=170,
        on_change=authorized.callback(
            lambda: write(replace(target, times=int(st.session_state[key] or 0)))
        ),
    )


def write_between(before: Sequence[Target], after: Sequence[Target], *changed: Target) -> None:
    """Write the goals to the URL: ``changed`` between ``before`` and ``after``."""
    url_state.set_params(goal=[spell_target(target) for target in (*before, *changed, *after)])


view = controls.view()

with open_page(page_context.client()) as page:
    params = url_state.page_params(goals.INFO)
    targets, faults = goals.parse(params)
    suggestions = analysis_controls.ask_suggestions(page, view)
    saved_reports = loading.ask_saved_reports(page, view)
    layout = page.prepare(goals.ask(page, view, params))
    with elements.title("Goals"):
        for fault in faults:
            show_note(fault)
    with elements.card(
        "Goals", about="A page or an event, and how often you want it in the period."
    ):
        page.section(partial(editor, view, targets), *suggestions, saved_reports, height=120)
    page.draw(layout)
