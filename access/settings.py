"""The settings of the dashboard itself, from the environment and the secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from pydantic import AfterValidator, Field, PlainValidator

from umami.errors import SettingsError
from umami.settings import SECRETS, DeclaredSettings, Flag, HomePath

STORE: Final = "sqlite:///.streamlit/dashboard.sqlite"
LOOPBACK: Final = "127.0.0.1"
_ADDRESS: Final = re.compile(r"((?P<host>\[[0-9a-f:.]+\]|[\w.-]+):)?(?P<port>\d{1,5})", re.A | re.I)
_ORIGIN: Final = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?", re.A)
_PORTS: Final = {"http": "80", "https": "443"}


class Address(NamedTuple):
    """A host and a port to listen on."""

    host: str
    port: int


def parse_origin(text: str) -> tuple[str, str, str] | None:
    """Return scheme, host and port of an origin such as ``https://stats.example.com``; ``None`` for
    any other text, such as ``null``, which browsers send for a page without a host."""
    match = _ORIGIN.fullmatch(text.lower())
    return (match[1], match[2], match[3] or _PORTS[match[1]]) if match else None


def _accounts_file(path: Path) -> Path:
    if not path.is_file():
        raise SettingsError("DASHBOARD_USERS names a file of accounts that does not exist.")
    return path


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(origin.rstrip("/") for origin in re.split(r"[,\s]+", text) if origin)
    if None in map(parse_origin, origins):
        raise SettingsError(
            "DASHBOARD_ORIGINS lists addresses without a path, separated by commas: "
            "https://stats.example.com."
        )
    return origins


def _address(text: str) -> Address:
    match = _ADDRESS.fullmatch(text)
    if not match or not 0 < int(match["port"]) < 65_536:
        raise SettingsError(
            "DASHBOARD_MONITOR is a port, or an address with one: 9100 or 127.0.0.1:9100."
        )
    return Address((match["host"] or LOOPBACK).strip("[]"), int(match["port"]))


def on_community_cloud(file: Path) -> bool:
    """Return whether a file of ours is where Streamlit Community Cloud puts an app's repository."""
    return file.is_relative_to("/mount/src")


class DashboardSettings(DeclaredSettings):
    """The settings of the dashboard itself. ``repr`` shows no secret."""

    PREFIX = "DASHBOARD_"

    users: Annotated[HomePath, AfterValidator(_accounts_file)] = SECRETS
    """A YAML file of accounts. Without it they are in the secrets, which need not exist."""
    store: str = Field(STORE, repr=False)
    """The database of sessions, share links, the audit log, notes, saved views, groups and rules of
    websites, costs of campaigns, mails and alerts."""
    ephemeral: Flag = on_community_cloud(Path(__file__))
    """Whether a restart empties the disk. Unless set, only Streamlit Community Cloud does that."""
    smtp_url: str = Field("", repr=False)
    """The mail server of reports and invitations. It is written as ``smtp://user:password@host:587``."""
    mail_from: str = ""
    """The sender of reports and invitations."""
    origins: Annotated[tuple[str, ...], PlainValidator(_origins)] = ()
    """Further addresses of the dashboard, for a proxy that changes the ``Host`` header."""
    monitor: Annotated[Address | None, PlainValidator(_address)] = None
    """The port, or the address with a port, of health and metrics."""
    private_webhooks: Flag = False
    """Whether alerts may be sent to webhooks in private networks."""
    scheduler: Flag = True
    """Whether the dashboard sends mails and alerts that are due. Say no where a timer runs
    ``python -m reports due``."""
    open: Flag = False
    """Whether everybody may look without signing in, wherever they come from."""

    @property
    def loses_store(self) -> bool:
        """Whether a restart deletes the database."""
        return self.ephemeral and self.store.startswith("sqlite")


def load(environ: Mapping[str, str] | None = None, secrets: Path = SECRETS) -> DashboardSettings:
    """Return the settings of this process. The environment takes precedence over ``[dashboard]`` in
    the secrets. Raises ``SettingsError``."""
    settings = DashboardSettings.read(environ, secrets)
    in_secrets = "users" not in settings.model_fields_set
    return settings.model_copy(update={"users": secrets}) if in_secrets else settings
