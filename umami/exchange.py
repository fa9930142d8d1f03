"""HTTP requests to one server; the only module that imports httpx.

A request is sent once: ``umami.transport`` adds credentials and retries. Every failure becomes an
error of ours. Errors are raised outside of ``except`` blocks, so that none carries a request, with
its headers, in its context.
"""

import json
import logging
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode
from weakref import WeakSet

import httpx
from socksio import SOCKSError

from umami import errors
from umami.compat.http_errors import meaning, reasons
from umami.endpoint import LONGEST_PARAMS, Request
from umami.network import Proxy, proxy_for, trusted
from umami.retry_after import seconds
from umami.settings import Settings
from umami.texts import N_, Message

# httpx logs the address of every request, and an address may contain a share id.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

AGENT: Final = "Mozilla/5.0 (X11; Linux x86_64) UmamiDashboard/0.1"
"""Umami's collector ignores clients that look like a bot, which is everything but a browser."""
CONNECT_TIMEOUT: Final = 5.0
"""Seconds; TCP has tried three times by then."""
HANDSHAKE_TIMEOUT: Final = 2.0
"""Seconds for the answer to a TLS handshake."""
LONGEST_PAUSE: Final = 15.0
"""Seconds; the client does not wait for a server that requires a longer pause."""
HOUR = 3600.0
"""Seconds."""
KEEPALIVE: Final = 4.0
"""Seconds that an idle connection stays open; Node closes its side after 5, which could break a
request."""
LARGEST: Final = 16 * 2**20
"""Bytes; far more than any endpoint answers with, and little enough for many answers at a time."""
LARGEST_ERROR: Final = 64 * 2**10
PIECE: Final = 64 * 2**10
"""Bytes that are decompressed at a time."""
REQUIRES_TLS: Final = re.compile(
    rb"plain HTTP|HTTP request (was sent )?to an? (HTTPS|SSL)|requires TLS|SSL-enabled|HTTPS port",
    re.IGNORECASE,
)
"""What nginx, Apache, Go (Caddy, Traefik) and Tomcat answer to HTTP where they expect TLS."""
LACKS_TLS: Final = re.compile(
    "WRONG_VERSION_NUMBER|record layer failure|PACKET_LENGTH_TOO_LONG|UNKNOWN_PROTOCOL"
)
"""OpenSSL's errors for an answer that is not TLS."""
RETRYABLE: Final = frozenset({429, 502, 503, 504})
"""Statuses that another attempt may change; Umami's 500 would be the same again."""


@dataclass(frozen=True, slots=True)
class Failure:
    problem: errors.UmamiError
    retryable: bool = False
    """Whether another attempt may succeed."""
    after: float | None = None
    """Seconds that the server requires before another attempt."""
    no_connection: bool = False
    """Whether no connection could be made, so that every other request would fail as well."""
    status: int | None = None
    """The status of the server's answer, where there was one."""
    body: bytes = field(default=b"", repr=False)
    """The beginning of the server's answer, without our secrets."""


Outcome = bytes | Failure


@dataclass(frozen=True, slots=True)
class Call:
    """A request with its credentials; ``until`` is its deadline (monotonic seconds)."""

    request: Request
    endpoint: str
    headers: Mapping[str, str]
    until: float

    @property
    def left(self) -> float:
        return max(0.0, self.until - time.monotonic())


