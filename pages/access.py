"""Access: who may see what, the links that are shared, and what was done."""

from components import (
    blocks,
    controls,
    elements,
    entrypoint_guard,
    page_context,
    paging,
    url_state,
    viewer,
)
from components import sharing as shown

entrypoint_guard.check()

view = controls.view()
place = blocks.position("log", url_state.read_params(*blocks.param_names("log")))

with elements.title("Access"):
    pass
if not viewer.current().permissions.admin:
    shown.not_yours()
elif not viewer.signs_in():
    shown.unguarded()
else:
    sites = controls.sites(page_context.client())
    with elements.card("Accounts", about="Kept in the file of accounts, and changed there."):
        shown.everybody(sites)
    with elements.card("Share links"):
        shown.links(sites)
    with elements.card("Audit log"):
        paging.search_box(place, "Search who, what or about what")
        shown.log(place, view.period.timezone, sites)
