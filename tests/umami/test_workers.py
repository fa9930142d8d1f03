"""Workers: no more threads than allowed, none where there is nothing to do, nothing forgotten."""

from __future__ import annotations

import threading

from tests.support.waiting import eventually
from umami.thread_pool import ThreadPool


def test_threads_come_with_work_and_go_without() -> None:
    workers = ThreadPool(3, "working", idle=0.05)
    together = threading.Barrier(4)
    for _ in range(3):
        for _ in range(3):
            workers.submit(lambda: together.wait(10) and None)
        together.wait(10)
        assert workers.threads == 3
        eventually(lambda: workers.threads == 0)
    assert "working" not in {one.name for one in threading.enumerate()}


def test_no_more_at_a_time_than_allowed_and_what_came_first_first() -> None:
    workers = ThreadPool(1, "working")
    let, done, said = threading.Event(), threading.Event(), list[int]()
    workers.submit(lambda: let.wait(10) and None)
    for number in range(50):
        workers.submit(lambda number=number: said.append(number))  # type: ignore[misc]
    workers.submit(done.set)
    assert workers.threads == 1
    assert said == []
    let.set()
    assert done.wait(10)
    assert said == list(range(50))
    workers.close()


def test_one_that_waits_is_used_before_another_comes() -> None:
    workers = ThreadPool(8, "working")
    for _ in range(20):
        done = threading.Event()
        workers.submit(done.set)
        assert done.wait(10)
        # The one that has done it waits again, in a moment.
        eventually(lambda: workers.idle == 1)
    assert workers.threads == 1
    workers.close()


def test_much_at_one_moment_is_all_done() -> None:
    workers = ThreadPool(4, "working", idle=0.001)
    left = threading.Semaphore(0)

    def submit() -> None:
        for _ in range(250):
            workers.submit(left.release)

    submitting = [threading.Thread(target=submit) for _ in range(8)]
    for one in submitting:
        one.start()
    for _ in range(8 * 250):
        assert left.acquire(timeout=10)
    eventually(lambda: workers.threads == 0)


def test_what_fails_takes_no_thread_with_it() -> None:
    workers = ThreadPool(1, "working")
    done = threading.Event()

    def fails() -> None:
        raise ValueError("secret")

    workers.submit(fails)
    workers.submit(done.set)
    assert done.wait(10)
    assert workers.threads == 1
    workers.close()


def test_closed_they_finish_what_waits_and_do_the_rest_here() -> None:
    workers = ThreadPool(1, "working")
    let, done = threading.Event(), threading.Event()
    workers.submit(lambda: let.wait(10) and None)
    workers.submit(done.set)
    workers.close()
    here: list[str] = []
    workers.submit(lambda: here.append(threading.current_thread().name))
    assert here == [threading.current_thread().name]
    assert not done.is_set()
    let.set()
    assert done.wait(10)
    eventually(lambda: workers.threads == 0)
