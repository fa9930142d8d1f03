"""Refreshing in the background of a page: newer answers are picked up, however short their
lifetime."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import streamlit as st

from components import freshness
from tests.support.waiting import eventually
from umami.api import traffic
from umami.client import Reply
from umami.endpoint import Query
from umami.errors import NotOffered, UmamiError, Unauthorised, Unreachable

SITE = "47a8e931-d51a-4351-a5e1-51db9a717a5d"
ACTIVE = traffic.active(SITE)


def reply(problem: UmamiError | None = None, **more: Any) -> Reply[Any]:
    """A reply that has an answer or a problem."""
    answered: Reply[Any] = Reply()
    for name, value in more.items():
        setattr(answered, name, value)
    if problem is None:
        answered.set_result("here")
    else:
        answered.set_exception(problem)
    return answered


class CountingClient:
    """A client with prepared answers that counts its requests and caches nothing."""

    waiting, well = 0, True

    def __init__(self, answer: Callable[[], Reply[Any]]) -> None:
        self.answer = answer
        self.times = 0

    def submit(self, _question: Query[Any], *_: object) -> Reply[Any]:
        self.times += 1
        return self.answer()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Checks without waiting time, in a session of their own."""
    monkeypatch.setattr(freshness, "MOMENT", 0.0)
    st.session_state.clear()
    yield
    st.session_state.clear()


def behind(client: CountingClient, before: Reply[Any]) -> freshness._Behind:
    looked_for = freshness._LookedFor(ACTIVE, freshness._state(before))
    return freshness._Behind(client, [looked_for], 0.0)


def test_slow_refresh_is_picked_up_by_the_next_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even if the lifetime in the cache is so short that another request would find nothing."""
    monkeypatch.setattr(freshness, "FAILED", 0.0)
    coming: Reply[Any] = Reply()
    client = CountingClient(lambda: coming)
    looking = behind(client, reply(Unreachable("Nobody there.")))
    assert not looking.look()
    threading.Timer(0.05, coming.set_result, ["here"]).start()
    eventually(looking.look)
    assert client.times == 1


def test_failed_refresh_is_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freshness, "STALE", 0.0)
    monkeypatch.setattr(freshness, "FAILED", 0.0)
    old = reply(stale=True, problem=Unreachable("Nobody there."))
    client = CountingClient(lambda: old)
    assert behind(client, reply(stale=True)).look(), "the page does not say so yet"
    assert not behind(client, old).look(), "now it does"
    client.answer = reply
    assert behind(client, old).look()


def test_pauses_between_failed_refreshes_grow() -> None:
    pauses = [freshness._pause() for _ in range(6)]
    assert pauses == sorted(pauses)
    assert pauses[0] == freshness.FAILED
    assert pauses[-2:] == [freshness.LONGEST] * 2


def test_permanent_errors_are_not_refreshed() -> None:
    assert freshness._state(reply(NotOffered("No."))) is freshness._State.GOOD
    assert freshness._state(reply(Unauthorised("No."))) is freshness._State.FAILED
    assert freshness._state(reply()) is freshness._State.GOOD
