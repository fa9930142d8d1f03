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


class Breaker:
    """What is known of a server's health. Safe to use from many threads."""

    def __init__(self, pause: float = PAUSE, longest: float = LONGEST) -> None:
        self._guard = threading.Lock()
        self._first, self._longest = pause, longest
        self._pause = pause
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
        if self._failures or self._problem is not None:
            with self._guard:
                self._failures.clear()
                self._problem = None
                self._pause = self._first

    def failed(self, endpoint: str, problem: UmamiError, *, gone: bool = False) -> None:
        """Nothing came back; ``gone`` means that there is no server to connect to."""
        with self._guard:
            self._failures = [*self._failures, endpoint][-FAILURES:]
            several = len(self._failures) == FAILURES and len(set(self._failures)) > 1
            if self._problem is None and (gone or several):
                self._problem = problem
                self._until = time.monotonic() + self._paused()

    def _paused(self) -> float:
        pause = self._pause
        self._pause = min(2 * pause, self._longest)
        return pause * (1 + random.uniform(0, JITTER))
