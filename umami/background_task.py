"""Long work: done piece by piece in a thread of its own, watched, and called off at any time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, Literal, TypeVar

from umami.single_flight import settle

T = TypeVar("T")

State = Literal["running", "done", "failed", "called off"]
ProgressCallback = Callable[[int, int], None]
"""Takes how much is done and how much there is, in whatever unit the work counts; raises
``CalledOff`` where nobody wants the work any more, so that work stops at its next piece."""


class TaskCancelled(Exception):
    """Raised inside work that was called off; it undoes what it began and lets this pass."""


class BackgroundTask(Generic[T]):
    """Something that takes long, begun when this is made. Safe to watch from many threads.

    ``do`` is called once, in a thread of its own, with a function that it tells its progress.
    """

    def __init__(self, do: Callable[[ProgressCallback], T], name: str = "long work") -> None:
        self._called_off = threading.Event()
        self._outcome: Future[T] = Future()
        self._done = 0
        self._total = 0
        self._begun = time.monotonic()
        threading.Thread(
            target=settle, args=(self._outcome, lambda: do(self._told)), name=name, daemon=True
        ).start()

    @property
    def state(self) -> State:
        """Where the work stands."""
        if not self._outcome.done():
            return "running"
        problem = self._outcome.exception()
        if problem is None:
            return "done"
        return "called off" if isinstance(problem, TaskCancelled) else "failed"

    @property
    def share(self) -> float:
        """How much of the work is done, from 0 to 1."""
        return min(1.0, self._done / self._total) if self._total else 0.0

    @property
    def done(self) -> int:
        """How much is done, in the unit of the work."""
        return self._done

    @property
    def left(self) -> float | None:
        """Seconds the rest will take at the pace so far; ``None`` while nobody can tell."""
        share = self.share
        return (time.monotonic() - self._begun) * (1 - share) / share if share else None

    def call_off(self) -> None:
        """Want the work no more: it stops at its next piece."""
        self._called_off.set()

    def result(self, within: float | None = None) -> T:
        """What came of the work, after waiting ``within`` seconds at most.

        Raises what the work raised, ``CalledOff`` included, and ``TimeoutError``.
        """
        return self._outcome.result(within)

    def _told(self, done: int, total: int) -> None:
        if self._called_off.is_set():
            raise TaskCancelled
        self._done, self._total = done, total
