"""Revenue: money by time, event, place and source."""

from functools import partial

import streamlit as st

from components import address, controls, gate, panels, start
from components.asking import asking
from components.sections import revenue as shown
from components.told import revenue as told

gate.opened()

view = controls.view()

with asking(start.client()) as page:
    with panels.title("Revenue"):
        code = shown.currency(page, view)
    if code:
        money = page.against(view, partial(told.asked, code))

        page.section(partial(shown.figures, page.client, view, code), *money, height=120)
        with panels.card("Revenue over time", about=address.described(view)):
            page.section(partial(shown.series, view, code), money.now, height=280)
        with panels.card("Places"):
            left, right = st.columns([3, 2])
            with left:
                page.section(partial(shown.world, code), money.now, height=330)
            with right:
                page.section(partial(shown.part, "countries", code), *money, height=330)
        with st.grid(2, min_column_width=330):
            for name in ("events", "regions", "channels", "referrers"):
                with panels.card(told.PARTS[name][0]):
                    page.section(partial(shown.part, name, code), *money, height=330)
