"""Sessions: the visitors one by one, who they are, when they come, what they did."""

import streamlit as st

from components import authorized, controls, elements, entrypoint_guard, page_context, url_state
from components.areas import sessions
from components.render import open_page
from components.view_description import described

entrypoint_guard.check()
view = controls.view()

with open_page(page_context.client()) as page:
    params = url_state.page_params(sessions.INFO)
    layout = page.prepare(sessions.ask(page, view, params))
    opened = sessions.session_id(params)
    with elements.title("Session" if opened else "Sessions"):
        if opened:
            st.button(
                "All sessions",
                key="all_sessions",
                icon=":material/arrow_back:",
                on_click=authorized.callback(url_state.set_params),
                kwargs={"session": ""},
            )
        else:
            st.caption(described(view))
    page.draw(layout)
