"""Messages of alerts to webhooks: to Slack, to Microsoft Teams, or as signed JSON.

People choose the addresses, so a request must not reach what only this machine can reach. The
addresses of a host name are resolved once, all of them are checked, and the connection is made to
one of these. So a name that resolves differently later is of no use. No redirect is followed, no
proxy is used, and nothing of an answer is read but its head.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final, Literal
from urllib.parse import quote, urlsplit

import idna

from access.notifications import Webhook
from components.texts import N_, Message, _, sentence
from reports.alert_message import AlertMessage
from umami import retry_after
from umami.errors import UmamiError
from umami.network import trusted

TIMEOUT: Final = 10.0
"""Seconds for a whole request."""
LONGEST_PAUSE: Final = 3600.0
"""Seconds until the next attempt, whatever a service asks for."""
LONGEST: Final = 500
"""Characters of the longest sentence that is sent to a service."""
_TRANSIENT: Final = (408, 425, 429)
_PORTS: Final = {"http": 80, "https": 443}
_TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that NAT64 translates to the IPv4 address in their last 32 bits."""
_PRIVATE: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8"),
            *("fc00::/7", "::1/128"),
        ),
    )
)
"""Networks that an admin may allow."""
_NEVER: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            *("192.0.0.0/24", "192.88.99.0/24"),
            *("::/96", "64:ff9b:1::/48", "2001::/23", "3fff::/20", "fec0::/10"),
        ),
    )
)
"""Networks that some versions of Python call global, although they are for special purposes."""


class AddressRefused(UmamiError):
    """Nothing is sent to this address. ``again`` says that this may pass."""

    remedy = N_("Copy the address again from the service that gave it to you.")
    again = False


class _Unresolved(AddressRefused):
    remedy = N_("Check the name of the host.")
    again = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a message.

    ``accepted`` is ``None`` if the message was sent and no answer came. ``why`` is the reason
    unless it was accepted. ``again`` says whether another attempt may succeed and cannot send it
    twice, and ``after`` how many seconds to wait for that at least.
    """

    host: str
    accepted: bool | None
    why: str = ""
    again: bool = False
    after: float | None = None


@dataclass(frozen=True, slots=True)
class _Target:
    """A checked address: where to connect to, and what to ask there."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: Sequence[IPv4Address | IPv6Address]


def check_address(url: str, *, allow_private: bool) -> None:
    """Check the address of a webhook, as ``send`` does. Raises ``AddressRefused``."""
    _target(url, allow_private=allow_private)


def send(
    webhook: Webhook,
    message: AlertMessage,
    *,
    key: str,
    allow_private: bool,
    timeout: float = TIMEOUT,
) -> Answer:
    """Send a message and return what became of it, after ``timeout`` seconds at most, not counting
    the resolution of the host name.

    ``key`` (``notifications.webhook_key``) signs JSON. ``allow_private`` is the admin's setting.
    """
    host = ""
    with suppress(ValueError):
        host = urlsplit(webhook.url).hostname or ""
    try:
        target = _target(webhook.url, allow_private=allow_private)
    except AddressRefused as refused:
        return Answer(host, False, sentence(refused), refused.again)
    body = json.dumps(_CONTENTS[webhook.service](message), ensure_ascii=False).encode()
    headers = {"content-type": "application/json", "user-agent": "UmamiDashboard"}
    if webhook.service == "json":
        headers |= signature(message.id, int(time.time()), body, key)
    connection, connected = _Connection(target, timeout), False
    try:
        with connection.deadline():
            connection.connect()
            connected = True
            connection.request("POST", target.path, body, headers)
            response = connection.getresponse()
    except UmamiError as problem:  # of the certificates that the environment names
        return Answer(host, False, sentence(problem))
    except ssl.SSLCertVerificationError:
        return Answer(host, False, _("its certificate is not trusted"))
    except (OSError, HTTPException):
        if connected:
            return Answer(host, None, _("no answer came; the message may have arrived"))
        return Answer(host, False, _("no connection could be made"), again=True)
    finally:
        connection.close()
    return _answer(host, response.status, response.headers.get)


