"""Single flight: what many ask for at one moment is done once, and fails once.

Waiting on a lock would let the waiters of something that fails try one after another, and hold a
thread each meanwhile; sharing a future lets all of them have its outcome at the same moment. What
nobody waits for any more when its turn comes is not done at all.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from cachetools import TTLCache

from umami.errors import Cancelled, UmamiError
from umami.fair_queue import SOMEBODY, Caller

T = TypeVar("T")

Run = Callable[[Callable[[], None]], object]
"""Has something done at once or in another thread."""

PAUSE = 3.0
"""Seconds in which what has failed is not tried again: long enough for all that was asked at one
moment, short enough that a person who tries again is obeyed."""
MOST_FAILURES = 1024


@dataclass(slots=True)
class _Flight(Generic[T]):
    outcome: Future[T] = field(default_factory=Future)
    askers: list[Caller] = field(default_factory=list)

    @property
    def wanted(self) -> bool:
        return any(not one.left for one in self.askers)


class SingleFlight(Generic[T]):
    """Work under way, by key, and what was asked and failed a moment ago."""

    def __init__(self, pause: float | None = None) -> None:
        """What fails is not tried again for ``PAUSE`` seconds unless told otherwise."""
        self._guard = threading.Lock()
        self._open: dict[str, _Flight[T]] = {}
        self._failed: TTLCache[str, UmamiError] = TTLCache(
            MOST_FAILURES, PAUSE if pause is None else pause
        )

    def board(
        self,
        key: str,
        work: Callable[[], T],
        run: Run,
        asker: Caller = SOMEBODY,
    ) -> Future[T]:
        """The outcome of ``work``, whoever began it.

        ``run`` gets a function to call at once or in another thread; it is called for the first
        of those who ask. Whatever ``work`` raises, all of them get; ``Unwanted`` where all of them
        had left before it was begun.
        """
        with self._guard:
            flight = self._open.get(key)
            if flight is not None:
                flight.askers.append(asker)
                return flight.outcome
            flight = _Flight[T](askers=[asker])
            failed = self._failed.get(key)
            if failed is None:
                self._open[key] = flight
        if failed is not None:
            flight.outcome.set_exception(again(failed))
        else:
            run(lambda: self._fly(key, flight, work))
        return flight.outcome

    def under_way(self, key: str) -> bool:
        """Whether this is being done, or waits to be."""
        return key in self._open

    def _fly(self, key: str, flight: _Flight[T], work: Callable[[], T]) -> None:
        landed: Future[T] = Future()
        with self._guard:
            wanted = flight.wanted
            if not wanted:
                del self._open[key]
        if not wanted:
            flight.outcome.set_exception(Cancelled("Nobody waits for this any more."))
            return
        settle(landed, work)
        # First out of the way, then told: who is told and asks again begins anew.
        self._end(key, landed.exception())
        settle(flight.outcome, landed.result)

    def _end(self, key: str, problem: BaseException | None) -> None:
        with self._guard:
            del self._open[key]
            if isinstance(problem, UmamiError) and problem.asked:
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
