"""Sessions: the visitors one by one, who they are, when they come, what they did."""

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
from components.render import Page, open_page
from components.sections import profile, properties
from components.sections import sessions as shown
from components.told import sessions as told
from umami.endpoints import sessions
from umami.view import View

entrypoint_guard.check()


def one_session(page: Page, view: View, session: str) -> None:
    """The profile of a session."""
    found = page.ask(sessions.session(view.website, session))
    steps = page.ask(sessions.activity(view, session))
    known = page.ask(sessions.session_properties(view.website, session))

    with panels.title("Session"):
        profile.back()
    with st.container(border=True):
        page.section(partial(profile.who, view), found, height=420)
    with panels.card("Activity", about=url_state.dates(view)):
        page.section(partial(profile.activity, view), steps, height=420)
    with panels.card("Properties"):
        page.section(partial(profile.properties, view), known, height=120)


def all_sessions(page: Page, view: View, choice: shown.Choice) -> None:
    """All sessions of the View."""
    totals = page.compared(view, sessions.session_stats)
    place = choice.place
    listed = page.ask(sessions.sessions(view, place.page, paging.SIZE, place.search))
    week = page.ask(sessions.weekly(view))
    known = page.ask(sessions.session_data_properties(view))

    with panels.title("Sessions"):
        st.caption(url_state.described(view))
    page.section(shown.totals, *totals, height=120)
    page.draw([Section("The week's rhythm", traffic_blocks.week, [week], height=300)])
    with panels.card("Every session"):
        paging.search_box(place, "Search by id, city, browser, system or device")
        page.section(partial(shown.sessions, view, place), listed, height=700)
    left, right = st.columns(2)
    chosen = ("", choice.property) if choice.property else None
    empty = told.NO_PROPERTIES
    with left, panels.card("Session properties"):
        draw = partial(properties.properties, "Sessions", empty, chosen, shown.choose)
        page.section(draw, known, height=300)
    with right, panels.card("Values"):
        if choice.property:
            values = page.ask(sessions.session_data_values(view, choice.property))
            page.section(partial(properties.values, choice.property), values, height=300)
        else:
            properties.unchosen()


view = controls.view()
choice = shown.choice()

with open_page(page_context.client()) as page:
    if choice.session:
        one_session(page, view, choice.session)
    else:
        all_sessions(page, view, choice)
