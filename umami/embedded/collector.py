"""The collect routes for the public, with limits of size, rate and time. The dashboard serves this
application, and nothing else of the embedded server, to visitors of websites if ``UMAMI_COLLECT``
is set."""

import asyncio
import ipaddress
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from cachetools import LRUCache
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from umami.embedded.application import Cors, application
from umami.embedded.http import Json, read_body
from umami.embedded.refusals import Refusal, error_object
from umami.embedded.routes import collect
from umami.embedded.state import Umami

SEND, BATCH = "/api/send", "/api/batch"
LARGEST: Final = {SEND: 65_536, BATCH: 1_000_000}
"""The maximum size of a body in bytes. Browsers send at most 65,536 from a page that is left."""
MOST_IN_BATCH: Final = 500
PATIENCE: Final = 10.0
"""Seconds within which a body must arrive, and a request gets its turn."""
AT_ONCE: Final = 8
"""The maximum number of concurrent requests; the store writes one after another anyway."""
KNOWN_ADDRESSES: Final = 10_000
"""The maximum number of addresses whose rates are stored; the least recent is dropped first."""
PASSED_ON: Final = frozenset({b"content-type", b"user-agent", b"x-umami-cache"})
"""Request headers that reach the collect routes; cookies and credentials do not."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate limit: messages at once, and messages per second in the long run."""

    burst: int
    per_second: float


PER_ADDRESS: Final = Rate(MOST_IN_BATCH + 100, 10)
"""The limit of an IPv4 address or IPv6 /64 network; enough for an office behind one address."""
OVERALL: Final = Rate(1_000, 50)
"""The limit of all addresses together, which leaves one core time to draw pages."""


class _Bucket:
    """A token bucket: one token per message, refilled at the rate."""

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate, self._filled_at = rate, now
        self.tokens = float(rate.burst)

    def wait(self, count: int, now: float) -> float:
        """Seconds until the bucket holds ``count`` tokens."""
        refill = (now - self._filled_at) * self._rate.per_second
        self.tokens = min(self._rate.burst, self.tokens + refill)
        self._filled_at = now
        return max(0.0, count - self.tokens) / self._rate.per_second


class Limits:
    """The rate limits of each address and of all together."""

    def __init__(
        self,
        per_address: Rate = PER_ADDRESS,
        overall: Rate = OVERALL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_address, self._clock = per_address, clock
        self._overall = _Bucket(overall, clock())
        self._addresses: LRUCache[str, _Bucket] = LRUCache(KNOWN_ADDRESSES)

    def take(self, address: str, count: int) -> float:
        """Count messages of an address and return 0; above a limit, return the seconds to wait
        instead of counting them."""
        now, network = self._clock(), _network(address)
        bucket = self._addresses.get(network) or _Bucket(self._per_address, now)
        self._addresses[network] = bucket
        wait = max(bucket.wait(count, now), self._overall.wait(count, now))
        if not wait:
            bucket.tokens -= count
            self._overall.tokens -= count
        return wait


class Collector:
    """ASGI application that limits the collect routes. The connection's address is the visitor's;
    headers with another address are dropped."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 408, 413, 429 or 503."""
        address = _address(scope)
        path = scope["path"]
        headers = [(name, value) for name, value in scope["headers"] if name in PASSED_ON]
        headers.append((b"x-forwarded-for", address.encode("latin-1", "replace")))
        scope = {**scope, "headers": headers, "query_string": b""}
        if path not in LARGEST or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            self._count(address, 1)
            async with _timeout(Refusal(408, "Body too slow")):
                body = await read_body(Request(scope, receive), LARGEST[path])
            if path == BATCH:
                # The maximum number of messages: each is an object that contains an object.
                messages = max(1, body.count(b"{") // 2)
                self._count(address, min(messages, MOST_IN_BATCH) - 1)
            async with _timeout(Refusal(503, "Too many messages", wait=PATIENCE)):
                await self._turns.acquire()
        except ClientDisconnect:
            return
        except Refusal as refusal:
            response = Json(error_object(refusal), refusal.status, refusal.headers)
            await response(scope, receive, send)
            return
        try:
            await self._app(scope, _replayed(body), send)
        finally:
            self._turns.release()

    def _count(self, address: str, messages: int) -> None:
        if wait := self._limits.take(address, messages):
            raise Refusal(429, "Too many messages", wait=wait)


@asynccontextmanager
async def _timeout(refusal: Refusal) -> AsyncIterator[None]:
    """Raise the refusal after ``PATIENCE``."""
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except TimeoutError:
        raise refusal from None


def collector(umami: Umami, limits: Limits | None = None) -> ASGIApp:
    """The collect routes of a server, under every host name, within limits."""
    app = application(umami, collect.routes.all, hosts=["*"])
    return Cors(Collector(app, limits or Limits()))


def _address(scope: Scope) -> str:
    """The IP address of the connection; empty if it is unknown."""
    host = (scope.get("client") or ("", 0))[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    # A socket of both families maps an IPv4 address into IPv6.
    return str(getattr(address, "ipv4_mapped", None) or address)


def _network(address: str) -> str:
    """The network whose rate is limited: an IPv6 household has 2**64 addresses."""
    try:
        return str(ipaddress.ip_network((int(ipaddress.IPv6Address(address)), 64), strict=False))
    except ValueError:
        return address


def _replayed(body: bytes) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive
