"""Turns: bounded, shared fairly by those who wait, cheap things first, refreshing last."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from umami import scheduling
from umami.scheduling import BACKGROUND, FIRST, Caller, FairQueue, Steps, drive


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


class Gated:
    """Work that ends when it is told to, by name."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self._changed = threading.Condition()
        self._ended: set[str] = set()

    def work(self, name: str) -> Callable[[], None]:
        def run() -> None:
            with self._changed:
                self.began.append(name)
                self._changed.notify_all()
                assert self._changed.wait_for(lambda: name in self._ended, timeout=10)

        return run

    def end(self, *names: str) -> None:
        with self._changed:
            self._ended.update(names)
            self._changed.notify_all()

    def begun(self, count: int) -> list[str]:
        """The names of the first works, once so many have begun."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.began) >= count, timeout=10)
            return [*self.began]


@pytest.fixture
def gated() -> Gated:
    return Gated()


def test_calls_at_once_begin_few_and_grow_with_each_that_succeeds(gated: Gated) -> None:
    turns, names = FairQueue(6), [str(number) for number in range(12)]
    futures = [turns.submit(gated.work(name)) for name in names]
    assert set(gated.begun(FIRST)) == set(names[:FIRST])
    gated.end("0")
    # In place of the one that ended, and one more.
    assert set(gated.begun(FIRST + 2)) == set(names[: FIRST + 2])
    gated.end("1", "2", "3")
    # Six at once from here on: as many as may be.
    assert set(gated.begun(10)) == set(names[:10])
    gated.end(*names)
    for future in futures:
        future.result(10)
    turns.close()


def test_a_failure_does_not_widen_the_queue(gated: Gated) -> None:
    def fail() -> None:
        raise ValueError

    turns = FairQueue(6)
    for _ in range(3):
        assert isinstance(turns.submit(fail).exception(10), ValueError)
    names = [str(number) for number in range(6)]
    futures = [turns.submit(gated.work(name)) for name in names]
    assert set(gated.begun(FIRST)) == set(names[:FIRST])
    gated.end(*names[:FIRST])
    assert set(gated.begun(6)) == set(names)
    gated.end(*names)
    for future in futures:
        future.result(10)
    turns.close()


def test_what_comes_after_waits_until_the_first_is_done(gated: Gated) -> None:
    turns, page = FairQueue(16), Caller()
    below = Caller(after=page)
    futures = [turns.submit(gated.work(name), page) for name in ("stats", "views")]
    futures += [turns.submit(gated.work(name), below) for name in ("pages", "week")]
    other = turns.submit(gated.work("of another"), Caller())
    # There is room for four, but nothing of what is below begins.
    assert sorted(gated.begun(3)) == ["of another", "stats", "views"]
    gated.end("stats", "of another")
    other.result(10)
    assert len(gated.began) == 3
    gated.end("views")
    assert sorted(gated.begun(5)[3:]) == ["pages", "week"]
    gated.end("pages", "week")
    for future in futures:
        future.result(10)
    turns.close()


def test_what_comes_after_is_sent_with_the_first_once_the_server_keeps_up(gated: Gated) -> None:
    turns, page = FairQueue(5), Caller()
    turns.submit(lambda: None).result(10)
    futures = [
        turns.submit(gated.work(name), caller)
        for name, caller in (("pages", Caller(after=page)), ("stats", page))
    ]
    assert set(gated.begun(2)) == {"stats", "pages"}
    gated.end("stats", "pages")
    for future in futures:
        future.result(10)
    turns.close()


def test_a_caller_whose_calls_hang_holds_up_no_other(gated: Gated) -> None:
    turns, hanging = FairQueue(16), [str(number) for number in range(FIRST)]
    page = Caller()
    futures = [turns.submit(gated.work(name), page) for name in (*hanging, "more")]
    assert set(gated.begun(FIRST)) == set(hanging)
    other = turns.submit(gated.work("of another"), Caller())
    # One call more than are allowed, but none for the page that has some.
    assert gated.begun(FIRST + 1)[FIRST:] == ["of another"]
    gated.end("of another", "more", *hanging)
    for future in (*futures, other):
        future.result(10)
    turns.close()


def test_a_first_call_that_hangs_holds_up_the_rest_for_a_while_only(
    gated: Gated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduling, "HOLD", 0.1)
    turns, page = FairQueue(16), Caller()
    futures = [
        turns.submit(gated.work(name), caller)
        for name, caller in (("hangs", page), ("pages", Caller(after=page)))
    ]
    assert gated.begun(2) == ["hangs", "pages"]
    gated.end("hangs", "pages")
    for future in futures:
        future.result(10)
    turns.close()


def test_work_of_another_server_does_not_widen_the_queue(gated: Gated) -> None:
    turns, names = FairQueue(6), [str(number) for number in range(6)]
    for _ in range(3):
        turns.submit(lambda: None, counts=False).result(10)
    futures = [turns.submit(gated.work(name)) for name in names]
    gated.begun(FIRST)
    assert turns._allowed == FIRST
    gated.end(*names)
    for future in futures:
        future.result(10)
    turns.close()


def test_whoever_leaves_leaves_what_comes_after_too() -> None:
    page = Caller()
    below = Caller(after=page)
    page.leave()
    assert below.left


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
