"""Funnel: its editor, its figure, its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from components import address, formats, panels, parameters, saved, steps
from components.asking import aside, blank
from components.fields import Field
from components.figures import steps as drawn
from components.listing import listing
from components.text import plain
from umami.analysis import funnel as analysis
from umami.analysis import saved as spelling
from umami.analysis.steps import KINDS, read_steps, spell_steps
from umami.models.paging import Page
from umami.models.reports import FunnelResult, FunnelStep, Report
from umami.models.traffic import Value
from umami.view import View

FEWEST, MOST = 2, 8
WINDOWS: Final[dict[int, str]] = {
    30: "30 minutes",
    60: "1 hour",
    360: "6 hours",
    1_440: "1 day",
    10_080: "7 days",
    43_200: "30 days",
}
DEFAULT_WINDOW: Final = 60


@dataclass(frozen=True, slots=True)
class Chain:
    """The funnel that the URL spells; ``window`` is in minutes."""

    steps: tuple[FunnelStep, ...]
    window: int

    @property
    def complete(self) -> bool:
        """Whether there is something to ask."""
        return len(self.steps) >= FEWEST and all(step.value for step in self.steps)


def chain() -> Chain:
    """Read the funnel off the URL; what cannot be is said and left out."""
    given = parameters.read("window", several=("step",))
    found, faults = read_steps(given["step"])
    text = (given["window"] or [""])[-1]
    window = int(text) if text.isascii() and text.isdigit() and 0 < int(text) <= 525_600 else 0
    if text and not window:
        faults = (*faults, f"“{text[:20]}” is no number of minutes; an hour is taken instead.")
    if len(found) > MOST:
        faults = (*faults, f"A funnel has at most {MOST} steps; the others are left out.")
    for fault in faults:
        aside(fault)
    blanks = (FunnelStep("path", ""),) * max(0, FEWEST - len(found))
    return Chain((*found[:MOST], *blanks), window or DEFAULT_WINDOW)


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
                on_click=_write,
                args=(_raised(now.steps, at),),
            )
            st.button(
                ":material/close:",
                key=f"remove_{at}",
                help="Remove this step",
                type="tertiary",
                disabled=len(now.steps) <= FEWEST and not step.value,
                on_click=_write,
                args=((*now.steps[:at], *now.steps[at + 1 :]),),
            )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Add step",
            key="add_step",
            icon=":material/add:",
            disabled=len(now.steps) >= MOST,
            on_click=_write,
            args=((*now.steps, FunnelStep("path", "")),),
        )
        parameters.choice(
            "Time from each step to the next",
            {minutes: _within(minutes) for minutes in sorted({now.window, *WINDOWS})},
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
                on_click=_write,
                args=(suggested,),
            )
        making = partial(spelling.funnel, view, now.steps, now.window) if now.complete else None
        saved.menu(view, "funnel", making, listed)


def _within(window: int) -> str:
    return f"Within {WINDOWS.get(window, f'{formats.whole(window)} minutes')}"


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
    blank("Choose at least two steps. The funnel shows how many visitors go from each to the next.")


def funnel(
    view: View, now: Sequence[FunnelResult], before: Sequence[FunnelResult] | None = None
) -> None:
    """The figure, with the step that loses most pointed out, and the table."""
    table = analysis.table(now, before)
    if not now or not now[0].visitors:
        blank(
            address.why_empty(
                "Nobody took the first step in this period. Choose another first step or period."
            )
        )
    else:
        last = now[-1]
        st.markdown(
            f"**{formats.percent(last.remaining)}** of {formats.whole(now[0].visitors)} visitors "
            f"went all the way: {formats.whole(last.visitors)}."
        )
        worst = analysis.worst(now)
        if worst is not None:
            lost, step = now[worst], now[worst].step
            st.caption(
                f":material/trending_down: Most are lost before step {worst + 1}, "
                f"{plain(step.value, 60)}: {formats.whole(lost.dropped)} visitors, "
                f"{formats.percent(lost.drop_off)} of those who took the step before."
            )
        panels.chart(
            drawn.funnel_figure(drawn.funnel(table, worst), panels.mode()),
            key="funnel",
            alt="Visitors at each step of the funnel",
        )
    _table(table, compared=before is not None)


def _table(table: pd.DataFrame, *, compared: bool) -> None:
    named = table.assign(kind=table["kind"].map(KINDS), place=range(1, len(table) + 1))
    fields = [
        Field("value", "Step", "text", note="kind"),
        Field("visitors", "Visitors", bar=True),
        Field("dropped", "Lost before it", wide=True),
        Field("kept", "Of the step before", "percent"),
        Field("of_first", "Of the first", "percent"),
    ]
    if compared:
        fields += [
            Field("visitors_before", "Visitors before", wide=True),
            Field("change", "Change", "change", wide=True),
            Field("points", "Change of the first", "points", wide=True),
        ]
    listing(named, fields, what="funnel steps", key="funnel_steps")
