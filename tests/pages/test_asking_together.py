"""The Overview over a slow and over a faulty server: real requests, counted by a proxy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.doubles.umami import serve as serve_version
from tests.pages.conftest import RECORDED, TABLES, open_page
from tests.support.fault_proxy import Between, Exchange, Passed, between, well

TOGETHER = 10
"""Questions that the Overview asks at least."""
FIRST_SCREEN = {"stats", "pageviews", "active"}
"""Routes of a website that the first screen of the Overview asks."""
STARTS = {"startAt=1785542400000", "startAt=1780272000000"}
"""The starts of the recorded period and of the one before: 1 August and 1 June 2026, UTC."""
KINDS = {
    # On 2.18 pages are ranked by a breakdown, and hostnames tell which referrers are foreign.
    2: {"host", "referrer", "country", "device", "event", "channel", "entry"},
    3: {"path", "referrer", "country", "device", "event", "channel", "entry", "utmCampaign"},
}


@pytest.fixture(scope="module", params=[2, 3], ids=["2.x", "3.x"])
def generation(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def behind(generation: Any) -> Iterator[str]:
    with serve_version({2: "2.18", 3: "3.1"}[generation], TABLES) as running:
        yield running.url


@pytest.fixture
def proxy(behind: str, bare: pytest.MonkeyPatch) -> Iterator[Between]:
    with between(behind) as proxy:
        bare.setenv("UMAMI_URL", proxy.url)
        bare.setenv("UMAMI_USERNAME", "admin")
        bare.setenv("UMAMI_PASSWORD", "umami")
        yield proxy


def of_the_page(proxy: Between) -> list[Passed]:
    """The requests of the page, without sign-in and the list of websites."""
    return [request for request in proxy.passed if RECORDED["website"] in request.target]


def is_first(target: str) -> bool:
    """Whether a request is for the first screen: those for other days, which tell what was usual,
    are not."""
    address = urlsplit(target)
    starts = {param for param in address.query.split("&") if param.startswith("startAt=")}
    return address.path.rpartition("/")[2] in FIRST_SCREEN and starts <= STARTS


@pytest.mark.slow
def test_requests_are_sent_concurrently(proxy: Between) -> None:
    """No request is answered before ten have arrived, so none waits for another."""
    arrived: list[str] = []
    together = threading.Condition()

    def hold(exchange: Exchange) -> None:
        with together:
            arrived.append(exchange.target)
            together.notify_all()
            if not together.wait_for(lambda: len(arrived) >= TOGETHER, timeout=60):
                exchange.hang_up()
                return
        well(exchange)

    # The client learns that the server answers many requests at once.
    open_page(**{"from": "2026-08-01", "to": "2026-08-30"})
    proxy.passed.clear()
    proxy.befall(hold, where=lambda target: RECORDED["website"] in target)
    app = open_page()
    assert app.metric[0].value == "10,797"
    assert len(of_the_page(proxy)) >= TOGETHER


def test_first_screen_is_answered_before_others_are_sent(proxy: Between) -> None:
    """A small server does two things at a time; what it does for the rest of the page delays what
    the reader sees first."""
    happened: list[tuple[str, bool]] = []
    two = threading.Semaphore(2)

    def admitted(exchange: Exchange) -> None:
        first = is_first(exchange.target)
        happened.append(("came", first))
        with two:
            well(exchange)
        happened.append(("answered", first))

    proxy.befall(admitted, where=lambda target: RECORDED["website"] in target)
    app = open_page()
    assert app.metric[0].value == "10,797"
    below = happened.index(("came", False))
    assert ("answered", True) in happened[:below]
    assert not [first for _, first in happened[below:] if first]


def test_no_duplicate_requests_and_none_for_a_second_viewer(proxy: Between) -> None:
    open_page()
    targets = [request.target for request in of_the_page(proxy)]
    assert len(set(targets)) == len(targets)
    before = len(proxy.passed)
    second = open_page()
    assert second.metric[0].value == "10,797"
    again = [request.target for request in proxy.passed[before:]]
    assert again == []


@pytest.mark.thorough
def test_only_metrics_that_are_shown_are_requested(proxy: Between, generation: int) -> None:
    open_page()
    kinds = {
        request.target.partition("type=")[2].partition("&")[0] for request in of_the_page(proxy)
    }
    assert kinds - {""} == KINDS[generation]


def test_one_failing_request_leaves_the_other_sections(proxy: Between) -> None:
    proxy.breaks = lambda target: "type=referrer" in target
    app = open_page()
    assert not app.exception
    assert app.metric[0].value == "10,797"
    said = [element.value for element in app.caption]
    assert sum("fault of the Umami server" in text for text in said) == 1


def test_failing_totals_are_explained_in_their_place(proxy: Between) -> None:
    proxy.breaks = lambda target: "/stats" in target
    app = open_page()
    assert not app.exception
    assert not app.metric
    assert any("fault of the Umami server" in element.value for element in app.caption)
    assert len(app.get("plotly_chart")) == 4
