"""The context of a run: the viewer's authorized client, the server line and the error pages."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import streamlit as st

from access.permissions import AuthorizedClient
from components import (
    elements,
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
from components.texts import _
from umami.api import websites
from umami.endpoint import Query
from umami.errors import TRANSIENT, SettingsError, UmamiError

_NOT_NOW: Final = "whether this tab stays with the demo"


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


def recorded(website: str) -> tuple[datetime, datetime] | None:
    """The first and last instant of a website's data; ``None`` without data."""
    span = client().ask(websites.daterange(website))
    return (span.start, span.end) if span.start and span.end else None


def server_line() -> None:
    """Draw the server, the time zone and a badge for demo data.

    Only admins see the address of the server.
    """
    server = client().server
    zone = url_state.view().period.timezone
    name = " ".join(filter(None, (_(server.label), server.version)))
    where = (
        _("{name} at {address}. ").format(name=name, address=server.address)
        if viewer.current().permissions.admin
        else ""
    )
    with elements.row("server"):
        if server.demo:
            st.badge(_("Demo data"), icon=":material/science:", color="orange", width="content")
        st.caption(
            plain(_("{where}Times in {zone}.").format(where=where, zone=zone)), width="content"
        )
        if server.demo and viewer.current().permissions.admin:
            _invitation()
        download_buttons()
        freshness.place()


def _invitation() -> None:
    """Offer to connect a real server while the demo is shown, until the viewer dismisses it."""

    def dismiss() -> None:
        st.session_state[_NOT_NOW] = True

    if st.session_state.get(_NOT_NOW):
        return
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", width="content", key="connect"
    ):
        page = page_registry.SETUP.name
        elements.text_button(_("Connect your own Umami"), None, navigation.go, page, icon="cable")
        elements.text_button(_("Not now"), None, dismiss)


def stopped(problem: UmamiError) -> None:
    """Draw the page for a failed connection: the error, its remedy and a retry button.

    Transient errors are retried automatically.
    """
    if isinstance(problem, viewer.Private):
        st.header(_("This dashboard is private"), anchor=False)
        show_error(problem, icon="lock")
        return
    st.header(_("The dashboard is not connected"), anchor=False)
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
    st.header(_("This page was not opened by the dashboard"), anchor=False)
    show_error(problem, icon="lock")


def no_websites() -> None:
    """Draw the page of a viewer who has no website."""
    st.header(_("No website yet"), anchor=False)
    if viewer.current().permissions.admin:
        st.caption(_("Add a website and add its tracking code to your pages."))
    else:
        st.caption(_("You do not have access to any website. Ask the admin of this dashboard."))
