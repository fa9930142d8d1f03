"""Retention: who comes back, and how long after the first visit."""

from functools import partial

import streamlit as st

from components import address, controls, gate, panels, start
from components.asking import asking
from components.sections import retention as shown
from umami.endpoints import reports

gate.opened()

view = controls.view()

with asking(start.client()) as page:
    cohorts = page.against(view, reports.retention)

    with panels.title("Retention"):
        grain = shown.grain(view)
    page.section(partial(shown.figures, view), *cohorts, height=120)
    with panels.card("Cohorts", about=address.described(view)):
        page.section(partial(shown.triangle, view, grain), cohorts.now, height=420)

    left, right = st.columns(2)
    with left, panels.card("Back on average"):
        page.section(partial(shown.curve, view), *cohorts, height=300)
    with right, panels.card("Cohort sizes"):
        page.section(partial(shown.sizes, view, grain), cohorts.now, height=300)
