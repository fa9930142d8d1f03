"""What changes something is sent once, whatever goes wrong: not lost in silence, never doubled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.contract.recordings import DATA
from tests.support.fault_catalogue import (
    PAGE,
    done_and_lost,
    expired,
    half,
    page,
    reset,
    said,
    silent,
    too_many,
)
from tests.support.fault_proxy import Between, Exchange, Fault, between
from tests.support.waiting import eventually
from umami import client as clients
from umami.api import notes, reports, segments, sending, traffic, websites
from umami.api.websites import Website
from umami.client import Client
from umami.embedded.server import serve
from umami.endpoint import REGISTRY, Access, Query
from umami.errors import UmamiError
from umami.settings import Settings

pytestmark = pytest.mark.sample(4)

PATIENCE, PATIENT = 1.0, 60.0
"""Seconds that an answer is waited for, where it never comes and otherwise."""


def done_and(instead: Fault) -> Fault:
    """Do what was asked, and say something else."""

    def fault(exchange: Exchange) -> None:
        exchange.hand_on()
        instead(exchange)

    return fault


UNDONE: dict[str, Callable[[], Fault]] = {
    "a reset": lambda: reset,
    "503": lambda: page(503),
    "429": lambda: too_many("0"),
}
DONE: dict[str, Callable[[], Fault]] = {
    "then a reset": lambda: done_and_lost,
    "then half an answer": lambda: half,
    "then no answer in time": lambda: done_and(silent),
    "then 502": lambda: done_and(page(502)),
    "then 504": lambda: done_and(page(504)),
    "then a web page": lambda: done_and(said(PAGE)),
}


@pytest.fixture(scope="module")
def way() -> Iterator[Between]:
    with serve(DATA / "tables", password="umami") as running, between(running.url) as proxy:
        yield proxy


def connected(way: Between, patience: float = PATIENT) -> Client:
    settings = Settings(api=f"{way.url}/api", username="admin", password="umami", timeout=patience)
    return Client(settings)


@pytest.fixture
def client(way: Between) -> Iterator[Client]:
    way.heal()
    with connected(way) as client:
        yield client


@pytest.fixture
def writing(way: Between, client: Client, fault: str) -> Iterator[Client]:
    """A client that shares nothing with the other, and may be less patient."""
    with connected(way, PATIENCE if "in time" in fault else PATIENT) as writer:
        writer.ask(websites.websites())
        yield writer


@pytest.fixture
def site(client: Client) -> Website:
    """A website of the test's own."""
    return client.ask(websites.create_website("Orchard", "orchard.example"))


def names(client: Client) -> list[str]:
    return sorted(website.name for website in client.ask(websites.websites()).rows)


def writes(client: Client, site: Website) -> list[Query[Any]]:
    """One of each that there is."""
    report = client.ask(reports.create_report(site.id, "funnel", "Checkout", {"window": 60}))
    segment = client.ask(segments.create_segment(site.id, "segment", "Germans", {"filters": []}))
    noon = datetime(2026, 8, 1, 12, tzinfo=UTC)
    note = client.ask(notes.create_annotation(site.id, noon, "A new campaign"))
    return [
        sending.send_pageview(site.id, "/", "orchard.example"),
        sending.send_event(site.id, "signup", "/", "orchard.example"),
        sending.send_identity(site.id, "orchard.example", data={"plan": "pro"}),
        reports.create_report(site.id, "funnel", "Another", {"window": 60}),
        reports.update_report(report.id, site.id, "funnel", "Renamed", {"window": 60}),
        reports.delete_report(report.id),
        segments.create_segment(site.id, "cohort", "Buyers", {"filters": []}),
        segments.update_segment(site.id, segment.id, "segment", "Renamed", {"filters": []}),
        segments.delete_segment(site.id, segment.id),
        notes.create_annotation(site.id, noon, "Another"),
        notes.update_annotation(site.id, note.id, noon, "Changed"),
        notes.delete_annotation(site.id, note.id),
        websites.create_share(site.id, "For the agency"),
        websites.create_website("Meadow", "meadow.example"),
        websites.update_website(site.id, "Vineyard", "vineyard.example", None),
        websites.reset_website(site.id),
        websites.delete_website(site.id),
    ]


def test_every_write_is_among_them(client: Client, site: Website) -> None:
    written = {name for name, endpoint in REGISTRY.items() if endpoint.access is Access.WRITES}
    assert {query.name for query in writes(client, site)} == written


@pytest.mark.parametrize("fault", {**UNDONE, **DONE})
def test_a_write_is_sent_once(
    way: Between, client: Client, writing: Client, site: Website, fault: str
) -> None:
    for question in writes(client, site):
        # What is answered well in between keeps the breaker from being tripped.
        eventually(lambda: writing.submit(traffic.active(site.id)).exception() is None)
        strike = way.befall({**UNDONE, **DONE}[fault]())
        with pytest.raises(UmamiError):
            writing.ask(question)
        way.heal()
        assert strike.struck == 1, question.name


@pytest.mark.parametrize("fault", {**UNDONE, **DONE})
def test_what_was_done_is_seen_at_once_and_once(
    way: Between, client: Client, writing: Client, fault: str
) -> None:
    before = names(writing)
    name = f"Orchard, {fault}"
    way.befall({**UNDONE, **DONE}[fault](), lambda target: target == "/api/websites")
    with pytest.raises(UmamiError):
        writing.ask(websites.create_website(name, "orchard.example"))
    way.heal()
    with connected(way) as other:
        assert names(other) == sorted([*before, *([name] if fault in DONE else [])])
    eventually(lambda: names(writing) == names(client))


def test_what_was_refused_for_its_token_is_sent_again_and_done_once(
    way: Between, client: Client
) -> None:
    before = names(client)
    strike = way.befall(expired(), lambda target: target == "/api/websites")
    client.ask(websites.create_website("Orchard, signed in anew", "orchard.example"))
    assert strike.struck == 2
    way.heal()
    assert names(client) == sorted([*before, "Orchard, signed in anew"])


@pytest.mark.thorough
def test_what_was_done_after_nobody_waited_is_seen_soon(
    way: Between, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "WRITE_SETTLES_AFTER", 3 * PATIENCE)
    let = threading.Event()

    def slow(exchange: Exchange) -> None:
        let.wait(20)
        exchange.hand_on()

    with connected(way, PATIENCE) as hasty:
        eventually(lambda: hasty.submit(websites.websites()).exception() is None)
        way.befall(slow, lambda target: target == "/api/websites")
        with pytest.raises(UmamiError):
            hasty.ask(websites.create_website("Orchard, late", "orchard.example"))
        way.heal()
        eventually(lambda: hasty.submit(websites.websites()).exception() is None)
        assert "Orchard, late" not in names(hasty)
        let.set()
        eventually(lambda: "Orchard, late" in names(hasty))
