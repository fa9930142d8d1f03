"""Goals: how often what you want to happen does, against its target."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from components import authorized, elements, entrypoint_guard, url_state
from components.analysis_controls import Suggestions, editor, explain_steps, inputs, saved_menu
from components.areas import goals
from components.content_groups import step_name
from components.elements import action_button
from components.render import area_page
from components.texts import _
from umami.analysis import saved
from umami.analysis.steps import LARGEST_TARGET, Target, spell_target
from umami.api.reports import Report
from umami.conversion import FunnelStep
from umami.view import View

entrypoint_guard.check()


def write(targets: Sequence[Target]) -> None:
    """Write the goals to the URL."""
    url_state.set_params(goal=[spell_target(target) for target in targets])


def target_inputs(
    suggestions: Suggestions, at: int, target: Target, others: Sequence[Target]
) -> None:
    """Inputs for the page or event of a goal, and for its target."""

    def change(changed: Target) -> None:
        write([*others[:at], changed, *others[at:]])

    inputs(
        target.step,
        suggestions,
        label=_("Goal {number}").format(number=at + 1),
        key=f"edit_{at}",
        write=lambda step: change(replace(target, step=step)),
    )
    key = f"edit_{at}_times"
    st.session_state[key] = target.times or None
    st.number_input(
        _("Target"),
        min_value=1,
        max_value=LARGEST_TARGET,
        value=None,
        step=1,
        key=key,
        placeholder=_("Target"),
        label_visibility="collapsed",
        width=170,
        on_change=authorized.callback(
            lambda: change(replace(target, times=int(st.session_state[key] or 0)))
        ),
    )


def draw(
    view: View, targets: Sequence[Target], suggestions: Suggestions, reports: Sequence[Report]
) -> None:
    """A row of inputs for each goal, and the menu of saved reports."""
    new = Target(FunnelStep("path", ""))
    lines = targets or (new,)
    for at, target in enumerate(lines):
        others = [*lines[:at], *lines[at + 1 :]]
        with elements.row(f"goal_{at}"):
            target_inputs(suggestions, at, target, others)
            action_button(
                ":material/close:",
                f"remove_{at}",
                write,
                others,
                help=_("Remove this goal"),
                type="tertiary",
                disabled=not targets,
            )
    explain_steps(suggestions, [target.step for target in lines])
    with elements.row():
        full = len(lines) >= goals.MOST or new in lines
        action_button(_("Add goal"), "add_goal", write, [*lines, new], icon="add", disabled=full)
        if suggestions.events:
            suggested = [Target(FunnelStep("event", name)) for name in suggestions.events[:3]]
            about = _("The events that happen most")
            action_button(
                _("Suggest goals"), "suggest_goals", write, suggested, icon="lightbulb", help=about
            )
        last = next((target for target in reversed(targets) if target.step.value), None)
        saved_menu(
            view,
            "goal",
            reports,
            saved.goal(view, last) if last else None,
            description=saved.described(last) if last else "",
            about=_("Saves the last goal, {step}.").format(step=step_name(last.step))
            if last
            else "",
        )


with area_page(goals) as (page, view, params):
    _unused, faults = goals.parse(params)
    targets = goals.opened(page, view, params)
    with (
        elements.title(_("Goals"), faults),
        st.popover(_("Change goals"), icon=":material/edit:", key="change_goals", width="content"),
        st.container(width=720),
    ):
        about = _("A page, a content group or an event, and how often you want it in the period.")
        st.caption(about)
        editor(page, view, partial(draw, view, targets), height=143)
