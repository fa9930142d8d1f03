"""Turns at the server: a bounded number at a time, shared fairly by those who wait.

Whoever waits gets a turn after everybody else who waits has had one, however much they ask;
within what one of them asks, what is cheap goes first, then what was asked first. What is asked
anew behind an answer that is shown already goes last of all.
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
    """Somebody who waits for answers: one run of one page, say."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = False

    @property
    def left(self) -> bool:
        """Whether nobody waits there any more."""
        return self._left

    def leave(self) -> None:
        """Wait no more: what only this one waited for need not be asked."""
        self._left = True


SOMEBODY: Final = Caller()
"""Whoever asks without saying who, and waits until there is an answer."""
BEHIND: Final = Caller()
"""Who asks anew behind answers that are shown already."""


@dataclass(order=True, slots=True)
class _Waiting:
    effort: int
    number: int
    since: float = field(compare=False)
    work: Callable[[], None] = field(compare=False)


class FairQueue:
    """Has work done in other threads, so much at a time. Safe to use from many threads."""

    def __init__(self, at_once: int, watch: Instrumentation = NO_INSTRUMENTATION) -> None:
        self._workers = ThreadPool(at_once, "umami")
        self._watch = watch
        self._guard = threading.Lock()
        self._numbers = itertools.count()
        self._waiting: OrderedDict[Caller, list[_Waiting]] = OrderedDict()

    def take(self, work: Callable[[], None], asker: Caller = SOMEBODY, effort: int = 0) -> None:
        """Have this done when it is its turn; after ``close`` it is done at once, right here."""
        with self._guard:
            waiting = self._waiting.setdefault(asker, [])
            heapq.heappush(waiting, _Waiting(effort, next(self._numbers), time.monotonic(), work))
        self._workers.submit(self._next)

    def close(self) -> None:
        """Begin nothing more in other threads; what waits is still done."""
        self._workers.close()

    def _next(self) -> None:
        with self._guard:
            asker = next((one for one in self._waiting if one is not BEHIND), BEHIND)
            waiting = self._waiting[asker]
            turn = heapq.heappop(waiting)
            if waiting:
                self._waiting.move_to_end(asker)
            else:
                del self._waiting[asker]
        self._watch.waited(time.monotonic() - turn.since)
        turn.work()
