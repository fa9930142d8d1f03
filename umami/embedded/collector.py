"""The collect routes for the visitors of websites: bounded in size, rate and time.

Whoever serves the embedded server to the public (the dashboard does, where ``UMAMI_COLLECT`` says
so) serves this application and nothing else of it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Final

from cachetools import LRUCache
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from umami.embedded.application import collecting
from umami.embedded.cors import Cors
from umami.embedded.http import Json
from umami.embedded.refusals import Refusal, error_object
from umami.embedded.state import Umami

SEND, BATCH = "/api/send", "/api/batch"
LARGEST: Final = {SEND: 65_536, BATCH: 1_000_000}
"""Bytes of a body. Browsers send no more than the former with a page that is being left."""
MOST_IN_BATCH: Final = 500
PATIENCE: Final = 10.0
"""Seconds that a body may take to arrive, and a message may wait for those before it."""
AT_ONCE: Final = 8
"""Requests that are answered at the same time; the store writes one after the other anyway."""
KNOWN_ADDRESSES: Final = 10_000
"""Addresses whose rate is remembered; the one that was quiet for longest is forgotten first."""
PASSED_ON: Final = frozenset({b"content-type", b"user-agent", b"x-umami-cache"})
"""Headers that the collect routes see; nothing of a visitor's cookies or credentials."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many messages at once, and so many a second in the long run."""

    burst: int
    per_second: float


PER_ADDRESS: Final = Rate(MOST_IN_BATCH + 100, 10)
"""Of one IPv4 address or IPv6 /64 network; an office behind one address is not turned away."""
OVERALL: Final = Rate(1_000, 50)
"""What one core takes in and still draws pages."""


class _Bucket:
    """A token bucket: one token a message, refilled at the rate."""

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate, self._filled_at = rate, now
        self.tokens = float(rate.burst)

    def wait(self, count: int, now: float) -> float:
        """Seconds until so many tokens are there; 0 if they are."""
        refill = (now - self._filled_at) * self._rate.per_second
        self.tokens = min(self._rate.burst, self.tokens + refill)
        self._filled_at = now
        return max(0.0, count - self.tokens) / self._rate.per_second


class Limits:
    """How many messages are taken, by address and in all."""

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
        """Count messages of an address; 0, or the seconds to wait if they are too many, which are
        not counted then."""
        now, network = self._clock(), _network(address)
        bucket = self._addresses.get(network) or _Bucket(self._per_address, now)
        self._addresses[network] = bucket
        wait = max(bucket.wait(count, now), self._overall.wait(count, now))
        if not wait:
            bucket.tokens -= count
            self._overall.tokens -= count
        return wait


class _Refused(Exception):
    """A request that is not passed on."""

    def __init__(self, refusal: Refusal, wait: float = 0) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
        self.headers = {"retry-after": str(ceil(wait))} if wait else {}


class Collector:
    """ASGI application: the collect routes, for everybody who can reach it.

    The client address of the connection is the visitor's; headers that claim another are dropped.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or say why not: 408, 413, 429 or 503."""
        address = _address(scope)
        path = scope["path"]
        scope = _anonymous(scope, address)
        if path not in LARGEST or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            self._count(address, 1)
            body = await _body(receive, LARGEST[path])
            if path == BATCH:
                self._count(address, _messages(body) - 1)
            await self._turn()
        except ClientDisconnect:
            return
        except _Refused as refused:
            answer = Json(
                error_object(refused.refusal),
                status_code=refused.refusal.status,
                headers=refused.headers,
            )
            await answer(scope, receive, send)
            return
        try:
            await self._app(scope, _replayed(body), send)
        finally:
            self._turns.release()

    def _count(self, address: str, messages: int) -> None:
        wait = self._limits.take(address, messages)
        if wait:
            raise _Refused(Refusal(429, "Too many messages"), wait)

    async def _turn(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._turns.acquire()
        except TimeoutError:
            raise _Refused(Refusal(503, "Too many messages"), PATIENCE) from None


def collector(umami: Umami, limits: Limits | None = None) -> ASGIApp:
    """The collect routes of a server, for everybody."""
    return Cors(Collector(collecting(umami), limits or Limits()))


def _address(scope: Scope) -> str:
    """Where the connection comes from; empty where that is unknown."""
    host = (scope.get("client") or ("", 0))[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    # A socket for both families shows an IPv4 address as a part of IPv6.
    return str(getattr(address, "ipv4_mapped", None) or address)


def _network(address: str) -> str:
    """What the rate of an address counts for: a household has 2**64 addresses of IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((int(parsed), 64), strict=False))


def _anonymous(scope: Scope, address: str) -> Scope:
    headers = [(name, value) for name, value in scope["headers"] if name in PASSED_ON]
    headers.append((b"x-forwarded-for", address.encode("latin-1", "replace")))
    return {**scope, "headers": headers, "query_string": b""}


async def _body(receive: Receive, largest: int) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                body += message.get("body", b"")
                if len(body) > largest:
                    raise _Refused(Refusal(413, "Body too large"))
                if not message.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        raise _Refused(Refusal(408, "Body too slow")) from None


def _messages(body: bytes) -> int:
    """How many messages a batch holds at most, without reading it: each is an object with an
    object in it."""
    return min(max(1, body.count(b"{") // 2), MOST_IN_BATCH)


def _replayed(body: bytes) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive
