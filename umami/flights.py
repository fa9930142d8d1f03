"""Single flight: what many ask for at one moment is done once, and fails once.

Waiting on a lock would let the waiters of something that fails try one after another, and hold a
thread each meanwhile; sharing a future lets all of them have its outcome at the same moment.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from cachetools import TTLCache

from umami.errors import UmamiError

T = TypeVar("T")

PAUSE = 3.0
"""Seconds in which what has failed is not tried again: long enough for all that was asked at one
moment, short enough that a person who tries again is obeyed."""
MOST_FAILURES = 1024


class Flights(Generic[T]):
    """Work under way, by key, and what failed a moment ago."""

    def __init__(self, pause: float = PAUSE) -> None:
        self._guard = threading.Lock()
        self._open: dict[str, Future[T]] = {}
        self._failed: TTLCache[str, UmamiError] = TTLCache(MOST_FAILURES, pause)

    def board(
        self, key: str, work: Callable[[], T], run: Callable[[Callable[[], None]], object]
    ) -> Future[T]:
        """The outcome of ``work``, whoever began it.

        ``run`` gets a function to call at once or in another thread; it is called for the first
        of those who ask. Whatever ``work`` raises, all of them get.
        """
        flight: Future[T] = Future()
        with self._guard:
            if key in self._open:
                return self._open[key]
            failed = self._failed.get(key)
            if failed is None:
                self._open[key] = flight
        if failed is not None:
            flight.set_exception(again(failed))
            return flight
        run(lambda: self._fly(key, flight, work))
        return flight

    def _fly(self, key: str, flight: Future[T], work: Callable[[], T]) -> None:
        landed: Future[T] = Future()
        settle(landed, work)
        # First out of the way, then told: who is told and asks again begins anew.
        self._end(key, landed.exception())
        settle(flight, landed.result)

    def _end(self, key: str, problem: BaseException | None) -> None:
        with self._guard:
            del self._open[key]
            if isinstance(problem, UmamiError):
                self._failed[key] = problem


def settle(future: Future[T], work: Callable[[], T]) -> None:
    """Do the work now and put its outcome into the future."""
    try:
        outcome = work()
    except BaseException as problem:
        future.set_exception(problem.with_traceback(None))
    else:
        future.set_result(outcome)


def again(problem: UmamiError) -> UmamiError:
    """The same error to raise once more: one that is raised by many collects their tracebacks."""
    twin = copy.copy(problem)
    twin.__cause__ = twin.__context__ = None
    return twin.with_traceback(None)
