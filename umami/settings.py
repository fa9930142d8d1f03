"""Which server is asked, as whom, and how patiently; read from environment and secrets.

Names are those of the environment: ``UMAMI_URL``, ``UMAMI_USERNAME``, ``UMAMI_PASSWORD``,
``UMAMI_API_KEY``, ``UMAMI_SHARE_URL``, ``UMAMI_DATA``, ``UMAMI_STORE``, ``UMAMI_COLLECT``,
``UMAMI_DEFINITIONS``, ``UMAMI_TIMEOUT``, ``UMAMI_CONNECTIONS``, ``UMAMI_CACHE_MB``,
``UMAMI_REDIS_URL`` and ``UMAMI_GENERATION``. No server set means the embedded one.
"""

from __future__ import annotations

import codecs
import hashlib
import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

from umami.compat.generations import Generation
from umami.errors import SettingsError

_QUOTES: Final = ('""', "''", "“”", "„“", "””", "‘’", "‚‘", "’’", "«»", "»«", "``")
"""Quotes around a value, as shells, ``docker --env-file`` and word processors leave them."""
_UNSEEN: Final = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""Characters that nobody sees and that come along when a value is copied."""
_FLAGS: Final = {
    **dict.fromkeys(("yes", "true", "on", "1"), True),
    **dict.fromkeys(("no", "false", "off", "0"), False),
}
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "COLLECT": (bool, str, int),
    # As a number, 1.10 would be 1.1.
    **dict.fromkeys(("USERNAME", "PASSWORD", "API_KEY"), (str, int)),
}
"""What may stand in the secrets for a setting, where it is not any text or number."""
SECRETS: Final = Path(".streamlit/secrets.toml")
CLOUD: Final = "https://api.umami.is/v1"
PREFIX: Final = "UMAMI_"
NAMES: Final = (
    "URL",
    "USERNAME",
    "PASSWORD",
    "API_KEY",
    "SHARE_URL",
    "DATA",
    "STORE",
    "COLLECT",
    "DEFINITIONS",
    "TIMEOUT",
    "CONNECTIONS",
    "CACHE_MB",
    "REDIS_URL",
    "GENERATION",
)
SERVER: Final = (
    *("URL", "USERNAME", "PASSWORD", "API_KEY", "SHARE_URL"),
    *("DATA", "STORE", "COLLECT"),
)
"""Those that say which server is asked, and as whom; the others say how."""
WHOLE: Final = ("CONNECTIONS",)
"""Numbers that have no fractions."""
DEFINITIONS: Final = ("3.1", "3.5")
"""Versions of Umami whose definitions the embedded server can answer by."""
CLOUD_PACE: Final = (48, 15.5)
"""Calls in so many seconds. Umami Cloud takes 50 in 15 and counts them as they arrive there, which
may be closer together than they left."""
PAGES: Final = frozenset(
    {
        *("login", "logout", "sso", "dashboard", "websites", "teams", "settings", "share"),
        *("boards", "links", "pixels", "admin", "console", "profile", "realtime", "reports"),
    }
)
"""First parts of the addresses of Umami's own pages, as they are pasted from a browser."""
LANGUAGES: Final = frozenset(
    {
        *("ar", "be", "bg", "bn", "bs", "ca", "cs", "da", "de", "el", "en", "es", "eu", "fa", "fi"),
        *("fo", "fr", "ga", "gl", "he", "hi", "hr", "hu", "id", "it", "ja", "km", "ko", "lt", "mn"),
        *("ms", "my", "nb", "nl", "no", "pl", "pt", "ro", "ru", "si", "sk", "sl", "sr", "sv", "ta"),
        *("th", "tr", "uk", "ur", "uz", "vi", "zh"),
    }
)
"""Languages of Umami's pages; ``de`` or ``de-CH`` before one of its pages is no folder."""

ON_THIS_MACHINE, SELF_HOSTED, IN_THE_CLOUD = 32, 16, 3
"""Calls in flight at most. An Umami's few database connections also serve its collector, so a
server gets what one page asks at once and no more; what runs on this machine is the embedded
server, or somebody's trial of their own."""


