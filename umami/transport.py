"""The wire: the one file that speaks HTTP.

It adds identity, waits no longer than it was told, bounds what it reads and how much is in flight,
repeats what is safe to repeat, and turns every failure into an error of ours. Errors are raised
outside of ``except``, so that none carries a request, with its headers, in its context.
"""

from __future__ import annotations

import io
import json
import logging
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from weakref import WeakSet

import httpx
from socksio import SOCKSError
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_result,
    sleep_using_event,
    stop_after_attempt,
    wait_random_exponential,
)

from umami import instrumentation
from umami.circuit_breaker import CircuitBreaker
from umami.compat.http_errors import meaning, reasons
from umami.endpoint import Request
from umami.errors import (
    CertificateUntrusted,
    InvalidView,
    NotShared,
    RateLimited,
    SettingsError,
    TimedOut,
    UmamiError,
    Unauthorised,
    UnexpectedAnswer,
    Unreachable,
)
from umami.instrumentation import NO_INSTRUMENTATION, Instrumentation
from umami.network import Proxy, proxy_for, trusted
from umami.rate_limit import RateLimit
from umami.settings import Settings
from umami.signin import Identity, Share, identity
from umami.single_flight import again

# httpx logs every address it asks, and an address may hold a share id.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

AGENT: Final = "Mozilla/5.0 (X11; Linux x86_64) UmamiDashboard/0.1"
"""Umami's collector drops what looks like a bot, which is everything that is no browser."""
CONNECTING: Final = 5.0
"""Seconds; TCP has tried three times by then."""
HANDSHAKE: Final = 2.0
"""Seconds that a server may take to answer a TLS handshake."""
PATIENCE: Final = 1.5
"""Waiting for a free connection and repeating included, as a multiple of the timeout."""
ATTEMPTS: Final = 3
LONGEST_PAUSE: Final = 15.0
"""Seconds; a server that asks for more is not waited for."""
HOUR, NEVER = 3600.0, 10.0**9
"""Seconds."""
IDLE: Final = 4.0
"""Seconds a connection is kept; Node closes its own after 5, and might do so under a request."""
LARGEST: Final = 16 * 2**20
"""Bytes; many times what any question is answered with, and few enough to be read for many
questions at one moment."""
LARGEST_REFUSAL: Final = 64 * 2**10
PIECE: Final = 64 * 2**10
"""Bytes that are unpacked at a time."""
WANTS_TLS: Final = re.compile(
    rb"plain HTTP|HTTP request (was sent )?to an? (HTTPS|SSL)|requires TLS|SSL-enabled|HTTPS port",
    re.IGNORECASE,
)
"""What nginx, Apache, Go (Caddy, Traefik) and Tomcat answer to HTTP where they expect TLS."""
WITHOUT_TLS: Final = re.compile(
    "WRONG_VERSION_NUMBER|record layer failure|PACKET_LENGTH_TOO_LONG|UNKNOWN_PROTOCOL"
)
"""What OpenSSL makes of an answer that is not TLS."""
PASSING: Final = frozenset({429, 502, 503, 504})
"""Statuses that another attempt may change; Umami's 500 would be the same again."""


@dataclass(frozen=True, slots=True)
class _Trouble:
    """An attempt that failed: how, whether another may do better, and after how many seconds.

    ``gone`` means that no connection could be made, whatever was to be asked.
    """

    problem: UmamiError
    passing: bool = False
    after: float | None = None
    gone: bool = False
    status: int | None = None
    """The status of the server's answer, where there was one."""
    body: bytes = field(default=b"", repr=False)
    """The beginning of the server's answer, without our secrets."""

    @property
    def unwell(self) -> bool:
        """Whether nothing of the server's own came back, nor when to come again."""
        nothing = self.passing or isinstance(self.problem, TimedOut | Unreachable)
        return nothing and self.after is None


_Outcome = bytes | _Trouble


