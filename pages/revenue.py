"""Revenue: money by time, event, place and source."""

from functools import partial

import streamlit as st

from components import controls, entrypoint_guard, page_context, panels, url_state
from components.notices import show_note
from components.render import open_page
from components.sections import revenue as shown
from components.told import revenue as told
from umami.endpoints import reports

entrypoint_guard.check()

view = controls.view()

with open_page(page_context.client()) as page:
    with panels.title("Revenue"):
        found = shown.scope(page, view)
    if found:
        scope = found
        if scope.left_out:
            show_note(scope.left_out)
        money = page.compared(scope.view, partial(told.asked, scope.currency))

        listed = page.hint(reports.currencies(view.unfiltered()), ())
        page.section(partial(shown.figures, page, scope), listed, *money, height=120)
        with panels.card("Revenue over time", about=url_state.described(scope.view)):
            page.section(partial(shown.series, scope), *money, height=280)
        with panels.card("Places"):
            left, right = st.columns([3, 2])
            with left:
                page.section(partial(shown.world, scope), money.now, height=330)
            with right:
                page.section(partial(shown.part, "countries", scope), *money, height=330)
        with st.grid(2, min_column_width=330):
            for name in ("events", "regions", "channels", "referrers"):
                with panels.card(told.PARTS[name][0]):
                    page.section(partial(shown.part, name, scope), *money, height=330)
