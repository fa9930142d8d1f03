"""The server that is looked at, once a process: settings, the embedded one where none is set.

What it gives is not limited to what a viewer may see: pages ask through ``start.client``.
"""

from __future__ import annotations

import atexit
import gc
from pathlib import Path

import streamlit as st

from components import starting
from components.starting import Running
from umami.client import Client, connect
from umami.settings import read


@st.cache_resource(show_spinner=False)
def tune() -> None:
    """Keep the heavy imports out of every later collection; once a process."""
    import pandas  # noqa: F401
    import plotly.graph_objects  # noqa: F401

    gc.collect()
    gc.freeze()


@st.cache_resource(show_spinner="Starting …", on_release=lambda client: client.close())
def umami() -> Client:
    """The client of this process, with a server of its own where none is set.

    Raises ``SettingsError`` for settings that cannot be, data that cannot be read included.
    """
    settings = read()
    if not settings.embedded:
        found = connect(settings)
        found.recognise()
        return found
    return starting.client_of(_own_server(settings.data), settings)


@st.cache_resource(show_spinner=False, on_release=lambda running: running.stop())
def _own_server(data: Path | None) -> Running:
    running = starting.own_server(data)
    atexit.register(running.stop)
    return running


def demo() -> bool:
    """Whether all that can be looked at is made up. Raises ``SettingsError``."""
    settings = read()
    return settings.embedded and settings.data is None
