"""Overview: how the website does, and where its visitors come from."""

import streamlit as st

from components import elements, entrypoint_guard, formats
from components.areas import overview
from components.escaping import plain
from components.render import area_page
from components.texts import _
from umami.api import traffic
from umami.api.traffic import Active

entrypoint_guard.check()


def online_badge(active: Active) -> None:
    """A badge with the number of visitors on the website now."""
    st.badge(
        plain(_("{visitors} online now").format(visitors=formats.whole(active.visitors))),
        icon=":material/sensors:",
        color="green" if active.visitors else "gray",
        help=_("Visitors seen in the last five minutes."),
    )


with area_page(overview) as (page, view, params), elements.title(_("Overview")):
    page.section(online_badge, page.ask(traffic.active(view.website)), height=24)
