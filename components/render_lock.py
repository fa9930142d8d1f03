"""The render lock: one script run draws at a time, first come, first served.

Python executes one thread at a time. Many script runs that take turns every few milliseconds all
end late, and at the same moment; one after the other, the first ends early and the last no later. A
run that waits for an answer releases the lock meanwhile.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

PATIENCE: Final = 5.0
"""Seconds after which a waiting thread goes on without the lock: its holder may hang."""


class RenderLock:
    """A fair lock. Safe to use from many threads."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._guard = threading.Lock()
        self._holders = 0
        self._patience = patience
        self._line: deque[threading.Event] = deque()

    @property
    def line(self) -> int:
        """How many threads wait for the lock at this moment."""
        return len(self._line)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold the lock inside; a thread that holds it already continues at once."""
        if _HELD.get() is self:
            yield
            return
        self._acquire()
        try:
            yield
        finally:
            if _HELD.get() is self:
                self._release()

    def _acquire(self) -> None:
        turn = threading.Event()
        with self._guard:
            if self._holders:
                self._line.append(turn)
            else:
                self._holders = 1
                turn.set()
        if not turn.wait(self._patience):
            with self._guard:
                # The turn may have come since the wait ended.
                if turn in self._line:
                    self._line.remove(turn)
                    self._holders += 1
        _HELD.set(self)

    def _release(self) -> None:
        _HELD.set(None)
        with self._guard:
            if self._holders == 1 and self._line:
                self._line.popleft().set()
            else:
                self._holders -= 1


RENDER_LOCK: Final = RenderLock()
_HELD: ContextVar[RenderLock | None] = ContextVar("the lock that this thread holds", default=None)


@contextmanager
def released() -> Iterator[None]:
    """Release the lock that this thread holds, if any, inside, and wait for it again afterwards.

    An exception that is not an ``Exception``, such as the end of a script run, does not wait.
    """
    lock = _HELD.get()
    if lock is None:
        yield
        return
    lock._release()
    try:
        yield
    except Exception:
        lock._acquire()
        raise
    lock._acquire()
