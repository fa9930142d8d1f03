"""Realtime: who is on the website now, and what they do."""

from components import controls, gate, panels, start
from components.sections import realtime as shown

gate.opened()

view = controls.view()

with panels.title("Realtime"):
    still = shown.paused()
shown.page(view, controls.domain(start.client(), view.website), still=still)
