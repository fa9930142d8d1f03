"""Setup: the connection to Umami, and who may use the dashboard."""

from components import elements, entrypoint_guard, umami_server, viewer
from components.setup_wizard import steps
from components.texts import _

entrypoint_guard.check()

may_set_up = viewer.sets_up(viewer.current())
with elements.title(_("Setup")):
    if may_set_up:
        steps.state()
if not may_set_up:
    steps.not_from_here()
elif decided := umami_server.decided():
    steps.decided_elsewhere(decided)
else:
    steps.assistant()
