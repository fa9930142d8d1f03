"""Websites: all of them at a glance, and what an admin does with them."""

import streamlit as st

from components import address, controls, gate, paging, panels, start, viewer
from components.asking import asking
from components.sections import manage
from components.sections import websites as shown

gate.opened()

view = controls.view()
client = start.client()
looking = viewer.current()
sites = controls.sites(client)

with asking(client) as page:
    with panels.title("Websites"):
        choice = shown.choice()
        if looking.rights.admin:
            manage.create()
    manage.said()
    st.caption(address.described(view))
    paging.search_box(choice.place, "Search name or domain")
    managed = next((site for site in sites if site.id == choice.site), None)
    if managed and looking.rights.administers(managed.id):
        manage.card(managed)
    elif choice.site:
        st.caption("The website of this link is not among those you can open.")
    shown.glance(page, view, shown.matching(sites, choice), choice)
