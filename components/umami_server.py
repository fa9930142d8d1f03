"""The client of this process, and the embedded server that it starts where no server is set.

This client is not limited to what a viewer may see: pages use ``page_context.client``.
"""

from __future__ import annotations

import atexit
import gc
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.types import ASGIApp

from access import secrets_file
from access.secrets_file import Setup
from components import embedded_launcher, metrics, runtime
from components.embedded_launcher import Running
from umami import connection_check
from umami.client import Client, connect
from umami.connection_check import CheckedServer
from umami.errors import SettingsError, UmamiError
from umami.instrumentation import NO_INSTRUMENTATION
from umami.settings import Settings, of_environment, read, secrets_of


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
    settings, watch = set_up(), metrics.metrics() or NO_INSTRUMENTATION
    if not settings.embedded:
        # What fails is not kept here, so whether it answers is for those to find out who ask it.
        return connect(settings, watch=watch)
    running = opened(settings)
    return embedded_launcher.client_of(running, settings, watch=watch)


@st.cache_resource(show_spinner=False, on_release=lambda running: running.stop())
def _own_server(data: Path | None, store: Path | None, definitions: str) -> Running:
    running = embedded_launcher.own_server(data, store, definitions)
    atexit.register(running.stop)
    return running


def set_up() -> Settings:
    """Which server is looked at, as it stands now. Raises ``SettingsError``."""
    return read(secrets=runtime.secrets_file())


def shared_sections() -> frozenset[str] | None:
    """The parts of the website that Umami's share link is limited to; ``None`` for no limit, where
    no link is used, and where it cannot be opened. May have to ask the server."""
    try:
        return umami().shared_sections
    except UmamiError:
        return None


def demo() -> bool:
    """Whether all that can be looked at is made up. Raises ``SettingsError``."""
    return set_up().demo


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


def collector() -> ASGIApp | None:
    """What visitors of websites may reach of the embedded server, which is started where it does
    not run yet; ``None`` where it does not collect. Raises ``SettingsError``.

    Outside a run, as ``reach``.
    """
    settings = set_up()
    if not settings.collect:
        return None
    # The client lets go of answers that what is sent makes old.
    _unseen()
    return opened(settings).collector


def anew() -> None:
    """Let go of the client, so that the settings are read and the server is found again."""
    _unseen.clear()
    umami.clear()


def decided() -> tuple[str, ...]:
    """The variables of the environment that say which server is looked at, so that the secrets
    cannot."""
    return of_environment(secrets=_secrets())


def tried(settings: Settings) -> CheckedServer:
    """What is at the other end of settings that are not in use yet, tables included, which stay
    open until ``settle`` or ``let_go``. Raises an ``UmamiError``, which says what to change."""
    if not settings.embedded:
        return connection_check.tried(settings)
    try:
        running = opened(settings)
    except SettingsError as refusal:
        problem = connection_check.unreadable(refusal)
    else:
        found = connection_check.tried(embedded_launcher.filled(settings, running))
        return replace(found, settings=settings)
    raise problem


def opened(settings: Settings) -> Running:
    """A server of our own on the tables of these settings, begun where it does not run yet; reads
    all of them. A file that is to be collected into is made. Raises ``SettingsError``."""
    if settings.collect and settings.store and settings.data is None:
        embedded_launcher.create(settings.store)
    return _own_server(*_tables(settings))


def let_go(settings: Settings) -> None:
    """Close what was only tried."""
    with suppress(SettingsError):
        if settings.embedded and _tables(settings) != _tables(set_up()):
            _own_server.clear(*_tables(settings))


def settle(wanted: Setup) -> None:
    """Write down which server is looked at from now on, and by whom, and look at it.

    Raises ``SettingsError`` where it cannot be written; then all is as it was.
    """
    copied = set(of_environment()) - set(decided())
    before: Settings | None = None
    with suppress(SettingsError):
        before = set_up()
    secrets_file.write(runtime.secrets_file(), wanted)
    for name in copied:
        # Streamlit took it there from where it stands no more.
        os.environ.pop(name, None)
    anew()
    if before and before.embedded and _tables(before) != _tables(wanted.server):
        _own_server.clear(*_tables(before))


def _tables(settings: Settings) -> tuple[Path | None, Path | None, str]:
    return settings.data, settings.store, settings.definitions


def _secrets() -> Mapping[str, Any]:
    try:
        return secrets_of(runtime.secrets_file())
    except SettingsError:
        return {}
