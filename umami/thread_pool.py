"""Threads that come with work and go again where there is none for a while.

The standard library's pools keep every thread they ever had; a server that was slow once would
leave its mark for the rest of a process's life.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

IDLE: Final = 5.0
"""Seconds without work after which a thread goes."""
_LOG: Final = logging.getLogger(__name__)


class ThreadPool:
    """Has work done in other threads, at most so many at a time, what came first first. Safe to
    use from many threads."""

    def __init__(self, most: int, name: str, idle: float = IDLE) -> None:
        self._most = most
        self._name = name
        self._patience = idle
        self._changed = threading.Condition()
        self._work: deque[Callable[[], None]] = deque()
        self._threads = 0
        self._idle = 0
        self._closed = False

    @property
    def threads(self) -> int:
        """How many there are at this moment."""
        return self._threads

    @property
    def idle(self) -> int:
        """How many of them have nothing to do."""
        return self._idle

    def submit(self, work: Callable[[], None]) -> None:
        """Have this done; what it raises is lost, so it should tell whoever waits itself.

        After ``close`` it is done at once, right here.
        """
        with self._changed:
            closed = self._closed
            if not closed:
                self._work.append(work)
                if self._idle >= len(self._work):
                    self._changed.notify()
                elif self._threads < self._most:
                    self._threads += 1
                    threading.Thread(target=self._run, name=self._name, daemon=True).start()
        if closed:
            work()

    def close(self) -> None:
        """Begin nothing more in other threads; what waits is still done."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _run(self) -> None:
        while (work := self._next()) is not None:
            try:
                work()
            except Exception as problem:
                _LOG.error("Work in another thread failed: %s.", type(problem).__name__)

    def _next(self) -> Callable[[], None] | None:
        """Something to do; ``None`` where the thread is to go."""
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._work or self._closed, self._patience)
            self._idle -= 1
            if self._work:
                return self._work.popleft()
            self._threads -= 1
            return None
