"""Goals: their editor, and a card for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import streamlit as st

from components import authorized, draw_blocks, parameters, saved, steps, tiles, url_state
from components.blocks import Chart
from components.charts import sparkline as drawn
from components.escaping import plain
from components.listing import download
from components.notices import show_empty, show_note
from components.render import Page as Asking
from components.told import goals as told
from umami.analysis import goals as analysis
from umami.analysis import saved as spelling
from umami.analysis.steps import KINDS, Target, spell_target
from umami.endpoints import events, traffic
from umami.models.events import EventSeries
from umami.models.paging import Page
from umami.models.reports import FunnelStep, Goal, Report
from umami.models.traffic import Timeline, Value
from umami.view import View

_NEW: Final = Target(FunnelStep("path", ""))


def targets() -> tuple[Target, ...]:
    """Read the goals off the URL; what cannot be is said and left out."""
    found, faults = told.read(parameters.read(several=("goal",)))
    for fault in faults:
        show_note(fault)
    return found


def editor(
    view: View,
    now: tuple[Target, ...],
    paths: Sequence[Value],
    events: Sequence[Value],
    listed: Page[Report],
) -> None:
    """A line of inputs a goal, and what is saved."""
    offered = steps.suggestions(paths, events)
    lines = now or (_NEW,)
    for at, target in enumerate(lines):
        with st.container(
            horizontal=True, vertical_alignment="center", gap="small", key=f"goal_{at}"
        ):
            steps.inputs(
                target.step,
                offered,
                label=f"Goal {at + 1}",
                key=f"edit_{at}",
                write=partial(_change, lines, at),
            )
            _times(lines, at)
            st.button(
                ":material/close:",
                key=f"remove_{at}",
                help="Remove this goal",
                type="tertiary",
                disabled=not now,
                on_click=authorized.callback(_write),
                args=((*lines[:at], *lines[at + 1 :]),),
            )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Add goal",
            key="add_goal",
            icon=":material/add:",
            disabled=len(lines) >= told.MOST or _NEW in lines,
            on_click=authorized.callback(_write),
            args=((*lines, _NEW),),
        )
        if offered.events:
            st.button(
                "Suggest goals",
                key="suggest_goals",
                icon=":material/lightbulb:",
                help="The events that happen most",
                on_click=authorized.callback(_write),
                args=(tuple(Target(FunnelStep("event", one)) for one in offered.events[:3]),),
            )
        last = next((one for one in reversed(now) if one.step.value), None)
        saved.menu(
            view,
            "goal",
            partial(spelling.goal, view, last) if last else None,
            listed,
            description=spelling.described(last) if last else "",
            about=f"Saves the last goal, {last.step.value}." if last else "",
        )


def _times(lines: tuple[Target, ...], at: int) -> None:
    key = f"edit_{at}_times"
    st.session_state[key] = lines[at].times or None

    def changed() -> None:
        times = int(st.session_state[key] or 0)
        _write((*lines[:at], Target(lines[at].step, times), *lines[at + 1 :]))

    st.number_input(
        "Target",
        min_value=1,
        max_value=1_000_000_000,
        value=None,
        step=1,
        key=key,
        placeholder="Target",
        label_visibility="collapsed",
        width=170,
        on_change=authorized.callback(changed),
    )


def _change(lines: tuple[Target, ...], at: int, step: FunnelStep) -> None:
    _write((*lines[:at], Target(step, lines[at].times), *lines[at + 1 :]))


def _write(lines: tuple[Target, ...]) -> None:
    parameters.write(goal=[spell_target(one) for one in lines])


def cards(page: Asking, view: View, wanted: Sequence[Target]) -> None:
    """Ask for every goal and its trend, and keep a card for each."""
    complete = [one for one in wanted if one.step.value]
    if not complete:
        with st.container(border=True):
            show_empty(
                "Choose a page or an event. Its card tells how often it is reached, and by whom."
            )
        return
    asked = [page.compared(view, partial(told.asked, target)) for target in complete]
    trends = [_trend(page, view, target) for target in complete]
    with st.grid(2, min_column_width=330, gap="small"):
        for at, (target, answers, over_time) in enumerate(
            zip(complete, asked, trends, strict=True)
        ):
            with st.container(border=True, gap="small", key=f"card_{at}"):
                st.subheader(plain(target.step.value, 60), anchor=False)
                st.caption(f"{KINDS[target.step.kind]} · {url_state.described(view)}")
                page.section(partial(result, target), *answers, height=120)
                over_time(f"trend_{at}")
    page.section(partial(_csv, complete), *(one.now for one in asked), height=24)


def _trend(page: Asking, view: View, target: Target) -> Callable[[str], None]:
    """Ask for the trend of a goal; returns what keeps its place."""
    if target.step.kind == "event":
        series = page.ask(events.series(view))
        return lambda key: page.section(partial(_of_event, view, target, key), series, height=150)
    narrowed = analysis.viewing(view, target)
    if narrowed is None:
        return lambda _key: show_empty(told.NO_TREND)
    timeline = page.ask(traffic.pageviews(narrowed))
    return lambda key: page.section(partial(_of_page, view, target, key), timeline, height=150)


def _of_event(view: View, target: Target, key: str, series: EventSeries) -> None:
    _draw(target, key, told.of_event(view, target, series))


def _of_page(view: View, target: Target, key: str, timeline: Timeline) -> None:
    _draw(target, key, told.of_page(view, target, timeline))


def _draw(target: Target, key: str, data: drawn.Trend | None) -> None:
    if data is None:
        show_empty(told.NOT_REACHED)
        return
    draw_blocks.draw(
        Chart(
            f"How often the goal {target.step.value} was reached over time",
            key,
            drawn.trend_figure,
            data,
        )
    )


def result(target: Target, now: Goal, before: Goal | None = None) -> None:
    """How often it was reached, by how many, and how far that is of the target."""
    tiles.draw(told.figures(now, before), within=True)
    if reached := told.reached(target, now):
        st.progress(min(reached[0], 1.0), text=reached[1])


def _csv(wanted: Sequence[Target], *answers: Goal) -> None:
    download(*told.listed(wanted, answers), what="goals", key="goals")
