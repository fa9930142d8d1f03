"""Funnel: how many visitors go from step to step, and where they are lost."""

from functools import partial

from components import controls, entrypoint_guard, page_context, panels, saved, steps, url_state
from components.render import open_page
from components.sections import funnel as shown
from umami.endpoints import reports

entrypoint_guard.check()

view = controls.view()

with open_page(page_context.client()) as page:
    with panels.title("Funnel"):
        chain = shown.chain()
    suggestions = steps.ask(page, view)
    listed = saved.ask(page, view)
    results = (
        page.compared(view, lambda one: reports.funnel(one, chain.steps, chain.window))
        if chain.complete
        else ()
    )

    with panels.card("Steps", about="Visitors take them in this order, each soon after the last."):
        page.section(partial(shown.editor, view, chain), *suggestions, listed, height=190)
    with panels.card("Conversion", about=url_state.described(view)):
        if results:
            page.section(partial(shown.funnel, view), *results, height=420)
        else:
            shown.nothing()