@dataclass(frozen=True, slots=True)
class _Call:
    """One question's way over the wire; ``until`` is when it is given up (monotonic seconds)."""

    request: Request
    endpoint: str
    headers: Mapping[str, str]
    until: float

    @property
    def left(self) -> float:
        return max(0.0, self.until - time.monotonic())


def _shut_down(connected: socket.socket) -> None:
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


class Transport:
    """Connections to one server as one identity. Safe to use from many threads."""

    def __init__(self, settings: Settings, watch: Instrumentation = NO_INSTRUMENTATION) -> None:
        who = settings.identity
        if settings.api is None or who is None:
            raise SettingsError(
                "No server is set: set UMAMI_URL with UMAMI_USERNAME and UMAMI_PASSWORD, "
                "UMAMI_API_KEY, or UMAMI_SHARE_URL."
            )
        self._settings = settings
        self._api = settings.api
        self.account = who.account
        """What tells answers given to us from those given to others; holds no secret."""
        self._identity: Identity = identity(who, self.ask_unsigned)
        self._slots = threading.BoundedSemaphore(settings.in_flight)
        self._pace = RateLimit(*settings.pace) if settings.pace else None
        self._closed = threading.Event()
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._answered = False
        """Whether the server has ever accepted our identity."""
        self._looked_for_tls = False
        self._breaker = CircuitBreaker()
        self._watch = watch
        # This machine is never reached through a proxy, whatever the environment says.
        self._proxy: Proxy | None = None if settings.local else proxy_for(settings.api)
        self._http = self._connections()

    def __repr__(self) -> str:
        return f"Transport({self._settings.address!r})"

    def ask(self, request: Request, *, endpoint: str, repeatable: bool) -> bytes:
        """The body of the server's answer.

        ``endpoint`` names the question in errors; only what is ``repeatable`` is sent more than
        once. Raises an ``UmamiError`` for everything else than a success.
        """
        until = time.monotonic() + PATIENCE * self._settings.timeout
        headers = self._identity.headers()
        outcome = self._sent(_Call(request, endpoint, headers, until), repeatable)
        if _refused(outcome) and self._identity.renew(headers):
            # What was refused was not done, so even a write may be sent once more.
            headers = self._identity.headers()
            outcome = self._sent(_Call(request, endpoint, headers, until), repeatable)
            if _refused(outcome):
                self._identity.in_vain()
        if _refused(outcome) and isinstance(self._identity, Share) and self._answered:
            raise NotShared("The share link does not show this.", endpoint=endpoint)
        self._answered = self._answered or isinstance(outcome, bytes)
        return _body(outcome)

    @property
    def shared_sections(self) -> frozenset[str] | None:
        """The parts of the website that a share link is limited to, ``None`` where there is no
        limit; may have to ask."""
        return self._identity.sections if isinstance(self._identity, Share) else None

    @property
    def website(self) -> str | None:
        """Id of the only website there is, where a share link says so; may have to ask."""
        return self._identity.website if isinstance(self._identity, Share) else None

    @property
    def well(self) -> bool:
        """Whether the server answers, as far as is known."""
        return self._breaker.problem is None

    @property
    def waiting(self) -> int:
        """How many calls wait for their turn, at a server that counts them."""
        return self._pace.waiting if self._pace else 0

    def close(self) -> None:
        """Ask nothing more; what waits fails at once."""
        self._closed.set()
        # Closing a socket does not wake up whoever reads from it; shutting it down does.
        for connected in list(self._sockets):
            _shut_down(connected)
        self._http.close()

    def _traced(self, event: str, info: Mapping[str, Any]) -> None:
        """Remember the sockets of connections; httpcore tells of every step of a request."""
        if event not in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            return
        connected = info["return_value"].get_extra_info("socket")
        if connected is not None:
            self._sockets.add(connected)
            if self._closed.is_set():
                _shut_down(connected)

    def _connections(self) -> httpx.Client:
        most = self._settings.in_flight
        proxy = self._proxy
        encrypted = self._api.startswith("https:") or (proxy and proxy.scheme == "https")
        context = trusted() if encrypted else None
        try:
            return httpx.Client(
                headers={
                    "user-agent": AGENT,
                    "accept": "application/json",
                    # What can be unpacked piece by piece.
                    "accept-encoding": "gzip",
                },
                follow_redirects=False,
                limits=httpx.Limits(
                    max_connections=most, max_keepalive_connections=most, keepalive_expiry=IDLE
                ),
                proxy=(
                    httpx.Proxy(
                        proxy.url,
                        auth=proxy.auth,
                        ssl_context=context if proxy.scheme == "https" else None,
                    )
                    if proxy
                    else None
                ),
                verify=context or True,
                # Read above: httpx knows fewer variables, and fewer forms of them.
                trust_env=False,
            )
        except (ValueError, httpx.InvalidURL):
            problem = f"{proxy.name} cannot be read." if proxy else "The address cannot be read."
        raise SettingsError(problem)

    def ask_unsigned(self, request: Request, endpoint: str) -> bytes:
        """The body of the answer to what needs no identity; raises as ``ask`` does."""
        until = time.monotonic() + PATIENCE * self._settings.timeout
        return _body(self._sent(_Call(request, endpoint, {}, until), repeatable=True))

    def probe(
        self, request: Request, *, signed: bool = False
    ) -> tuple[int, bytes, UmamiError | None]:
        """Status, body and meaning of the answer to a request; a refusal is an answer, too.

        ``signed`` signs in first. The meaning is the error that ``ask`` would raise, if any.

        Raises an ``UmamiError`` where no answer comes back, or only that of an overloaded server.
        """
        until = time.monotonic() + PATIENCE * self._settings.timeout
        headers = self._identity.headers() if signed else {}
        outcome = self._sent(_Call(request, "version", headers, until), repeatable=True)
        if isinstance(outcome, bytes):
            return 200, outcome, None
        if outcome.status is None or outcome.passing:
            raise outcome.problem
        return outcome.status, outcome.body, outcome.problem

    def beginning(self, path: str, most: int) -> bytes:
        """The first ``most`` bytes of a document that lies beside the API, outside ``/api``.

        Empty where there is none; that is what every failure means here.
        """
        headers = {"range": f"bytes=0-{most - 1}"}
        body = bytearray()
        try:
            with self._http.stream(
                "GET", self._settings.address + path, headers=headers, timeout=CONNECTING
            ) as response:
                if response.status_code not in (200, 206):
                    return b""
                for piece in _unpacked(response):
                    body += piece
                    if len(body) >= most:
                        break
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, RuntimeError):
            return b""
        return bytes(body[:most])

    def _sent(self, call: _Call, repeatable: bool) -> _Outcome:
        """Attempts, as many as it takes and as are allowed."""

        def worth_repeating(outcome: _Outcome) -> bool:
            return (
                repeatable
                and isinstance(outcome, _Trouble)
                and outcome.passing
                and self.well
                and (outcome.after or 0.0) <= min(LONGEST_PAUSE, call.left)
            )

        begun = time.monotonic()
        outcome: _Outcome = Retrying(
            retry=retry_if_result(worth_repeating),
            stop=stop_after_attempt(ATTEMPTS),
            wait=_pause,
            sleep=sleep_using_event(self._closed),
            retry_error_callback=_last,
        )(self._attempt, call)
        if isinstance(outcome, _Trouble) and outcome.gone:
            self._breaker.gone(outcome.problem, begun)
        return outcome

    def _attempt(self, call: _Call) -> _Outcome:
        in_turn = self._pace is None or self._pace.turn(lambda: self._patience(call))
        if not in_turn or not self._slots.acquire(timeout=call.left):
            if self._closed.is_set():
                return self._out_of_reach(call) or _Trouble(self._late(call))
            return _Trouble(
                TimedOut(
                    f"“{call.endpoint}” waited too long for a free connection.",
                    endpoint=call.endpoint,
                )
            )
        try:
            return self._out_of_reach(call) or self._watched(call)
        finally:
            self._slots.release()

    def _watched(self, call: _Call) -> _Outcome:
        """One attempt, and what it says about the server's health."""
        begun = time.monotonic()
        found = self._exchanged(call)
        problem = found.problem if isinstance(found, _Trouble) else None
        self._watch.answered(
            call.endpoint, instrumentation.outcome(problem), time.monotonic() - begun
        )
        if isinstance(found, _Trouble) and found.unwell:
            self._breaker.failed(call.endpoint, found.problem)
        else:
            self._breaker.worked()
        return found

    def _patience(self, call: _Call) -> float:
        """Seconds that a call may still wait."""
        return 0.0 if self._closed.is_set() else call.left

    def _out_of_reach(self, call: _Call) -> _Trouble | None:
        """What fails without trying: the client is closed, or the server is not well.

        Without this, questions that wait for a free connection to a dead server would find out
        one after another.
        """
        if self._closed.is_set():
            return _Trouble(Unreachable("The connection to the server is closed."))
        refused = self._breaker.refusal()
        if refused is None:
            return None
        why = str(refused)
        problem = again(refused)
        if f"“{refused.endpoint}”" in why and refused.endpoint != call.endpoint:
            problem.args = (f"“{call.endpoint}” was not asked: {why[:1].lower()}{why[1:]}",)
        problem.endpoint, problem.asked = call.endpoint, False
        return _Trouble(problem)

    def _exchanged(self, call: _Call) -> _Outcome:
        """Send once, or twice where the server only wants another slash at the end."""
        url = self._api + call.request.path
        outcome = self._exchange(call, url)
        if isinstance(outcome, str):
            outcome = self._exchange(call, outcome)
        if isinstance(outcome, str):
            return _Trouble(self._unexpected(call, "The server sends us round in circles."))
        return outcome

    def _exchange(self, call: _Call, url: str) -> _Outcome | str:
        """One request; a text is the address to send it to instead."""
        try:
            request = self._http.build_request(
                call.request.method,
                url,
                params=list(call.request.query),
                content=call.request.body,
                headers=self._headers(call),
                timeout=httpx.Timeout(
                    min(self._settings.timeout, call.left), connect=min(CONNECTING, call.left)
                ),
                extensions={"trace": self._traced},
            )
        except (httpx.InvalidURL, ValueError):
            return _Trouble(
                InvalidView(f"“{call.endpoint}” cannot be asked like this.", endpoint=call.endpoint)
            )
        try:
            response = self._http.send(request, stream=True)
            try:
                return self._read(call, url, response)
            finally:
                response.close()
        except httpx.DecodingError:
            return _Trouble(self._unexpected(call, "The server’s answer cannot be unpacked."))
        except (httpx.TransportError, httpx.StreamError) as error:
            return self._failed(call, None if self._closed.is_set() else error)
        except (SOCKSError, AssertionError):
            # Whatever listens where a SOCKS proxy should is none.
            return self._failed(call, httpx.ProxyError("no SOCKS"))
        except Exception:
            # Closing pulls the connections from under whatever is in flight.
            if not self._closed.is_set():
                raise
            return self._failed(call, None)

    def _failed(self, call: _Call, error: Exception | None) -> _Trouble:
        """What it means that there was no answer, or only a part of one."""
        address = self._settings.address
        if isinstance(error, httpx.TimeoutException) and not isinstance(
            error, httpx.ConnectTimeout
        ):
            return _Trouble(self._late(call))
        hung_up = isinstance(error, httpx.RemoteProtocolError | httpx.ReadError)
        if hung_up and self._speaks_tls(call):
            return _Trouble(self._other_scheme("https"))
        if WITHOUT_TLS.search(str(error)) and not (self._proxy and self._proxy.scheme == "https"):
            return _Trouble(self._other_scheme("http"))
        gone = isinstance(error, httpx.ConnectTimeout | httpx.ConnectError | httpx.ProxyError)
        if gone and "CERTIFICATE_VERIFY_FAILED" in str(error):
            untrusted = CertificateUntrusted(
                f"The certificate of {address} is not trusted.", endpoint=call.endpoint
            )
            return _Trouble(untrusted, gone=True)
        if isinstance(error, httpx.ProxyError) and self._proxy:
            sentence = f"The proxy of {self._proxy.name} did not connect us to {address}."
            if re.match("407|Invalid username|Requested", str(error)):
                sentence = (
                    f"The proxy of {self._proxy.name} does not accept the user name and password "
                    "that stand there, or wants some."
                )
        elif gone:
            through = f" through the proxy of {self._proxy.name}" if self._proxy else ""
            sentence = f"No connection to {address} could be made{through}."
        else:
            sentence = f"The connection to {address} broke before the answer was there."
        return _Trouble(
            Unreachable(sentence, endpoint=call.endpoint),
            passing=not isinstance(error, httpx.ConnectTimeout),
            gone=gone,
        )

    def _headers(self, call: _Call) -> dict[str, str]:
        if call.request.body is None:
            return dict(call.headers)
        return {**call.headers, "content-type": "application/json"}

    def _read(self, call: _Call, url: str, response: httpx.Response) -> _Outcome | str:
        status = response.status_code
        if 300 <= status < 400 and "location" in response.headers:
            return self._redirected(call, url, response)
        if status == 407 and self._proxy:
            return self._failed(call, httpx.ProxyError("407"))
        most = LARGEST if response.is_success else LARGEST_REFUSAL
        body, size = io.BytesIO(), 0
        for piece in _unpacked(response):
            size += body.write(piece)
            if size > most:
                break
            if not call.left:
                return _Trouble(self._late(call))
        if response.is_success and size > most:
            return _Trouble(
                self._unexpected(call, f"The answer to “{call.endpoint}” is too large.")
            )
        if response.is_success:
            return body.getvalue()
        said = self._concealed(body.getvalue()[:most])
        if status == 400 and url.startswith("http:") and WANTS_TLS.search(said):
            return _Trouble(self._other_scheme("https"))
        problem = meaning(status, said, endpoint=call.endpoint, address=self._settings.address)
        after = _pause_asked(response.headers) if status in PASSING else None
        if isinstance(problem, RateLimited) and after and after > LONGEST_PAUSE:
            problem = RateLimited(
                f"The server asks for a pause of {_long(after)}.", endpoint=call.endpoint
            )
        # Umami itself answers 503 to say what it was not configured for: asking again is no use.
        passing = status in PASSING and not (status == 503 and reasons(said))
        return _Trouble(problem, passing=passing, after=after, status=status, body=said)

    def _redirected(self, call: _Call, url: str, response: httpx.Response) -> _Outcome | str:
        """Follow a missing or surplus slash; tell about everything else.

        Credentials go to no address but the one that was set.
        """
        here = httpx.URL(url)
        try:
            target = here.join(response.headers["location"])
        except (httpx.InvalidURL, ValueError):
            return _Trouble(self._unexpected(call, "The server sends us on to nowhere."))
        same_host = target.host == here.host
        if same_host and (here.scheme, target.scheme) == ("http", "https"):
            return _Trouble(self._other_scheme("https"))
        kept = response.status_code in (307, 308) or call.request.method == "GET"
        slash = target.path.rstrip("/") == here.path.rstrip("/") and target.path != here.path
        if same_host and kept and slash and _origin(target) == _origin(here):
            flipped = url.rstrip("/")
            return flipped if flipped != url else url + "/"
        where = "another page" if same_host else target.host[:100]
        return _Trouble(
            self._unexpected(
                call,
                f"The server redirects to {where} instead of answering: "
                f"check {self._settings.named}.",
            ),
            status=response.status_code,
        )

    def _concealed(self, body: bytes) -> bytes:
        """What a server says, without our secrets should it repeat them."""
        for secret in self._identity.secrets:
            in_json = (json.dumps(secret, ensure_ascii=ascii)[1:-1] for ascii in (True, False))
            for spelling in {secret, *in_json}:
                body = body.replace(spelling.encode(errors="replace"), b"*****")
        return body

    def _speaks_tls(self, call: _Call) -> bool:
        """Whether a server that hangs up on HTTP, and never answered, does so for want of TLS.

        Looked into once: a server without TLS may let us wait.
        """
        url = httpx.URL(self._api)
        known = self._answered or self._looked_for_tls or self._closed.is_set()
        if url.scheme != "http" or known or self._proxy:
            return False
        self._looked_for_tls = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            with (
                socket.create_connection(
                    (url.host, url.port or 80), min(HANDSHAKE, call.left + 0.1)
                ) as plain,
                context.wrap_socket(plain, server_hostname=url.host),
            ):
                return True
        except (OSError, ValueError):
            return False

    def _other_scheme(self, scheme: str) -> SettingsError:
        """The server is there, and speaks ``scheme``."""
        return SettingsError(
            f"The server wants to be asked over {scheme}: begin {self._settings.named} with "
            f"{scheme}://."
        )

    def _late(self, call: _Call) -> TimedOut:
        return TimedOut(
            f"The server took too long to answer “{call.endpoint}”.", endpoint=call.endpoint
        )

    def _unexpected(self, call: _Call, sentence: str) -> UnexpectedAnswer:
        return UnexpectedAnswer(sentence, endpoint=call.endpoint)


