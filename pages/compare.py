"""Compare: what grew, fell, appeared and vanished between two periods."""

from components import controls, elements, entrypoint_guard, page_context, url_state
from components.areas import compare
from components.render import open_page

entrypoint_guard.check()
view = controls.view()

with open_page(page_context.client()) as page:
    params = url_state.page_params(compare.INFO)
    layout = page.prepare(compare.ask(page, view, params))
    with elements.title("Compare"):
        elements.select(
            "Compare by",
            compare.TITLES,
            compare.metric(params),
            key="pick_by",
            icon=":material/category:",
            width=220,
            write=lambda by: url_state.set_params(by=by),
        )
    page.draw(layout)
