"""Realtime: who is on the website now, and what they do."""

from components import controls, entrypoint_guard, page_context, panels
from components.sections import realtime as shown

entrypoint_guard.check()

view = controls.view()

with panels.title("Realtime"):
    still = shown.paused()
shown.page(view, controls.domain(page_context.client(), view.website), still=still)
