"""Compare: what grew, fell, appeared and vanished between two periods."""

from functools import partial

from components import address, controls, gate, panels, start, tiles
from components.asking import asking
from components.sections import compare as shown
from components.told import compare as told
from umami.endpoints import traffic

gate.opened()

view = controls.view()

with asking(start.client()) as page:
    with panels.title("Compare"):
        by = shown.field()
    if view.compared():
        timeline = page.ask(traffic.pageviews(view))
        totals = tiles.ask(page, view)
        ranked = page.against(view, told.ranking(by))

        page.section(
            partial(tiles.row, page.client, view), totals.now, timeline, *totals.earlier, height=170
        )
        with panels.card("What moved", about=address.described(view)):
            page.section(partial(shown.moved, by), *ranked, height=700)
    else:
        shown.nothing()
