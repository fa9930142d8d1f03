"""Every fault of a server, or of the way to it, in every question that there is: the truth or an
error of ours, at most three times the requests, and the truth again as soon as the fault is over.

What a page is told is one of few kinds of error, whatever went wrong; ``tests/pages`` has each of
these on every page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.contract.recordings import DATA
from tests.contract.test_generation_blindness import QUESTIONS, plain
from tests.doubles.umami import serve as serve_version
from tests.support.fault_catalogue import MOST, TROUBLES, data, reset, silent
from tests.support.fault_proxy import Between, between
from tests.support.ports import free_port
from tests.support.waiting import eventually
from umami import cache, scheduling
from umami.api import websites
from umami.cache import DAY, Cache, Lifetime
from umami.client import Client
from umami.embedded.server import serve
from umami.errors import NotOffered, TimedOut, UmamiError
from umami.settings import Settings

pytestmark = [pytest.mark.sample(12), pytest.mark.slow]

PATIENCE, PATIENT = 1.5, 60.0
"""Seconds that an answer is waited for, where faults are to be noticed and where none is."""
ASKED = {
    name: variants[0] for name, variants in QUESTIONS.items() if name not in ("verify", "websites")
}
LIVE = ("active", "realtime")
OF_ANSWERS = (
    *("half answers", "truncated JSON", "HTML"),
    *("words for numbers", "other shapes", "members missing"),
)
"""Faults that 2.x may take in its own way, where several of its answers make one."""
INDISTINCT = {
    ("utm", "members missing"): "an empty object is what 2.x says of a website without campaigns",
    ("session", "members missing"): "an empty object is what 3.x says of a session there is not",
}
Outcomes = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Proxied:
    """A server, what it says of everything, and how many requests that takes."""

    way: Between
    truth: Outcomes
    requests: int


@contextmanager
def telling(version: str) -> Iterator[Proxied]:
    with serve_version(version, DATA / "tables") as running, between(running.url) as way:
        way.known = {}
        with connected(way.url, PATIENT) as client:
            way.targets.clear()
            truth = outcomes(client)
        assert {outcome for outcome in truth.values() if isinstance(outcome, type)} <= {NotOffered}
        yield Proxied(way, truth, len(way.targets))


@pytest.fixture(scope="module")
def proxied() -> Iterator[Proxied]:
    with telling("3.1") as proxied:
        yield proxied


@pytest.fixture(scope="module")
def proxied_2x() -> Iterator[Proxied]:
    with telling("2.18") as proxied:
        yield proxied


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has failed is tried again in a moment."""
    monkeypatch.setattr(scheduling, "PAUSE", 0.05)
    monkeypatch.setattr(scheduling, "TRIAL_PAUSE", 0.05)


def connected(url: str, patience: float = PATIENCE, store: Cache | None = None) -> Client:
    """A client that has signed in and found out what it asks."""
    settings = Settings(api=f"{url}/api", username="admin", password="umami", timeout=patience)
    client = Client(settings, store)
    eventually(lambda: client.submit(QUESTIONS["websites"][0]).exception() is None)
    return client


def outcomes(client: Client, names: Iterable[str] = ASKED) -> Outcomes:
    """What becomes of questions asked at once: a model as plain values, or a kind of error."""
    replies = {name: client.submit(ASKED[name]) for name in names}
    wait(replies.values(), 60)
    results: Outcomes = {}
    for name, reply in replies.items():
        problem = reply.exception(0)
        results[name] = type(problem) if problem else plain(ASKED[name], reply.result())
    return results


def recovers(proxied: Proxied, client: Client, differing: Outcomes) -> None:
    """Wait until what was found otherwise is answered with the truth."""
    proxied.way.heal()

    def well() -> bool:
        nonlocal differing
        differing = wrong(proxied, outcomes(client, differing))
        return not differing

    eventually(well)


