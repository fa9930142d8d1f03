"""Landing pages: what comes of the visits that begin, and that end, on each page."""

import streamlit as st

from components import elements, entrypoint_guard
from components.areas import landing
from components.escaping import plain
from components.render import area_page
from components.texts import _
from components.view_description import described

entrypoint_guard.check()

with area_page(landing) as (_page, view, _params), elements.title(_("Landing pages")):
    st.caption(plain(described(view)))
