"""UTM: what the links you tagged bring, and what came untagged."""

from functools import partial

import streamlit as st

from components import address, controls, gate, panels, start
from components.asking import asking
from components.sections import utm as shown
from umami.endpoints import reports, traffic

gate.opened()

view = controls.view()
compared = view.compared()

with asking(start.client()) as page:
    utm = page.against(view, reports.utm)
    views = page.ask(traffic.stats(view))
    # Servers answer both periods at once, but for one that the viewer chose.
    apart = [page.ask(traffic.stats(compared))] if compared and view.against else []

    with panels.title("UTM"):
        campaign, looked_into = shown.campaign(view)
        st.caption(address.described(view))
    page.section(shown.tagged, utm.now, views, *utm.earlier, *apart, height=120)
    if looked_into:
        shown.detail(page, campaign, looked_into)
    elif campaign:
        shown.not_looked_into(campaign)

    with st.grid(2, min_column_width=330):
        for name, title in shown.NAMES.items():
            with panels.card(title):
                page.section(partial(shown.parameter, name), *utm, height=420)
