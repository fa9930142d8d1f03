"""Journey: what visits do before and after a page, and the paths that they begin with."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from components import (
    analysis_controls,
    elements,
    entrypoint_guard,
    formats,
    page_context,
    url_state,
)
from components.areas import journey
from components.render import open_page
from components.texts import _
from components.view_description import dates
from umami.api.traffic import Value

entrypoint_guard.check()


def question(selection: journey.Selection, page: str, paths: Sequence[Value]) -> None:
    """Inputs for the page, the side of it to list, and what counts as a step."""
    with elements.row():
        elements.segmented(
            _("What to list"),
            {side: _(label) for side, label in journey.SIDES.items()},
            selection.side,
            key="pick_side",
            label_visibility="collapsed",
            write=lambda side: url_state.set_params(side=side),
        )
        step("at", _("Page"), _("Choose or type a page, such as /pricing"), page, paths)
        elements.select(
            _("Steps to count"),
            {kinds: _(label) for kinds, label in journey.KINDS.items()},
            "" if selection.events else "pages",
            key="pick_kinds",
            width=170,
            write=lambda kinds: url_state.set_params(kinds=kinds),
        )


def ends(selection: journey.Selection, paths: Sequence[Value], events: Sequence[Value]) -> None:
    """Inputs for the number of steps and, under “More”, the start and the end of paths."""
    values = [*paths, *events]
    with elements.row():
        elements.select(
            _("Steps"),
            {n: formats.counted("{count} step", "{count} steps", n) for n in journey.LENGTHS},
            selection.length,
            key="pick_steps",
            icon=":material/stairs:",
            width=150,
            write=lambda length: url_state.set_params(steps=str(length)),
        )
        with st.popover(_("More"), icon=":material/tune:", key="more"):
            any_step = _("with any page or event")
            step(
                "start",
                _("Start of the path"),
                _("Starts {any_step}").format(any_step=any_step),
                selection.start,
                values,
            )
            step(
                "end",
                _("End of the path"),
                _("Ends {any_step}").format(any_step=any_step),
                selection.end,
                values,
            )


def step(
    name: str, label: str, placeholder: str, value: str | None, values: Sequence[Value]
) -> None:
    """An input for a parameter that is a page or an event."""
    key = f"pick_{name}"

    def changed() -> None:
        entry = str(st.session_state[key] or "").strip()
        url_state.set_params(**{name: entry})

    analysis_controls.value_input(
        label,
        key,
        value,
        [row.value for row in values if row.value],
        changed,
        placeholder=placeholder,
        width=320,
    )


view = url_state.view()

with open_page(page_context.client()) as page:
    params = url_state.page_params(journey.INFO)
    selection, faults = journey.parse(params)
    *around, paths = page.prepare(journey.ask(page, view, params))
    values = analysis_controls.ask_suggestions(page, view)
    with elements.title(_("Journey"), faults):
        pass
    chosen = journey.page_of(page, view, selection)
    with st.container(key="question"):
        page.section(partial(question, selection, chosen), values[0], height=38)
    page.draw(around)
    with elements.card(_("Paths from the first step"), about=dates(view)):
        page.section(partial(ends, selection), *values, height=38)
        page.draw([paths], nested=True)
