"""Compare: what grew, fell, appeared and vanished between two periods."""

from components import controls, entrypoint_guard, page_context, panels, parameters
from components.areas import compare
from components.render import open_page

entrypoint_guard.check()
view = controls.view()

with open_page(page_context.client()) as page:
    params = parameters.page_params(compare.INFO)
    layout = page.prepare(compare.ask(page, view, params))
    with panels.title("Compare"):
        parameters.select(
            "Compare by",
            compare.TITLES,
            compare.metric(params),
            key="pick_by",
            icon=":material/category:",
            width=220,
            write=lambda by: parameters.set_params(by=by),
        )
    page.draw(layout)
