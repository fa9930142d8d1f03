"""How long failures make one wait, on a clock of the test's own."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import Engine

from people import store
from people.attempts import FORGOTTEN, Attempts

HERE, THERE = "203.0.113.7", "198.51.100.1"


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_waits_double_up_to_a_quarter_of_an_hour_and_end(engine: Engine) -> None:
    clock = Clock()
    attempts = Attempts(engine, clock)
    waits = []
    for _ in range(16):
        clock.now += attempts.wait("ann", HERE)
        attempts.failed("ann", HERE)
        waits.append(attempts.wait("ann", HERE))
    assert waits[:7] == [0, 0, 0, 2, 4, 8, 16]
    assert waits[-1] == 900
    clock.now += 900
    assert attempts.wait("ann", HERE) == 0


def test_a_success_and_a_day_forget(engine: Engine) -> None:
    clock = Clock()
    attempts = Attempts(engine, clock)
    for _ in range(5):
        attempts.failed("ann", HERE)
    attempts.succeeded("ann", HERE)
    assert attempts.wait("ann", HERE) == 0
    for _ in range(5):
        attempts.failed("ann", HERE)
    clock.now += FORGOTTEN + 1
    attempts.failed("ann", HERE)
    assert attempts.wait("ann", HERE) == 0


def test_nobody_locks_out_another_for_long(engine: Engine) -> None:
    clock = Clock()
    attempts = Attempts(engine, clock)
    for machine in range(80):
        attempts.failed("ann", f"198.51.100.{machine}")
    assert 0 < attempts.wait("ann", HERE) <= 30


def test_one_address_cannot_try_every_name(engine: Engine) -> None:
    attempts = Attempts(engine, Clock())
    for name in range(45):
        attempts.failed(f"name-{name}", HERE)
    assert attempts.wait("yet-another", HERE) == 900
    assert attempts.wait("yet-another", THERE) == 0
    assert attempts.wait("yet-another", None) == 0


@pytest.mark.parametrize("address", [HERE, None])
def test_many_at_once_are_all_counted(tmp_path: Path, address: str | None) -> None:
    engine = store.opened(f"sqlite:///{tmp_path / 'many.sqlite'}")
    attempts = Attempts(engine, Clock())
    threads = [Thread(target=attempts.failed, args=("ann", address)) for _ in range(12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert attempts.wait("ann", address) == 2 ** (12 - 3)
