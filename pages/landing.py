"""Landing pages: what comes of the visits that begin, and that end, on each page."""

import streamlit as st

from components import elements, entrypoint_guard
from components.analysis_controls import conversion_card
from components.areas import landing
from components.render import area_page
from components.view_description import described

entrypoint_guard.check()

with area_page(landing) as (page, view, params):
    with elements.title("Landing pages"):
        st.caption(described(view))
    conversion_card(page, view, params)
