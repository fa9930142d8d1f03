"""UTM: what the links you tagged bring, and what came untagged."""

from functools import partial

import streamlit as st

from components import controls, entrypoint_guard, page_context, panels, tiles, url_state
from components.asking import asking
from components.sections import utm as shown
from components.told import utm as told
from umami.endpoints import reports, traffic

entrypoint_guard.check()

view = controls.view()

with asking(page_context.client()) as page:
    utm = page.against(view, reports.utm)
    totals = tiles.ask(page, view)
    all_views = page.hint(traffic.stats(view), None)

    with panels.title("UTM"):
        campaign, looked_into = shown.campaign(view)
        st.caption(url_state.described(view))
    page.section(shown.tagged, utm.now, totals.now, *utm.earlier, *totals.earlier, height=120)
    if looked_into:
        shown.detail(page, campaign, looked_into)
    elif campaign:
        shown.not_looked_into(campaign)

    with st.grid(2, min_column_width=330):
        for name, title in told.NAMES.items():
            with panels.card(title):
                page.section(
                    partial(shown.parameter, name), utm.now, all_views, *utm.earlier, height=420
                )
