"""The floor: those who need the processor have it one after the other, what came first first.

Python runs one thread at a time, whoever may run. Many that take turns every few milliseconds all
end late, and at the same moment, and each lock that one of them holds when its turn is over stops
all the others; one after the other, the first ends early and the last no later. Who waits for an
answer leaves the floor to others meanwhile.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

PATIENCE: Final = 5.0
"""Seconds after which one that stands in line goes on all the same: what has the floor hangs."""


class FairLock:
    """Had by so many threads at a time. Safe to use from many threads."""

    def __init__(self, at_once: int = 1, patience: float = PATIENCE) -> None:
        self._guard = threading.Lock()
        self._free = at_once
        self._patience = patience
        self._line: deque[threading.Event] = deque()

    @property
    def line(self) -> int:
        """How many stand in line at this moment."""
        return len(self._line)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Have the floor inside, as soon as it is free; who has it already goes on with it."""
        if _HAD.get() is self:
            yield
            return
        self._take()
        try:
            yield
        finally:
            if _HAD.get() is self:
                self._give()

    def _take(self) -> None:
        with self._guard:
            free = self._free > 0
            if free:
                self._free -= 1
            else:
                turn = threading.Event()
                self._line.append(turn)
        if not free and not turn.wait(self._patience):
            with self._guard:
                # It may have come just now.
                if turn in self._line:
                    self._line.remove(turn)
                    self._free -= 1
        _HAD.set(self)

    def _give(self) -> None:
        _HAD.set(None)
        with self._guard:
            self._free += 1
            if self._free > 0 and self._line:
                self._free -= 1
                self._line.popleft().set()


_HAD: ContextVar[FairLock | None] = ContextVar("the floor that this thread has", default=None)


@contextmanager
def released() -> Iterator[None]:
    """Leave the floor that this thread has, if any, to others inside, and stand in line for it
    afterwards. What ends a run inside, ends it without."""
    floor = _HAD.get()
    if floor is None:
        yield
        return
    floor._give()
    try:
        yield
    except Exception:
        floor._take()
        raise
    floor._take()
