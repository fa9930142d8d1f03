"""Compare: what grew, fell, appeared and vanished between two periods."""

from functools import partial

from components import controls, entrypoint_guard, page_context, panels, tiles, url_state
from components.render import open_page
from components.sections import compare as shown
from components.told import compare as told
from umami.endpoints import traffic

entrypoint_guard.check()

view = controls.view()

with open_page(page_context.client()) as page:
    with panels.title("Compare"):
        by = shown.field()
    if view.compared():
        timeline = page.ask(traffic.pageviews(view))
        totals = tiles.ask(page, view)
        ranked = page.compared(view, told.ranking(by))

        page.section(
            partial(tiles.row, page.client, view), totals.now, timeline, *totals.earlier, height=170
        )
        with panels.card("What moved", about=url_state.described(view)):
            page.section(partial(shown.moved, by), *ranked, height=700)
    else:
        shown.nothing()
