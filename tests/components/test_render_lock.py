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


def free(lock: RenderLock) -> bool:
    """Whether another thread gets the lock without waiting."""
    got = threading.Event()

    def take() -> None:
        with lock.taken():
            got.set()

    begun(take)
    eventually(lambda: got.is_set() or lock.line > 0)
    return got.is_set()


def test_one_thread_holds_the_lock_at_a_time() -> None:
    lock = RenderLock()
    guard, now, most = threading.Lock(), 0, 0

    def work(_: int) -> None:
        nonlocal now, most
        for _ in range(20):
            with lock.taken():
                with guard:
                    now += 1
                    most = max(most, now)
                time.sleep(0.0005)
                with guard:
                    now -= 1

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(work, range(12)))
    assert most == 1
    assert lock.line == 0
    assert free(lock)


def test_lock_is_given_in_order_of_arrival() -> None:
    lock, came, threads = RenderLock(), list[int](), []

    def work(number: int) -> None:
        with lock.taken():
            came.append(number)

    with lock.taken():
        for number in range(10):
            threads.append(begun(lambda number=number: work(number)))  # type: ignore[misc]
            eventually(lambda number=number: lock.line == number + 1)  # type: ignore[misc]
        assert came == []
    for thread in threads:
        thread.join(10)
    assert came == list(range(10))


def test_lock_is_reentrant() -> None:
    lock = RenderLock()
    with lock.taken(), lock.taken():
        pass
    assert free(lock)


def test_lock_is_released_while_waiting_for_an_answer() -> None:
    lock, reply, has = RenderLock(), Reply[str](released), threading.Event()
    answers: list[str] = []

    def waiting() -> None:
        with lock.taken():
            has.set()
            answers.append(reply.result())

    thread = begun(waiting)
    assert has.wait(20)
    with lock.taken():
        reply.set_result("here")
        # It stands in line until we have done with it.
        eventually(lambda: lock.line == 1)
        assert answers == []
    thread.join(10)
    assert answers == ["here"]
    assert free(lock)


def test_lock_is_kept_when_the_answer_is_available() -> None:
    lock, reply = RenderLock(), Reply[str](released)
    reply.set_result("here")
    with lock.taken():
        thread = begun(lambda: lock.taken().__enter__())
        eventually(lambda: lock.line == 1)
        assert reply.result() == "here"
        assert lock.line == 1
    thread.join(10)


def test_lock_is_taken_again_after_errors_but_not_at_the_end_of_a_run() -> None:
    lock = RenderLock(patience=60)
    with lock.taken():
        with pytest.raises(ValueError, match="asked"), released():
            raise ValueError("asked in vain")
        assert not free(lock)
    eventually(lambda: lock.line == 0)
    with pytest.raises(Ended), lock.taken(), released():
        raise Ended
    assert free(lock)


def test_hanging_holder_is_overtaken() -> None:
    lock = RenderLock(patience=0.05)
    has, release = threading.Event(), threading.Event()

    def hang() -> None:
        with lock.taken():
            has.set()
            release.wait(20)

    hanging = begun(hang)
    assert has.wait(20)
    with lock.taken():
        assert not release.is_set()
    release.set()
    hanging.join(10)
    with lock.taken():
        assert not free(lock)


def test_releasing_without_the_lock_does_nothing() -> None:
    with released():
        pass
