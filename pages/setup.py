"""Setup: which Umami is looked at, and who may look."""

from components import gate, panels, server, viewer
from components.sections import setup as shown

gate.opened()

may = viewer.sets_up(viewer.current())
with panels.title("Setup"):
    if may:
        shown.state()
if not may:
    shown.not_from_here()
elif decided := server.decided():
    shown.decided_elsewhere(decided)
else:
    shown.assistant()