def _unpacked(response: httpx.Response) -> Iterator[bytes]:
    """The body in pieces, none of which is much larger than ``PIECE``: a few packed bytes may stand
    for any number of others. Raises ``httpx.DecodingError``."""
    packing = response.headers.get("content-encoding", "").strip().lower()
    if packing in ("", "identity"):
        yield from response.iter_raw()
        return
    if packing not in ("gzip", "x-gzip"):
        raise httpx.DecodingError("not a packing that was asked for")
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for packed in response.iter_raw():
        piece = b"more"
        while (packed or piece) and not inflater.eof:
            try:
                piece = inflater.decompress(packed, PIECE)
            except zlib.error as error:
                raise httpx.DecodingError(str(error)) from None
            packed = inflater.unconsumed_tail
            yield piece
        if inflater.eof:
            return
    if response.num_bytes_downloaded:
        raise httpx.DecodingError("not all of it")


def _refused(outcome: _Outcome) -> bool:
    return isinstance(outcome, _Trouble) and isinstance(outcome.problem, Unauthorised)


def _body(outcome: _Outcome) -> bytes:
    if isinstance(outcome, bytes):
        return outcome
    raise outcome.problem


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    default: dict[str, int] = {"http": 80, "https": 443}
    return url.scheme, url.host, url.port or default.get(url.scheme)


