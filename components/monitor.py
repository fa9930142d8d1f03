"""The monitor of this process: started once, where ``DASHBOARD_MONITOR`` says."""

from __future__ import annotations

import logging
from typing import Final

import streamlit as st

from access import database, settings
from components import metrics, secrets, umami_server, viewer
from monitoring.server import Monitor, Readiness, serve
from umami.errors import SettingsError

_LOG: Final = logging.getLogger(__name__)


@st.cache_resource(show_spinner=False, on_release=lambda one: one and one.stop())
def start() -> Monitor | None:
    """Answer where ``DASHBOARD_MONITOR`` says, from the first call on; ``None`` where it does not,
    or where that address cannot be had, which the log tells. Raises ``SettingsError``."""
    address, watching = settings.load(secrets=secrets.file()).monitor, metrics.metrics()
    if address is None or watching is None:
        return None
    checks = {"settings": _settings, "store": _store, "server": umami_server.reach}
    try:
        return serve(address, watching, Readiness(checks))
    except OSError:
        _LOG.error("DASHBOARD_MONITOR: port %s cannot be had, so nothing answers.", address.port)
        return None


def begin() -> None:
    """Start as the process does. What is wrong with the settings, every page says."""
    try:
        start()
    except SettingsError as problem:
        _LOG.error("%s", problem)


def _settings() -> None:
    settings.load(secrets=secrets.file())
    viewer.signs_in()


def _store() -> None:
    # Where nobody signs in, nothing is kept.
    if viewer.signs_in():
        database.ping(viewer.desk().engine)
