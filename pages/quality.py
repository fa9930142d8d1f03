"""Data quality: gaps and doubts in the figures, how they are defined, and their limits."""

import streamlit as st

from components import elements, entrypoint_guard, url_state
from components.areas import quality
from components.render import area_page
from components.texts import _

entrypoint_guard.check()

with area_page(quality) as (page, view, params), elements.title(_("Data quality")):
    elements.bound(
        st.toggle,
        _("Show without what was detected"),
        quality.leaves_out(params),
        key="pick_without",
        write=lambda on: url_state.set_params(without=[quality.ALL] if on else []),
        label_visibility="visible",
        help=_("Expected values take the place of what was detected, on this page only."),
    )
