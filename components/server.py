"""The server that is looked at, once a process: settings, the embedded one where none is set.

What it gives is not limited to what a viewer may see: pages ask through ``start.client``.
"""

from __future__ import annotations

import atexit
import gc
from pathlib import Path

import streamlit as st

from components import measures, starting
from components.starting import Running
from umami.client import Client, connect
from umami.settings import read
from umami.watching import NOBODY


@st.cache_resource(show_spinner=False)
def tune() -> None:
    """Keep what the first page needed, all imports above all, out of every later collection; once
    a process."""
    gc.collect()
    gc.freeze()


@st.cache_resource(show_spinner="Starting …", on_release=lambda client: client.close())
def umami() -> Client:
    """The client of this process, with a server of its own where none is set.

    Raises ``SettingsError`` for settings that cannot be, data that cannot be read included.
    """
    settings, watch = read(), measures.metrics() or NOBODY
    if not settings.embedded:
        found = connect(settings, watch=watch)
        found.recognise()
        return found
    running = _own_server(settings.data, settings.store)
    return starting.client_of(running, settings, watch=watch)


@st.cache_resource(show_spinner=False, on_release=lambda running: running.stop())
def _own_server(data: Path | None, store: Path | None) -> Running:
    running = starting.own_server(data, store)
    atexit.register(running.stop)
    return running


def demo() -> bool:
    """Whether all that can be looked at is made up. Raises ``SettingsError``."""
    return read().demo


def reach() -> None:
    """Make sure that the server is known, and the embedded one up. Raises an ``UmamiError``.

    Outside a run, where nobody could see a spinner.
    """
    _unseen()
    umami().recognise()


@st.cache_resource(show_spinner=False)
def _unseen() -> None:
    # A cached function inside another draws no spinner.
    umami()
