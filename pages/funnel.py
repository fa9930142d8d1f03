"""Funnel: how many visitors go from step to step, and where they are lost."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from components import elements, entrypoint_guard, url_state
from components.analysis_controls import Suggestions, editor, explain_steps, inputs, saved_menu
from components.areas import funnel
from components.elements import action_button
from components.render import area_page
from components.texts import _
from umami.analysis import saved
from umami.analysis.steps import spell_steps
from umami.api.reports import Report
from umami.conversion import FunnelStep
from umami.view import View

entrypoint_guard.check()


def write(chain: funnel.Chain, steps: Sequence[FunnelStep]) -> None:
    """Write the steps to the URL, with the time window that applies to them."""
    url_state.set_params(step=spell_steps(steps), window=str(chain.window))


def suggest() -> None:
    """Remove the steps and the time window from the URL."""
    url_state.set_params(step=[], window=[])


def step_row(chain: funnel.Chain, at: int, suggestions: Suggestions) -> None:
    """Inputs for a step, and buttons to move it up and to remove it."""
    step, before, after = chain.steps[at], chain.steps[:at], chain.steps[at + 1 :]
    st.markdown(f"**{at + 1}**", width="content")
    inputs(
        step,
        suggestions,
        label=_("Step {number}").format(number=at + 1),
        key=f"edit_{at}",
        write=lambda changed: write(chain, [*before, changed, *after]),
    )
    button = partial(action_button, type="tertiary")
    earlier = [*before[:-1], step, *before[-1:], *after]
    icons = ":material/arrow_upward:", ":material/close:"
    button(icons[0], f"raise_{at}", write, chain, earlier, help=_("Earlier"), disabled=at == 0)
    last = len(chain.steps) <= funnel.FEWEST and not step.value
    rest = [*before, *after]
    button(icons[1], f"remove_{at}", write, chain, rest, help=_("Remove this step"), disabled=last)


def draw(
    view: View, chain: funnel.Chain, suggestions: Suggestions, reports: Sequence[Report]
) -> None:
    """A row of inputs for each step, the time window, and the menu of saved reports."""
    for at in range(len(chain.steps)):
        with st.container(
            horizontal=True, vertical_alignment="center", gap="xsmall", key=f"step_{at}"
        ):
            step_row(chain, at, suggestions)
    explain_steps(suggestions, chain.steps)
    with elements.row():
        longer = [*chain.steps, FunnelStep("path", "")]
        full = len(chain.steps) >= funnel.MOST
        action_button(_("Add step"), "add_step", write, chain, longer, icon="add", disabled=full)
        elements.select(
            _("Time from each step to the next"),
            {window: funnel.within(window) for window in sorted({chain.window, *funnel.WINDOWS})},
            chain.window,
            key="pick_window",
            icon=":material/timer:",
            width=215,
            write=lambda window: url_state.set_params(window=str(window)),
        )
        about = _("Open the first saved funnel or, without one, steps that end in the conversion")
        action_button(_("Suggest steps"), "suggest_steps", suggest, icon="lightbulb", help=about)
        to_save = saved.funnel(view, chain.steps, chain.window) if chain.complete else None
        saved_menu(view, "funnel", reports, to_save)


with area_page(funnel) as (page, view, params):
    chain, faults = funnel.opened(page, view, params)
    with elements.title(_("Funnel"), faults):
        pass
    with elements.card(_("Steps"), about=_("Steps in order, each within the time chosen below.")):
        editor(page, view, partial(draw, view, chain), height=195)
