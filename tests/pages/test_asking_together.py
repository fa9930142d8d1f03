"""The Overview over a slow and over a faulty server: real requests, counted on their way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.doubles.umami import serve as serve_version
from tests.pages.conftest import RECORDED, TABLES, open_page
from tests.support.fault_proxy import Between, Exchange, Passed, between, well

TOGETHER = 10
"""Questions that the Overview asks at least."""
KINDS = {
    # On 2.18 pages are ranked by a breakdown, and hostnames tell which referrers are foreign.
    2: {"host", "referrer", "country", "browser", "event"},
    3: {"path", "referrer", "country", "browser", "event"},
}


@pytest.fixture(scope="module", params=[2, 3], ids=["2.x", "3.x"])
def generation(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def behind(generation: Any) -> Iterator[str]:
    with serve_version({2: "2.18", 3: "3.1"}[generation], TABLES) as running:
        yield running.url


@pytest.fixture
def way(behind: str, bare: pytest.MonkeyPatch) -> Iterator[Between]:
    with between(behind) as one:
        bare.setenv("UMAMI_URL", one.url)
        bare.setenv("UMAMI_USERNAME", "admin")
        bare.setenv("UMAMI_PASSWORD", "umami")
        yield one


def of_the_page(way: Between) -> list[Passed]:
    """What the page asked; the bar's list of websites and the sign-in come before."""
    return [one for one in way.passed if RECORDED["website"] in one.target]


def test_the_questions_leave_together(way: Between) -> None:
    """No question is answered before ten are there, so they cannot have waited for each other."""
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

    way.befall(hold, where=lambda target: RECORDED["website"] in target)
    app = open_page()
    assert app.metric[0].value == "10,797"
    assert len(of_the_page(way)) >= TOGETHER


def test_each_question_is_asked_once_and_a_second_viewer_asks_nothing(way: Between) -> None:
    open_page()
    asked = [one.target for one in of_the_page(way)]
    assert len(set(asked)) == len(asked)
    before = len(way.passed)
    second = open_page()
    assert second.metric[0].value == "10,797"
    again = [one.target for one in way.passed[before:]]
    assert again == []


@pytest.mark.thorough
def test_only_what_is_shown_is_asked(way: Between, generation: int) -> None:
    open_page()
    kinds = {one.target.partition("type=")[2].partition("&")[0] for one in of_the_page(way)}
    assert kinds - {""} == KINDS[generation]


def test_one_failing_question_leaves_the_rest_standing(way: Between) -> None:
    way.breaks = lambda target: "type=referrer" in target
    app = open_page()
    assert not app.exception
    assert app.metric[0].value == "10,797"
    said = [one.value for one in app.caption]
    assert sum("fault of the Umami server" in one for one in said) == 1


def test_a_failing_total_is_said_in_its_place(way: Between) -> None:
    way.breaks = lambda target: "/stats" in target
    app = open_page()
    assert not app.exception
    assert not app.metric
    assert any("fault of the Umami server" in one.value for one in app.caption)
    assert len(app.get("plotly_chart")) == 4
