"""Setup: which Umami is looked at, and who may look."""

from components import elements, entrypoint_guard, umami_server, viewer
from components.setup_wizard import steps as shown

entrypoint_guard.check()

may = viewer.sets_up(viewer.current())
with elements.title("Setup"):
    if may:
        shown.state()
if not may:
    shown.not_from_here()
elif decided := umami_server.decided():
    shown.decided_elsewhere(decided)
else:
    shown.assistant()
