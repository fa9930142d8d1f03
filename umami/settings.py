"""The server, the account, and how patient the client is; from the environment and the secrets.

``NAMES`` lists the settings; in the environment each has the prefix ``UMAMI_``. Without a server
the settings mean the embedded server.
"""

from __future__ import annotations

import codecs
import hashlib
import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from umami.addresses import CLOUD, INVISIBLE, api_address, share_link
from umami.compat.generations import Generation
from umami.errors import SettingsError

_QUOTES: Final = ('""', "''", "“”", "„“", "””", "‘’", "‚‘", "’’", "«»", "»«", "``")
"""Quotes around a value that shells, ``docker --env-file`` and word processors leave."""
_FLAGS: Final = {
    **dict.fromkeys(("yes", "true", "on", "1"), True),
    **dict.fromkeys(("no", "false", "off", "0"), False),
}
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "COLLECT": (bool, str, int),
    # A float would turn 1.10 into 1.1.
    **dict.fromkeys(("USERNAME", "PASSWORD", "API_KEY"), (str, int)),
}
"""Types of a setting in the secrets, where a text or a number is too general."""
SECRETS: Final = Path(".streamlit/secrets.toml")
PREFIX: Final = "UMAMI_"
SERVER: Final = (
    *("URL", "USERNAME", "PASSWORD", "API_KEY", "SHARE_URL"),
    *("DATA", "STORE", "COLLECT"),
)
"""The settings that name the server and the account."""
NAMES: Final = (
    *SERVER,
    *("DEFINITIONS", "TIMEOUT", "CONNECTIONS", "CACHE_MB", "REDIS_URL", "GENERATION"),
)
DEFINITIONS: Final = ("3.1", "3.5")
"""Versions of Umami whose definitions the embedded server can apply."""
CLOUD_PACE: Final = (48, 15.5)
"""Calls in so many seconds. Umami Cloud accepts 50 in 15 and counts them when they arrive, which
may be closer together than they were sent."""
LOCAL_CALLS, SELF_HOSTED_CALLS, CLOUD_CALLS = 32, 16, 3
"""Calls in flight at most. The few database connections of an Umami also serve its collector, so a
server gets what one page needs at once and no more; a server on this machine is the embedded server
or a trial."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to reach a server, and as whom. ``repr`` shows no secret."""

    api: str | None = None
    """The address of the API (``https://host/base/api``), without a slash at its end; ``None``
    means the embedded server, whose address start-up code fills in."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    share: str | None = field(default=None, repr=False)
    """The id of a public share link."""
    data: Path | None = None
    """Tables for the embedded server."""
    store: Path | None = None
    """The database file of the embedded server; without tables and file it creates the demo."""
    collect: bool = False
    """Whether websites may send events to the embedded server, at the dashboard's address."""
    definitions: str = "3.5"
    """The version of Umami whose definitions of bounces, channels and filtered revenue the embedded
    server applies: one of ``DEFINITIONS``. Other servers apply those of their version."""
    timeout: float = 60.0
    """Seconds an answer may take."""
    connections: int | None = None
    """Calls in flight at most; ``None`` for a default that depends on the server."""
    cache_mb: float = 64.0
    """Megabytes of cached answers."""
    redis: str | None = field(default=None, repr=False)
    """Address of the Redis in which replicas share cached answers; ``None`` for none."""
    generation: Generation | None = None
    """The server's generation; ``None`` to detect it."""
    cloud: bool = False
    """Whether the server is Umami Cloud."""
    pace: tuple[int, float] | None = None
    """Calls in so many seconds at most; ``None`` without a limit."""

    @property
    def account(self) -> str | None:
        """A text that identifies the account in cache keys, without its secrets; ``None`` as long
        as no server is set."""
        if self.share is not None:
            return f"share {self.share}"
        if self.api_key is not None:
            return f"key {hashlib.sha256(self.api_key.encode()).hexdigest()}"
        has_login = self.username is not None and self.password is not None
        return f"user {self.username}" if has_login else None

    @property
    def embedded(self) -> bool:
        """Whether no server is set, which means the embedded server."""
        return self.api is None

    @property
    def demo(self) -> bool:
        """Whether the embedded server makes up its data."""
        return self.embedded and self.data is None and self.store is None

    @property
    def address(self) -> str:
        """The server's address without ``/api`` and without credentials."""
        return (self.api or "").removesuffix("/api")

    @property
    def local(self) -> bool:
        """Whether the server is on this machine."""
        host = urlsplit(self.api or "").hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @property
    def in_flight(self) -> int:
        """How many calls may be in flight at a time."""
        if self.connections or self.local:
            return self.connections or LOCAL_CALLS
        return CLOUD_CALLS if self.cloud else SELF_HOSTED_CALLS

    @property
    def named(self) -> str:
        """The setting that contains the address."""
        return "UMAMI_URL" if self.share is None else "UMAMI_SHARE_URL"

    @property
    def texts(self) -> dict[str, str]:
        """The texts of the settings that name the server and the account, by name without prefix,
        as ``parse`` takes them. Contains secrets."""
        if self.api is None:
            paths = {"DATA": self.data, "STORE": self.store}
            return {name: str(path) for name, path in paths.items() if path}
        if self.share is not None:
            return {"SHARE_URL": f"{self.address}/share/{self.share}"}
        # A folder with the name of one of Umami's pages is only recognised before /api.
        clear = api_address(self.address) == self.api
        url = {} if self.cloud else {"URL": self.address if clear else self.api}
        if self.api_key is not None:
            return {**url, "API_KEY": self.api_key}
        return {**url, "USERNAME": self.username or "", "PASSWORD": self.password or ""}


