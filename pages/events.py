"""Events: what visitors do, and the data that comes with it."""

from functools import partial

import streamlit as st

from components import (
    controls,
    entrypoint_guard,
    page_context,
    paging,
    panels,
    traffic_blocks,
    url_state,
)
from components.blocks import Section
from components.render import open_page
from components.sections import events as shown
from components.sections import properties
from components.told import events as told
from umami.endpoints import events

entrypoint_guard.check()

view = controls.view()
choice = shown.choice()
place = choice.place

with open_page(page_context.client()) as page:
    totals = page.compared(view, events.event_stats)
    series = page.ask(events.series(view))
    listed = page.ask(events.events(view, place.page, paging.SIZE, place.search))
    known = page.ask(events.event_data_properties(view))

    with panels.title("Events"):
        st.caption(url_state.described(view))
    page.section(shown.totals, *totals, height=120)
    over_time = partial(traffic_blocks.events_over_time, view)
    page.draw([Section("Events over time", over_time, [series], height=280)])
    with panels.card("Everything that happened", about="Choose one to see who did it."):
        paging.search_box(place, "Search events and pages")
        page.section(partial(shown.events, view, place), listed, height=700)

    left, right = st.columns(2)
    empty = told.NO_PROPERTIES
    with left, panels.card("Event properties"):
        draw = partial(properties.properties, "Times", empty, choice.property, shown.choose)
        page.section(draw, known, height=300)
    with right, panels.card("Values"):
        if choice.property:
            values = page.ask(events.event_data_values(view, *choice.property))
            page.section(partial(properties.values, choice.property[1]), values, height=300)
        else:
            properties.unchosen()
