"""Starts the monitoring server of this process and configures its log."""

from __future__ import annotations

import logging
import re
from types import TracebackType
from typing import Any, Final

import streamlit as st

from access import database, settings
from components import metrics, runtime, umami_server, viewer
from components.loading import fault_location
from monitoring.server import Monitor, Readiness, serve
from umami.errors import SettingsError

_LOG: Final = logging.getLogger(__name__)


@st.cache_resource(show_spinner=False, on_release=lambda monitor: monitor and monitor.stop())
def start() -> Monitor | None:
    """Start the monitoring server at ``DASHBOARD_MONITOR`` on the first call.

    Returns ``None`` if it is not set or the port cannot be bound, which is logged. Raises
    ``SettingsError``.
    """
    address, watching = settings.load(secrets=runtime.secrets_file()).monitor, metrics.metrics()
    if address is None or watching is None:
        return None
    checks = {"settings": _settings, "store": _store, "server": umami_server.reach}
    try:
        return serve(address, watching, Readiness(checks))
    except OSError:
        _LOG.error("DASHBOARD_MONITOR: port %s cannot be had, so nothing answers.", address.port)
        return None


def begin() -> None:
    """Start at process start; log invalid settings, which every page shows as well."""
    try:
        start()
    except SettingsError as problem:
        _LOG.error("%s", problem)


def _settings() -> None:
    settings.load(secrets=runtime.secrets_file())
    viewer.signs_in()


def _store() -> None:
    # Without accounts the store is not used.
    if viewer.signs_in():
        database.ping(viewer.desk().engine)


_MAKE: Final = logging.LogRecord
_PLATFORM: Final = ("streamlit", "uvicorn", "starlette", "asyncio")
"""Packages whose log messages contain session ids."""
_SESSION: Final = re.compile(
    r"\b([0-9a-f]{8})-?[0-9a-f]{4}(?:-?[0-9a-f]{4}){2}-?[0-9a-f]{12}\b", re.I
)
Fault = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def shorten_log() -> None:
    """Shorten exceptions and session ids in all log records; may be called repeatedly."""
    logging.setLogRecordFactory(_record)


def _record(
    name: str,
    level: int,
    path: str,
    line: int,
    message: object,
    arguments: Any,
    fault: Fault | None,
    function: str | None = None,
    stack: str | None = None,
) -> logging.LogRecord:
    record = _MAKE(name, level, path, line, message, arguments, None, function, stack)
    if fault and fault[1]:
        record.exc_text = fault_location(fault[1])
    if name.partition(".")[0] in _PLATFORM:
        _shorten(record)
    return record


def _shorten(record: logging.LogRecord) -> None:
    """Truncate session ids in the message and in each argument, since formatters use both."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            _SESSION.sub(r"\1…", argument) if isinstance(argument, str) else argument
            for argument in record.args
        )
    try:
        message = record.getMessage()
    except (TypeError, ValueError, LookupError):
        message = str(record.msg)
        record.args = ()
    if _SESSION.search(message):
        record.msg, record.args = _SESSION.sub(r"\1…", message), ()
