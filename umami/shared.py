"""A cache that replicas share: answers in a Redis, asked for once for all of them.

A Redis that is lost makes everything slower and breaks nothing: whoever asks is told that nothing
is kept there, the log says so once, and it is tried again every few seconds.
"""

from __future__ import annotations

import logging
import struct
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from umami.errors import SettingsError

T = TypeVar("T")

CONNECTING, ANSWERING = 0.5, 1.0
"""Seconds; a shared cache that is slower than that is no help."""
CONNECTIONS: Final = 8
"""Each is busy for well under a millisecond a question."""
AWAY: Final = 5.0
"""Seconds until a Redis that was lost is tried again."""
HELD: Final = 6.0
"""Seconds after which what a lost replica was asking for may be asked by another."""
RENEWED: Final = 2.0
"""Seconds after which a replica says that it is still asking."""
LOOKING: Final = 0.05
"""Seconds between two looks at what another replica is asking for."""
_LOG: Final = logging.getLogger(__name__)
_STAMP: Final = struct.Struct(">d")
_RENEW: Final = (
    "if redis.call('get', KEYS[1]) == ARGV[1] then "
    "return redis.call('pexpire', KEYS[1], ARGV[2]) else return 0 end"
)
_RELEASE: Final = (
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) "
    "else return 0 end"
)


class Shared:
    """Answers that replicas share. Safe to use from many threads; raises nothing of Redis's."""

    def __init__(self, url: str) -> None:
        """Raises ``SettingsError`` for what is no address; connects when first needed."""
        self._redis = _connections(url)
        self._away_until = 0.0
        self._lost = False
        self._guard = threading.Lock()
        self._held: dict[str, str] = {}
        self._renewing: threading.Thread | None = None

    def __repr__(self) -> str:
        return "Shared()"

    @property
    def pause(self) -> float:
        """Seconds until it is tried again after it was lost."""
        return AWAY

    @property
    def here(self) -> bool:
        """Whether it answered when it was last asked."""
        return not self._lost

    def get(self, name: str) -> tuple[bytes, float] | None:
        """What is kept under a name, and when it was put there (Unix seconds)."""
        found = self._tried(lambda: self._redis.get(name), None)
        if not isinstance(found, bytes) or len(found) < _STAMP.size:
            return None
        return found[_STAMP.size :], _STAMP.unpack_from(found)[0]

    def put(self, name: str, value: bytes, at: float, seconds: float) -> None:
        """Keep this for so many seconds; ``at`` is when it was answered."""
        stamped = _STAMP.pack(at) + value
        self._tried(lambda: self._redis.set(name, stamped, px=round(1000 * seconds)), None)

    def drop(self, name: str) -> None:
        """Keep this no more."""
        self._tried(lambda: self._redis.delete(name), None)

    def first(self, name: str, value: bytes) -> bytes | None:
        """What is kept under a name for good: ``value``, unless there was one before."""

        def agreed() -> Any:
            with self._redis.pipeline() as pipeline:
                pipeline.setnx(name, value)
                pipeline.get(name)
                return pipeline.execute()[1]

        found = self._tried(agreed, None)
        return found if isinstance(found, bytes) else None

    def replace(self, name: str, value: bytes) -> bool:
        """Keep another value for good; whether that was possible."""
        return bool(self._tried(lambda: self._redis.set(name, value), False))

    @contextmanager
    def alone(self, name: str, there: Callable[[], object], patience: float) -> Iterator[bool]:
        """Be the only replica that works on a name; ``False`` where another one has done it.

        Waits for another replica until it has released the name or was lost, or what it works on is
        ``there``, and no longer than ``patience`` (seconds).
        """
        lock, token = f"{name}:asked", uuid.uuid4().hex
        until = time.monotonic() + patience
        waited = False
        while not self._acquired(lock, token):
            waited = True
            if there():
                yield False
                return
            if time.monotonic() > until:
                break
            time.sleep(LOOKING)
        try:
            yield not (waited and there())
        finally:
            self._release(lock, token)

    def close(self) -> None:
        """Let go of the connections."""
        self._redis.close()

    def _acquired(self, lock: str, token: str) -> bool:
        held = round(1000 * HELD)
        # Where there is no Redis, everybody is alone.
        if not self._tried(lambda: self._redis.set(lock, token, px=held, nx=True), True):
            return False
        with self._guard:
            self._held[lock] = token
            if self._renewing is None:
                self._renewing = threading.Thread(target=self._renew, name="renewing", daemon=True)
                self._renewing.start()
        return True

    def _release(self, lock: str, token: str) -> None:
        with self._guard:
            mine = self._held.get(lock) == token and self._held.pop(lock)
        if mine:
            self._tried(lambda: self._redis.eval(_RELEASE, 1, lock, token), None)

    def _renew(self) -> None:
        """Hold what is being asked for as long as it takes; ends when there is nothing to hold."""
        while True:
            time.sleep(RENEWED)
            with self._guard:
                held = dict(self._held)
                if not held:
                    self._renewing = None
                    return
            for lock, token in held.items():
                self._tried(
                    lambda lock=lock, token=token: self._redis.eval(  # type: ignore[misc]
                        _RENEW, 1, lock, token, round(1000 * HELD)
                    ),
                    None,
                )

    def _tried(self, ask: Callable[[], Any], otherwise: T) -> Any | T:
        if self._lost and time.monotonic() < self._away_until:
            return otherwise
        try:
            answer = ask()
        except (redis.RedisError, OSError) as error:
            self._away_until = time.monotonic() + AWAY
            if self._turned(lost=True):
                # What a client library says may hold the address, with a password in it.
                _LOG.warning(
                    "The shared cache is away (%s): each replica asks for itself until it is back.",
                    type(error).__name__,
                )
            return otherwise
        if self._lost and self._turned(lost=False):
            _LOG.warning("The shared cache is back.")
        return answer

    def _turned(self, *, lost: bool) -> bool:
        """Whether it is this that changes what is known of it: many find out at one moment."""
        with self._guard:
            turned = self._lost != lost
            self._lost = lost
            return turned


def _connections(url: str) -> redis.Redis:
    with suppress(ValueError, redis.RedisError):
        pool = redis.BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=ANSWERING,
            socket_connect_timeout=CONNECTING,
            socket_timeout=ANSWERING,
            # Once more, for a connection that the server closed while it was idle.
            retry=Retry(NoBackoff(), 1),
        )
        return redis.Redis.from_pool(pool)
    raise SettingsError("UMAMI_REDIS_URL is not an address of a Redis: redis://HOST:6379/0.")
