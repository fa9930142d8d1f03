"""Journey: its controls, the flow, the paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from components import authorized, draw_blocks, parameters, steps, url_state
from components.charts import sankey as drawn
from components.listing import listing
from components.notices import show_empty, show_note
from components.told import journey as told
from components.told.journey import Choice
from umami.analysis import journey as analysis
from umami.analysis.journey import Flow, Through
from umami.models.reports import Path
from umami.models.traffic import Value
from umami.view import View

_CLICKS: Final = "clicks on the flow"
_WIDE: Final = "<style>.st-key-flow{{overflow-x:auto}} .st-key-flow>*{{min-width:{}px}}</style>"


def choice() -> Choice:
    """Read the choice off the URL; what cannot be is said."""
    found, faults = told.read(parameters.read("steps", "start", "end", "through"))
    for fault in faults:
        show_note(fault)
    return found


def controls(now: Choice, paths: Sequence[Value], events: Sequence[Value]) -> None:
    """How many steps, and where journeys start and end."""
    offered = steps.suggestions(paths, events)
    values = [*offered.paths, *offered.events]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        parameters.choice(
            "Steps",
            told.LENGTHS,
            now.length,
            key="pick_steps",
            icon=":material/stairs:",
            width=150,
            write=lambda length: parameters.write(steps=str(length), through=""),
        )
        _edge("start", "Starts with any page or event", now.start, values)
        _edge("end", "Ends with any page or event", now.end, values)


def _edge(name: str, placeholder: str, value: str | None, values: Sequence[str]) -> None:
    key = f"pick_{name}"
    st.session_state[key] = value

    def chosen() -> None:
        given: Any = st.session_state[key]
        parameters.write(**{name: str(given or "").strip()}, through="")

    st.selectbox(
        f"{name.capitalize()} of the journey",
        list(dict.fromkeys([*([value] if value else []), *values])),
        index=None,
        key=key,
        placeholder=placeholder,
        accept_new_options=True,
        label_visibility="collapsed",
        width=270,
        on_change=authorized.callback(chosen),
    )


def journeys(view: View, now: Choice, answer: tuple[Path, ...]) -> None:
    """The flow of all journeys, or of those through one node, and the paths one by one."""
    paths = told.chosen(now, answer)
    whole = analysis.flow(answer)
    if not answer:
        show_empty(url_state.why_empty(told.NONE))
        return
    _through(now, whole)
    st.caption(told.counts(now, paths, answer))
    if not paths:
        show_empty("None of the paths goes through there.")
        return
    _draw(now, analysis.flow(paths))
    frame, fields = told.listed(paths)
    listing(frame, fields, what="paths", key="paths", shown=15)


def _through(now: Choice, whole: Flow) -> None:
    """Choose a node by name, which keyboards reach; and the way back."""
    nodes = {
        Through(node.step, node.name).spelled: drawn.name(node) for node in whole.nodes if node.name
    }
    if now.through:
        nodes.setdefault(now.through.spelled, f"Step {now.through.step}: {now.through.name}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        parameters.choice(
            "Paths through",
            {"": "Paths through any page", **nodes},
            now.through.spelled if now.through else "",
            key="pick_through",
            icon=":material/alt_route:",
            width=360,
            write=_look,
        )
        if now.through:
            st.button(
                "All paths",
                key="all_paths",
                icon=":material/close:",
                on_click=authorized.callback(_look),
                args=("",),
            )


def _look(through: str) -> None:
    parameters.write(through=through)


def _draw(now: Choice, flow: Flow) -> None:
    if not flow.links:
        show_empty("These visits ended with their first step.")
        return
    # A selection outlives the nodes it was made among: each choice gets a chart without any.
    clicks: int = st.session_state.setdefault(_CLICKS, 0)
    key = f"flow_{clicks}"

    def chosen() -> None:
        st.session_state[_CLICKS] = clicks + 1
        for one in st.session_state[key].selection.selected:
            if one["data_type"] == "node":
                node = flow.nodes[one["data_indices"][0]]
                if node.name:
                    through = Through(node.step, node.name)
                    _look("" if through == now.through else through.spelled)

    data = drawn.sankey(flow, now.through)
    st.html(_WIDE.format(data.least_width))
    with st.container(key="flow"):
        st.echarts_chart(
            drawn.sankey_spec(data, draw_blocks.mode()),
            height=data.height,
            key=key,
            on_select=authorized.callback(chosen),
            renderer="svg",
            alt="Visits from step to step",
        )
