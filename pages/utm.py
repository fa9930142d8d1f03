"""UTM: what the links you tagged bring, and what came untagged."""

import streamlit as st

from components import controls, elements, entrypoint_guard, page_context, url_state
from components.areas import utm
from components.render import open_page
from components.view_description import described

entrypoint_guard.check()
view = controls.view()

with open_page(page_context.client()) as page:
    layout = page.prepare(utm.ask(page, view, url_state.page_params(utm.INFO)))
    with elements.title("UTM"):
        st.caption(described(view))
    page.draw(layout)
