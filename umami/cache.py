"""Answers kept as bytes: fresh, stale and refreshed behind, gone.

dogpile.cache brings the single flight (one asks, the others wait) and the refresh behind; the
store is a cachetools mapping bounded in bytes, in which every answer has its own time to live. A
failure is kept for a moment too, so that all who waited for the same answer fail at once
instead of asking one after the other.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cachetools import TLRUCache, TTLCache
from dogpile.cache import make_region, register_backend
from dogpile.cache.api import NO_VALUE, CacheBackend, CachedValue

from umami import errors
from umami.errors import UmamiError
from umami.question import Freshness, Question

DAY: Final = 86_400.0
BYTES: Final = 64 * 2**20
FAILED_FOR: Final = 2.0
"""Seconds for which an equal question fails at once after a failure."""
HOLD_OFF: Final = 15.0
"""Seconds until a refresh that failed is tried again."""
SETTLED: Final = timedelta(hours=1)
"""After its end a period still takes late events for a while."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Seconds an answer is ``fresh``, and seconds after which it may not be shown any more."""

    fresh: float
    kept: float


def lifetime(question: Question[Any], now: datetime | None = None) -> Lifetime | None:
    """How long a question's answer lives; ``None`` for what is never kept."""
    match question.endpoint.freshness:
        case Freshness.NEVER:
            return None
        case Freshness.LIVE:
            return Lifetime(5, 5)
        case Freshness.LISTING:
            return Lifetime(60, 600)
        case Freshness.PERIOD:
            now = now or datetime.now(UTC)
            if question.until is not None and question.until + SETTLED < now:
                return Lifetime(DAY, 7 * DAY)
            return Lifetime(60, 600)


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer's bytes, and when the server gave them."""

    body: bytes
    at: datetime


class _Bounded(CacheBackend):
    """A dogpile backend in memory, bounded in bytes; each value lives as long as it says."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self._values: TLRUCache[str, CachedValue] = TLRUCache(
            maxsize=arguments["bytes"],
            ttu=lambda _key, value, now: now + _header(value.payload)["kept"],
            timer=time.monotonic,
            getsizeof=lambda value: len(value.payload) + 500,
        )
        self._guard = threading.Lock()

    def get(self, key: str) -> Any:
        with self._guard:
            return self._values.get(key, NO_VALUE)

    def set(self, key: str, value: Any) -> None:
        with self._guard:
            try:
                self._values[key] = value
            except ValueError:
                # Larger than the whole cache: then it is not kept.
                self._values.pop(key, None)

    def delete(self, key: str) -> None:
        with self._guard:
            self._values.pop(key, None)


register_backend("umami.bounded", __name__, "_Bounded")  # type: ignore[no-untyped-call]


def _header(payload: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(payload[: payload.index(b"\n")])
    return found


def _packed(body: bytes, kept: float) -> bytes:
    header = {"at": datetime.now(UTC).isoformat(), "kept": kept}
    return json.dumps(header).encode() + b"\n" + body


def _packed_failure(problem: UmamiError) -> bytes:
    header = {
        "at": datetime.now(UTC).isoformat(),
        "kept": FAILED_FOR,
        "error": type(problem).__name__,
        "message": str(problem),
        "endpoint": problem.endpoint,
        "reasons": getattr(problem, "reasons", None),
    }
    return json.dumps(header).encode() + b"\n"


def _unpacked(payload: bytes) -> Kept:
    """The answer; raises the error if that is what was kept."""
    header = _header(payload)
    if "error" in header:
        kind: type[UmamiError] = getattr(errors, header["error"])
        more = {"reasons": tuple(header["reasons"])} if header["reasons"] is not None else {}
        raise kind(header["message"], endpoint=header["endpoint"], **more)
    return Kept(payload[payload.index(b"\n") + 1 :], datetime.fromisoformat(header["at"]))


class Cache:
    """Answers of any number of servers and accounts, which are part of the keys. Thread-safe."""

    def __init__(self, size: int = BYTES) -> None:
        self._region = make_region(async_creation_runner=self._behind).configure(
            "umami.bounded", arguments={"bytes": size}
        )
        self._refreshing = ThreadPoolExecutor(4, thread_name_prefix="refresh")
        self._failed: TTLCache[str, bool] = TTLCache(maxsize=10_000, ttl=HOLD_OFF)

    def fresh(self, key: str, life: Lifetime) -> Kept | None:
        """The answer if one is here and fresh; raises if a failure was kept a moment ago."""
        payload = self._region.get(key, expiration_time=life.fresh)
        return None if payload is NO_VALUE else _unpacked(payload)

    def answer(self, key: str, life: Lifetime, ask: Callable[[], bytes]) -> Kept:
        """The answer: one that is here, or what ``ask`` gives.

        A stale answer is given at once and asked anew behind. Equal questions asked at the same
        time make one call of ``ask``; if it fails, all of them raise the same ``UmamiError``.
        """

        def create() -> bytes:
            try:
                return _packed(ask(), life.kept)
            except UmamiError as problem:
                return _packed_failure(problem)

        return _unpacked(self._region.get_or_create(key, create, expiration_time=life.fresh))

    def _behind(
        self, region: Any, key: str, create: Callable[[], bytes], mutex: Any
    ) -> Future[None] | None:
        """Refresh a stale answer; a failure leaves it as it is, and holds off the next try."""

        def refresh() -> None:
            try:
                payload = create()
                if "error" in (header := _header(payload)):
                    self._failed[key] = True
                    _log.warning("refreshing failed: %s", header["error"])
                else:
                    region.set(key, payload)
            finally:
                mutex.release()

        if key in self._failed:
            mutex.release()
            return None
        return self._refreshing.submit(refresh)

    def clear(self) -> None:
        """Forget everything: after a write, nothing kept is known to be true."""
        self._region.invalidate()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Finish what is being refreshed."""
        self._refreshing.shutdown(cancel_futures=True)
