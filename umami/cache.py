"""Answers that are kept: bytes in, bytes out, under server, account and question.

A fresh answer is returned at once; a stale one too, and is asked anew behind it; one that is gone
is asked for, once for all who want it at that moment. Where an answer is kept is dogpile.cache's
business: in this process's memory, or wherever another of its regions keeps bytes. Waiting is
ours (``umami.flights``): dogpile's lock lets the waiters of a failing question try one by one.
"""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from cachetools import LRUCache
from dogpile.cache import CacheRegion, make_region, register_backend
from dogpile.cache.api import NO_VALUE, CacheBackend, KeyType, SerializedReturnType

from umami.flights import Flights
from umami.question import Freshness, Question

MEGABYTE: Final = 2**20
OVERHEAD: Final = 400
"""Bytes an entry costs besides its answer, about."""
LARGEST_SHARE: Final = 8
"""An answer that would fill this part of the room is not kept: it would drive out all others."""
SETTLED: Final = 3600.0
"""Seconds after its end in which a period may still get late events."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """For how many seconds an answer is fresh, and for how many it may be shown at all."""

    fresh: float
    shown: float


LIVE = Keeping(8, 8)
LISTING = Keeping(60, 600)
RUNNING = Keeping(60, 600)
ENDED = Keeping(86_400, 7 * 86_400)


def keeping(question: Question[Any], answered_at: float) -> Keeping | None:
    """How long an answer given at ``answered_at`` (Unix seconds) holds; ``None``: not at all.

    What was answered while a period ran is not the whole of it, however long ago it ended.
    """
    freshness = question.endpoint.freshness
    if question.endpoint.secret or freshness is Freshness.NEVER:
        return None
    if freshness is Freshness.LIVE:
        return LIVE
    if freshness is Freshness.LISTING:
        return LISTING
    until = question.until
    ended = until is not None and answered_at > until.timestamp() + SETTLED
    return ENDED if ended else RUNNING


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, when it was given (Unix seconds), and whether it is being asked anew."""

    answer: bytes
    answered_at: float
    stale: bool = False


class Memory(CacheBackend):
    """Bytes in this process, bounded in sum; what was not used for longest goes first."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self._guard = threading.Lock()
        self._kept: LRUCache[str, bytes] = LRUCache(
            arguments["bytes"], getsizeof=lambda value: len(value) + OVERHEAD
        )

    def get_serialized(self, key: KeyType) -> SerializedReturnType:
        """What is kept under a key."""
        with self._guard:
            return self._kept.get(key, NO_VALUE)

    def set_serialized(self, key: KeyType, value: bytes) -> None:
        """Keep this, unless it is too large."""
        if len(value) + OVERHEAD <= self._kept.maxsize / LARGEST_SHARE:
            with self._guard:
                self._kept[key] = value

    def delete(self, key: KeyType) -> None:
        """Keep this no more."""
        with self._guard:
            self._kept.pop(key, None)

    @property
    def size(self) -> int:
        """Bytes in use."""
        with self._guard:
            return int(self._kept.currsize)


register_backend("umami.memory", __name__, "Memory")  # type: ignore[no-untyped-call]


def in_memory(megabytes: float) -> CacheRegion:
    """A region in this process's memory."""
    return region("umami.memory", bytes=int(megabytes * MEGABYTE))


def region(backend: str, **arguments: Any) -> CacheRegion:
    """A region that keeps bytes as they are in any of dogpile's backends."""
    return make_region(serializer=bytes, deserializer=bytes).configure(backend, arguments=arguments)


class Cache:
    """Kept answers of any number of servers and accounts. Safe to use from many threads."""

    def __init__(
        self,
        kept: CacheRegion | None = None,
        *,
        keeping: Callable[[Question[Any], float], Keeping | None] = keeping,
        flights: Flights[Kept] | None = None,
    ) -> None:
        self._region = in_memory(64) if kept is None else kept
        self._keeping = keeping
        self._flights = Flights[Kept]() if flights is None else flights

    def ask(
        self,
        scope: tuple[str, str],
        question: Question[Any],
        fetch: Callable[[], bytes],
        run: Callable[[Callable[[], None]], object],
    ) -> Future[Kept]:
        """The answer, done already where one is kept.

        ``scope`` is server and account; ``fetch`` asks the server, by way of ``run`` in another
        thread. A stale answer whose asking anew fails stays until it is too old to be shown.
        """
        name = self._name(scope, question)

        def fly() -> Future[Kept]:
            return self._flights.board(name, lambda: self._fetched(name, question, fetch), run)

        kept = self._kept(name, question)
        if kept is None:
            return fly()
        if kept.stale:
            fly()
        at_hand: Future[Kept] = Future()
        at_hand.set_result(kept)
        return at_hand

    def keeps(self, question: Question[Any]) -> bool:
        """Whether answers to this question are ever kept."""
        return self._keeping(question, time.time()) is not None

    def drop(self, scope: tuple[str, str], question: Question[Any]) -> None:
        """Let go of one answer."""
        self._region.delete(self._name(scope, question))

    def forget(self, server: str) -> None:
        """Let go of everything a server has answered, what is on its way included."""
        self._region.set(_era(server), uuid.uuid4().bytes)

    def _name(self, scope: tuple[str, str], question: Question[Any]) -> str:
        """The key; it holds an era of the server, so that all its answers can be left behind."""
        server, account = scope
        era: bytes = self._region.get_or_create(
            _era(server), lambda: uuid.uuid4().bytes, expiration_time=-1
        )
        return f"umami:{_digest(server, account, era.hex())}:{question.key}"

    def _kept(self, name: str, question: Question[Any]) -> Kept | None:
        found = self._region.get_value_metadata(name, ignore_expiration=True)
        if found is None:
            return None
        holds = self._keeping(question, found.cached_time)
        if holds is None or found.age >= holds.shown:
            return None
        return Kept(found.payload, found.cached_time, stale=found.age >= holds.fresh)

    def _fetched(self, name: str, question: Question[Any], fetch: Callable[[], bytes]) -> Kept:
        # Who comes just after the same question has landed finds its answer here.
        kept = self._kept(name, question)
        if kept is not None and not kept.stale:
            return kept
        answer = fetch()
        self._region.set(name, answer)
        return Kept(answer, time.time())


def _era(server: str) -> str:
    return f"umami:{_digest(server)}:era"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()
