"""Retention: who comes back, and how long after the first visit."""

from functools import partial

import streamlit as st

from components import controls, entrypoint_guard, page_context, panels, url_state
from components.asking import asking
from components.sections import retention as shown
from umami.endpoints import reports

entrypoint_guard.check()

view = controls.view()

with asking(page_context.client()) as page:
    cohorts = page.against(view, reports.retention)

    with panels.title("Retention"):
        grain = shown.grain(view)
    page.section(partial(shown.figures, view), *cohorts, height=120)
    with panels.card("Cohorts", about=url_state.described(view)):
        page.section(partial(shown.triangle, view, grain), cohorts.now, height=420)

    left, right = st.columns(2)
    with left, panels.card("Back on average"):
        page.section(partial(shown.curve, view), *cohorts, height=300)
    with right, panels.card("Cohort sizes"):
        page.section(partial(shown.sizes, view, grain), cohorts.now, height=300)
