"""Websites: all of them at a glance, and what an admin does with them."""

import streamlit as st

from components import controls, entrypoint_guard, page_context, paging, panels, url_state, viewer
from components.render import open_page
from components.sections import manage
from components.sections import websites as shown

entrypoint_guard.check()

view = controls.view()
client = page_context.client()
looking = viewer.current()
sites = controls.sites(client)

with open_page(client) as page:
    with panels.title("Websites"):
        choice = shown.choice()
        if looking.permissions.admin:
            manage.create()
    manage.said()
    st.caption(url_state.described(view))
    paging.search_box(choice.place, "Search name or domain")
    managed = next((site for site in sites if site.id == choice.site), None)
    if managed and looking.permissions.administers(managed.id):
        manage.card(managed)
    elif choice.site:
        st.caption("The website of this link is not among those you can open.")
    shown.glance(page, view, shown.matching(sites, choice), choice)
