"""Single flight: concurrent calls for the same key share one execution and its outcome.

With a lock instead, callers of something that fails would try one after another, and hold a thread
each meanwhile. With a shared future all of them get the outcome at the same moment. Work that no
caller waits for any more when its turn comes is not done.
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
from umami.fair_queue import ANYONE, Caller

T = TypeVar("T")

Run = Callable[[Callable[[], None]], object]
"""Calls a function at once or in another thread."""

PAUSE = 3.0
"""Seconds before failed work is tried again: long enough for everything that was requested at the
same moment, short enough for a person who retries."""
MOST_FAILURES = 1024


@dataclass(slots=True)
class _Flight(Generic[T]):
    outcome: Future[T] = field(default_factory=Future)
    callers: list[Caller] = field(default_factory=list)


class SingleFlight(Generic[T]):
    """Work in progress and recent failures, by key."""

    def __init__(self, pause: float | None = None) -> None:
        """Failed work is not tried again for ``pause`` seconds, by default ``PAUSE``."""
        self._guard = threading.Lock()
        self._flights: dict[str, _Flight[T]] = {}
        self._failures: TTLCache[str, UmamiError] = TTLCache(
            MOST_FAILURES, PAUSE if pause is None else pause
        )

    def submit(
        self, key: str, work: Callable[[], T], run: Run, caller: Caller = ANYONE
    ) -> Future[T]:
        """The future outcome of ``work``, whoever started it.

        ``run`` starts the work of the first caller. All callers get the same result or exception;
        ``Cancelled`` where all of them had left before it started.
        """
        with self._guard:
            flight = self._flights.get(key)
            if flight is not None:
                flight.callers.append(caller)
                return flight.outcome
            flight = _Flight[T](callers=[caller])
            failure = self._failures.get(key)
            if failure is None:
                self._flights[key] = flight
        if failure is not None:
            flight.outcome.set_exception(again(failure))
        else:
            run(lambda: self._do(key, flight, work))
        return flight.outcome

    def result(self, key: str, work: Callable[[], T]) -> T:
        """The outcome of ``work``, which runs in this thread unless another one is at it."""
        flight = self.submit(key, work, lambda start: start())
        problem = flight.exception()
        if problem is not None:
            raise again(problem) if isinstance(problem, UmamiError) else problem
        return flight.result()

    def __contains__(self, key: str) -> bool:
        """Whether work for this key is in progress or waits to start."""
        return key in self._flights

    def _do(self, key: str, flight: _Flight[T], work: Callable[[], T]) -> None:
        with self._guard:
            left = all(caller.left for caller in flight.callers)
            if left:
                del self._flights[key]
        if left:
            flight.outcome.set_exception(Cancelled("No caller waits for this any more."))
            return
        outcome: Future[T] = Future()
        settle(outcome, work)
        problem = outcome.exception()
        # Remove the entry before resolving the future, so that a caller who retries starts anew.
        with self._guard:
            del self._flights[key]
            if isinstance(problem, UmamiError) and problem.sent:
                self._failures[key] = problem
        settle(flight.outcome, outcome.result)


def settle(future: Future[T], work: Callable[[], T]) -> None:
    """Do the work now and resolve the future with its outcome."""
    try:
        outcome = work()
    except BaseException as problem:
        future.set_exception(problem.with_traceback(None))
    else:
        future.set_result(outcome)


def again(problem: UmamiError) -> UmamiError:
    """A copy of an error to raise again: an error that is raised many times collects tracebacks."""
    twin = copy.copy(problem)
    twin.__cause__ = twin.__context__ = None
    return twin.with_traceback(None)
