"""The Overview: how the website does, and where its visitors come from."""

from functools import partial

import streamlit as st

from components import (
    controls,
    entrypoint_guard,
    page_context,
    panels,
    rankings,
    tables,
    tiles,
    url_state,
)
from components.render import open_page
from umami.endpoints import events, sessions, traffic

entrypoint_guard.check()

view = controls.view()
compared = view.compared()

with open_page(page_context.client()) as page:
    over_time = page.ask(traffic.pageviews(view))
    earlier = [page.ask(traffic.pageviews(compared))] if compared else []
    totals = tiles.ask(page, view)
    online = page.ask(traffic.active(view.website))
    pages = tables.ask(page, rankings.PAGES, view, key="pages")
    sources = tables.ask(page, rankings.SOURCES, view, key="sources")
    countries = rankings.ask(page, rankings.COUNTRIES, view)
    places = tables.ask(page, rankings.PLACES, view, key="places")
    environment = tables.ask(page, rankings.ENVIRONMENT, view, key="environment")
    event_series = page.ask(events.series(view))
    event_names = tables.ask(page, rankings.EVENTS, view, key="events")
    week = page.ask(sessions.weekly(view))

    with panels.title("Overview"):
        page.section(tiles.live, online, height=24)
    page.section(
        partial(tiles.row, page.client, view), totals.now, over_time, *totals.earlier, height=170
    )
    with panels.card("Traffic", about=url_state.described(view)):
        page.section(partial(panels.traffic, view), over_time, *earlier, height=300)

    left, right = st.columns(2)
    with left, panels.card("Pages"):
        tables.rankings(page, pages)
    with right, panels.card("Sources"):
        tables.rankings(page, sources)

    with panels.card("Places"):
        left, right = st.columns([3, 2])
        with left:
            page.section(panels.world, *countries, height=330)
        with right:
            tables.rankings(page, places)

    left, right = st.columns(2)
    with left, panels.card("Environment"):
        tables.rankings(page, environment)
    with right, panels.card("Events"):
        page.section(partial(panels.events, view), event_series, height=260)
        tables.rankings(page, event_names)

    with panels.card("The week's rhythm"):
        page.section(panels.rhythm, week, height=300)
