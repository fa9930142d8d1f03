"""Access: who may see what, the links that are shared, and what was done."""

from components import (
    controls,
    entrypoint_guard,
    page_context,
    paged_lists,
    paging,
    panels,
    parameters,
    viewer,
)
from components.sections import access as shown

entrypoint_guard.check()

view = controls.view()
place = paged_lists.position("log", parameters.read_params(*paged_lists.param_names("log")))

with panels.title("Access"):
    pass
if not viewer.current().permissions.admin:
    shown.not_yours()
elif not viewer.signs_in():
    shown.unguarded()
else:
    sites = controls.sites(page_context.client())
    with panels.card("Accounts", about="Kept in the file of accounts, and changed there."):
        shown.everybody(sites)
    with panels.card("Share links"):
        shown.links(sites)
    with panels.card("Audit log"):
        paging.search_box(place, "Search who, what or about what")
        shown.log(place, view.period.timezone, sites)
