"""The address of an API, from addresses as people paste them from a browser."""

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

from umami.errors import SettingsError

CLOUD: Final = "https://api.umami.is/v1"
INVISIBLE: Final = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""Characters without a glyph, which are often copied along with a value."""
PAGES: Final = (
    *("login", "logout", "sso", "dashboard", "websites", "teams", "settings", "share"),
    *("boards", "links", "pixels", "admin", "console", "profile", "realtime", "reports"),
)
"""First parts of the paths of Umami's own pages."""
LANGUAGES: Final = (
    *("ar", "be", "bg", "bn", "bs", "ca", "cs", "da", "de", "el", "en", "es", "eu", "fa", "fi"),
    *("fo", "fr", "ga", "gl", "he", "hi", "hr", "hu", "id", "it", "ja", "km", "ko", "lt", "mn"),
    *("ms", "my", "nb", "nl", "no", "pl", "pt", "ro", "ru", "si", "sk", "sl", "sr", "sv", "ta"),
    *("th", "tr", "uk", "ur", "uz", "vi", "zh"),
)
"""Languages of Umami's pages; ``de`` or ``de-CH`` before one of its pages is not a folder."""


def is_cloud(host: str) -> bool:
    """Whether a host belongs to Umami Cloud."""
    return host == "umami.is" or host.endswith(".umami.is")


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def api_address(text: str) -> str:
    """The address of the API (``https://host/base/api``), from the setting ``UMAMI_URL``. Raises
    ``SettingsError``."""
    address = _parse(text, "UMAMI_URL")
    if is_cloud(address.hostname or ""):
        return CLOUD
    parts = _parts(address.path)
    if "api" in parts:
        return _api(address, parts[: len(parts) - 1 - parts[::-1].index("api")])
    page = next((number for number, part in enumerate(parts) if part in PAGES), None)
    return _api(address, parts if page is None else _without_language(parts[:page]))


def share_link(text: str) -> tuple[str, str]:
    """The address of the API and the id of a share link, from the setting ``UMAMI_SHARE_URL``.
    Raises ``SettingsError``."""
    address = _parse(text, "UMAMI_SHARE_URL")
    folder, separator, rest = address.path.rpartition("/share/")
    share = unquote(rest.split("/")[0])
    if not separator or not re.fullmatch(r"[\w.~-]{1,100}", share) or not share.strip("."):
        raise SettingsError(
            "UMAMI_SHARE_URL is not a share link: they look like https://HOST/share/ID/DOMAIN."
        )
    # An address of the API itself (/api/share/ID) is accepted as well.
    parts = _parts(folder.removesuffix("/api"))
    return _api(address, parts if folder.endswith("/api") else _without_language(parts)), share


def _parse(text: str, name: str) -> SplitResult:
    invisible = next((character for character in text if character in INVISIBLE), None)
    if invisible:
        raise SettingsError(
            f"{name} contains an invisible character (U+{ord(invisible):04X}): type the address "
            "instead of copying it."
        )
    scheme, separator, rest = text.partition("://")
    if not separator or re.match(r"https?[:;]?/", rest, re.I):
        # Also https:/host, https//host, https:host and https://https://host.
        start = re.match(r"(?:(https?)(?:[:;]/*|/+))*", text, re.I)
        assert start
        host = text[start.end() :].lstrip("/")
        near = re.match(r"(localhost|\d+\.\d+\.\d+\.\d+|\[)", host)
        kind = (start[1] or ("http" if near else "https")).lower()
        plain = re.fullmatch(r"[\w.:\[\]-]+(/[\w./%~-]*)?", host)
        example = f": write {kind}://{host}" if plain else ""
        raise SettingsError(f"{name} does not begin with https:// or http://{example}.")
    if scheme.lower() not in ("https", "http"):
        raise SettingsError(f"{name} must begin with https:// or http://.")
    try:
        address = urlsplit(f"{scheme.lower()}://{rest}")
        host = address.hostname or ""
        valid = bool(host) and (address.port is None or address.port > 0)
        valid = valid and not re.search(r"[\s\x00-\x1f\x7f\\]", text)
        if valid and ":" not in host:
            labels = host.rstrip(".").encode("idna").split(b".")
            valid = all(0 < len(label) < 64 for label in labels)
    except (ValueError, UnicodeError):
        valid = False
    if not valid:
        raise SettingsError(
            f"{name} cannot be read: addresses look like https://umami.example.com."
        )
    if address.username is not None or address.password is not None:
        raise SettingsError(
            f"{name} contains a user name or password: set UMAMI_USERNAME and UMAMI_PASSWORD "
            "instead."
        )
    return address


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


def _without_language(parts: list[str]) -> list[str]:
    """The folders before a page, unless they are just a language. A language below another folder
    is a folder, such as a region of Umami Cloud."""
    if len(parts) != 1:
        return parts
    language, _, region = parts[0].replace("_", "-").partition("-")
    localised = language.lower() in LANGUAGES and re.fullmatch(r"([A-Za-z]{2,4})?", region)
    return [] if localised else parts


def _api(address: SplitResult, folders: list[str]) -> str:
    # The network location is host and port: user information was refused before.
    path = quote(unquote("".join(f"/{folder}" for folder in folders))).rstrip("/")
    return f"{address.scheme}://{address.netloc}{path}/api"
