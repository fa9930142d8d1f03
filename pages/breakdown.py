"""Breakdown: traffic by one to three fields at once."""

import streamlit as st

from components import authorized, controls, elements, entrypoint_guard, page_context, url_state
from components.areas import breakdown
from components.elements import show_note
from components.render import open_page
from umami.filters import FIELDS

entrypoint_guard.check()
view = controls.view()

with open_page(page_context.client()) as page:
    params = url_state.page_params(breakdown.INFO)
    able = page.client.capabilities.fields
    choice, fault = breakdown.read(params, able)
    layout = page.prepare(breakdown.ask(page, view, params))
    with elements.title("Breakdown"):
        pass
    if fault:
        show_note(fault)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.session_state["pick_fields"] = list(choice.fields)
        st.multiselect(
            "Fields",
            breakdown.available_fields(able),
            key="pick_fields",
            format_func=FIELDS.__getitem__,
            max_selections=breakdown.MOST_FIELDS,
            placeholder="One to three fields",
            label_visibility="collapsed",
            on_change=authorized.callback(
                lambda: url_state.set_params(field=st.session_state["pick_fields"])
            ),
        )
        elements.select(
            "Measure",
            {measure: label for measure, (label, _) in breakdown.MEASURES.items()},
            choice.measure,
            key="pick_measure",
            icon=":material/straighten:",
            width=190,
            write=lambda measure: url_state.set_params(measure=measure),
        )
    page.draw(layout)
