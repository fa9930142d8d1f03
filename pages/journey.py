"""Journey: the paths that visits take."""

from functools import partial

from components import address, controls, gate, panels, start, steps
from components.asking import asking
from components.sections import journey as shown
from components.told import journey as told

gate.opened()

view = controls.view()

with asking(start.client()) as page:
    with panels.title("Journey"):
        choice = shown.choice()
    suggestions = steps.ask(page, view)
    paths = page.ask(told.asked(choice, view))

    page.section(partial(shown.controls, choice), *suggestions, height=40)
    with panels.card("Paths", about=address.dates(view)):
        page.section(partial(shown.journeys, view, choice), paths, height=700)