class Exchange:
    """Connections to one server. Safe to use from many threads."""

    def __init__(self, settings: Settings, secrets: Callable[[], tuple[str, ...]]) -> None:
        """``secrets`` returns the texts to remove from what the server repeats."""
        assert settings.api is not None
        self._settings = settings
        self._api = settings.api
        self._secrets = secrets
        self.closed = threading.Event()
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self.accepted = False
        """Whether the server has ever accepted our credentials."""
        self._tls_checked = False
        # This machine is never reached through a proxy, whatever the environment says.
        self._proxy: Proxy | None = None if settings.local else proxy_for(settings.api)
        self._http = self._client()

    def send(self, call: Call) -> Outcome:
        """The body of the server's answer, or why there is none. A redirect to the same address
        with or without a slash at the end is followed."""
        outcome = self._send(call, self._api + call.request.path)
        if isinstance(outcome, str):
            outcome = self._send(call, outcome)
        if isinstance(outcome, str):
            return _unexpected(call, N_("The server redirects in circles."))
        return outcome

    def beginning(self, path: str, most: int) -> bytes:
        """The first ``most`` bytes of a document outside ``/api``; empty after any failure."""
        headers = {"range": f"bytes=0-{most - 1}"}
        body = bytearray()
        try:
            with self._http.stream(
                "GET", self._settings.address + path, headers=headers, timeout=CONNECT_TIMEOUT
            ) as response:
                if response.status_code not in (200, 206):
                    return b""
                for piece in _decompressed(response):
                    body += piece
                    if len(body) >= most:
                        break
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, RuntimeError):
            return b""
        return bytes(body[:most])

    def close(self) -> None:
        """Close all connections; requests in flight fail at once."""
        self.closed.set()
        # Closing a socket does not wake a thread that reads from it; shutting it down does.
        for connected in list(self._sockets):
            _shut_down(connected)
        self._http.close()

    def _client(self) -> httpx.Client:
        most = self._settings.in_flight
        proxy = self._proxy
        encrypted = self._api.startswith("https:") or (proxy and proxy.encrypted)
        context = trusted() if encrypted else None
        try:
            tls = context if proxy and proxy.encrypted else None
            through = httpx.Proxy(proxy.url, auth=proxy.auth, ssl_context=tls) if proxy else None
            return httpx.Client(
                headers={
                    "user-agent": AGENT,
                    "accept": "application/json",
                    # The only encoding that is decompressed piece by piece below.
                    "accept-encoding": "gzip",
                },
                follow_redirects=False,
                limits=httpx.Limits(
                    max_connections=most, max_keepalive_connections=most, keepalive_expiry=KEEPALIVE
                ),
                proxy=through,
                verify=context or True,
                # umami.network reads the environment: httpx supports fewer variables and formats.
                trust_env=False,
            )
        except (ValueError, httpx.InvalidURL):
            problem = (
                Message("{name} cannot be read.", name=proxy.name)
                if proxy
                else N_("The address cannot be read.")
            )
        raise errors.SettingsError(problem)

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Remember the sockets of connections; httpcore reports every step of a request."""
        if event not in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            return
        connected = info["return_value"].get_extra_info("socket")
        if connected is not None:
            self._sockets.add(connected)
            if self.closed.is_set():
                _shut_down(connected)

    def _send(self, call: Call, url: str) -> Outcome | str:
        """Send one request; a text is the address to send it to instead."""
        headers = dict(call.headers)
        if call.request.body is not None:
            headers["content-type"] = "application/json"
        try:
            request = self._http.build_request(
                call.request.method,
                url,
                params=list(call.request.params),
                content=call.request.body,
                headers=headers,
                timeout=httpx.Timeout(
                    min(self._settings.timeout, call.left), connect=min(CONNECT_TIMEOUT, call.left)
                ),
                extensions={"trace": self._trace},
            )
        except (httpx.InvalidURL, ValueError):
            sentence = Message(
                "“{endpoint}” cannot be requested like this.", endpoint=call.endpoint
            )
            if len(urlencode(call.request.params, errors="replace")) > LONGEST_PARAMS:
                sentence = Message(
                    "The request for “{endpoint}” is longer than {most} characters.",
                    endpoint=call.endpoint,
                    most=LONGEST_PARAMS,
                )
            return Failure(errors.InvalidView(sentence, endpoint=call.endpoint))
        try:
            with closing(self._http.send(request, stream=True)) as response:
                return self._outcome(call, url, response)
        except httpx.DecodingError:
            return _unexpected(call, N_("The server’s answer cannot be decompressed."))
        except (httpx.TransportError, httpx.StreamError) as error:
            return self._failure(call, None if self.closed.is_set() else error)
        except (SOCKSError, AssertionError):
            # What listens at the address of a SOCKS proxy is not one.
            return self._failure(call, httpx.ProxyError("no SOCKS"))
        except Exception:
            # Closing the client makes requests in flight fail in many ways.
            if not self.closed.is_set():
                raise
            return self._failure(call, None)

    def _failure(self, call: Call, error: Exception | None) -> Failure:
        """The failure for an answer that did not come, or only in part."""
        address, proxy = self._settings.address, self._proxy
        connect_timeout = isinstance(error, httpx.ConnectTimeout)
        if isinstance(error, httpx.TimeoutException) and not connect_timeout:
            return _timed_out(call)
        hung_up = isinstance(error, httpx.RemoteProtocolError | httpx.ReadError)
        if hung_up and self._speaks_tls(call):
            return self._other_scheme("https")
        if LACKS_TLS.search(str(error)) and not (proxy and proxy.encrypted):
            return self._other_scheme("http")
        no_connection = connect_timeout or isinstance(error, httpx.ConnectError | httpx.ProxyError)
        if no_connection and "CERTIFICATE_VERIFY_FAILED" in str(error):
            untrusted = errors.CertificateUntrusted(
                Message("The certificate of {address} is not trusted.", address=address),
                endpoint=call.endpoint,
            )
            return Failure(untrusted, no_connection=True)
        if isinstance(error, httpx.ProxyError) and proxy:
            sentence = Message(
                "The proxy of {name} did not connect us to {address}.",
                name=proxy.name,
                address=address,
            )
            if re.match("407|Invalid username|Requested", str(error)):
                sentence = Message(
                    "The proxy of {name} requires a user name and password, or does not "
                    "accept those in its address.",
                    name=proxy.name,
                )
        elif no_connection:
            through = Message(" through the proxy of {name}", name=proxy.name) if proxy else ""
            sentence = Message(
                "No connection to {address} could be made{through}.",
                address=address,
                through=through,
            )
        else:
            sentence = Message(
                "The connection to {address} broke before the answer arrived.", address=address
            )
        return Failure(
            errors.Unreachable(sentence, endpoint=call.endpoint),
            retryable=not connect_timeout,
            no_connection=no_connection,
        )

    def _outcome(self, call: Call, url: str, response: httpx.Response) -> Outcome | str:
        status = response.status_code
        if 300 <= status < 400 and "location" in response.headers:
            return self._redirect(call, url, response)
        if status == 407 and self._proxy:
            return self._failure(call, httpx.ProxyError("407"))
        most = LARGEST if response.is_success else LARGEST_ERROR
        answer = bytearray()
        for piece in _decompressed(response):
            answer += piece
            if len(answer) > most:
                break
            if not call.left:
                return _timed_out(call)
        if response.is_success:
            if len(answer) > most:
                return _unexpected(
                    call,
                    Message("The answer to “{endpoint}” is too large.", endpoint=call.endpoint),
                )
            return bytes(answer)
        body = self._without_secrets(bytes(answer[:most]))
        if status == 400 and url.startswith("http:") and REQUIRES_TLS.search(body):
            return self._other_scheme("https")
        problem = meaning(status, body, endpoint=call.endpoint, address=self._settings.address)
        after = None
        if status in RETRYABLE:
            after = seconds(response.headers.get("retry-after"), response.headers.get("date"))
        if isinstance(problem, errors.RateLimited) and after and after > LONGEST_PAUSE:
            pause = f"{after:.0f} seconds" if after < HOUR else "more than an hour"
            problem = errors.RateLimited(
                Message("The server requires a pause of {pause}.", pause=pause),
                endpoint=call.endpoint,
            )
        if status == 503 and after:
            # The server says when it can answer, so it is no fault.
            problem.remedy = errors.UmamiError.remedy
        # Umami itself answers 503 with a reason where it lacks a setting, which a retry does not
        # change.
        retryable = status in RETRYABLE and not (status == 503 and reasons(body))
        return Failure(problem, retryable=retryable, after=after, status=status, body=body)

    def _redirect(self, call: Call, url: str, response: httpx.Response) -> Failure | str:
        """The address to send the request to instead, where it differs only in a slash at its end.
        Any other redirect is a failure: credentials go only to the address in the settings."""
        here = httpx.URL(url)
        try:
            target = here.join(response.headers["location"])
        except (httpx.InvalidURL, ValueError):
            return _unexpected(call, N_("The server redirects to an address that cannot be read."))
        same_host = target.host == here.host
        if same_host and (here.scheme, target.scheme) == ("http", "https"):
            return self._other_scheme("https")
        same_method = response.status_code in (307, 308) or call.request.method == "GET"
        slash = target.path.rstrip("/") == here.path.rstrip("/") and target.path != here.path
        same_origin = same_host and (target.scheme, target.port) == (here.scheme, here.port)
        if same_origin and same_method and slash:
            without = url.rstrip("/")
            return without if without != url else url + "/"
        where = "another page" if same_host else target.host[:100]
        return _unexpected(
            call,
            Message(
                "The server redirects to {where} instead of answering: check {named}.",
                where=where,
                named=self._settings.named,
            ),
            status=response.status_code,
        )

    def _without_secrets(self, body: bytes) -> bytes:
        """What the server answered, without our secrets should it repeat them."""
        for secret in self._secrets():
            in_json = (json.dumps(secret, ensure_ascii=ascii)[1:-1] for ascii in (True, False))
            for text in {secret, *in_json}:
                body = body.replace(text.encode(errors="replace"), b"*****")
        return body

    def _speaks_tls(self, call: Call) -> bool:
        """Whether a server that closes HTTP connections, and never answered, expects TLS. Tried
        once: a server without TLS may not answer the handshake at all."""
        url = httpx.URL(self._api)
        known = self.accepted or self._tls_checked or self.closed.is_set()
        if url.scheme != "http" or known or self._proxy:
            return False
        self._tls_checked = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        timeout = min(HANDSHAKE_TIMEOUT, call.left + 0.1)
        try:
            with (
                socket.create_connection((url.host, url.port or 80), timeout) as plain,
                context.wrap_socket(plain, server_hostname=url.host),
            ):
                return True
        except (OSError, ValueError):
            return False

    def _other_scheme(self, scheme: str) -> Failure:
        remedy = f"begin {self._settings.named} with {scheme}://"
        return Failure(
            errors.SettingsError(
                Message("The server requires {scheme}: {remedy}.", scheme=scheme, remedy=remedy)
            )
        )


def _timed_out(call: Call) -> Failure:
    sentence = Message("The server took too long to answer “{endpoint}”.", endpoint=call.endpoint)
    return Failure(errors.TimedOut(sentence, endpoint=call.endpoint))


def _unexpected(call: Call, sentence: str, status: int | None = None) -> Failure:
    return Failure(errors.UnexpectedAnswer(sentence, endpoint=call.endpoint), status=status)


def _shut_down(connected: socket.socket) -> None:
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def _decompressed(response: httpx.Response) -> Iterator[bytes]:
    """The body in pieces of at most about ``PIECE`` bytes: a few compressed bytes may expand to any
    size. Raises ``httpx.DecodingError``."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        yield from response.iter_raw()
        return
    if encoding not in ("gzip", "x-gzip"):
        raise httpx.DecodingError("an encoding that was not requested")
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for compressed in response.iter_raw():
        piece = b"more"
        while (compressed or piece) and not inflater.eof:
            try:
                piece = inflater.decompress(compressed, PIECE)
            except zlib.error as error:
                raise httpx.DecodingError(str(error)) from None
            compressed = inflater.unconsumed_tail
            yield piece
        if inflater.eof:
            return
    if response.num_bytes_downloaded:
        raise httpx.DecodingError("incomplete")
