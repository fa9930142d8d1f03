"""Retention: the share of visitors who return, by time after the first visit."""

from components import controls, elements, entrypoint_guard, page_context, url_state
from components.areas import retention
from components.render import open_page

entrypoint_guard.check()
view = controls.view()

with open_page(page_context.client()) as page:
    params = url_state.page_params(retention.INFO)
    layout = page.prepare(retention.ask(page, view, params))
    with elements.title("Retention"):
        elements.segmented(
            "Cohorts",
            retention.GRAIN_NAMES,
            retention.grain(view, params),
            key="pick_grain",
            write=lambda grain: url_state.set_params(grain=grain),
        )
    page.draw(layout)
