"""Turns: bounded, shared fairly by those who wait, cheap things first, refreshing last."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from umami.scheduling import BACKGROUND, Caller, FairQueue, Steps, drive


class Blocked:
    """Turns of one thread, which is busy until it is let go; then all in line is done."""

    def __init__(self) -> None:
        self.turns = FairQueue(1)
        self.done: list[str] = []
        self._let = threading.Event()
        self._all = threading.Event()
        self.turns.submit(lambda: self._let.wait() and None)

    def say(self, word: str) -> Callable[[], None]:
        return lambda: self.done.append(word)

    def finish(self) -> list[str]:
        self.turns.submit(self._all.set, BACKGROUND, effort=9)
        self._let.set()
        assert self._all.wait(10)
        return self.done


@pytest.fixture
def line() -> Iterator[Blocked]:
    blocked = Blocked()
    yield blocked
    blocked.finish()
    blocked.turns.close()


def test_who_asks_little_does_not_wait_for_who_asks_much(line: Blocked) -> None:
    busy, quiet = Caller(), Caller()
    for number in range(4):
        line.turns.submit(line.say(f"busy {number}"), busy)
    line.turns.submit(line.say("quiet"), quiet)
    assert line.finish() == ["busy 0", "quiet", "busy 1", "busy 2", "busy 3"]


def test_what_is_cheap_goes_first_and_then_what_was_asked_first(line: Blocked) -> None:
    caller = Caller()
    for effort, word in ((2, "retention"), (0, "stats"), (1, "pages"), (0, "pageviews")):
        line.turns.submit(line.say(word), caller, effort)
    assert line.finish() == ["stats", "pageviews", "pages", "retention"]


def test_refreshing_goes_last(line: Blocked) -> None:
    line.turns.submit(line.say("refreshed"), BACKGROUND)
    for caller in (Caller(), Caller()):
        line.turns.submit(line.say("wanted"), caller, effort=2)
    assert line.finish() == ["wanted", "wanted", "refreshed"]


def test_no_more_than_so_many_at_a_time() -> None:
    turns = FairQueue(3)
    let, guard = threading.Event(), threading.Lock()
    now, most, done = 0, 0, threading.Semaphore(0)

    def work() -> None:
        nonlocal now, most
        with guard:
            now += 1
            most = max(most, now)
        let.wait(10)
        with guard:
            now -= 1
        done.release()

    for _ in range(12):
        turns.submit(work, Caller())
    let.set()
    for _ in range(12):
        assert done.acquire(timeout=10)
    assert most <= 3
    turns.close()


def test_after_closing_it_is_done_right_here() -> None:
    turns = FairQueue(1)
    turns.close()
    done: list[int] = []
    turns.submit(lambda: done.append(threading.get_ident()))
    assert done == [threading.get_ident()]


def test_a_generator_that_waits_for_nothing_continues() -> None:
    """A plan sends a request for each of the names that an answer lists, which may be none."""

    def steps() -> Steps[str]:
        assert (yield []) == []
        assert (yield ()) == []
        return "done"

    assert drive(steps()).result(10) == "done"
