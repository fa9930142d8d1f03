"""A rate limit for servers that count calls; calls beyond it wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from pyrate_limiter import Limiter, Rate

SLICE: Final = 0.5
"""Seconds between two checks of whether waiting still makes sense."""


class RateLimit:
    """At most ``calls`` in so many ``seconds``. Safe to use from many threads."""

    def __init__(self, calls: int, seconds: float) -> None:
        self._limiter = Limiter(Rate(calls, round(seconds * 1000)))
        self._guard = threading.Lock()
        self.waiting = 0
        """How many calls wait at this moment."""

    def turn(self, left: Callable[[], float]) -> bool:
        """Wait for permission to call, as long as ``left`` returns seconds; whether it came."""
        if self._limiter.try_acquire(blocking=False):
            return True
        with self._guard:
            self.waiting += 1
        try:
            while (rest := left()) > 0:
                if self._limiter.try_acquire(timeout=min(SLICE, rest)):
                    return True
            return False
        finally:
            with self._guard:
                self.waiting -= 1
