"""Links & pixels: the clicks of short links and the views of tracking pixels."""

from components import elements, entrypoint_guard
from components.areas import links
from components.render import area_page
from components.texts import _

entrypoint_guard.check()

with area_page(links), elements.title(_("Links & pixels")):
    pass
