"""The render lock: one holder at a time, in order of arrival, released while waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from components.render_lock import RenderLock, released
from tests.support.waiting import eventually
from umami.client import Reply


class Ended(BaseException):
    """An early end of a run, which is not an ``Exception``."""


def begun(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def free(floor: RenderLock) -> bool:
    """Whether another thread gets the lock without waiting."""
    got = threading.Event()

    def take() -> None:
        with floor.taken():
            got.set()

    begun(take)
    eventually(lambda: got.is_set() or floor.line > 0)
    return got.is_set()


def test_one_thread_holds_the_lock_at_a_time() -> None:
    floor = RenderLock()
    guard, now, most = threading.Lock(), 0, 0

    def work(_: int) -> None:
        nonlocal now, most
        for _ in range(20):
            with floor.taken():
                with guard:
                    now += 1
                    most = max(most, now)
                time.sleep(0.0005)
                with guard:
                    now -= 1

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(work, range(12)))
    assert most == 1
    assert floor.line == 0
    assert free(floor)


def test_lock_is_given_in_order_of_arrival() -> None:
    floor, came, threads = RenderLock(), list[int](), []

    def work(number: int) -> None:
        with floor.taken():
            came.append(number)

    with floor.taken():
        for number in range(10):
            threads.append(begun(lambda number=number: work(number)))  # type: ignore[misc]
            eventually(lambda number=number: floor.line == number + 1)  # type: ignore[misc]
        assert came == []
    for thread in threads:
        thread.join(10)
    assert came == list(range(10))


def test_lock_is_reentrant() -> None:
    floor = RenderLock()
    with floor.taken(), floor.taken():
        pass
    assert free(floor)


def test_lock_is_released_while_waiting_for_an_answer() -> None:
    floor, reply, has = RenderLock(), Reply[str](released), threading.Event()
    answers: list[str] = []

    def waiting() -> None:
        with floor.taken():
            has.set()
            answers.append(reply.result())

    thread = begun(waiting)
    assert has.wait(20)
    with floor.taken():
        reply.set_result("here")
        # It stands in line until we have done with it.
        eventually(lambda: floor.line == 1)
        assert answers == []
    thread.join(10)
    assert answers == ["here"]
    assert free(floor)


def test_lock_is_kept_when_the_answer_is_available() -> None:
    floor, reply = RenderLock(), Reply[str](released)
    reply.set_result("here")
    with floor.taken():
        thread = begun(lambda: floor.taken().__enter__())
        eventually(lambda: floor.line == 1)
        assert reply.result() == "here"
        assert floor.line == 1
    thread.join(10)


def test_lock_is_taken_again_after_errors_but_not_at_the_end_of_a_run() -> None:
    floor = RenderLock(patience=60)
    with floor.taken():
        with pytest.raises(ValueError, match="asked"), released():
            raise ValueError("asked in vain")
        assert not free(floor)
    eventually(lambda: floor.line == 0)
    with pytest.raises(Ended), floor.taken(), released():
        raise Ended
    assert free(floor)


def test_hanging_holder_is_overtaken() -> None:
    floor = RenderLock(patience=0.05)
    has, release = threading.Event(), threading.Event()

    def hang() -> None:
        with floor.taken():
            has.set()
            release.wait(20)

    hanging = begun(hang)
    assert has.wait(20)
    with floor.taken():
        assert not release.is_set()
    release.set()
    hanging.join(10)
    with floor.taken():
        assert not free(floor)


def test_releasing_without_the_lock_does_nothing() -> None:
    with released():
        pass
