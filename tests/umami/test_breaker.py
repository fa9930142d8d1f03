"""When a server counts as not well, and how it is tried again."""

from __future__ import annotations

import time

from tests.support.waiting import eventually
from umami.errors import TimedOut, Unreachable
from umami.scheduling import FAILURES, CircuitBreaker

LATE = TimedOut("Too late.")


def broken(pause: float = 60.0) -> CircuitBreaker:
    breaker = CircuitBreaker(pause)
    for number in range(FAILURES):
        breaker.failed(f"endpoint {number % 2}", LATE)
    return breaker


def test_failures_of_several_questions_in_a_row_break_it() -> None:
    breaker = CircuitBreaker()
    for number in range(FAILURES - 1):
        breaker.failed(f"endpoint {number}", LATE)
        assert breaker.refusal() is None
    breaker.failed("another", LATE)
    assert breaker.refusal() is LATE
    assert breaker.problem is LATE


def test_one_question_that_always_fails_keeps_nobody_from_asking() -> None:
    breaker = CircuitBreaker()
    for _ in range(10 * FAILURES):
        breaker.failed("retention", LATE)
    assert breaker.refusal() is None


def test_a_success_between_them_begins_the_count_anew() -> None:
    breaker = CircuitBreaker()
    for number in range(10 * FAILURES):
        breaker.failed(f"endpoint {number}", LATE)
        breaker.worked()
    assert breaker.refusal() is None


def test_a_server_that_is_gone_is_so_at_once() -> None:
    breaker = CircuitBreaker()
    breaker.gone(Unreachable("Nobody there."), time.monotonic())
    assert isinstance(breaker.refusal(), Unreachable)


def test_a_connection_that_fails_while_others_are_answered_breaks_nothing() -> None:
    breaker = CircuitBreaker()
    begun = time.monotonic()
    breaker.worked()
    breaker.gone(Unreachable("Nobody there."), begun)
    assert breaker.refusal() is None


def test_one_at_a_time_tries_it_again_and_a_success_lets_all_through() -> None:
    breaker = broken(pause=1.0)
    eventually(lambda: breaker.refusal() is None)
    assert breaker.refusal() is LATE, "the next one comes after a longer pause"
    breaker.worked()
    assert [breaker.refusal() for _ in range(3)] == [None] * 3


def test_pauses_grow_up_to_a_limit() -> None:
    breaker = CircuitBreaker(pause=0.01, longest=0.03)
    breaker.gone(LATE, time.monotonic())
    # Without the limit the last pause would take more than five minutes.
    for _ in range(15):
        eventually(lambda: breaker.refusal() is None)
        breaker.gone(LATE, time.monotonic())