_BACKOFF = wait_random_exponential(multiplier=0.25, max=4)
"""Full jitter: anything from nothing to a limit that doubles."""


def _pause(state: RetryCallState) -> float:
    outcome: _Outcome = state.outcome.result() if state.outcome else b""
    asked = outcome.after if isinstance(outcome, _Trouble) else None
    return asked if asked is not None else _BACKOFF(state)


def _last(state: RetryCallState) -> _Outcome:
    outcome: _Outcome = state.outcome.result() if state.outcome else b""
    return outcome


def _pause_asked(headers: httpx.Headers) -> float | None:
    """``Retry-After`` in seconds, an HTTP date by the server's own clock where it tells that;
    ``None`` for what is neither."""
    asked = headers.get("retry-after")
    if not asked:
        return None
    try:
        seconds = float(asked)
        return max(0.0, seconds) if seconds < NEVER else NEVER
    except ValueError:
        pass
    until = _moment(asked)
    if until is None:
        return None
    # A clock that is off is so for both dates; a pause until long ago is none that was meant.
    now = _moment(headers.get("date")) or datetime.now(UTC)
    seconds = (until - now).total_seconds()
    return seconds if seconds >= 0 else None


def _moment(date: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date or "")
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _long(seconds: float) -> str:
    """A pause in words."""
    return f"{seconds:.0f} seconds" if seconds < HOUR else "more than an hour"
