"""Compare: what grew and fell, and what is new and gone, between two periods."""

from components import elements, entrypoint_guard, url_state
from components.areas import compare
from components.render import area_page
from components.texts import _

entrypoint_guard.check()

with area_page(compare) as (page, view, params), elements.title(_("Compare")), elements.row():
    elements.select(
        _("Compare by"),
        compare.titles(),
        compare.metric(params),
        key="pick_by",
        icon=":material/category:",
        width=172,
        write=lambda by: url_state.set_params(by=by),
    )
    elements.select(
        _("Figure to explain"),
        {"": _("Explain a figure"), **compare.figures(view)},
        compare.chosen_figure(view, params),
        key="pick_figure",
        icon=":material/query_stats:",
        width=172,
        write=lambda figure: url_state.set_params(figure=figure),
    )