def signature(id: str, timestamp: int, body: bytes, key: str) -> dict[str, str]:
    """The headers of Standard Webhooks, by which a receiver knows the sender and repetitions.

    ``timestamp`` is in seconds since 1970; ``key`` begins with ``whsec_``.
    """
    secret = base64.b64decode(key.removeprefix("whsec_"))
    digest = hmac.digest(secret, f"{id}.{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _answer(host: str, status: int, header: Any) -> Answer:
    if 200 <= status < 300:
        return Answer(host, True)
    if 300 <= status < 400:
        why = _("it redirects to another address ({status}), which is not followed")
    else:
        why = _("it refused the message ({status})")
    why = why.format(status=status)
    if status < 500 and status not in _TRANSIENT:
        return Answer(host, False, why)
    pause = retry_after.seconds(header("retry-after"), header("date"))
    return Answer(host, False, why, True, None if pause is None else min(pause, LONGEST_PAUSE))


def _target(url: str, *, allow_private: bool) -> _Target:
    """Check an address and resolve its host. Raises ``AddressRefused``."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host = host if host.isascii() else idna.encode(host, uts46=True).decode()
        valid = bool(host) and port != 0 and not re.search(r"[\s\x00-\x1f\x7f\\]", url)
    except ValueError:
        valid = False
    if not valid or parts.scheme not in _PORTS:
        raise AddressRefused(N_("The address of a webhook begins with https://."))
    if "@" in parts.netloc:
        raise AddressRefused(
            N_("The address of a webhook contains no user name and no password."),
            remedy=N_("Use an address with a secret in its path, as Slack and Teams give."),
        )
    port = port or _PORTS[parts.scheme]
    addresses = _resolved(host, port)
    scopes = set(map(scope, addresses))
    if "never" in scopes:
        raise AddressRefused(Message("No message is sent to the network of {host}.", host=host))
    if "private" in scopes and not allow_private:
        raise AddressRefused(
            Message("{host} is in a private network.", host=host),
            remedy=N_("An admin can allow that with DASHBOARD_PRIVATE_WEBHOOKS=yes."),
        )
    if parts.scheme == "http" and scopes != {"private"}:
        raise AddressRefused(N_("The address of a webhook begins with https://."))
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    return _Target(parts.scheme, host, port, f"{path}?{query}" if query else path, addresses)


def _resolved(host: str, port: int) -> list[IPv4Address | IPv6Address]:
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        texts = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in entries)
        return [ipaddress.ip_address(text) for text in texts]
    except (OSError, ValueError):
        raise _Unresolved(Message("The name {host} has no address.", host=host)) from None


def scope(address: IPv4Address | IPv6Address) -> Literal["public", "private", "never"]:
    """Whether an address is public, private (which an admin may allow), or never sent to. The
    IPv4 address inside of an IPv6 address counts as well."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _TRANSLATED:
            inner = IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner:
            return scope(inner)
    if any(address in network for network in _PRIVATE if network.version == address.version):
        return "private"
    never = any(address in network for network in _NEVER if network.version == address.version)
    if never or address.is_multicast or address.is_reserved or not address.is_global:
        return "never"
    return "public"


class _Connection(HTTPConnection):
    """A connection to one of the checked addresses. TLS verifies the host's name."""

    def __init__(self, target: _Target, timeout: float) -> None:
        # http.client omits the default port from the ``Host`` header.
        self.default_port = _PORTS[target.scheme]
        super().__init__(target.host, target.port)
        self._target = target
        self._ends = time.monotonic() + timeout
        self._is_over = threading.Event()
        self.sock: socket.socket | None = None

    @property
    def _left(self) -> float:
        return max(0.01, self._ends - time.monotonic())

    def connect(self) -> None:
        """Connect to the first address that answers. Raises ``OSError``."""
        problem: OSError | None = None
        for address in self._target.addresses:
            try:
                self.sock = socket.create_connection((str(address), self.port), self._left)
                break
            except OSError as error:
                problem = error
        if self.sock is None:
            raise problem or TimeoutError
        self.sock.settimeout(self._left)
        if self._target.scheme == "https":
            context = trusted() or ssl.create_default_context()
            self.sock = context.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()

    @contextmanager
    def deadline(self) -> Iterator[None]:
        """End the connection when its time is over, also if bytes keep arriving. Raises
        ``TimeoutError`` then: the end of a head that was cut off looks like that of a complete one.
        """
        timer = threading.Timer(self._left, self._shut_down)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
        if self._is_over.is_set():
            raise TimeoutError

    def _shut_down(self) -> None:
        self._is_over.set()
        connected = self.sock
        if connected is not None:
            with suppress(OSError):
                # A TLS socket's own method would make another thread read without encryption.
                socket.socket.shutdown(connected, socket.SHUT_RDWR)


def _signed(message: AlertMessage) -> dict[str, Any]:
    """The format of Standard Webhooks: a type, a time, and data."""
    at = message.ended or message.since
    return {
        "type": "alert.ended" if message.ended else "alert.started",
        "timestamp": at.isoformat(),
        "data": {
            "alert": message.name,
            "website": message.website,
            "headline": message.headline,
            "findings": list(message.findings),
            "since": message.since.isoformat(),
            "ended": message.ended.isoformat() if message.ended else None,
            "url": message.url,
        },
    }


def _slack(message: AlertMessage) -> dict[str, Any]:
    """Incoming webhooks of Slack, whose markup has three characters that are escaped."""

    def escaped(text: str) -> str:
        text = _cut(text)
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    def block(text: str) -> dict[str, Any]:
        # Verbatim, so that Slack makes no links and mentions of what looks like one.
        return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}

    address = message.url.replace("|", "%7C").replace(">", "%3E").replace("<", "%3C")
    link = f"<{address.replace('&', '&amp;')}|{escaped(_('Open in the dashboard'))}>"
    title = escaped(message.title)
    lines = (title, *map(escaped, message.findings), f"{escaped(message.when)} {link}")
    return {"text": title, "blocks": [block(line) for line in lines]}


def _teams(message: AlertMessage) -> dict[str, Any]:
    """An Adaptive Card, as Teams' “Workflows” take it. Runs of text have no markup."""

    def block(text: str, **style: Any) -> dict[str, Any]:
        return {
            "type": "RichTextBlock",
            "inlines": [{"type": "TextRun", "text": _cut(text), **style}],
        }

    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            block(message.title, weight="Bolder", size="Medium"),
            *map(block, message.findings),
            block(message.when, isSubtle=True),
        ],
        "actions": [
            {"type": "Action.OpenUrl", "title": _("Open in the dashboard"), "url": message.url}
        ],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "content": card}]}


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


_CONTENTS: Final = {"slack": _slack, "teams": _teams, "json": _signed}
