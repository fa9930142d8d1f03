"""Landing pages: what comes of the visits that begin, and that end, on each page."""

import streamlit as st

from components import elements, entrypoint_guard, page_context, url_state
from components.analysis_controls import conversion_card
from components.areas import landing
from components.render import open_page
from components.view_description import described

entrypoint_guard.check()

view = url_state.view()

with open_page(page_context.client()) as page:
    params = url_state.page_params(landing.INFO)
    with elements.title("Landing pages"):
        st.caption(described(view))
    conversion_card(page, view, params)
    page.draw(page.prepare(landing.ask(page, view, params)))
