"""Campaigns: what the visits through tagged links brought, by the tags of the links."""

import streamlit as st

from components import elements, entrypoint_guard
from components.areas import utm
from components.render import area_page
from components.view_description import described

entrypoint_guard.check()

with area_page(utm) as (_page, view, _params), elements.title("Campaigns"):
    st.caption(described(view))
