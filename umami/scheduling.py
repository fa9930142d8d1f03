"""Decides when requests are sent: a fair queue, shared work, a rate limit, a circuit breaker, and
generators that wait for futures. No thread waits for an answer: a generator that needs answers
yields their futures, and continues in the thread that resolves the last of them."""

from __future__ import annotations

import copy
import heapq
import itertools
import random
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Generic, TypeVar

from cachetools import TTLCache
from pyrate_limiter import Limiter, Rate

from umami.errors import Cancelled, UmamiError
from umami.instrumentation import Instrumentation
from umami.texts import N_

T = TypeVar("T")
E = TypeVar("E", bound=BaseException)

Wanted = Callable[[], bool]
"""Whether any caller still waits for the work."""
Steps = Generator[Sequence[Future[Any]], list[Any], T]
"""Yields futures to wait for, receives their results, and returns its own. The first failure is
thrown into the generator."""

PAUSE: Final = 3.0
"""Seconds before failed work is tried again: long enough for everything that was requested at the
same moment, short enough for a person who retries."""
REMEMBERED: Final = 60.0
"""Seconds for which a failure is remembered."""
MOST_FAILURES: Final = 1024
SLICE: Final = 0.5
"""Seconds between two checks of whether waiting for the rate limit still makes sense."""
FAILURES: Final = 5
"""Failures in a row that open the circuit breaker."""
TRIAL_PAUSE: Final = 3.0
"""Seconds until a first request tries the server again; doubles with each that fails."""
LONGEST_TRIAL_PAUSE: Final = 30.0
"""Longest pause in seconds, after which a server that is up again is noticed."""
FIRST: Final = 4
"""Calls that are made at once before any has succeeded: those of a page's first screen."""
PARALLEL: Final = 16
"""Calls at once from which on the order of the calls of a page hardly delays it."""
HOLD: Final = 3.0
"""Seconds for which work of a page's first screen holds up the rest of the page."""
JITTER: Final = 0.2
"""Random extension of a pause, as a fraction, so that replicas do not retry at the same moment."""


class Caller:
    """Whoever waits for answers, such as one run of one page."""

    __slots__ = ("_left", "after")

    def __init__(self, after: Caller | None = None) -> None:
        """``after`` is a caller for whom the same reader waits first: its work goes first."""
        self.after = after
        self._left = False

    @property
    def left(self) -> bool:
        """Whether it has stopped waiting."""
        return self._left or (self.after is not None and self.after.left)

    def leave(self) -> None:
        """Stop waiting: work that only this caller waits for need not be done."""
        self._left = True


ANYONE: Final = Caller()
"""A caller without an identity, which waits until there is an answer."""
BACKGROUND: Final = Caller()
"""The caller that refreshes answers which are shown already."""


def drive(steps: Steps[T], outcome: Future[T] | None = None) -> Future[T]:
    """Run a generator; the future, ``outcome`` if there is one, is resolved with its result."""
    done: Future[T] = Future() if outcome is None else outcome

    def advance(resume: Callable[[], Sequence[Future[Any]]]) -> None:
        try:
            pending = resume()
            while not pending:
                pending = steps.send([])
        except StopIteration as end:
            done.set_result(end.value)
        except BaseException as problem:
            done.set_exception(_without_context(problem))
        else:
            left = itertools.count(len(pending) - 1, -1)
            for future in pending:
                future.add_done_callback(
                    lambda _: None if next(left) else advance(partial(_resume, steps, pending))
                )

    advance(partial(next, steps))
    return done


def _resume(steps: Steps[Any], done: Sequence[Future[Any]]) -> Sequence[Future[Any]]:
    problem = next((failure for future in done if (failure := future.exception())), None)
    if problem is None:
        return steps.send([future.result() for future in done])
    return steps.throw(again(problem) if isinstance(problem, UmamiError) else problem)


