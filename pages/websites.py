"""Websites: cards with the visitors of each website, and their administration."""

import streamlit as st

from components import (
    blocks,
    controls,
    elements,
    entrypoint_guard,
    page_context,
    table,
    url_state,
    viewer,
    website_admin,
)
from components.areas import websites
from components.elements import show_empty
from components.escaping import plain
from components.loading import every_website
from components.render import open_page
from components.texts import _

entrypoint_guard.check()
CARDS = 12  # cards on a page of the list, with two queries each

view = controls.view()
client = page_context.client()
sites = every_website(client)

with open_page(client) as page:
    params = url_state.page_params(websites.INFO)
    place = blocks.list_position("websites", params)
    needle = (place.search or "").casefold()
    matching = [site for site in sites if needle in f"{site.name}\n{site.domain}".casefold()]
    pages = -(-len(matching) // CARDS)
    first = CARDS * (min(place.page, max(pages, 1)) - 1)
    shown = matching[first : first + CARDS]
    layout = page.prepare(websites.ask(page, view, params))
    cards = page.prepare(websites.card(page, view, site) for site in shown)
    with elements.title(_("Websites")):
        if viewer.current().permissions.admin:
            website_admin.create_form()
    website_admin.show_done()
    page.draw(layout)
    table.search_box(place, _("Search name or domain"))
    managed = website_admin.manage(sites, params["site"][0]) if params["site"] else None
    if not shown:
        with st.container(border=True):
            show_empty(_("No website matches the search."))
    with st.grid(3, min_column_width=260, gap="small"):
        for site, card in zip(shown, cards, strict=True):
            with st.container(border=True, gap="xsmall", height="stretch", key=f"site_{site.id}"):
                st.header(plain(site.name, 60), anchor=False)
                st.caption(plain(site.domain or _("No domain"), 80))
                website_admin.card_buttons(site, is_managed=site is managed)
                page.draw([card])
    table.page_buttons(place, pages, key="sites")
