"""Breakdown: traffic by one to three fields at once."""

from functools import partial

from components import controls, entrypoint_guard, page_context, panels, url_state
from components.render import open_page
from components.sections import breakdown as shown
from umami.endpoints import reports

entrypoint_guard.check()

view = controls.view()

with open_page(page_context.client()) as page:
    with panels.title("Breakdown"):
        pass
    choice = shown.choice()
    groups = page.ask(reports.breakdown(view, choice.fields))

    with panels.card("Groups", about=url_state.dates(view)):
        page.section(partial(shown.groups, view, choice), groups, height=900)
