"""Web vitals: how fast the pages load and react for visitors."""

from components import elements, entrypoint_guard, url_state
from components.areas import performance
from components.render import area_page
from components.texts import _

entrypoint_guard.check()

with area_page(performance) as (page, view, params), elements.title(_("Web vitals")):
    elements.select(
        _("Web vital"),
        performance.names(),
        performance.chosen(params),
        key="pick_vital",
        icon=":material/speed:",
        width=260,
        write=lambda vital: url_state.set_params(vital=vital),
    )
