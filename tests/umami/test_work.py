"""Long work: true progress, an end of every kind, and no piece after it was called off."""

from __future__ import annotations

import threading

import pytest

from tests.support.waiting import eventually
from umami.background_task import BackgroundTask, ProgressCallback, TaskCancelled
from umami.errors import TimedOut


def test_progress_is_what_was_told() -> None:
    go_on = threading.Event()

    def half(progress: ProgressCallback) -> str:
        progress(5, 10)
        go_on.wait()
        progress(10, 10)
        return "all of it"

    work = BackgroundTask(half)
    eventually(lambda: work.done == 5)
    assert (work.state, work.share) == ("running", 0.5)
    assert work.left is not None
    assert work.left > 0
    go_on.set()
    assert work.result(5) == "all of it"
    assert (work.state, work.share, work.left) == ("done", 1.0, 0.0)


def test_who_cannot_tell_says_nothing() -> None:
    go_on = threading.Event()
    work = BackgroundTask(lambda _told: go_on.wait())
    assert (work.share, work.left) == (0.0, None)
    go_on.set()
    assert work.result(5)


def test_work_that_is_called_off_stops_at_its_next_piece() -> None:
    go_on = threading.Event()
    pieces = []

    def many(progress: ProgressCallback) -> None:
        for piece in range(10):
            progress(piece, 10)
            pieces.append(piece)
            go_on.wait()

    work = BackgroundTask(many)
    eventually(lambda: pieces == [0])
    work.cancel()
    go_on.set()
    with pytest.raises(TaskCancelled):
        work.result(5)
    assert work.state == "cancelled"
    assert pieces == [0]


def test_a_failure_is_told_to_who_asks_for_the_result() -> None:
    def fails(_told: ProgressCallback) -> None:
        raise TimedOut("The server took too long.")

    work = BackgroundTask(fails)
    with pytest.raises(TimedOut):
        work.result(5)
    assert work.state == "failed"