def settle(future: Future[T], work: Callable[[], T], wanted: Wanted = lambda: True) -> None:
    """Do the work now, if it is wanted, and resolve the future with its outcome."""
    try:
        if not wanted():
            raise Cancelled(N_("No caller waits for this any more."))
        outcome = work()
    except BaseException as problem:
        future.set_exception(_without_context(problem))
    else:
        future.set_result(outcome)


def result_of(future: Future[T]) -> T:
    """Wait for the result of a future that several threads share. Raises a copy of its error."""
    problem = future.exception()
    if isinstance(problem, UmamiError):
        raise again(problem)
    return future.result()


def again(problem: UmamiError) -> UmamiError:
    """A copy of an error to raise again: an error that is raised many times collects tracebacks."""
    return _without_context(copy.copy(problem))


def _without_context(problem: E) -> E:
    """The error without traceback and context, which may hold a request with its headers."""
    problem.__cause__ = problem.__context__ = None
    return problem.with_traceback(None)


@dataclass(order=True, slots=True)
class _Waiting:
    order: tuple[bool, int, int]
    caller: Caller = field(compare=False)
    since: float = field(compare=False)
    do: Callable[[], None] = field(compare=False)
    future: Future[Any] = field(compare=False)
    counts: bool = field(compare=False)


class FairQueue:
    """Calls functions in other threads. Safe to use from many threads. Callers take turns, however
    much each of them submits. Within the work of one caller, cheap work goes first, then older
    work; then comes that of a caller ``after`` it. Background work, which refreshes answers that
    are shown already, goes last of all.

    How much a server does at a time is unknown at first. So ``FIRST`` calls may be made at once,
    one more with each that succeeds, and at last ``at_once``; beyond that, callers of whose work
    nothing is running get one call each. Below ``PARALLEL``, work of a caller ``after`` another one
    waits until all work of that one is done, but for ``HOLD`` seconds at most: a call that hangs
    must not hold up the rest."""

    def __init__(self, at_once: int, watch: Instrumentation | None = None) -> None:
        self._pool = ThreadPoolExecutor(at_once, "umami")
        self._at_once = at_once
        self._allowed = min(FIRST, at_once)
        self._parallel = min(PARALLEL, at_once)
        self._watch = watch
        self._guard = threading.Lock()
        self._numbers = itertools.count()
        self._waiting: OrderedDict[Caller, list[_Waiting]] = OrderedDict()
        """Work by caller; that of a caller ``after`` another one is with the other's."""
        self._running: Counter[Caller] = Counter()
        self._began: dict[Caller, float] = {}
        """When a call of a caller was started while none of its calls was running."""
        self._timer: threading.Timer | None = None

    def submit(
        self,
        work: Callable[[], T],
        caller: Caller = ANYONE,
        effort: int = 0,
        wanted: Wanted = lambda: True,
        *,
        counts: bool = True,
    ) -> Future[T]:
        """Do the work when its turn comes, if it is ``wanted`` then: ``Cancelled`` otherwise. After
        ``close``, do it at once and in this thread. ``counts`` is whether its success shows what
        the server does at a time."""
        future: Future[T] = Future()
        order = (caller.after is not None, effort, next(self._numbers))
        do = partial(settle, future, work, wanted)
        with self._guard:
            waiting = self._waiting.setdefault(caller.after or caller, [])
            turn = _Waiting(order, caller, time.monotonic(), do, future, counts)
            heapq.heappush(waiting, turn)
        self._start()
        return future

    def close(self) -> None:
        """Start nothing more in other threads; waiting work is still done."""
        self._pool.shutdown(wait=False)

    def _start(self) -> None:
        """Start all work whose turn has come."""
        while (turn := self._next()) is not None:
            try:
                self._pool.submit(self._go_on, turn)
            except RuntimeError:
                self._do(turn)

    def _go_on(self, turn: _Waiting) -> None:
        self._do(turn)
        self._start()

    def _start_later(self) -> None:
        with self._guard:
            self._timer = None
        self._start()

    def _do(self, turn: _Waiting) -> None:
        if self._watch:
            self._watch.waited(time.monotonic() - turn.since)
        turn.do()
        with self._guard:
            self._running[turn.caller] -= 1
            if not self._running[turn.caller]:
                del self._running[turn.caller]
                del self._began[turn.caller]
            if turn.counts and turn.future.exception() is None:
                self._allowed = min(self._allowed + 1, self._at_once)

    def _next(self) -> _Waiting | None:
        with self._guard:
            running = self._running.total()
            if running >= self._at_once:
                return None
            groups = sorted(self._waiting, key=lambda group: group is BACKGROUND)
            if running >= self._allowed:
                busy = {caller.after or caller for caller in self._running}
                groups = [g for g in groups if g not in busy and g is not BACKGROUND]
            for group in groups:
                if self._hold(group) <= 0:
                    break
            else:
                if groups and self._timer is None:
                    self._timer = threading.Timer(min(map(self._hold, groups)), self._start_later)
                    self._timer.daemon = True
                    self._timer.start()
                return None
            waiting = self._waiting[group]
            turn = heapq.heappop(waiting)
            if waiting:
                self._waiting.move_to_end(group)
            else:
                del self._waiting[group]
            self._running[turn.caller] += 1
            self._began.setdefault(turn.caller, time.monotonic())
            return turn

    def _hold(self, group: Caller) -> float:
        """Seconds for which the first work of a group waits for what runs of it; none at 0."""
        if self._waiting[group][0].caller is group or self._allowed >= self._parallel:
            return 0.0
        if not self._running[group] or group.left:
            return 0.0
        return self._began[group] + HOLD - time.monotonic()


