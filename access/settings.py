"""The settings of the dashboard itself, from the environment and the secrets.

``DASHBOARD_USERS`` names a YAML file of accounts, which are in the secrets otherwise, and
``DASHBOARD_STORE`` the database of sessions, share links and the audit log. ``DASHBOARD_OPEN=yes``
lets everybody in without signing in, wherever they come from. ``DASHBOARD_MONITOR`` is the port of
this machine, or the address with a port, that serves health and metrics. ``DASHBOARD_SMTP_URL`` and
``DASHBOARD_MAIL_FROM`` name the mail server of reports and their sender. ``DASHBOARD_ORIGINS``
lists further addresses of the dashboard, for a proxy that changes the ``Host`` header.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from umami.errors import SettingsError
from umami.settings import SECRETS, cleaned, flag, secrets_of

STORE: Final = "sqlite:///.streamlit/dashboard.sqlite"
LOOPBACK: Final = "127.0.0.1"
_ADDRESS: Final = re.compile(r"((?P<host>\[[0-9a-f:.]+\]|[\w.-]+):)?(?P<port>\d{1,5})", re.A | re.I)
_ORIGIN: Final = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?", re.A)
_PORTS: Final = {"http": "80", "https": "443"}


class Address(NamedTuple):
    """A host and a port to listen on."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """The settings of the dashboard itself. ``repr`` shows no secret."""

    users: Path
    """The file of accounts, which may not exist."""
    store: str = field(default=STORE, repr=False)
    open: bool = False
    monitor: Address | None = None
    """Where health and metrics are served; ``None`` for nowhere."""
    smtp_url: str = field(default="", repr=False)
    """``smtp://user:password@host:587``; empty if reports are not mailed."""
    mail_from: str = ""
    origins: tuple[str, ...] = ()
    """Further origins whose pages may talk to the dashboard, such as ``https://stats.example.com``."""


def load(environ: Mapping[str, str] | None = None, secrets: Path = SECRETS) -> DashboardSettings:
    """Return the settings of this process. The environment takes precedence over ``[dashboard]`` in
    the secrets. Raises ``SettingsError``."""
    environ = os.environ if environ is None else environ
    table = secrets_of(secrets).get("dashboard", {})

    def text(name: str) -> str:
        full_name = f"DASHBOARD_{name.upper()}"
        value = table.get(name, "") if isinstance(table, Mapping) else ""
        if not isinstance(value, str | int | bool):
            raise SettingsError(f"{full_name} in the secrets is not text: put it in quotes.")
        return cleaned(environ.get(full_name, "")) or cleaned(str(value))

    file = text("users")
    users = Path(file).expanduser() if file else secrets
    if file and not users.is_file():
        raise SettingsError("DASHBOARD_USERS names a file of accounts that does not exist.")
    return DashboardSettings(
        users,
        text("store") or STORE,
        flag("DASHBOARD_OPEN", text("open") or "no"),
        _address(text("monitor")),
        text("smtp_url"),
        text("mail_from"),
        _origins(text("origins")),
    )


def parse_origin(text: str) -> tuple[str, str, str] | None:
    """Return scheme, host and port of an origin such as ``https://stats.example.com``; ``None`` for
    any other text, such as ``null``, which browsers send for a page without a host."""
    match = _ORIGIN.fullmatch(text.lower())
    return (match[1], match[2], match[3] or _PORTS[match[1]]) if match else None


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(origin.rstrip("/") for origin in re.split(r"[,\s]+", text) if origin)
    if None in map(parse_origin, origins):
        raise SettingsError(
            "DASHBOARD_ORIGINS lists addresses without a path, separated by commas: "
            "https://stats.example.com."
        )
    return origins


def _address(text: str) -> Address | None:
    if not text:
        return None
    match = _ADDRESS.fullmatch(text)
    if not match or not 0 < int(match["port"]) < 65_536:
        raise SettingsError(
            "DASHBOARD_MONITOR is a port, or an address with one: 9100 or 127.0.0.1:9100."
        )
    return Address((match["host"] or LOOPBACK).strip("[]"), int(match["port"]))
