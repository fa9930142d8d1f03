"""UTM: views by the parameters of tagged links, and untagged views."""

import streamlit as st

from components import elements, entrypoint_guard
from components.areas import utm
from components.render import area_page
from components.view_description import described

entrypoint_guard.check()

with area_page(utm) as (page, view, params), elements.title("UTM"):
    st.caption(described(view))
