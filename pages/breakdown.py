"""Breakdown: traffic by one to three fields at once."""

from functools import partial

from components import address, controls, gate, panels, start
from components.asking import asking
from components.sections import breakdown as shown
from umami.endpoints import reports

gate.opened()

view = controls.view()

with asking(start.client()) as page:
    with panels.title("Breakdown"):
        pass
    choice = shown.choice()
    groups = page.ask(reports.breakdown(view, choice.fields))

    with panels.card("Groups", about=address.dates(view)):
        page.section(partial(shown.groups, view, choice), groups, height=900)
