"""A thread pool whose threads end after a while without work.

The pools of the standard library keep every thread they ever started, so a server that was slow
once would cost threads for the rest of the process's life.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

IDLE: Final = 5.0
"""Seconds without work after which a thread ends."""
_LOG: Final = logging.getLogger(__name__)


class ThreadPool:
    """Calls functions in other threads, at most ``most``. Safe to use from many threads."""

    def __init__(self, most: int, name: str, idle: float = IDLE) -> None:
        self._most = most
        self._name = name
        self._patience = idle
        self._changed = threading.Condition()
        self._work: deque[Callable[[], None]] = deque()
        self._closed = False
        self.threads = 0
        """How many threads there are at this moment."""
        self.idle = 0
        """How many of them have nothing to do."""

    def submit(self, work: Callable[[], None]) -> None:
        """Do the work, which must handle its own exceptions: they are only logged.

        After ``close``, do it at once and in this thread.
        """
        with self._changed:
            closed = self._closed
            if not closed:
                self._work.append(work)
                if self.idle >= len(self._work):
                    self._changed.notify()
                elif self.threads < self._most:
                    self.threads += 1
                    threading.Thread(target=self._run, name=self._name, daemon=True).start()
        if closed:
            work()

    def close(self) -> None:
        """Start nothing more in other threads; waiting work is still done."""
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
        """The next work; ``None`` where the thread is to end."""
        with self._changed:
            self.idle += 1
            self._changed.wait_for(lambda: self._work or self._closed, self._patience)
            self.idle -= 1
            if self._work:
                return self._work.popleft()
            self.threads -= 1
            return None
