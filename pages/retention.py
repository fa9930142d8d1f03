"""Retention: the share of visitors who return, by time after the first visit."""

from components import elements, entrypoint_guard, url_state
from components.areas import retention
from components.render import area_page
from components.texts import _

entrypoint_guard.check()

with area_page(retention) as (page, view, params), elements.title(_("Retention")):
    elements.segmented(
        _("Cohorts"),
        {grain: _(name) for grain, name in retention.GRAIN_NAMES.items()},
        retention.grain(view, params),
        key="pick_grain",
        write=lambda grain: url_state.set_params(grain=grain),
    )
