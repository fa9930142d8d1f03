"""The Overview: how the website does, and where its visitors come from."""

from functools import partial

import streamlit as st

from components import address, controls, gate, panels, start, tables, tiles
from components.asking import asking
from umami.endpoints import events, sessions, traffic

gate.opened()

view = controls.view()
compared = view.compared()

with asking(start.client()) as page:
    with panels.title("Overview"):
        page.section(tiles.live, page.ask(traffic.active(view.website)), height=24)

    over_time = page.ask(traffic.pageviews(view))
    earlier = [page.ask(traffic.pageviews(compared))] if compared else []
    # Servers answer both periods at once, but for one that the viewer chose.
    apart = [page.ask(traffic.stats(compared))] if compared and view.against else []
    page.section(
        partial(tiles.row, view), page.ask(traffic.stats(view)), over_time, *apart, height=170
    )
    with panels.card("Traffic", about=address.described(view)):
        page.section(partial(panels.traffic, view), over_time, *earlier, height=300)

    left, right = st.columns(2)
    with left, panels.card("Pages"):
        tables.rankings(page, tables.PAGES, view, key="pages")
    with right, panels.card("Sources"):
        tables.rankings(page, tables.SOURCES, view, key="sources")

    with panels.card("Places"):
        left, right = st.columns([3, 2])
        with left:
            page.section(panels.world, page.ask(traffic.metrics(view, "country")), height=330)
        with right:
            tables.rankings(page, tables.PLACES, view, key="places")

    left, right = st.columns(2)
    with left, panels.card("Environment"):
        tables.rankings(page, tables.ENVIRONMENT, view, key="environment")
    with right, panels.card("Events"):
        page.section(partial(panels.events, view), page.ask(events.series(view)), height=260)
        tables.rankings(page, tables.EVENTS, view, key="events")

    with panels.card("The week's rhythm"):
        page.section(panels.rhythm, page.ask(sessions.weekly(view)), height=300)
