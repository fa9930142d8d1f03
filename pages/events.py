"""Events: what visitors do, and the data that comes with it."""

import streamlit as st

from components import controls, elements, entrypoint_guard, page_context, url_state
from components.areas import events
from components.render import open_page
from components.view_description import described

entrypoint_guard.check()
view = controls.view()

with open_page(page_context.client()) as page:
    layout = page.prepare(events.ask(page, view, url_state.page_params(events.INFO)))
    with elements.title("Events"):
        st.caption(described(view))
    page.draw(layout)
