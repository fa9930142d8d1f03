"""Start-up, once a process: settings, the embedded server where none is set, the client.

The one place that knows the embedded server, and it knows only how to start it.
"""

from __future__ import annotations

import atexit
import gc
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from components import address
from components.asking import trouble
from components.text import plain
from umami.client import Client, connect
from umami.endpoints import websites
from umami.errors import SettingsError, UmamiError
from umami.settings import read

if TYPE_CHECKING:
    from umami.embedded.server import Running


@st.cache_resource(show_spinner=False)
def tune() -> None:
    """Keep the heavy imports out of every later collection; once a process."""
    import pandas  # noqa: F401
    import plotly.graph_objects  # noqa: F401

    gc.collect()
    gc.freeze()


@st.cache_resource(show_spinner="Starting …", on_release=lambda client: client.close())
def client() -> Client:
    """The client of this process, with a server of its own where none is set.

    Raises ``SettingsError`` for settings that cannot be, data that cannot be read included.
    """
    settings = read()
    if not settings.embedded:
        found = connect(settings)
        found.recognise()
        return found
    running = _own_server(settings.data)
    filled = replace(
        settings,
        api=f"{running.url}/api",
        username=running.username,
        password=running.password,
    )
    return connect(filled, label="Embedded Umami", demo=running.demo)


@st.cache_resource(show_spinner=False, on_release=lambda running: running.stop())
def _own_server(data: Path | None) -> Running:
    # Whoever has a server of their own need not load a database.
    from umami.embedded.server import serve
    from umami.embedded.tables import ImportRefused

    try:
        running = serve(data, generation=3)
    except ImportRefused as refusal:
        raise SettingsError(f"UMAMI_DATA cannot be read: {refusal}") from None
    atexit.register(running.stop)
    return running


def recorded(website: str) -> tuple[datetime, datetime] | None:
    """First and last instant of a website's data; ``None`` where there is none."""
    span = client().ask(websites.daterange(website))
    return (span.start, span.end) if span.start and span.end else None


def server_line() -> None:
    """Say which server is looked at, and that demo data is demo data."""
    server = client().server
    zone = address.view().period.timezone
    name = f"{server.label} {server.version}" if server.version else server.label
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="server"):
        if server.demo:
            st.badge("Demo data", icon=":material/science:", color="orange", width="content")
        st.caption(
            plain(f"{name} at {server.address}. Times in {zone}."),
            width="content",
        )


def stopped(problem: UmamiError) -> None:
    """The page when nothing can be asked at all: a sentence, a remedy, a way to try again."""
    st.header("The dashboard is not connected", anchor=False)
    trouble(problem)
    if st.button("Try again", icon=":material/refresh:"):
        client.clear()
        st.rerun()


def no_websites() -> None:
    """The page of an account that has no website yet."""
    st.header("No website yet", anchor=False)
    st.caption("Add a website in Umami, put its tracker on your pages, and this page fills.")
