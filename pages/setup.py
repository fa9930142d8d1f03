"""Setup: which Umami is looked at, and who may look."""

from components import gate, panels, server, viewer
from components.sections import setup as shown

gate.opened()

with panels.title("Setup"):
    shown.state()
if not viewer.sets_up(viewer.current()):
    shown.not_from_here()
elif decided := server.decided():
    shown.decided_elsewhere(decided)
else:
    shown.assistant()
