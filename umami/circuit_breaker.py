"""A breaker: keeps questions from a server that is not well, and tries it gently.

A server is not well when nothing at all comes back from it any more: several failures one after
another, of more than one kind of question, and no success between them. One question that always
fails is its own trouble and keeps nobody else from asking.
"""

from __future__ import annotations

import random
import threading
import time
from typing import Final

from umami.errors import UmamiError

FAILURES: Final = 5
"""One after another, before a server counts as not well."""
PAUSE: Final = 3.0
"""Seconds until a first question tries it again; the pause doubles with each that fails."""
LONGEST: Final = 30.0
"""Seconds; a server that is well again is noticed by then."""
JITTER: Final = 0.2
"""Part of a pause by which it may be longer, so that replicas do not try at one moment."""


class CircuitBreaker:
    """What is known of a server's health. Safe to use from many threads."""

    def __init__(self, pause: float | None = None, longest: float | None = None) -> None:
        """Pauses, and how long they get, are ``PAUSE`` and ``LONGEST`` unless said otherwise."""
        self._guard = threading.Lock()
        self._first = PAUSE if pause is None else pause
        self._longest = LONGEST if longest is None else longest
        self._pause = self._first
        self._worked_at = 0.0
        self._failures: list[str] = []
        self._problem: UmamiError | None = None
        self._until = 0.0

    @property
    def problem(self) -> UmamiError | None:
        """Why the server is not asked; ``None`` where it is well."""
        return self._problem

    def refusal(self) -> UmamiError | None:
        """Why not to ask now; ``None`` to go on, also for the one that tries a server again."""
        with self._guard:
            if self._problem is None:
                return None
            now = time.monotonic()
            if now < self._until:
                return self._problem
            # Whoever is let through now tries it for all; the next one only after a pause.
            self._until = now + self._paused()
            return None

    def worked(self) -> None:
        """The server answered, whatever it said."""
        self._worked_at = time.monotonic()
        if self._failures or self._problem is not None:
            with self._guard:
                self._failures.clear()
                self._problem = None
                self._pause = self._first

    def failed(self, endpoint: str, problem: UmamiError) -> None:
        """Nothing came back."""
        with self._guard:
            self._failures = [*self._failures, endpoint][-FAILURES:]
            if len(self._failures) == FAILURES and len(set(self._failures)) > 1:
                self._break(problem)

    def gone(self, problem: UmamiError, begun: float) -> None:
        """Nobody was there to connect to, since ``begun`` (monotonic seconds): that is enough,
        unless something else was answered meanwhile."""
        with self._guard:
            if self._worked_at < begun:
                self._break(problem)

    def _break(self, problem: UmamiError) -> None:
        if self._problem is None:
            self._problem = problem
            self._until = time.monotonic() + self._paused()

    def _paused(self) -> float:
        pause = self._pause
        self._pause = min(2 * pause, self._longest)
        return pause * (1 + random.uniform(0, JITTER))
