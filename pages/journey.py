"""Journey: the paths that visits take."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from components import analysis_controls, elements, entrypoint_guard, page_context, url_state
from components.areas import journey
from components.charts import flows
from components.render import open_page
from components.view_description import dates
from umami.analysis.activity import Through, flow
from umami.api.reports import Path
from umami.api.traffic import Value

entrypoint_guard.check()


def edges(selection: journey.Selection, paths: Sequence[Value], events: Sequence[Value]) -> None:
    """Inputs for the number of steps, the start and the end of journeys."""
    suggestions = analysis_controls.suggestions(paths, events)
    values = [*suggestions.paths, *suggestions.events]
    with elements.row():
        elements.select(
            "Steps",
            journey.LENGTHS,
            selection.length,
            key="pick_steps",
            icon=":material/stairs:",
            width=150,
            write=lambda length: url_state.set_params(steps=str(length), through=""),
        )
        edge("start", "Starts with any page or event", selection.start, values)
        edge("end", "Ends with any page or event", selection.end, values)


def edge(name: str, placeholder: str, value: str | None, values: Sequence[str]) -> None:
    """An input for the start or the end of journeys."""
    key = f"pick_{name}"

    def changed() -> None:
        entry = str(st.session_state[key] or "").strip()
        url_state.set_params(**{name: entry}, through="")

    analysis_controls.value_input(
        f"{name.capitalize()} of the journey",
        key,
        value,
        values,
        changed,
        placeholder=placeholder,
        width=270,
    )


def node(through: Through | None, paths: tuple[Path, ...]) -> None:
    """Select a node by name (accessible by keyboard), or return to all paths."""
    if not paths:
        return
    names = {
        Through(node.step, node.name).spelled: flows.name(node)
        for node in flow(paths).nodes
        if node.name
    }
    if through:
        names.setdefault(through.spelled, f"Step {through.step}: {through.name}")
    with elements.row():
        elements.select(
            "Paths through",
            {"": "Paths through any page", **names},
            through.spelled if through else "",
            key="pick_through",
            icon=":material/alt_route:",
            width=360,
            write=lambda through: url_state.set_params(through=through),
        )
        if through:
            every_path = partial(url_state.set_params, through="")
            elements.action_button("All paths", "all_paths", every_path, icon="close")


view = url_state.view()

with open_page(page_context.client()) as page:
    params = url_state.page_params(journey.INFO)
    selection, faults = journey.parse(params)
    suggestions = analysis_controls.ask_suggestions(page, view)
    layout = page.prepare(journey.ask(page, view, params))
    # If this query fails, the section below shows the error.
    no_paths: tuple[Path, ...] = ()
    paths = page.hint(journey.path_query(selection, view), no_paths)
    with elements.title("Journey", faults):
        pass
    page.section(partial(edges, selection), *suggestions, height=40)
    with elements.card("Paths", about=dates(view)):
        page.section(partial(node, selection.through), paths, height=40)
        page.draw(layout, nested=True)
