"""Compare: what grew and fell, and what is new and gone, between two periods, or two segments side
by side."""

from functools import partial

import streamlit as st

from components import elements, entrypoint_guard, side_by_side, url_state
from components.areas import compare, last_value
from components.blocks import Params
from components.render import area_page
from components.texts import _

entrypoint_guard.check()


def _choose(side: str, value: str) -> None:
    """Choose a side; the other one is everybody until it is chosen."""
    other = next(name for name in side_by_side.PARAMS if name != side)
    values = {side: value, other: st.session_state[other] or side_by_side.EVERYBODY}
    url_state.set_params(**values)


def _sides(params: Params, names: dict[str, str]) -> None:
    """Select boxes for both sides, and a button that returns to the comparison of periods."""
    if len(names) < 2:
        st.caption(_("Save a segment or a cohort first: “Segments & cohorts” in the filter menu."))
    else:
        st.caption(_("Compare two segments or cohorts, or one with everybody."))
    labels = {"left": _("Left side"), "right": _("Right side")}
    for name, label in labels.items():
        chosen = last_value(params, name) or side_by_side.EVERYBODY
        elements.select(
            label,
            names if chosen in names else {**names, chosen: _("Unknown")},
            chosen,
            key=f"pick_{name}",
            icon=":material/group:",
            label_visibility="visible",
            write=partial(_choose, name),
        )
    if side_by_side.is_chosen(params):
        nothing = dict.fromkeys(side_by_side.PARAMS, "")
        elements.text_button(
            _("Compare periods again"), "no_sides", partial(url_state.set_params, **nothing)
        )


with area_page(compare) as (page, view, params), elements.title(_("Compare")), elements.row():
    elements.select(
        _("Compare by"),
        compare.titles(),
        compare.metric(params),
        key="pick_by",
        icon=":material/category:",
        width=172,
        write=lambda by: url_state.set_params(by=by),
    )
    if not side_by_side.is_chosen(params):
        elements.select(
            _("Figure to explain"),
            {"": _("Explain a figure"), **compare.figures()},
            compare.chosen_figure(params),
            key="pick_figure",
            icon=":material/query_stats:",
            width=270,
            write=lambda figure: url_state.set_params(figure=figure),
        )
    if url_state.free() and page.client.capabilities.segments:
        with st.popover(
            _("Side by side"), icon=":material/group:", key="sides", on_change="rerun"
        ) as popover:
            if popover.open:
                _sides(params, side_by_side.choices(side_by_side.ask_choices(page, view)))
