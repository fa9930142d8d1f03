"""Campaigns: what the visits through tagged links brought, by the tags of the links."""

import streamlit as st

from components import elements, entrypoint_guard, page_context, url_state
from components.analysis_controls import conversion_card
from components.areas import utm
from components.render import open_page
from components.view_description import described

entrypoint_guard.check()

view = url_state.view()

with open_page(page_context.client()) as page:
    params = url_state.page_params(utm.INFO)
    with elements.title("Campaigns"):
        st.caption(described(view))
    conversion_card(page, view, params)
    page.draw(page.prepare(utm.ask(page, view, params)))
