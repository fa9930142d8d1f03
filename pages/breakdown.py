"""Breakdown: traffic by one to three fields at once."""

import streamlit as st

from components import authorized, elements, entrypoint_guard, url_state
from components.areas import breakdown
from components.render import area_page
from components.texts import _

entrypoint_guard.check()

with area_page(breakdown) as (page, view, params):
    supported = page.client.capabilities.fields
    groupings = breakdown.available_groupings(page, view)
    choice, fault = breakdown.parse(params, supported, groupings)
    with elements.title(_("Breakdown")):
        pass
    if fault:
        elements.show_note(fault)
    with elements.row():
        st.session_state["pick_fields"] = list(choice.fields)
        st.multiselect(
            _("Fields"),
            [*breakdown.available_fields(supported), *groupings],
            key="pick_fields",
            format_func=lambda field: _(breakdown.LABELS[field]),
            max_selections=breakdown.MOST_FIELDS,
            placeholder=_("One to three fields"),
            label_visibility="collapsed",
            on_change=authorized.callback(
                lambda: url_state.set_params(field=st.session_state["pick_fields"])
            ),
        )
        elements.select(
            _("Measure"),
            {measure: _(label) for measure, (label, _unused) in breakdown.MEASURES.items()},
            choice.measure,
            key="pick_measure",
            icon=":material/straighten:",
            width=190,
            write=lambda measure: url_state.set_params(measure=measure),
        )
