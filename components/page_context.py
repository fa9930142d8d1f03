"""What a run begins with: the client as this viewer may use it, and what there is to look at."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any, Final

import streamlit as st

from access.authorized_client import AuthorizedClient
from components import (
    authorized,
    freshness,
    navigation,
    page_registry,
    umami_server,
    url_state,
    viewer,
)
from components.elements import show_error
from components.escaping import plain
from components.export_permissions import download_buttons
from umami.endpoint import Query
from umami.endpoints import websites
from umami.errors import TRANSIENT, SettingsError, UmamiError

_NOT_NOW: Final = "whether this tab stays with the demo"


def client() -> AuthorizedClient:
    """The client, limited to what the viewer of this session may see at this moment.

    Raises ``SettingsError`` for settings that cannot be, data that cannot be read included.
    """
    looking = viewer.still()
    return AuthorizedClient(umami_server.umami(), looking.permissions, partial(_written, looking))


def _written(looking: viewer.Viewer, question: Query[Any], problem: UmamiError | None) -> None:
    arguments = (question.arguments.get(name) for name in ("website", "report", "name"))
    about = " ".join(str(one) for one in arguments if one)
    viewer.record(looking, question.name.replace("_", " "), about, done=problem is None)


def recorded(website: str) -> tuple[datetime, datetime] | None:
    """First and last instant of a website's data; ``None`` where there is none."""
    span = client().ask(websites.daterange(website))
    return (span.start, span.end) if span.start and span.end else None


def server_line() -> None:
    """Say which server is looked at, and that demo data is demo data.

    Where a server stands is told to those only who run it.
    """
    asked = client().server
    zone = url_state.view().period.timezone
    name = f"{asked.label} {asked.version}" if asked.version else asked.label
    where = f"{name} at {asked.address}. " if viewer.current().permissions.admin else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="server"):
        if asked.demo:
            st.badge("Demo data", icon=":material/science:", color="orange", width="content")
        st.caption(plain(f"{where}Times in {zone}."), width="content")
        if asked.demo and viewer.current().permissions.admin:
            _invitation()
        download_buttons()
        freshness.place()


def _invitation() -> None:
    """The way from the demo to a server of one's own, for as long as it is wanted."""
    if st.session_state.get(_NOT_NOW):
        return
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", width="content", key="connect"
    ):
        st.button(
            "Connect your own Umami",
            type="tertiary",
            icon=":material/cable:",
            on_click=authorized.callback(navigation.go),
            args=(page_registry.SETUP.name,),
        )
        st.button("Not now", type="tertiary", on_click=authorized.callback(_not_now))


def _not_now() -> None:
    st.session_state[_NOT_NOW] = True


def stopped(problem: UmamiError) -> None:
    """The page when nothing can be asked at all: a sentence, a remedy, a way to try again. What
    may pass is tried again by itself."""
    if isinstance(problem, viewer.Private):
        st.header("This dashboard is private", anchor=False)
        show_error(problem, icon="lock")
        return
    st.header("The dashboard is not connected", anchor=False)
    show_error(problem)
    with st.container(horizontal=True, gap="small"):
        if st.button("Try again", icon=":material/refresh:"):
            # Settings may have been corrected. Whoever looks at a server that only fails for a
            # while must not lose what is kept of it.
            if not (isinstance(problem, TRANSIENT) and _recognised()):
                umami_server.anew()
            st.rerun()
        if viewer.sets_up(viewer.current()) and st.button("Set up", icon=":material/cable:"):
            st.switch_page(page_registry.SETUP.file, query_params={})
    freshness.again(problem)


def refused(reason: str) -> None:
    """The page of a session that a web page elsewhere began."""
    problem = SettingsError(reason)
    problem.remedy = (
        "Open the dashboard at its own address. If a proxy changes the Host header, name the "
        "address that browsers use in DASHBOARD_ORIGINS."
    )
    st.header("This page was not opened by the dashboard", anchor=False)
    show_error(problem, icon="lock")


def _recognised() -> bool:
    """Whether the server that is set has ever been found to be an Umami."""
    try:
        return umami_server.umami().known
    except UmamiError:
        return False


def no_websites() -> None:
    """The page of somebody who has no website to look at."""
    st.header("No website yet", anchor=False)
    if viewer.current().permissions.admin:
        st.caption("Add a website and put its tracking code on your pages.")
    else:
        st.caption("No website is open to you. Ask whoever runs this dashboard.")