def read(environ: Mapping[str, str] | None = None, secrets: Path = SECRETS) -> Settings:
    """The settings of this process; the environment takes precedence over the secrets file.

    Raises ``SettingsError`` with a sentence that names the setting.
    """
    return parse(_texts(os.environ if environ is None else environ, secrets_of(secrets)))


def parse(texts: Mapping[str, str]) -> Settings:
    """The settings with these texts, by name without prefix (``{"URL": …}``).

    Raises ``SettingsError`` with a sentence that names the setting.
    """
    definitions = texts.get("DEFINITIONS", DEFINITIONS[-1])
    if definitions not in DEFINITIONS:
        raise SettingsError(f"UMAMI_DEFINITIONS is {' or '.join(DEFINITIONS)}.")
    generation = texts.get("GENERATION")
    settings = Settings(
        definitions=definitions,
        timeout=_number(texts, "TIMEOUT", 60.0, 1, 3600),
        connections=int(_number(texts, "CONNECTIONS", 0, 1, 64, whole=True)) or None,
        cache_mb=_number(texts, "CACHE_MB", 64.0, 1, 4096),
        redis=texts.get("REDIS_URL"),
        generation=None if generation is None else Generation.named(generation),
    )
    server = _server(texts)
    collect = flag("UMAMI_COLLECT", texts.get("COLLECT", "no"))
    if collect and (server or "STORE" not in texts):
        raise SettingsError(
            "UMAMI_COLLECT needs UMAMI_STORE: only the embedded server collects, and only into a "
            "file. Set UMAMI_STORE, or remove UMAMI_COLLECT."
        )
    if not server:
        return replace(settings, data=_data(texts), store=_store(texts, collect), collect=collect)
    for name in ("DATA", "STORE"):
        if name in texts:
            raise SettingsError(
                f"{PREFIX}{name} is for the embedded server, but another server is set. "
                "Remove one of them."
            )
    return replace(settings, **server)


def of_environment(
    environ: Mapping[str, str] | None = None, secrets: Mapping[str, Any] | None = None
) -> tuple[str, ...]:
    """The full names of the settings of ``SERVER`` that the environment itself contains.

    Streamlit copies the top level of a secrets file into the environment; a variable that equals
    one of ``secrets`` belongs to the file.
    """
    environ = os.environ if environ is None else environ
    names = (PREFIX + name for name in SERVER)
    return tuple(
        name
        for name in names
        if environ.get(name, "").strip() and environ[name] != str((secrets or {}).get(name))
    )


