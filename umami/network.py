"""The proxy and the certificates for a server, from the environment variables that curl reads."""

import ipaddress
import os
import re
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from umami.errors import SettingsError

CERTIFICATES: Final = (
    ("SSL_CERT_FILE", "SSL_CERT_DIR"),
    ("CURL_CA_BUNDLE",),
    ("REQUESTS_CA_BUNDLE",),
)
"""Variables that name trusted certificates; the first group with a variable that is set counts."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and the variable that names it."""

    name: str
    url: str
    """Scheme, host and port."""
    auth: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def encrypted(self) -> bool:
        """Whether the connection to the proxy itself uses TLS."""
        return self.url.startswith("https:")


def proxy_for(url: str) -> Proxy | None:
    """The proxy for an address, from the environment or the operating system. ``http_proxy``,
    ``https_proxy`` and ``all_proxy`` count in lower case, then in upper case; ``no_proxy`` lists
    exceptions. Raises ``SettingsError``, which names the variable."""
    address = urlsplit(url)
    proxies = getproxies()
    kind = address.scheme if proxies.get(address.scheme) else "all"
    value = proxies.get(kind, "").strip()
    host, port = address.hostname or "", address.port or (443 if address.scheme == "https" else 80)
    if not value or _is_excepted(host, port, proxies.get("no", "")):
        return None
    name = f"{kind}_proxy"
    name = name if os.environ.get(name) else name.upper()
    scheme, _, rest = (value if "://" in value else f"http://{value}").partition("://")
    scheme = scheme.lower()
    if scheme in ("socks", "socks4", "socks4a"):
        raise SettingsError(
            f"{name} names a proxy for SOCKS 4, which cannot be used: name one for SOCKS 5 "
            "(socks5h://HOST:PORT) or HTTP."
        )
    if scheme not in ("http", "https", "socks5", "socks5h"):
        raise SettingsError(f"{name} begins with none of http://, https://, socks5://, socks5h://.")
    user_info, at, location = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")
    try:
        parts = urlsplit(f"//{location}")
        host, proxy_port = parts.hostname or "", parts.port
        valid = bool(host) and not re.search(r"[\s\x00-\x1f\x7f\\]", location)
        host = host if ":" in host else host.encode("idna").decode()
    except (ValueError, UnicodeError):
        valid = False
    if not valid:
        raise SettingsError(
            f"{name} cannot be read: proxies look like http://HOST:PORT or socks5h://HOST:PORT."
        )
    username, _, password = user_info.partition(":")
    location = f"[{host}]" if ":" in host else host
    return Proxy(
        name,
        f"{scheme}://{location}" + (f":{proxy_port}" if proxy_port else ""),
        (unquote(username), unquote(password)) if at else None,
    )


def _is_excepted(host: str, port: int, exceptions: str) -> bool:
    """Whether a host is reached without a proxy. An exception is a name, the end of a name, an
    address or a network, with or without a port; or ``*`` for every host."""
    with suppress(OSError):
        if proxy_bypass(f"{host}:{port}") or proxy_bypass(host):
            return True
    for text in re.split(r"[,\s]+", exceptions):
        if text == "*":
            return True
        bare, _, only_port = text.rpartition(":") if text.count(":") == 1 else (text, "", "")
        if bracketed := re.fullmatch(r"\[(.*)\](?::(\d+))?", text):
            bare, only_port = bracketed[1], bracketed[2]
        if only_port and only_port != str(port):
            continue
        bare = bare.lower().strip(".").removeprefix("*.")
        if bare and (host == bare or host.endswith(f".{bare}")):
            return True
        with suppress(ValueError):
            if ipaddress.ip_address(host) in ipaddress.ip_network(bare, strict=False):
                return True
    return False


def trusted(environ: Mapping[str, str] | None = None) -> ssl.SSLContext | None:
    """The TLS context for the certificates that the environment names, if it names any. Raises
    ``SettingsError``, which names the variable."""
    environ = os.environ if environ is None else environ
    for group in CERTIFICATES:
        paths = {name: environ[name] for name in group if environ.get(name, "").strip()}
        if not paths:
            continue
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if log := os.environ.get("SSLKEYLOGFILE"):
            context.keylog_filename = log
        for name, value in paths.items():
            for text in value.split(os.pathsep) if name == "SSL_CERT_DIR" else [value]:
                _load(context, name, Path(text))
        return context
    return None


def _load(context: ssl.SSLContext, name: str, path: Path) -> None:
    try:
        if not path.is_dir():
            path.open("rb").close()
            context.load_verify_locations(cafile=path)
            return
        # The names that OpenSSL requires.
        if any(re.fullmatch(r"[0-9a-f]{8}\.\d+", file.name) for file in path.iterdir()):
            context.load_verify_locations(capath=path)
            return
        problem = "names a folder without certificates that have the names OpenSSL requires"
        remedy = "run “openssl rehash” on it"
    except FileNotFoundError:
        problem, remedy = "names a file that does not exist", "correct it"
    except ssl.SSLError:
        problem, remedy = "names a file without certificates", "name one in PEM format"
    except OSError as error:
        why = f" ({error.strerror})" if error.strerror else ""
        problem, remedy = f"names a file that cannot be read{why}", "correct it"
    raise SettingsError(f"{name} {problem}: {remedy}, or unset it.")
