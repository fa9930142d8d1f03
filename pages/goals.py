"""Goals: how often what you want to happen does, against its target."""

from functools import partial

from components import controls, entrypoint_guard, page_context, panels, saved, steps
from components.render import open_page
from components.sections import goals as shown

entrypoint_guard.check()

view = controls.view()

with open_page(page_context.client()) as page:
    with panels.title("Goals"):
        targets = shown.targets()
    suggestions = steps.ask(page, view)
    listed = saved.ask(page, view)

    with panels.card("Goals", about="A page or an event, and how often you want it in the period."):
        page.section(partial(shown.editor, view, targets), *suggestions, listed, height=120)
    shown.cards(page, view, targets)
