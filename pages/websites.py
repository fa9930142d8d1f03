"""Websites: the totals of all websites, a card for each, and their administration."""

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
    website_groups,
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


def choose_conversion(text: str) -> None:
    """Count the chosen or typed conversion on every website."""
    step = text if text in options else websites.typed_step(text)
    url_state.set_params(same_conversion=step)


with open_page(client) as page:
    params = url_state.page_params(websites.INFO)
    groups = page.website_groups()
    choice = websites.Choice.of(params, sites, groups)
    place = blocks.list_position("websites", params)
    needle = (place.search or "").casefold()
    matching = [site for site in choice.sites if needle in f"{site.name}\n{site.domain}".casefold()]
    pages = -(-len(matching) // CARDS)
    first = CARDS * (min(place.page, max(pages, 1)) - 1)
    shown = matching[first : first + CARDS]
    overview = websites.Overview.ask(page, view, choice)
    options = overview.conversions()
    layout = page.prepare(overview.layout())
    cards = page.prepare(websites.card(page, view, site) for site in shown)
    with elements.title(_("Websites")), elements.row("websites_choice"):
        if len(sites) > 1:
            website_groups.choice(websites.shown_groups(groups, sites), choice.group)
        with st.popover(_("Show"), icon=":material/tune:", key="websites_shown"):
            elements.select(
                _("Conversion"),
                options,
                choice.conversion,
                key="pick_same_conversion",
                icon=":material/flag:",
                width=260,
                accept_new_options=True,
                write=choose_conversion,
            )
            if len(choice.sites) > 1:
                elements.segmented(
                    _("Scale"),
                    {"": _("Visitors"), websites.INDEXED: _("Index (average = 100)")},
                    websites.INDEXED if choice.indexed else "",
                    key="pick_scale",
                    write=lambda scale: url_state.set_params(scale=scale),
                )
        if viewer.current().permissions.admin:
            website_groups.menu(groups)
            website_admin.create_form()
    website_admin.show_done()
    website_groups.draw_open(sites)
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
