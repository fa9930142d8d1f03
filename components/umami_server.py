"""The client of this process, and the embedded server if no Umami server is configured.

This client ignores the permissions of viewers: pages use ``page_context.client``.
"""

from __future__ import annotations

import atexit
import gc
import os
import threading
from collections.abc import Mapping
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamlit as st
from starlette.types import ASGIApp

from access import secrets_file
from access.secrets_file import Setup
from components import embedded_launcher, metrics, runtime
from components.render_lock import released
from components.texts import N_
from umami import connection_check
from umami.api import account
from umami.api.account import ReplicaState
from umami.client import Client, connect
from umami.connection_check import CheckedServer
from umami.endpoint import REGISTRY
from umami.errors import SettingsError, UmamiError
from umami.settings import Settings, of_environment, read, secrets_of

if TYPE_CHECKING:
    from components.embedded_launcher import ReplicaStatus, Running


REPLICA_ANSWERS_WITHIN: Final = 0.2
"""Seconds to wait for the state of the replica of another process."""
_STARTED: Final = threading.Event()
"""Set once an embedded server has started in this process."""


@st.cache_resource(show_spinner=False)
def tune() -> None:
    """Exclude the objects of the first page, mainly imports, from later garbage collections."""
    gc.collect()
    gc.freeze()


@st.cache_resource(show_spinner=N_("Starting …"), on_release=lambda client: client.close())
def umami() -> Client:
    """The client of this process; starts the embedded server if no server is configured.

    Raises ``SettingsError`` for invalid settings and unreadable data.
    """
    settings, watch = set_up(), metrics.metrics()
    if not settings.embedded:
        # Streamlit does not cache a failure, so this does not check that the server responds.
        return connect(settings, watch=watch, waiting=released)
    running = opened(settings)
    _STARTED.set()
    return embedded_launcher.client_of(running, settings, watch=watch, waiting=released)


@st.cache_resource(show_spinner=False, on_release=lambda running: running.stop())
def _own_server(
    data: Path | None, store: Path | None, definitions: str, database: str | None
) -> Running:
    running = embedded_launcher.own_server(data, store, definitions, database)
    atexit.register(running.stop)
    return running


def set_up() -> Settings:
    """The current server settings. Raises ``SettingsError``."""
    return read(secrets=runtime.secrets_file())


def preparing() -> bool:
    """Whether the next page waits for the data of the demo."""
    with suppress(SettingsError):
        return not _STARTED.is_set() and set_up().demo
    return False


def shared_sections() -> frozenset[str] | None:
    """The sections that Umami's share link is limited to; may send a request.

    ``None`` without a limit or a link, and if the link cannot be opened.
    """
    try:
        return umami().shared_sections
    except UmamiError:
        return None


def lacks(endpoint: str) -> bool:
    """Whether the server is known to be too old for an endpoint; sends nothing."""
    try:
        return umami().lacks(REGISTRY[endpoint])
    except UmamiError:
        return False


def reach() -> None:
    """Check that the server responds, and start the embedded one. Raises ``UmamiError``.

    For calls outside of script runs; shows no spinner.
    """
    _unseen()
    umami().recognise()


@st.cache_resource(show_spinner=False)
def _unseen() -> None:
    # A cached function called by another cached function draws no spinner.
    umami()


def collector() -> ASGIApp | None:
    """The public application of the embedded server, which is started if necessary.

    ``None`` if it does not collect. Raises ``SettingsError``. For calls outside of script runs.
    """
    settings = set_up()
    if not settings.collect:
        return None
    # Create the client first: its cache drops answers that new events make stale.
    _unseen()
    return opened(settings).collector


def anew() -> None:
    """Discard the client, so that the next use reads the settings again."""
    _unseen.clear()
    umami.clear()


def decided() -> tuple[str, ...]:
    """The environment variables that set the server and override the secrets."""
    secrets: Mapping[str, object] = {}
    with suppress(SettingsError):
        secrets = secrets_of(runtime.secrets_file())
    return of_environment(secrets=secrets)


def tried(settings: Settings) -> CheckedServer:
    """Check the server or tables of settings that are not in use yet.

    Tables stay open until ``settle`` or ``let_go``. Raises ``UmamiError`` with a remedy.
    """
    if not settings.embedded:
        return connection_check.tried(settings)
    try:
        running = opened(settings)
    except SettingsError as refusal:
        raise connection_check.unreadable(refusal, settings) from None
    checked = connection_check.tried(embedded_launcher.filled(settings, running))
    if settings.writer and running.replica:
        connection_check.try_writer(settings.writer, running.replica.has_website)
    return replace(checked, settings=settings)


def opened(settings: Settings) -> Running:
    """The embedded server for these settings, which is started if necessary.

    Reads all tables, and creates the store file of a collecting server. Raises ``SettingsError``.
    """
    if settings.collect and settings.store and settings.data is None:
        embedded_launcher.create(settings.store)
    return _own_server(*_tables(settings))


def replica_status() -> ReplicaStatus | ReplicaState | None:
    """How good the replica of a database is; ``None`` if there is none, or it is not known yet.

    An embedded server of another process is asked; callers do not wait for it longer than
    ``REPLICA_ANSWERS_WITHIN``.
    """
    with suppress(UmamiError):
        settings = set_up()
        if settings.embedded:
            replica = opened(settings).replica if settings.database and _STARTED.is_set() else None
            return replica.status if replica else None
        reply = umami().submit(account.replica())
        wait([reply], REPLICA_ANSWERS_WITHIN)
        return reply.result() if reply.done() else None
    return None


def let_go(settings: Settings) -> None:
    """Stop an embedded server that ``tried`` started, unless it is in use."""
    with suppress(SettingsError):
        if settings.embedded and _tables(settings) != _tables(set_up()):
            _own_server.clear(*_tables(settings))


def settle(wanted: Setup) -> None:
    """Save the settings of the server and of accounts, and use them from now on.

    Raises ``SettingsError`` if they cannot be written; nothing is changed then.
    """
    copied = set(of_environment()) - set(decided())
    before: Settings | None = None
    with suppress(SettingsError):
        before = set_up()
    secrets_file.write(runtime.secrets_file(), wanted)
    for name in copied:
        # Streamlit copied it from the secrets, which have been replaced.
        os.environ.pop(name, None)
    anew()
    if before and before.embedded and _tables(before) != _tables(wanted.server):
        _own_server.clear(*_tables(before))


def _tables(settings: Settings) -> tuple[Path | None, Path | None, str, str | None]:
    return settings.data, settings.store, settings.definitions, settings.database
