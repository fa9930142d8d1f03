"""Which server to look at, read from the environment or ``.streamlit/secrets.toml``."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from umami.errors import SettingsError

SECRETS = Path(".streamlit/secrets.toml")
CLOUD = "https://api.umami.is/v1"
NAMES = (
    "UMAMI_URL",
    "UMAMI_USERNAME",
    "UMAMI_PASSWORD",
    "UMAMI_API_KEY",
    "UMAMI_SHARE_URL",
    "UMAMI_DATA",
    "UMAMI_TIMEOUT",
    "UMAMI_CONNECTIONS",
)

WAYS = ("UMAMI_SHARE_URL", "UMAMI_API_KEY", "UMAMI_USERNAME")
"""The settings that tell how to sign in."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to reach a server, and as whom. No secret is ever shown."""

    api: str | None = None
    """Where the API begins (``https://host/base/api``), without a slash at the end; ``None`` means
    the embedded server, which start-up code fills in."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    share: str | None = field(default=None, repr=False)
    """The id of a public share link."""
    data: Path | None = None
    """Tables for the embedded server; ``None`` lets it make the demo."""
    timeout: float = 60.0
    """Seconds an answer may take."""
    connections: int = 16
    """Questions on the way to the server at the same time."""

    @property
    def embedded(self) -> bool:
        """Whether the embedded server is meant."""
        return self.api is None

    @property
    def cloud(self) -> bool:
        """Whether this is Umami Cloud."""
        return self.api == CLOUD


def read(environ: Mapping[str, str] | None = None, secrets: Path = SECRETS) -> Settings:
    """The settings of this process; the environment goes before the file.

    Raises ``SettingsError``, which names the setting that is missing, wrong or one too many.
    """
    filed = _filed(secrets)
    given = {
        name: value.strip()
        for name in NAMES
        if (value := (os.environ if environ is None else environ).get(name) or filed.get(name, ""))
        and value.strip()
    }
    common: dict[str, Any] = {"timeout": _number(given, "UMAMI_TIMEOUT", 60.0, 1, 600)}
    ways = [name for name in WAYS if name in given]
    if len(ways) > 1:
        raise SettingsError(f"Set only one of {' and '.join(ways)}: they are ways to sign in.")
    if "UMAMI_DATA" in given and ("UMAMI_URL" in given or ways):
        raise SettingsError("UMAMI_DATA is for the embedded server: set it or a server, not both.")
    if "UMAMI_PASSWORD" in given and "UMAMI_USERNAME" not in given:
        raise SettingsError("UMAMI_PASSWORD is set, but UMAMI_USERNAME is not.")
    if "UMAMI_SHARE_URL" in given:
        if "UMAMI_URL" in given:
            raise SettingsError("UMAMI_SHARE_URL holds the address; leave UMAMI_URL out.")
        api, share = _shared(given["UMAMI_SHARE_URL"])
        return Settings(api, share=share, connections=_connections(given), **common)
    if "UMAMI_API_KEY" in given:
        api = _api(given["UMAMI_URL"]) if "UMAMI_URL" in given else CLOUD
        return Settings(
            api,
            api_key=given["UMAMI_API_KEY"],
            connections=_connections(given, 3 if api == CLOUD else 16),
            **common,
        )
    if "UMAMI_USERNAME" in given:
        for name in ("UMAMI_URL", "UMAMI_PASSWORD"):
            if name not in given:
                raise SettingsError(f"UMAMI_USERNAME is set, but {name} is not.")
        return Settings(
            _api(given["UMAMI_URL"]),
            username=given["UMAMI_USERNAME"],
            password=given["UMAMI_PASSWORD"],
            connections=_connections(given),
            **common,
        )
    if "UMAMI_URL" in given:
        raise SettingsError(
            "UMAMI_URL is set, but neither UMAMI_USERNAME and UMAMI_PASSWORD nor UMAMI_API_KEY."
        )
    data = Path(given["UMAMI_DATA"]).expanduser() if "UMAMI_DATA" in given else None
    if data is not None and not data.exists():
        raise SettingsError("UMAMI_DATA names a folder or zip that is not there.")
    return Settings(data=data, connections=_connections(given, 32), **common)


def _filed(path: Path) -> dict[str, str]:
    """What the secrets file says, at its top level or in a table ``[umami]``."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise SettingsError(f"{path} cannot be read as TOML.") from None
    table = found.get("umami")
    inner = table if isinstance(table, dict) else {}
    named = {name: found.get(name, inner.get(name)) for name in NAMES}
    for name, value in named.items():
        if value is not None and not isinstance(value, str | int | float):
            raise SettingsError(f"{name} in {path} is not a text.")
    return {name: str(value) for name, value in named.items() if value is not None}


def _number(
    given: Mapping[str, str], name: str, otherwise: float, least: float, most: float
) -> float:
    try:
        number = float(given.get(name, otherwise))
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise SettingsError(f"{name} is a number from {least:g} to {most:g}.")
    return number


def _connections(given: Mapping[str, str], otherwise: int = 16) -> int:
    return int(_number(given, "UMAMI_CONNECTIONS", otherwise, 1, 64))


def _address(text: str, name: str) -> tuple[str, list[str]]:
    """Scheme and host of an address, and the parts of its path."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise SettingsError(f"{name} is not an address.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"{name} is an address that begins with https:// or http://.")
    if parts.username or parts.password:
        raise SettingsError(f"{name} holds a user name; use UMAMI_USERNAME and UMAMI_PASSWORD.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    origin = urlunsplit((parts.scheme, f"{host}:{port}" if port else host, "", "", ""))
    return origin, [part for part in parts.path.split("/") if part]


def _api(text: str) -> str:
    """Where the API begins, from the address people see in their browser."""
    origin, path = _address(text, "UMAMI_URL")
    if origin in ("https://api.umami.is", "https://cloud.umami.is"):
        return CLOUD
    for tail in ("api", "login", "dashboard", "websites", "settings"):
        if tail in path:
            path = path[: path.index(tail)]
    return "/".join([origin, *path, "api"])


def _shared(text: str) -> tuple[str, str]:
    """Where the API begins and the share id, from a public link ``…/share/ID/domain``."""
    origin, path = _address(text, "UMAMI_SHARE_URL")
    if "share" not in path or path.index("share") + 1 >= len(path):
        raise SettingsError("UMAMI_SHARE_URL is a link such as https://host/share/ID/domain.")
    at = path.index("share")
    return "/".join([origin, *path[:at], "api"]), unquote(path[at + 1])
