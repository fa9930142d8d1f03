"""Turns at a server that counts calls: who comes when the count is reached waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from pyrate_limiter import Limiter, Rate

SLICE: Final = 0.5
"""Seconds; how often who waits looks whether waiting still makes sense."""


class RateLimit:
    """At most so many calls in so many seconds. Safe to use from many threads."""

    def __init__(self, calls: int, seconds: float) -> None:
        self._limiter = Limiter(Rate(calls, round(seconds * 1000)))
        self._guard = threading.Lock()
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return self._waiting

    def turn(self, left: Callable[[], float]) -> bool:
        """Wait for a turn, as long as there is any time ``left`` (seconds); whether it came."""
        if self._limiter.try_acquire(blocking=False):
            return True
        with self._guard:
            self._waiting += 1
        try:
            while (rest := left()) > 0:
                if self._limiter.try_acquire(timeout=min(SLICE, rest)):
                    return True
            return False
        finally:
            with self._guard:
                self._waiting -= 1