def wrong(proxied: Proxied, results: Outcomes) -> Outcomes:
    """What is not the truth."""
    return {name: outcome for name, outcome in results.items() if outcome != proxied.truth[name]}


def holds(proxied: Proxied, name: str) -> None:
    trouble = TROUBLES[name]
    patience = PATIENCE if TimedOut in trouble.becomes else PATIENT
    with connected(proxied.way.url, patience) as client:
        proxied.way.targets.clear()
        strike = proxied.way.befall(trouble.fault(PATIENCE), data)
        differing = wrong(proxied, outcomes(client))
        assert strike.struck
        assert len(proxied.way.targets) <= MOST * proxied.requests
        for indistinct, named in INDISTINCT:
            if named == name and differing.get(indistinct) not in trouble.becomes:
                differing.pop(indistinct, None)
                client.forget()
        assert set(differing.values()) <= set(trouble.becomes)
        assert bool(differing) == bool(trouble.becomes)
        recovers(proxied, client, differing)


@pytest.mark.parametrize("name", TROUBLES)
def test_the_truth_or_an_error_of_ours(proxied: Proxied, name: str) -> None:
    holds(proxied, name)


@pytest.mark.thorough
@pytest.mark.parametrize("name", OF_ANSWERS)
def test_the_truth_of_several_answers_or_an_error_of_ours(proxied_2x: Proxied, name: str) -> None:
    holds(proxied_2x, name)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_what_befalls_some_leaves_the_others(proxied: Proxied, share: float) -> None:
    with connected(proxied.way.url) as client:
        proxied.way.targets.clear()
        strike = proxied.way.befall(reset, data, share, seed=7)
        differing = wrong(proxied, outcomes(client))
        assert strike.struck
        assert len(differing) < len(proxied.truth)
        assert all(issubclass(outcome, UmamiError) for outcome in differing.values())
        assert len(proxied.way.targets) <= MOST * proxied.requests
        recovers(proxied, client, differing)


@pytest.mark.thorough
@pytest.mark.parametrize("fault", [reset, silent], ids=["gone", "silent"])
def test_older_answers_stand_in_and_the_server_is_left_in_peace(
    proxied: Proxied, fault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Pauses as they are outside of tests.
    monkeypatch.undo()
    for name in ("LISTING", "RUNNING", "ENDED", "LIVE"):
        monkeypatch.setattr(cache, name, Lifetime(0, 600, DAY))
    store = Cache()
    with connected(proxied.way.url, PATIENT, store) as patient:
        assert not wrong(proxied, outcomes(patient))
    with connected(proxied.way.url, PATIENCE, store) as client:
        # Signs in.
        eventually(lambda: client.submit(websites.websites(page=2)).exception() is None)
        proxied.way.targets.clear()
        proxied.way.befall(fault)

        def known() -> bool:
            replies = client.ask_all(*ASKED.values())
            return all(reply.done() and (reply.exception() or reply.problem) for reply in replies)

        assert not wrong(proxied, outcomes(client))
        eventually(known)
        for _ in range(20):
            client.ask_all(*ASKED.values())
        replies = client.ask_all(*ASKED.values())
        assert len(proxied.way.targets) <= proxied.requests
        assert all(reply.done() for reply in replies)
        assert any(reply.problem for reply in replies)
        assert all(reply.stale and reply.answered_at for reply in replies if not reply.exception())
        proxied.way.heal()


@pytest.mark.thorough
def test_a_server_that_is_killed_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    with serve(DATA / "tables", port=port, password="umami") as running:
        client = connected(running.url, 10)
        truth = outcomes(client)
    lost = outcomes(client)
    assert lost == {**truth, **{name: outcome for name, outcome in lost.items() if name in LIVE}}
    client.forget()
    assert all(issubclass(outcome, UmamiError) for outcome in outcomes(client).values())
    # It knows no token that it gave out before.
    with serve(DATA / "tables", port=port, password="umami"), client:
        eventually(lambda: outcomes(client) == truth)
