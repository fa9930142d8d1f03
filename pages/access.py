"""Access: accounts, share links and the audit log."""

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
    sharing.not_yours()
elif not viewer.signs_in():
    sharing.unguarded()
else:
    sites = every_website(page_context.client())
    with elements.card("Accounts", about="Defined in the accounts file; edit it to change them."):
        sharing.everybody(sites)
    with elements.card("Share links"):
        sharing.links(sites)
    with elements.card("Audit log"):
        table.search_box(place, "Search user, action or object")
        sharing.log(place, view.period.timezone, sites)
