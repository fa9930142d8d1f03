"""Events: what visitors do, and the data that comes with it."""

import streamlit as st

from components import elements, entrypoint_guard
from components.areas import events
from components.escaping import plain
from components.render import area_page
from components.texts import _
from components.view_description import described

entrypoint_guard.check()

with area_page(events) as (page, view, params), elements.title(_("Events")):
    st.caption(plain(described(view)))
