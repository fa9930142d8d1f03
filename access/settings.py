"""How the dashboard itself is run, read from environment and secrets.

``DASHBOARD_USERS`` names a YAML file of accounts (else they stand in the secrets), and
``DASHBOARD_STORE`` the database of sessions, share links and the audit log. ``DASHBOARD_OPEN=yes``
lets everybody in without signing in, wherever they come from. ``DASHBOARD_MONITOR`` is where
health and metrics are answered: a port of this machine, or an address with one.
``DASHBOARD_SMTP_URL`` and ``DASHBOARD_MAIL_FROM`` name the server that reports are mailed by, and
who they are from. ``DASHBOARD_ORIGINS`` names further addresses of the dashboard, which a proxy
needs that changes the ``Host`` header.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from umami.errors import SettingsError
from umami.settings import SECRETS, cleaned, flag, secrets_of

STORE: Final = "sqlite:///.streamlit/dashboard.sqlite"
LOOPBACK: Final = "127.0.0.1"
"""Where only this machine can ask."""
_ADDRESS: Final = re.compile(r"((?P<host>\[[0-9a-f:.]+\]|[\w.-]+):)?(?P<port>\d{1,5})", re.A | re.I)
_ORIGIN: Final = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?", re.A)
_PORTS: Final = {"http": "80", "https": "443"}


class Address(NamedTuple):
    """Where to listen."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Running:
    """How the dashboard is run. ``repr`` shows no secret."""

    users: Path
    """The file of accounts; need not be there."""
    store: str = field(default=STORE, repr=False)
    open: bool = False
    monitor: Address | None = None
    """Where health and metrics are answered; nowhere unless told."""
    smtp_url: str = field(default="", repr=False)
    """``smtp://user:password@host:587``; empty where nothing is mailed."""
    mail_from: str = ""
    origins: tuple[str, ...] = ()
    """Further origins whose pages may talk to the dashboard, such as ``https://stats.example.com``."""


def read(environ: Mapping[str, str] | None = None, secrets: Path = SECRETS) -> Running:
    """How this process is run; the environment goes before the secrets file's ``[dashboard]``.

    Raises ``SettingsError``.
    """
    environ = os.environ if environ is None else environ
    table = secrets_of(secrets).get("dashboard", {})
    table = table if isinstance(table, Mapping) else {}
    users = _text(environ, table, "users")
    if users and not Path(users).expanduser().is_file():
        raise SettingsError("DASHBOARD_USERS names a file of accounts that does not exist.")
    return Running(
        Path(users).expanduser() if users else secrets,
        _text(environ, table, "store") or STORE,
        flag("DASHBOARD_OPEN", _text(environ, table, "open") or "no"),
        _address(_text(environ, table, "monitor")),
        _text(environ, table, "smtp_url"),
        _text(environ, table, "mail_from"),
        _origins(_text(environ, table, "origins")),
    )


def origin(text: str) -> tuple[str, str, str] | None:
    """Scheme, host and port of an origin such as ``https://stats.example.com``; ``None`` for a text
    that is none, which ``null`` is, the origin of a page without a host."""
    found = _ORIGIN.fullmatch(text.lower())
    return (found[1], found[2], found[3] or _PORTS[found[1]]) if found else None


def _origins(text: str) -> tuple[str, ...]:
    found = tuple(one.rstrip("/") for one in re.split(r"[,\s]+", text) if one)
    for one in found:
        if origin(one) is None:
            raise SettingsError(
                "DASHBOARD_ORIGINS lists addresses without a path, separated by commas: "
                "https://stats.example.com."
            )
    return found


def _address(text: str) -> Address | None:
    if not text:
        return None
    found = _ADDRESS.fullmatch(text)
    if not found or not 0 < int(found["port"]) < 65_536:
        raise SettingsError(
            "DASHBOARD_MONITOR is a port, or an address with one: 9100 or 127.0.0.1:9100."
        )
    return Address((found["host"] or LOOPBACK).strip("[]"), int(found["port"]))


def _text(environ: Mapping[str, str], table: Mapping[str, Any], name: str) -> str:
    full = f"DASHBOARD_{name.upper()}"
    written = table.get(name, "")
    if not isinstance(written, str | int | bool):
        raise SettingsError(f"{full} in the secrets is not text: put it in quotes.")
    return cleaned(environ.get(full, "")) or cleaned(str(written))