@dataclass(frozen=True, slots=True)
class Login:
    """An account of a self-hosted Umami."""

    username: str
    password: str = field(repr=False)

    @property
    def account(self) -> str:
        """What tells this account's answers from another's."""
        return f"user {self.username}"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key: a bearer's on a self-hosted Umami from 3.3 on, Umami Cloud's own otherwise."""

    key: str = field(repr=False)
    cloud: bool = False

    @property
    def account(self) -> str:
        """What tells this key's answers from another's; holds no part of the key."""
        return f"key {hashlib.sha256(self.key.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class ShareLink:
    """A public link to one website; it only reads."""

    id: str = field(repr=False)

    @property
    def account(self) -> str:
        """What tells this link's answers from another's."""
        return f"share {self.id}"


@dataclass(frozen=True, slots=True)
class Settings:
    """How to reach a server, and as whom. ``repr`` shows no secret."""

    api: str | None = None
    """Where the API begins (``https://host/base/api``), without a slash at the end; ``None`` means
    the embedded server, which start-up code fills in."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    share: str | None = field(default=None, repr=False)
    """The id of a public share link."""
    data: Path | None = None
    """Tables for the embedded server."""
    store: Path | None = None
    """The file in which the embedded server keeps its data; without tables and file it makes the
    demo."""
    collect: bool = False
    """Whether websites may send to the embedded server by way of the dashboard's address."""
    definitions: str = "3.5"
    """The version of Umami whose definitions of bounces, channels and revenue under filters the
    embedded server applies: one of ``DEFINITIONS``. Other servers have those of their version."""
    timeout: float = 60.0
    """Seconds an answer may take."""
    connections: int | None = None
    """Calls in flight at most; ``None`` leaves it to what is asked."""
    cache_mb: float = 64.0
    """Megabytes that kept answers may fill."""
    redis: str | None = field(default=None, repr=False)
    """Address of the Redis in which replicas share what is kept; ``None``: in this process."""
    generation: Generation | None = None
    """Which generation the server is of; ``None`` leaves it to be found."""
    cloud: bool = False
    """Whether Umami Cloud is asked."""
    pace: tuple[int, float] | None = None
    """Calls in so many seconds at most; ``None`` where nobody counts."""

    @property
    def identity(self) -> Login | ApiKey | ShareLink | None:
        """Who asks; ``None`` as long as no server is set."""
        if self.share is not None:
            return ShareLink(self.share)
        if self.api_key is not None:
            return ApiKey(self.api_key, cloud=self.cloud)
        if self.username is not None and self.password is not None:
            return Login(self.username, self.password)
        return None

    @property
    def embedded(self) -> bool:
        """Whether no server is set, so that the embedded one is meant."""
        return self.api is None

    @property
    def demo(self) -> bool:
        """Whether the embedded server makes up what it shows."""
        return self.embedded and self.data is None and self.store is None

    @property
    def address(self) -> str:
        """The server's address as people write it, without credentials."""
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
        """How many calls may be in flight at one moment."""
        if self.connections:
            return self.connections
        if self.local:
            return ON_THIS_MACHINE
        return IN_THE_CLOUD if self.cloud else SELF_HOSTED

    @property
    def named(self) -> str:
        """The setting that holds the address."""
        return "UMAMI_URL" if self.share is None else "UMAMI_SHARE_URL"

    @property
    def given(self) -> dict[str, str]:
        """The texts that say which server is asked, and as whom, by name without prefix: what
        ``understood`` makes these settings of. Holds secrets."""
        if self.api is None:
            places = {"DATA": self.data, "STORE": self.store}
            return {name: str(path) for name, path in places.items() if path}
        if self.share is not None:
            return {"SHARE_URL": f"{self.address}/share/{self.share}"}
        # A folder that is called like one of Umami's pages is only understood with the API behind.
        known = _api(self.address) == self.api
        url = {} if self.cloud else {"URL": self.address if known else self.api}
        if self.api_key is not None:
            return {**url, "API_KEY": self.api_key}
        return {**url, "USERNAME": self.username or "", "PASSWORD": self.password or ""}


def read(environ: Mapping[str, str] | None = None, secrets: Path = SECRETS) -> Settings:
    """The settings of this process; the environment goes before the secrets file.

    Of the file, ``UMAMI_URL``, ``umami_url`` and ``url`` in a table ``[umami]`` count alike.
    Raises ``SettingsError`` with a sentence that names the setting.
    """
    return understood(_given(os.environ if environ is None else environ, secrets_of(secrets)))


def understood(given: Mapping[str, str]) -> Settings:
    """The settings that these texts say, by name without prefix (``{"URL": …}``).

    Raises ``SettingsError`` with a sentence that names the setting.
    """
    common = Settings(
        definitions=_definitions(given),
        timeout=_number(given, "TIMEOUT", 60.0, 1, 3600),
        connections=int(_number(given, "CONNECTIONS", 0, 1, 64)) or None,
        cache_mb=_number(given, "CACHE_MB", 64.0, 1, 4096),
        redis=given.get("REDIS_URL"),
        generation=Generation.named(given["GENERATION"]) if "GENERATION" in given else None,
    )
    found = _server(given, common)
    collect = flag("UMAMI_COLLECT", given.get("COLLECT", "no"))
    if collect and (found or "STORE" not in given):
        raise SettingsError(
            "UMAMI_COLLECT needs UMAMI_STORE: only the embedded server collects, and only into a "
            "file. Set UMAMI_STORE, or remove UMAMI_COLLECT."
        )
    if found is None:
        return replace(common, data=_data(given), store=_store(given, collect), collect=collect)
    for name in ("DATA", "STORE"):
        if name in given:
            raise SettingsError(
                f"{PREFIX}{name} is for the embedded server, but another server is set. "
                "Remove one of them."
            )
    return found


def of_environment(
    environ: Mapping[str, str] | None = None, secrets: Mapping[str, Any] | None = None
) -> tuple[str, ...]:
    """The full names of what the environment itself says of which server is asked.

    Streamlit copies what stands at the top of a secrets file into the environment; what is there
    just as it is in ``secrets`` is the file's.
    """
    environ = os.environ if environ is None else environ
    full = (PREFIX + name for name in SERVER)
    return tuple(
        name
        for name in full
        if environ.get(name, "").strip() and environ[name] != str((secrets or {}).get(name))
    )


def secrets_of(path: Path) -> Mapping[str, Any]:
    """What a secrets file holds; nothing where there is none. Raises ``SettingsError``, which
    quotes nothing of it."""
    try:
        text = text_of(path)
        found = tomllib.loads(text)
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        # The message may quote the file, which is full of secrets; the line may be told.
        line = re.search(r"line (\d+)", str(error))
        problem = f"is not TOML (line {line[1]})" if line else "is not TOML"
        written = text.split("\n")[int(line[1]) - 1 :][:1] if line else []
        if re.search("[“”„‘’‚«»\u00a0\u200b]", "".join(written)):
            problem += ": write straight quotes and plain spaces there"
    else:
        if "auth" in found and path.read_bytes().startswith(codecs.BOM_UTF8):
            raise SettingsError(
                f"{path.name} begins with a byte order mark, with which Streamlit does not read "
                "its [auth]: save the file as UTF-8 without it."
            )
        return found
    raise SettingsError(f"{path.name} {problem}.")


def text_of(path: Path) -> str:
    """The text of a file that people wrote, in UTF-8, with or without a byte order mark.

    Raises ``SettingsError``, which quotes nothing of it, and ``FileNotFoundError``.
    """
    try:
        held = path.read_bytes()
        text = held.decode("utf-8-sig")
    except FileNotFoundError:
        raise
    except OSError:
        problem = "cannot be read: look at its permissions"
    except UnicodeDecodeError:
        wide = held.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in held
        problem = f"is not UTF-8{' but UTF-16' if wide else ''}: save it as UTF-8"
    else:
        if b"\0" not in held[:4] or len(held) < 4:
            return text.replace("\r\n", "\n")
        problem = "is not UTF-8 but UTF-16: save it as UTF-8"
    raise SettingsError(f"{path.name} {problem}.")


def cleaned(text: str) -> str:
    """A value without what copying and configuration files leave around it: spaces, line ends,
    unseen characters, and a pair of quotes."""
    while True:
        before = text
        text = text.strip().strip(_UNSEEN)
        if len(text) > 1 and text[0] + text[-1] in _QUOTES:
            text = text[1:-1]
        if text == before:
            return text


def flag(name: str, text: str) -> bool:
    """Whether a setting says yes; ``name`` is its full name. Raises ``SettingsError``."""
    if text.casefold() not in _FLAGS:
        raise SettingsError(f"{name} is yes or no.")
    return _FLAGS[text.casefold()]


def _password(name: str, text: str, *, environment: bool) -> str:
    """A password as it was set: spaces and quotes may be a part of it, line ends are not."""
    text = text.strip("\r\n" + _UNSEEN)
    if environment and len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        raise SettingsError(
            f"{name} is in quotes, which docker --env-file keeps: remove them. If they are a part "
            "of the password, set it in secrets.toml."
        )
    return text


def _given(environ: Mapping[str, str], secrets: Mapping[str, Any]) -> dict[str, str]:
    """What is set, by name without prefix; empty text counts as not set."""
    table = secrets.get("umami")
    table = table if isinstance(table, Mapping) else {}
    given: dict[str, str] = {}
    for name in NAMES:
        full = PREFIX + name
        written = (
            *(secrets.get(key) for key in (full, full.lower())),
            *(table.get(key) for key in (name.lower(), name, full.lower(), full)),
        )
        # Streamlit copies what stands at the top of a secrets file into the environment.
        copied = environ.get(full) in [one for one in written if isinstance(one, str)]
        candidates = (environ.get(full), *written)
        for at, value in enumerate(candidates):
            if value is None:
                continue
            if type(value) not in _KINDS.get(name, (str, int, float)):
                raise SettingsError(f"{full} in the secrets is not text: put it in quotes.")
            if name == "PASSWORD":
                text = _password(full, str(value), environment=at == 0 and not copied)
            else:
                text = cleaned(str(value))
            if text:
                given[name] = text
                break
    return given


def _number(
    given: Mapping[str, str], name: str, otherwise: float, least: float, most: float
) -> float:
    if name not in given:
        return otherwise
    plain = re.fullmatch(r"\d+(\.\d+)?", given[name], re.ASCII)
    number = float(given[name]) if plain else float("nan")
    if not least <= number <= most or (name in WHOLE and not number.is_integer()):
        kind = "whole number" if name in WHOLE else "number"
        raise SettingsError(
            f"{PREFIX}{name} is a {kind} from {least:g} to {most:g}, without a unit or separators: "
            f"{int(otherwise or least)}."
        )
    return number


def _definitions(given: Mapping[str, str]) -> str:
    version = given.get("DEFINITIONS", DEFINITIONS[-1])
    if version not in DEFINITIONS:
        raise SettingsError(f"UMAMI_DEFINITIONS is {' or '.join(DEFINITIONS)}.")
    return version


def _data(given: Mapping[str, str]) -> Path | None:
    if "DATA" not in given:
        return None
    # Unlike those of pathlib, these functions do not fail for what no path can be.
    path = Path(os.path.expanduser(given["DATA"]))
    if not os.path.exists(path):
        raise SettingsError("UMAMI_DATA names a folder or zip of tables that does not exist.")
    return path


def _store(given: Mapping[str, str], collect: bool) -> Path | None:
    if "STORE" not in given:
        return None
    path = Path(given["STORE"]).expanduser()
    if path.is_dir():
        raise SettingsError("UMAMI_STORE names a folder: name a file in it, such as umami.duckdb.")
    if "DATA" not in given and not path.exists() and not collect:
        raise SettingsError(
            "UMAMI_STORE names a file that does not exist: set UMAMI_DATA too, once, to import "
            "tables into it, or UMAMI_COLLECT=yes to begin with an empty one."
        )
    return path


def _server(given: Mapping[str, str], common: Settings) -> Settings | None:
    """With address and identity; ``SettingsError`` for half of one, or two of them."""
    login = [name for name in ("USERNAME", "PASSWORD") if name in given]
    if "SHARE_URL" in given:
        others = [name for name in ("URL", "USERNAME", "PASSWORD", "API_KEY") if name in given]
        if others:
            raise SettingsError(
                f"UMAMI_SHARE_URL and {PREFIX}{others[0]} contradict each other: a share link "
                "says all by itself. Remove one of them."
            )
        return _share(given["SHARE_URL"], common)
    if "API_KEY" in given and login:
        raise SettingsError(
            f"UMAMI_API_KEY and {PREFIX}{login[0]} contradict each other. Remove one of them."
        )
    if "API_KEY" in given:
        key = given["API_KEY"]
        if not key.isascii() or not key.isprintable() or " " in key:
            raise SettingsError("UMAMI_API_KEY holds characters that no key has.")
        api = _api(given["URL"]) if "URL" in given else CLOUD
        cloud = api == CLOUD
        pace = CLOUD_PACE if cloud else None
        return replace(common, api=api, api_key=key, cloud=cloud, pace=pace)
    if len(login) == 1:
        missing = "PASSWORD" if login == ["USERNAME"] else "USERNAME"
        raise SettingsError(f"{PREFIX}{login[0]} is set, but {PREFIX}{missing} is not.")
    if login and "URL" not in given:
        raise SettingsError(
            "UMAMI_USERNAME is set, but UMAMI_URL is not: write the address of your Umami."
        )
    if login:
        api = _api(given["URL"])
        if api == CLOUD:
            raise SettingsError(
                "UMAMI_USERNAME cannot be used with Umami Cloud: set UMAMI_API_KEY instead."
            )
        return replace(common, api=api, username=given["USERNAME"], password=given["PASSWORD"])
    if "URL" in given:
        if "/share/" in given["URL"]:
            raise SettingsError("UMAMI_URL is a share link: set it as UMAMI_SHARE_URL instead.")
        raise SettingsError(
            "UMAMI_URL is set, but nobody to sign in as: set UMAMI_USERNAME and UMAMI_PASSWORD, "
            "or UMAMI_API_KEY."
        )
    return None


def _api(text: str) -> str:
    """Where the API begins, from an address as it is pasted from a browser."""
    address = _parsed(text, "URL")
    host = address.hostname or ""
    if is_cloud(host):
        return CLOUD
    return _spelled(address, _folder(address.path))


def is_cloud(host: str) -> bool:
    """Whether a host is Umami Cloud's."""
    return host == "umami.is" or host.endswith(".umami.is")


def _parsed(text: str, name: str) -> SplitResult:
    full = PREFIX + name
    unseen = next((one for one in text if one in _UNSEEN), None)
    if unseen:
        raise SettingsError(
            f"{full} holds a character that cannot be seen (U+{ord(unseen):04X}): type the address "
            "instead of copying it."
        )
    scheme, colon, rest = text.partition("://")
    if not colon or re.match(r"https?[:;]?/", rest, re.I):
        # Also https:/host, https//host, https:host and https://https://host.
        begun = re.match(r"(?:(https?)(?:[:;]/*|/+))*", text, re.I)
        assert begun
        host = text[begun.end() :].lstrip("/")
        near = re.match(r"(localhost|\d+\.\d+\.\d+\.\d+|\[)", host)
        kind = (begun[1] or ("http" if near else "https")).lower()
        plain = re.fullmatch(r"[\w.:\[\]-]+(/[\w./%~-]*)?", host)
        example = f": write {kind}://{host}" if plain else ""
        raise SettingsError(f"{full} does not begin with https:// or http://{example}.")
    if scheme.lower() not in ("https", "http"):
        raise SettingsError(f"{full} begins with https:// or http://, nothing else.")
    try:
        address = urlsplit(f"{scheme.lower()}://{rest}")
        sound = bool(address.hostname) and (address.port is None or address.port > 0)
        sound = sound and not re.search(r"[\s\x00-\x1f\x7f\\]", text)
        if sound and ":" not in (address.hostname or ""):
            sound = all(
                0 < len(part) < 64
                for part in (address.hostname or "").rstrip(".").encode("idna").split(b".")
            )
    except (ValueError, UnicodeError):
        sound = False
    if not sound:
        raise SettingsError(
            f"{full} cannot be read: addresses look like https://umami.example.com."
        )
    if address.username is not None or address.password is not None:
        raise SettingsError(
            f"{full} holds a user name or password: set UMAMI_USERNAME and UMAMI_PASSWORD instead."
        )
    return address


def _folder(path: str) -> str:
    """The path Umami lives under: without ``/api``, or one of its pages, at the end."""
    parts = [part for part in path.split("/") if part]
    if "api" in parts:
        return "".join(f"/{part}" for part in parts[: len(parts) - 1 - parts[::-1].index("api")])
    page = next((at for at, part in enumerate(parts) if part in PAGES), None)
    kept = parts if page is None else _without_language(parts[:page])
    return "".join(f"/{part}" for part in kept)


def _without_language(parts: list[str]) -> list[str]:
    """The parts of a path before a page, without a language that is all of them: deeper ones are
    somebody's folders, such as Umami Cloud's regions."""
    if len(parts) != 1:
        return parts
    language, _, region = parts[0].replace("_", "-").partition("-")
    localised = language.lower() in LANGUAGES and re.fullmatch(r"([A-Za-z]{2,4})?", region)
    return [] if localised else parts


def _spelled(address: SplitResult, folder: str) -> str:
    # User information was refused before, so the network location holds host and port only.
    return f"{address.scheme}://{address.netloc}{quote(unquote(folder)).rstrip('/')}/api"


def _share(text: str, common: Settings) -> Settings:
    address = _parsed(text, "SHARE_URL")
    folder, found, rest = address.path.rpartition("/share/")
    identifier = unquote(rest.split("/")[0])
    if not found or not re.fullmatch(r"[\w.~-]{1,100}", identifier) or not identifier.strip("."):
        raise SettingsError(
            "UMAMI_SHARE_URL is not a share link: they look like https://HOST/share/ID/DOMAIN."
        )
    # A link into the API itself is one too.
    parts = [part for part in folder.removesuffix("/api").split("/") if part]
    kept = parts if folder.endswith("/api") else _without_language(parts)
    api = _spelled(address, "".join(f"/{part}" for part in kept))
    return replace(common, api=api, share=identifier)
