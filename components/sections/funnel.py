"""Funnel: its editor, its figure, its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from components import authorized, draw_blocks, parameters, saved, steps, url_state
from components.blocks import Chart
from components.charts import steps as drawn
from components.escaping import plain
from components.listing import listing
from components.notices import show_empty, show_note
from components.told import funnel as told
from components.told.funnel import FEWEST, MOST, Chain
from umami.analysis import funnel as analysis
from umami.analysis import saved as spelling
from umami.analysis.steps import spell_steps
from umami.models.paging import Page
from umami.models.reports import FunnelResult, FunnelStep, Report
from umami.models.traffic import Value
from umami.view import View


def chain() -> Chain:
    """Read the funnel off the URL; what cannot be is said and left out."""
    found, faults = told.read(parameters.read("window", several=("step",)))
    for fault in faults:
        show_note(fault)
    return found


def editor(
    view: View,
    now: Chain,
    paths: Sequence[Value],
    events: Sequence[Value],
    listed: Page[Report],
) -> None:
    """A line of inputs a step, the window, and what is saved."""
    offered = steps.suggestions(paths, events)
    for at, step in enumerate(now.steps):
        with st.container(
            horizontal=True, vertical_alignment="center", gap="xsmall", key=f"step_{at}"
        ):
            st.markdown(f"**{at + 1}**", width="content")
            steps.inputs(
                step,
                offered,
                label=f"Step {at + 1}",
                key=f"edit_{at}",
                write=partial(_change, now, at),
            )
            st.button(
                ":material/arrow_upward:",
                key=f"raise_{at}",
                help="Earlier",
                type="tertiary",
                disabled=at == 0,
                on_click=authorized.callback(_write),
                args=(_raised(now.steps, at),),
            )
            st.button(
                ":material/close:",
                key=f"remove_{at}",
                help="Remove this step",
                type="tertiary",
                disabled=len(now.steps) <= FEWEST and not step.value,
                on_click=authorized.callback(_write),
                args=((*now.steps[:at], *now.steps[at + 1 :]),),
            )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Add step",
            key="add_step",
            icon=":material/add:",
            disabled=len(now.steps) >= MOST,
            on_click=authorized.callback(_write),
            args=((*now.steps, FunnelStep("path", "")),),
        )
        parameters.choice(
            "Time from each step to the next",
            {minutes: told.within(minutes) for minutes in sorted({now.window, *told.WINDOWS})},
            now.window,
            key="pick_window",
            icon=":material/timer:",
            width=215,
            write=lambda minutes: parameters.write(window=str(minutes)),
        )
        if suggested := _suggested(offered):
            st.button(
                "Suggest steps",
                key="suggest_steps",
                icon=":material/lightbulb:",
                help="The page most visits see, then the events that happen most",
                on_click=authorized.callback(_write),
                args=(suggested,),
            )
        making = partial(spelling.funnel, view, now.steps, now.window) if now.complete else None
        saved.menu(view, "funnel", making, listed)


def _suggested(offered: steps.Suggestions) -> tuple[FunnelStep, ...]:
    chain = (
        *(FunnelStep("path", path) for path in offered.paths[:1]),
        *(FunnelStep("event", event) for event in offered.events[:2]),
        *(FunnelStep("path", path) for path in offered.paths[1:2]),
    )
    return chain[:3] if len(chain) >= FEWEST else ()


def _raised(chain: tuple[FunnelStep, ...], at: int) -> tuple[FunnelStep, ...]:
    swapped = list(chain)
    swapped[at - 1 : at + 1] = reversed(swapped[at - 1 : at + 1])
    return tuple(swapped) if at else chain


def _change(now: Chain, at: int, step: FunnelStep) -> None:
    _write(replace(now, steps=(*now.steps[:at], step, *now.steps[at + 1 :])).steps)


def _write(chain: tuple[FunnelStep, ...]) -> None:
    parameters.write(step=spell_steps(chain))


def nothing() -> None:
    """What is shown until the funnel has its steps."""
    show_empty(
        "Choose at least two steps. The funnel shows how many visitors go from each to the next."
    )


def funnel(
    view: View, now: Sequence[FunnelResult], before: Sequence[FunnelResult] | None = None
) -> None:
    """The figure, with the step that loses most pointed out, and the table."""
    table = analysis.table(now, before)
    overall = told.overall(now)
    if overall is None:
        show_empty(url_state.why_empty(told.NOBODY))
    else:
        st.markdown(f"**{overall[0]}** {overall[1]}")
        if lost := told.lost(now):
            st.caption(f":material/trending_down: {lost[0]}{plain(lost[1], 60)}{lost[2]}")
        draw_blocks.draw(
            Chart(
                "Visitors at each step of the funnel",
                "funnel",
                drawn.funnel_figure,
                drawn.funnel(table, analysis.worst(now)),
            )
        )
    frame, fields = told.listed(table, compared=before is not None)
    listing(frame, fields, what="funnel steps", key="funnel_steps")
