"""The context of a run: the viewer's authorized client, the invitation to connect a
server, and the error pages."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

import streamlit as st

from access.permissions import AuthorizedClient
from access.reader import Reader
from components import (
    elements,
    freshness,
    loading,
    navigation,
    page_registry,
    umami_server,
    viewer,
)
from components.elements import show_error
from components.texts import _
from umami.endpoint import Query
from umami.errors import TRANSIENT, SettingsError, UmamiError


def client() -> AuthorizedClient:
    """The client, limited to the current permissions of this session's viewer.

    Raises ``SettingsError`` for invalid settings and unreadable data.
    """
    looking = viewer.still()

    def record(question: Query[Any], problem: UmamiError | None) -> None:
        arguments = map(question.arguments.get, ("website", "report", "name"))
        about = " ".join(str(argument) for argument in arguments if argument)
        viewer.record(looking, question.name.replace("_", " "), about, done=problem is None)

    return AuthorizedClient(umami_server.umami(), looking.permissions, record)


def reader() -> Reader:
    """What the database holds for this session's viewer, with their current permissions."""
    return Reader(viewer.opening, _account(), viewer.still().permissions)


def _account() -> str:
    """The account of this session; ``""`` for readers of a share link."""
    looking = viewer.still()
    return "" if looking.how in ("nobody", "share") else looking.account


def recorded(website: str) -> tuple[datetime, datetime] | None:
    """The first and last instant of a website's data; ``None`` without data."""
    return loading.recorded(client(), website)


def invitation() -> None:
    """Draw a badge for demo data and, for admins, the way to connect a real server."""
    with elements.row("demo"):
        st.badge(_("Demo data"), icon=":material/science:", color="orange", width="content")
        if viewer.current().permissions.admin:
            go, page = navigation.go, page_registry.SETUP.name
            elements.text_button(_("Connect your own Umami"), "connect", go, page, icon="cable")


def stopped(problem: UmamiError) -> None:
    """Draw the page for a failed connection: the error, its remedy and a retry button.

    Transient errors are retried automatically.
    """
    if isinstance(problem, viewer.Private):
        st.title(_("This dashboard is private"), anchor=False)
        show_error(problem, icon="lock")
        return
    st.title(_("The dashboard is not connected"), anchor=False)
    show_error(problem)
    with st.container(horizontal=True, gap="small"):
        if st.button(_("Try again"), icon=":material/refresh:"):
            # Settings may have been corrected. A transient failure must not discard the
            # cache of a known server.
            known = False
            with suppress(UmamiError):
                known = isinstance(problem, TRANSIENT) and umami_server.umami().known
            if not known:
                umami_server.anew()
            st.rerun()
        if viewer.sets_up(viewer.current()) and st.button(_("Set up"), icon=":material/cable:"):
            st.switch_page(page_registry.SETUP.file, query_params={})
    freshness.again(problem)


def refused(reason: str) -> None:
    """Draw the page of a session that was opened from another origin."""
    problem = SettingsError(reason)
    problem.remedy = _(
        "Open the dashboard at its own address. If a proxy changes the Host header, name the "
        "address that browsers use in DASHBOARD_ORIGINS."
    )
    st.title(_("This page was not opened by the dashboard"), anchor=False)
    show_error(problem, icon="lock")


def no_websites() -> None:
    """Draw the page of a viewer who has no website."""
    st.title(_("No website yet"), anchor=False)
    if viewer.current().permissions.admin:
        st.caption(_("Add a website and add its tracking code to your pages."))
    else:
        st.caption(_("You do not have access to any website. Ask the admin of this dashboard."))
