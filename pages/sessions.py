"""Visitors: the list of visitors, or the profile of one."""

from functools import partial

import streamlit as st

from components import elements, entrypoint_guard, url_state
from components.areas import sessions
from components.escaping import plain
from components.render import area_page
from components.texts import _
from components.view_description import described

entrypoint_guard.check()

with area_page(sessions) as (page, view, params):
    opened = sessions.session_id(params)
    elements.scroll_to_top(opened or "")
    with elements.title(_("Visitor") if opened else _("Visitors")):
        if opened:
            close = partial(url_state.set_params, session="")
            elements.action_button(_("All visitors"), "all_sessions", close, icon="arrow_back")
        else:
            st.caption(plain(described(view)))
