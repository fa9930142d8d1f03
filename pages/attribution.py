"""Attribution: which sources get the credit for conversions and revenue, by several models."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from components import conversions, elements, entrypoint_guard, url_state
from components.analysis_controls import Suggestions, editor, saved_menu
from components.areas import attribution
from components.render import area_page
from components.texts import _
from umami.analysis import saved
from umami.api.reports import Report
from umami.conversion import Conversion
from umami.view import View

entrypoint_guard.check()


def draw(
    view: View,
    chosen: Conversion,
    what: str,
    offers_money: bool,
    _unused: Suggestions,
    listed: Sequence[Report],
) -> None:
    """What to credit, if the server credits revenue; the saved attributions, and what to save."""
    with elements.row():
        if offers_money and chosen.currency:
            elements.segmented(
                _("What to credit"),
                {
                    "": _("Conversions"),
                    "revenue": _("Revenue in {currency}").format(currency=chosen.currency),
                },
                what,
                key="pick_credit",
                label_visibility="collapsed",
                write=lambda what: url_state.set_params(credit=what),
            )
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


with area_page(attribution) as (page, view, params), elements.title(_("Attribution")):
    chosen = conversions.chosen(page, view)
    what = "revenue" if attribution.in_money(params) else ""
    offers_money = view.whole_visits or attribution.reports_money(page)
    with st.container(key="below_title"):
        editor(page, view, partial(draw, view, chosen, what, offers_money), height=38)
