"""Journey: the paths that visits take."""

from functools import partial

from components import controls, entrypoint_guard, page_context, panels, steps, url_state
from components.render import open_page
from components.sections import journey as shown
from components.told import journey as told

entrypoint_guard.check()

view = controls.view()

with open_page(page_context.client()) as page:
    with panels.title("Journey"):
        choice = shown.choice()
    suggestions = steps.ask(page, view)
    paths = page.ask(told.asked(choice, view))

    page.section(partial(shown.controls, choice), *suggestions, height=40)
    with panels.card("Paths", about=url_state.dates(view)):
        page.section(partial(shown.journeys, view, choice), paths, height=700)
