"""A source of answers that counts its requests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from umami.cache import Answer, Fetch, Run, Submit
from umami.scheduling import Caller, Steps, Wanted, settle

T = TypeVar("T")


class Source:
    """Counts requests; answers with the count, or fails, slowly where configured."""

    def __init__(self) -> None:
        self.asked = 0
        self.problem: Exception | None = None
        self.let = threading.Event()
        self.let.set()

    def __call__(self) -> bytes:
        self.asked += 1
        mine = self.asked
        assert self.let.wait(20)
        if self.problem is not None:
            raise self.problem
        return b"%d" % mine


def fetching(source: Callable[[], bytes]) -> Fetch:
    """A fetch of what a source answers, with one request."""

    def fetch(run: Run[Any]) -> Steps[Answer]:
        (answer,) = yield [run(source)]
        return Answer(answer, answer)

    return fetch


def submitting(run: Callable[[Callable[[], None]], object]) -> Submit:
    """The queue of a client, without its order."""

    def submit(
        work: Callable[[], T], *, caller: Caller, wanted: Wanted, counts: bool = True
    ) -> Future[T]:
        future: Future[T] = Future()
        run(partial(settle, future, work, wanted))
        return future

    return submit
