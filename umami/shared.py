"""A cache in Redis that replicas share, so that one fetch serves all of them. Without a connection
to Redis everything is slower and nothing fails: the cache is empty, the log says so once, and a new
connection is tried every few seconds."""

import logging
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.exceptions import LockError
from redis.lock import Lock
from redis.retry import Retry

from umami.errors import SettingsError

T = TypeVar("T")

CONNECTING, ANSWERING = 0.5, 1.0
"""Timeouts in seconds; a slower cache is of no use."""
CONNECTIONS: Final = 8
"""Connections at most; each is busy for well under a millisecond a query."""
AWAY: Final = 5.0
"""Seconds until a lost Redis is tried again."""
HELD: Final = 6.0
"""Seconds after which the lock of a replica that was lost expires."""
RENEWED: Final = 2.0
"""Seconds after which a replica renews its locks."""
LOOKING: Final = 0.05
"""Seconds between two attempts to get the lock of another replica."""
_LOG: Final = logging.getLogger(__name__)
_STAMP: Final = struct.Struct(">d")


class Shared:
    """Values that replicas share. Safe to use from many threads; errors of Redis are not raised."""

    def __init__(self, url: str) -> None:
        """Connects when first needed. Raises ``SettingsError`` for an invalid address."""
        self._redis = _connections(url)
        self._away_until = 0.0
        self._lost = False
        self._guard = threading.Lock()
        self._held: set[Lock] = set()
        self._renewing: threading.Thread | None = None

    def __repr__(self) -> str:
        return "Shared()"

    @property
    def pause(self) -> float:
        """Seconds until a lost Redis is tried again."""
        return AWAY

    @property
    def here(self) -> bool:
        """Whether Redis answered the last time."""
        return not self._lost

    def get(self, key: str) -> tuple[bytes, float] | None:
        """The value of a key, and its time (Unix seconds)."""
        stamped = self._try(lambda: self._redis.get(key), None)
        if not isinstance(stamped, bytes) or len(stamped) < _STAMP.size:
            return None
        return stamped[_STAMP.size :], _STAMP.unpack_from(stamped)[0]

    def put(self, key: str, value: bytes, at: float, seconds: float) -> None:
        """Store a value with its time ``at`` (Unix seconds) for so many ``seconds``."""
        stamped = _STAMP.pack(at) + value
        self._try(lambda: self._redis.set(key, stamped, px=round(1000 * seconds)), None)

    def first(self, key: str, value: bytes) -> bytes | None:
        """The permanent value of a key: ``value``, unless there is one already."""

        def set_and_get() -> Any:
            with self._redis.pipeline() as pipeline:
                pipeline.setnx(key, value)
                pipeline.get(key)
                return pipeline.execute()[1]

        first = self._try(set_and_get, None)
        return first if isinstance(first, bytes) else None

    def replace(self, key: str, value: bytes) -> bool:
        """Store another permanent value; whether that was possible."""
        return bool(self._try(lambda: self._redis.set(key, value), False))

    def lock(
        self, key: str, stored: Callable[[], T | None], patience: float
    ) -> tuple[T | None, Lock | None]:
        """What another replica has ``stored``, or else a lock of the key among replicas. Waits for
        the lock of another replica until it is released or expires, or the result is stored, and no
        longer than ``patience`` (seconds); then there is neither."""
        lock = self._redis.lock(f"{key}:asked", timeout=HELD, thread_local=False)
        until = time.monotonic() + patience
        while True:
            # Without Redis, every replica works alone.
            locked = self._try(lambda: lock.acquire(blocking=False), True)
            if locked:
                self._hold(lock)
            result = stored()
            if result is not None:
                self.unlock(lock if locked else None)
                return result, None
            if locked or time.monotonic() > until:
                return None, lock if locked else None
            time.sleep(LOOKING)

    def unlock(self, lock: Lock | None) -> None:
        """Release a lock, if there is one."""
        if lock is not None:
            with self._guard:
                self._held.discard(lock)
            self._try(lock.release, None)

    def _hold(self, lock: Lock) -> None:
        with self._guard:
            self._held.add(lock)
            if self._renewing is None:
                self._renewing = threading.Thread(target=self._renew, name="renewing", daemon=True)
                self._renewing.start()

    def _renew(self) -> None:
        """Renew all locks of this replica until there are none."""
        while True:
            time.sleep(RENEWED)
            with self._guard:
                held = list(self._held)
                if not held:
                    self._renewing = None
                    return
            for lock in held:
                self._try(lock.reacquire, None)

    def _try(self, send: Callable[[], Any], default: T) -> Any | T:
        if self._lost and time.monotonic() < self._away_until:
            return default
        try:
            answer = send()
        except LockError:
            # The lock has expired, or Redis was away when it was taken.
            return default
        except (redis.RedisError, OSError) as error:
            self._away_until = time.monotonic() + AWAY
            if self._set_lost(True):
                # The message of the library may contain the address with its password.
                _LOG.warning(
                    "The shared cache is away (%s): each replica works alone until it is back.",
                    type(error).__name__,
                )
            return default
        if self._lost and self._set_lost(False):
            _LOG.warning("The shared cache is back.")
        return answer

    def _set_lost(self, lost: bool) -> bool:
        """Whether this changes the state: many threads notice it at the same moment."""
        with self._guard:
            changed = self._lost != lost
            self._lost = lost
            return changed


def _connections(url: str) -> redis.Redis:
    with suppress(ValueError, redis.RedisError):
        pool = redis.BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=ANSWERING,
            socket_connect_timeout=CONNECTING,
            socket_timeout=ANSWERING,
            # One retry, for a connection that the server closed while it was idle.
            retry=Retry(NoBackoff(), 1),
        )
        return redis.Redis.from_pool(pool)
    raise SettingsError("UMAMI_REDIS_URL is not the address of a Redis: redis://HOST:6379/0.")
