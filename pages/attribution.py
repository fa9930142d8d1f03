"""Attribution: the first and last touches that get credit for conversions, side by side."""

from collections.abc import Sequence
from functools import partial

from components import conversions, elements, entrypoint_guard
from components.analysis_controls import Suggestions, editor, saved_menu
from components.areas import attribution
from components.render import area_page
from umami.analysis import saved
from umami.api.reports import Report
from umami.conversion import Conversion
from umami.view import View

entrypoint_guard.check()


def draw(view: View, chosen: Conversion, _: Suggestions, listed: Sequence[Report]) -> None:
    """The saved attributions, and what to save."""
    to_save = None
    if step := chosen.step:
        to_save = saved.parameters(
            view,
            model="first-click",
            type=step.kind,
            step=step.value,
            currency=chosen.currency or None,
        )
    saved_menu(view, "attribution", listed, to_save)


with area_page(attribution) as (page, view, params), elements.title("Attribution"):
    editor(page, view, partial(draw, view, conversions.chosen(page, view)), height=40)