@dataclass(slots=True)
class _Flight(Generic[T]):
    outcome: Future[T] = field(default_factory=Future)
    callers: list[Caller] = field(default_factory=list)


class SingleFlight(Generic[T]):
    """Work in progress and recent failures, by key: concurrent callers share one outcome. With a
    lock instead, callers of what fails would try one after another, each in a thread."""

    def __init__(self, pause: float | None = None) -> None:
        """Failed work is not tried again for ``pause`` seconds, by default ``PAUSE``."""
        self._pause = PAUSE if pause is None else pause
        self._guard = threading.Lock()
        self._flights: dict[str, _Flight[T]] = {}
        self._failures: TTLCache[str, tuple[UmamiError, float]] = TTLCache(
            MOST_FAILURES, REMEMBERED
        )

    def submit(
        self, key: str, start: Callable[[Wanted], Future[T]], caller: Caller = ANYONE
    ) -> Future[T]:
        """The future outcome of work, whoever started it. ``start`` starts the work for the first
        caller. It receives a function that says whether any caller still waits; once that is false,
        the next caller starts the work again. All callers get the same result or exception."""
        with self._guard:
            flight = self._flights.get(key)
            if flight is not None:
                flight.callers.append(caller)
                return flight.outcome
            flight = _Flight[T](callers=[caller])
            failure = self._failure(key)
            if failure is None or not failure[0].sent or failure[1] >= self._pause:
                failure = None
                self._flights[key] = flight
        if failure is not None:
            flight.outcome.set_exception(again(failure[0]))
        else:
            started = start(partial(self._wanted, key, flight))
            started.add_done_callback(partial(self._land, key, flight))
        return flight.outcome

    def result(self, key: str, work: Callable[[], T]) -> T:
        """The outcome of ``work``, which runs in this thread unless another one is at it."""

        def start(_: Wanted) -> Future[T]:
            future: Future[T] = Future()
            settle(future, work)
            return future

        return result_of(self.submit(key, start))

    def failure(self, key: str) -> tuple[UmamiError, float] | None:
        """The last outcome, if it was an error, and its age in seconds."""
        with self._guard:
            return self._failure(key)

    def __contains__(self, key: str) -> bool:
        """Whether work for this key is in progress or waits to start."""
        return key in self._flights

    def _failure(self, key: str) -> tuple[UmamiError, float] | None:
        failure = self._failures.get(key)
        return failure and (failure[0], time.monotonic() - failure[1])

    def _wanted(self, key: str, flight: _Flight[T]) -> bool:
        with self._guard:
            if self._flights.get(key) is not flight:
                return False
            wanted = not all(caller.left for caller in flight.callers)
            if not wanted:
                del self._flights[key]
            return wanted

    def _land(self, key: str, flight: _Flight[T], done: Future[T]) -> None:
        problem = done.exception()
        # Remove the entry before resolving the future, so that a caller who retries starts anew.
        with self._guard:
            if self._flights.get(key) is flight:
                del self._flights[key]
            if problem is None:
                self._failures.pop(key, None)
            elif isinstance(problem, UmamiError) and not isinstance(problem, Cancelled):
                self._failures[key] = problem, time.monotonic()
        settle(flight.outcome, done.result)