def secrets_of(path: Path) -> Mapping[str, Any]:
    """The content of a secrets file, empty without one.

    Raises ``SettingsError``, which quotes nothing of the file.
    """
    try:
        text = text_of(path)
        secrets = tomllib.loads(text)
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        # The message may quote the file, which is full of secrets; the line number is safe.
        line = re.search(r"line (\d+)", str(error))
        problem = f"is not TOML (line {line[1]})" if line else "is not TOML"
        content = text.split("\n")[int(line[1]) - 1] if line else ""
        if re.search("[“”„‘’‚«»\u00a0\u200b]", content):
            problem += ": write straight quotes and plain spaces there"
    else:
        if "auth" in secrets and path.read_bytes().startswith(codecs.BOM_UTF8):
            raise SettingsError(
                f"{path.name} begins with a byte order mark, with which Streamlit does not read "
                "its [auth]: save the file as UTF-8 without it."
            )
        return secrets
    raise SettingsError(f"{path.name} {problem}.")


def text_of(path: Path) -> str:
    """The text of a file in UTF-8, with or without a byte order mark.

    Raises ``SettingsError``, which quotes nothing of the file, and ``FileNotFoundError``.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError:
        content, problem = b"", "cannot be read: check its permissions"
    else:
        problem = "is not UTF-8: save it as UTF-8"
        utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        if utf_16 or (len(content) > 3 and b"\0" in content[:4]):
            problem = "is not UTF-8 but UTF-16: save it as UTF-8"
        else:
            with suppress(UnicodeDecodeError):
                return content.decode("utf-8-sig").replace("\r\n", "\n")
    raise SettingsError(f"{path.name} {problem}.")


def cleaned(text: str) -> str:
    """A value without what copying and configuration files leave around it: spaces, line ends,
    invisible characters, and a pair of quotes."""
    while True:
        before = text
        text = text.strip().strip(INVISIBLE)
        if len(text) > 1 and text[0] + text[-1] in _QUOTES:
            text = text[1:-1]
        if text == before:
            return text


def flag(name: str, text: str) -> bool:
    """The value of a yes-or-no setting; ``name`` is its full name. Raises ``SettingsError``."""
    if text.casefold() not in _FLAGS:
        raise SettingsError(f"{name} is yes or no.")
    return _FLAGS[text.casefold()]


def _texts(environ: Mapping[str, str], secrets: Mapping[str, Any]) -> dict[str, str]:
    """The texts of all settings by name without prefix; an empty text counts as not set."""
    table = secrets.get("umami")
    table = table if isinstance(table, Mapping) else {}
    texts: dict[str, str] = {}
    for name in NAMES:
        full = PREFIX + name
        in_file = [
            *(secrets.get(key) for key in (full, full.lower())),
            *(table.get(key) for key in (name.lower(), name, full.lower(), full)),
        ]
        # Streamlit copies the top level of a secrets file into the environment.
        variable = environ.get(full)
        from_environment = isinstance(variable, str) and variable not in in_file
        for number, value in enumerate([variable, *in_file]):
            if value is None:
                continue
            if type(value) not in _TYPES.get(name, (str, int, float)):
                raise SettingsError(f"{full} in the secrets is not text: put it in quotes.")
            text = str(value)
            if name == "PASSWORD":
                text = _password(text, environment=from_environment and number == 0)
            else:
                text = cleaned(text)
            if text:
                texts[name] = text
                break
    return texts


def _password(text: str, *, environment: bool) -> str:
    """A password without line ends; spaces and quotes may belong to it."""
    text = text.strip("\r\n" + INVISIBLE)
    if environment and len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        raise SettingsError(
            "UMAMI_PASSWORD is in quotes, which docker --env-file keeps: remove them. If they are "
            "a part of the password, set it in secrets.toml."
        )
    return text


def _number(
    texts: Mapping[str, str],
    name: str,
    default: float,
    least: float,
    most: float,
    *,
    whole: bool = False,
) -> float:
    if name not in texts:
        return default
    digits = re.fullmatch(r"\d+(\.\d+)?", texts[name], re.ASCII)
    number = float(texts[name]) if digits else float("nan")
    if not least <= number <= most or (whole and not number.is_integer()):
        raise SettingsError(
            f"{PREFIX}{name} is a {'whole ' if whole else ''}number from {least:g} to {most:g}, "
            f"without a unit or separators: {int(default or least)}."
        )
    return number


def _data(texts: Mapping[str, str]) -> Path | None:
    if "DATA" not in texts:
        return None
    # Unlike those of pathlib, these functions accept texts that no path can have.
    path = Path(os.path.expanduser(texts["DATA"]))
    if not os.path.exists(path):
        raise SettingsError("UMAMI_DATA names a folder or zip of tables that does not exist.")
    return path


def _store(texts: Mapping[str, str], collect: bool) -> Path | None:
    if "STORE" not in texts:
        return None
    path = Path(texts["STORE"]).expanduser()
    if path.is_dir():
        raise SettingsError("UMAMI_STORE names a folder: name a file in it, such as umami.duckdb.")
    if "DATA" not in texts and not path.exists() and not collect:
        raise SettingsError(
            "UMAMI_STORE names a file that does not exist: set UMAMI_DATA too, once, to import "
            "tables into it, or UMAMI_COLLECT=yes to begin with an empty one."
        )
    return path


def _server(texts: Mapping[str, str]) -> dict[str, Any]:
    """The fields of the server and the account, empty for the embedded server.

    Raises ``SettingsError`` for incomplete or contradictory settings.
    """
    login = [name for name in ("USERNAME", "PASSWORD") if name in texts]
    if "SHARE_URL" in texts:
        others = [name for name in ("URL", "USERNAME", "PASSWORD", "API_KEY") if name in texts]
        if others:
            raise SettingsError(
                f"UMAMI_SHARE_URL and {PREFIX}{others[0]} contradict each other: a share link "
                "names the server and the access. Remove one of them."
            )
        api, share = share_link(texts["SHARE_URL"])
        return {"api": api, "share": share}
    if "API_KEY" in texts:
        if login:
            raise SettingsError(
                f"UMAMI_API_KEY and {PREFIX}{login[0]} contradict each other. Remove one of them."
            )
        key = texts["API_KEY"]
        if not key.isascii() or not key.isprintable() or " " in key:
            raise SettingsError("UMAMI_API_KEY contains characters that no key has.")
        api = api_address(texts["URL"]) if "URL" in texts else CLOUD
        cloud = api == CLOUD
        return {"api": api, "api_key": key, "cloud": cloud, "pace": CLOUD_PACE if cloud else None}
    if len(login) == 1:
        missing = "PASSWORD" if login == ["USERNAME"] else "USERNAME"
        raise SettingsError(f"{PREFIX}{login[0]} is set, but {PREFIX}{missing} is not.")
    if login and "URL" not in texts:
        raise SettingsError(
            "UMAMI_USERNAME is set, but UMAMI_URL is not: write the address of your Umami."
        )
    if login:
        api = api_address(texts["URL"])
        if api == CLOUD:
            raise SettingsError(
                "UMAMI_USERNAME cannot be used with Umami Cloud: set UMAMI_API_KEY instead."
            )
        return {"api": api, "username": texts["USERNAME"], "password": texts["PASSWORD"]}
    if "URL" in texts:
        if "/share/" in texts["URL"]:
            raise SettingsError("UMAMI_URL is a share link: set it as UMAMI_SHARE_URL instead.")
        raise SettingsError(
            "UMAMI_URL is set, but no account: set UMAMI_USERNAME and UMAMI_PASSWORD, or "
            "UMAMI_API_KEY."
        )
    return {}
