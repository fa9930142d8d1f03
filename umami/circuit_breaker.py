"""A circuit breaker: stops requests to a server that is down, and lets one through now and then.

A server is down when several requests in a row, to more than one endpoint, get no answer at all. An
endpoint that always fails by itself does not stop the others.
"""

from __future__ import annotations

import random
import threading
import time
from typing import Final

from umami.errors import UmamiError

FAILURES: Final = 5
"""Failures in a row that open the breaker."""
PAUSE: Final = 3.0
"""Seconds until a first request tries the server again; doubles with each that fails."""
LONGEST: Final = 30.0
"""Longest pause in seconds, after which a server that is up again is noticed."""
JITTER: Final = 0.2
"""Random extension of a pause, as a fraction, so that replicas do not retry at the same moment."""


class CircuitBreaker:
    """The state of a server. Safe to use from many threads."""

    def __init__(self, pause: float | None = None, longest: float | None = None) -> None:
        """``pause`` and ``longest`` default to ``PAUSE`` and ``LONGEST``."""
        self._guard = threading.Lock()
        self._first = PAUSE if pause is None else pause
        self._longest = LONGEST if longest is None else longest
        self._pause = self._first
        self._worked_at = 0.0
        self._failures: list[str] = []
        self._until = 0.0
        self.problem: UmamiError | None = None
        """Why the breaker is open; ``None`` while it is closed."""

    def refusal(self) -> UmamiError | None:
        """Why a request must not be sent now; ``None`` to send it, also as the next trial."""
        with self._guard:
            if self.problem is None:
                return None
            now = time.monotonic()
            if now < self._until:
                return self.problem
            # This request is the trial; the next one is let through after another pause.
            self._until = now + self._next_pause()
            return None

    def worked(self) -> None:
        """Record an answer, whatever its status."""
        self._worked_at = time.monotonic()
        if self._failures or self.problem is not None:
            with self._guard:
                self._failures.clear()
                self.problem = None
                self._pause = self._first

    def failed(self, endpoint: str, problem: UmamiError) -> None:
        """Record a request without an answer."""
        with self._guard:
            self._failures = [*self._failures, endpoint][-FAILURES:]
            if len(self._failures) == FAILURES and len(set(self._failures)) > 1:
                self._open(problem)

    def gone(self, problem: UmamiError, started: float) -> None:
        """Record that no connection could be made since ``started`` (monotonic seconds). This opens
        the breaker at once, unless another request was answered meanwhile."""
        with self._guard:
            if self._worked_at < started:
                self._open(problem)

    def _open(self, problem: UmamiError) -> None:
        if self.problem is None:
            self.problem = problem
            self._until = time.monotonic() + self._next_pause()

    def _next_pause(self) -> float:
        pause = self._pause
        self._pause = min(2 * pause, self._longest)
        return pause * (1 + random.uniform(0, JITTER))