class RateLimit:
    """Lets at most ``calls`` through in so many ``seconds``. Safe to use from many threads."""

    def __init__(self, calls: int, seconds: float) -> None:
        self._limiter = Limiter(Rate(calls, round(seconds * 1000)))
        self._guard = threading.Lock()
        self.waiting = 0
        """How many calls wait at this moment."""

    def turn(self, left: Callable[[], float]) -> bool:
        """Wait for permission to call, as long as ``left`` returns seconds; whether it came."""
        if self._limiter.try_acquire(blocking=False):
            return True
        with self._guard:
            self.waiting += 1
        try:
            while (rest := left()) > 0:
                if self._limiter.try_acquire(timeout=min(SLICE, rest)):
                    return True
            return False
        finally:
            with self._guard:
                self.waiting -= 1


class CircuitBreaker:
    """Stops requests to a server that is down, and lets one through now and then. A server is down
    when several requests in a row, to more than one endpoint, get no answer at all. An endpoint
    that always fails by itself does not stop the others. Safe to use from many threads."""

    def __init__(self, pause: float | None = None, longest: float = LONGEST_TRIAL_PAUSE) -> None:
        """``pause`` is by default ``TRIAL_PAUSE``."""
        self._guard = threading.Lock()
        self._first = self._pause = TRIAL_PAUSE if pause is None else pause
        self._longest = longest
        self._worked_at = 0.0
        self._failures: list[str] = []
        self._until = 0.0
        self.problem: UmamiError | None = None
        """Why the breaker is open; ``None`` while it is closed."""

    def refusal(self) -> UmamiError | None:
        """Why a request must not be sent now; ``None`` to send it, also as the next trial."""
        with self._guard:
            if self.problem is None:
                return None
            now = time.monotonic()
            if now < self._until:
                return self.problem
            # This request is the trial; the next one is let through after another pause.
            self._until = now + self._next_pause()
            return None

    def worked(self) -> None:
        """Record an answer, whatever its status."""
        self._worked_at = time.monotonic()
        if self._failures or self.problem is not None:
            with self._guard:
                self._failures.clear()
                self.problem = None
                self._pause = self._first

    def failed(self, endpoint: str, problem: UmamiError) -> None:
        """Record a request without an answer."""
        with self._guard:
            self._failures = [*self._failures, endpoint][-FAILURES:]
            if len(self._failures) == FAILURES and len(set(self._failures)) > 1:
                self._open(problem)

    def gone(self, problem: UmamiError, started: float) -> None:
        """Record that no connection could be made since ``started`` (monotonic seconds). This opens
        the breaker at once, unless another request was answered meanwhile."""
        with self._guard:
            if self._worked_at < started:
                self._open(problem)

    def _open(self, problem: UmamiError) -> None:
        if self.problem is None:
            self.problem = problem
            self._until = time.monotonic() + self._next_pause()

    def _next_pause(self) -> float:
        pause = self._pause
        self._pause = min(2 * pause, self._longest)
        return pause * (1 + random.uniform(0, JITTER))
