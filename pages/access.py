"""Access: accounts, share links and the audit log."""

import streamlit as st

from components import (
    blocks,
    controls,
    elements,
    entrypoint_guard,
    page_context,
    sharing,
    table,
    url_state,
    viewer,
)
from components.loading import every_website

entrypoint_guard.check()

view = controls.view()
place = blocks.list_position("log", url_state.read_params(*blocks.list_param_names("log")))

with elements.title("Access"):
    pass
if not viewer.current().permissions.admin:
    st.caption("This page is for admins only.")
elif not viewer.signs_in():
    st.caption("No sign-in yet: anyone with the address sees everything.")
    st.markdown(
        "Create accounts on the Setup page, or with `python -m access`: add its output and a "
        "cookie key (`python -m access key`) to `.streamlit/secrets.toml`."
    )
else:
    elements.show_loss("sessions, share links and the audit log")
    sites = every_website(page_context.client())
    with elements.card("Accounts", about="Defined in the accounts file; edit it to change them."):
        sharing.everybody(sites)
    with elements.card("Share links"):
        sharing.links(sites)
    with elements.card("Audit log"):
        table.search_box(place, "Search user, action or object")
        sharing.log(place, view.period.timezone, sites)
