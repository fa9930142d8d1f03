"""A queue that shares a bounded number of threads fairly between callers.

Callers take turns, however much each of them submits. Within the work of one caller, cheap work
goes first, then older work. Background work, which refreshes answers that are shown already, goes
last of all.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from umami.instrumentation import NO_INSTRUMENTATION, Instrumentation
from umami.thread_pool import ThreadPool


class Caller:
    """Whoever waits for answers, such as one run of one page."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = False
        """Whether it has stopped waiting."""

    def leave(self) -> None:
        """Stop waiting: work that only this caller waits for need not be done."""
        self.left = True


ANYONE: Final = Caller()
"""A caller without an identity, which waits until there is an answer."""
BACKGROUND: Final = Caller()
"""The caller that refreshes answers which are shown already."""


@dataclass(order=True, slots=True)
class _Waiting:
    effort: int
    number: int
    since: float = field(compare=False)
    work: Callable[[], None] = field(compare=False)


class FairQueue:
    """Calls functions in ``at_once`` other threads. Safe to use from many threads."""

    def __init__(self, at_once: int, watch: Instrumentation = NO_INSTRUMENTATION) -> None:
        self._pool = ThreadPool(at_once, "umami")
        self._watch = watch
        self._guard = threading.Lock()
        self._numbers = itertools.count()
        self._waiting: OrderedDict[Caller, list[_Waiting]] = OrderedDict()

    def submit(self, work: Callable[[], None], caller: Caller = ANYONE, effort: int = 0) -> None:
        """Do the work when its turn comes; after ``close``, at once and in this thread."""
        with self._guard:
            waiting = self._waiting.setdefault(caller, [])
            heapq.heappush(waiting, _Waiting(effort, next(self._numbers), time.monotonic(), work))
        self._pool.submit(self._next)

    def close(self) -> None:
        """Start nothing more in other threads; waiting work is still done."""
        self._pool.close()

    def _next(self) -> None:
        with self._guard:
            caller = next((c for c in self._waiting if c is not BACKGROUND), BACKGROUND)
            waiting = self._waiting[caller]
            turn = heapq.heappop(waiting)
            if waiting:
                self._waiting.move_to_end(caller)
            else:
                del self._waiting[caller]
        self._watch.waited(time.monotonic() - turn.since)
        turn.work()
