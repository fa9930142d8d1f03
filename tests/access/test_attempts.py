"""How long failures make one wait, on a clock of the test's own."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine

from access import database
from access.login_throttle import ADDRESS, FAILURE_LIFETIME, KNOWN_LIFETIME, PAIR, LoginThrottle

pytestmark = pytest.mark.sample(2)

HERE, THERE = "203.0.113.7", "198.51.100.1"


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def wait(attempts: LoginThrottle, name: str, address: str | None) -> float:
    """The seconds until the next attempt, which is not made."""
    attempt = attempts.reserve(name, address)
    if not attempt.wait:
        attempts.take_back(attempt)
    return attempt.wait


def fail(attempts: LoginThrottle, name: str, address: str | None) -> float:
    """Fail once, as soon as that may be; the seconds until the next attempt."""
    clock = attempts.clock
    assert isinstance(clock, Clock)
    clock.now += wait(attempts, name, address)
    assert attempts.reserve(name, address).wait == 0
    return wait(attempts, name, address)


def test_waits_double_up_to_a_quarter_of_an_hour_and_end(engine: Engine) -> None:
    clock = Clock()
    attempts = LoginThrottle(engine, clock)
    waits = [fail(attempts, "ann", HERE) for _ in range(16)]
    assert waits[:7] == [0, 0, 0, 2, 4, 8, 16]
    assert waits[-1] == 900
    clock.now += 900
    assert wait(attempts, "ann", HERE) == 0


def test_a_success_and_a_day_forget(engine: Engine) -> None:
    clock = Clock()
    attempts = LoginThrottle(engine, clock)
    for _ in range(5):
        fail(attempts, "ann", HERE)
    clock.now += 900
    attempts.succeed(attempts.reserve("ann", HERE))
    assert [fail(attempts, "ann", HERE) for _ in range(4)] == [0, 0, 0, 2]
    clock.now += FAILURE_LIFETIME + 1
    assert fail(attempts, "ann", HERE) == 0


def test_nobody_locks_out_another_for_long(engine: Engine) -> None:
    attempts = LoginThrottle(engine, Clock())
    for machine in range(80):
        fail(attempts, "ann", f"198.51.100.{machine}")
    assert 0 < wait(attempts, "ann", HERE) <= 30


@pytest.mark.thorough
def test_others_make_nobody_wait_where_they_have_signed_in_before(engine: Engine) -> None:
    clock = Clock()
    attempts = LoginThrottle(engine, clock)
    attempts.succeed(attempts.reserve("ann", HERE))
    clock.now += FAILURE_LIFETIME * 2
    for machine in range(80):
        fail(attempts, "ann", f"198.51.100.{machine}")
    assert wait(attempts, "ann", THERE) > 0
    assert wait(attempts, "ann", HERE) == attempts.reserve("ann", HERE).wait == 0
    # What fails from there makes wait all the same.
    for _ in range(PAIR.free):
        fail(attempts, "ann", HERE)
    assert wait(attempts, "ann", HERE) > 0
    clock.now += KNOWN_LIFETIME
    for machine in range(80):
        fail(attempts, "ann", f"198.51.100.{machine}")
    assert wait(attempts, "ann", HERE) > 0


def test_a_network_of_ipv6_is_one_address(engine: Engine) -> None:
    attempts = LoginThrottle(engine, Clock())
    for machine in range(PAIR.free + 1):
        fail(attempts, "ann", f"2001:db8::{machine}")
    assert wait(attempts, "ann", "2001:DB8:0:0::ffff") > 0
    assert wait(attempts, "ann", "2001:db8:0:1::1") == 0
    for _ in range(PAIR.free + 1):
        fail(attempts, "bob", f"::ffff:{HERE}")
    assert wait(attempts, "bob", HERE) > 0


def test_one_address_cannot_try_every_name(engine: Engine) -> None:
    attempts = LoginThrottle(engine, Clock())
    for name in range(45):
        fail(attempts, f"name-{name}", HERE)
    assert wait(attempts, "yet-another", HERE) == 900
    assert wait(attempts, "yet-another", THERE) == 0
    assert wait(attempts, "yet-another", None) == 0


def test_a_success_is_no_failure_of_anybody(engine: Engine) -> None:
    """Neither of the name nor of the address, not even as the moment from which others wait."""
    clock = Clock()
    attempts = LoginThrottle(engine, clock)
    for machine in range(80):
        fail(attempts, "ann", f"198.51.100.{machine}")
    clock.now += 29
    before = wait(attempts, "ann", THERE)
    clock.now += before
    attempts.succeed(attempts.reserve("ann", HERE))
    assert wait(attempts, "ann", THERE) == 0
    for _ in range(2 * ADDRESS.free):
        attempts.succeed(attempts.reserve("vic", HERE))
    assert wait(attempts, "vic", HERE) == wait(attempts, "somebody-else", HERE) == 0


def test_what_was_never_finished_counts_as_one_failure_and_ends(engine: Engine) -> None:
    clock = Clock()
    for _ in range(PAIR.free + 1):
        assert LoginThrottle(engine, clock).reserve("ann", HERE).wait == 0
    assert LoginThrottle(engine, clock).reserve("ann", HERE).wait == 2
    clock.now += 2
    assert LoginThrottle(engine, clock).reserve("ann", HERE).wait == 0


def test_a_clock_that_was_ahead_locks_nobody_out(engine: Engine) -> None:
    clock = Clock()
    attempts = LoginThrottle(engine, clock)
    for _ in range(PAIR.free + 1):
        fail(attempts, "ann", HERE)
    clock.now -= 365 * 86_400
    assert attempts.reserve("ann", HERE).wait == 2
    clock.now += 2
    assert attempts.reserve("ann", HERE).wait == 0


def test_a_wait_is_news_once(engine: Engine) -> None:
    clock = Clock()
    attempts = LoginThrottle(engine, clock)
    firsts = []
    for _ in range(2):
        while not (refused := attempts.reserve("ann", HERE)).wait:
            pass
        firsts += [refused.first, attempts.reserve("ann", HERE).first]
        clock.now += refused.wait
    assert firsts == [True, False, True, False]


def test_of_many_at_once_no_more_are_let_through_than_one_after_another(engine: Engine) -> None:
    """Each thread as a replica of its own; the clock stands still."""
    together = Barrier(24)
    passed = []

    def attempt() -> None:
        together.wait()
        passed.append(not LoginThrottle(engine, Clock()).reserve("ann", HERE).wait)

    threads = [Thread(target=attempt) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 24
    assert sum(passed) == PAIR.free + 1


def test_a_store_in_memory_is_for_one_thread_at_a_time() -> None:
    attempts = LoginThrottle(database.open_engine("sqlite://"), Clock())
    threads = [
        Thread(target=attempts.reserve, args=(f"name-{number}", HERE)) for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [attempts.reserve(f"name-{number}", HERE).wait for number in range(12)] == [0] * 12
