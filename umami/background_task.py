"""Background tasks: long work in its own thread, with progress and cancellation."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, Literal, TypeVar

from umami.scheduling import settle

T = TypeVar("T")

State = Literal["running", "done", "failed", "cancelled"]
ProgressCallback = Callable[[int, int], None]
"""Takes how much is done and how much there is, in any unit; raises ``TaskCancelled`` after a
cancellation, so that the work stops there."""


class TaskCancelled(Exception):
    """Raised inside cancelled work, which undoes what it began and lets the exception pass."""


class BackgroundTask(Generic[T]):
    """Work in another thread, started at once. Safe to use from many threads. ``work`` is called
    once with a function to which it reports its progress."""

    def __init__(self, work: Callable[[ProgressCallback], T], name: str = "long work") -> None:
        self._cancelled = threading.Event()
        self._outcome: Future[T] = Future()
        self.done = 0
        """How much is done, in the unit of the work."""
        self._total = 0
        self._started = time.monotonic()
        threading.Thread(
            target=settle, args=(self._outcome, lambda: work(self._report)), name=name, daemon=True
        ).start()

    @property
    def state(self) -> State:
        if not self._outcome.done():
            return "running"
        problem = self._outcome.exception()
        if problem is None:
            return "done"
        return "cancelled" if isinstance(problem, TaskCancelled) else "failed"

    @property
    def share(self) -> float:
        """The fraction of the work that is done, from 0 to 1."""
        return min(1.0, self.done / self._total) if self._total else 0.0

    @property
    def left(self) -> float | None:
        """Estimated seconds until the end, at the pace so far; ``None`` before any progress."""
        share = self.share
        return (time.monotonic() - self._started) * (1 - share) / share if share else None

    def cancel(self) -> None:
        """Stop the work at its next report of progress."""
        self._cancelled.set()

    def result(self, within: float | None = None) -> T:
        """The result of the work, after waiting ``within`` seconds at most. Raises what the work
        raised, ``TaskCancelled`` included, and ``TimeoutError``."""
        return self._outcome.result(within)

    def _report(self, done: int, total: int) -> None:
        if self._cancelled.is_set():
            raise TaskCancelled
        self.done, self._total = done, total
