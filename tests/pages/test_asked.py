"""The requests of each page compared with its declaration, over a real server."""

from __future__ import annotations

import threading
from collections import Counter
from urllib.parse import urlsplit

import pytest

from components.areas import PageInfo
from components.page_registry import PAGES
from tests.contract.recordings import route
from tests.pages.conftest import WEBSITES, open_page, said
from tests.support.asked import endpoints, of_pages
from tests.support.fault_proxy import Between, Exchange, well
from tests.support.pages import CHOICES, MORE, ON_UMAMI, Parameters
from umami.endpoint import REGISTRY, Freshness

pytestmark = pytest.mark.sample(10)

NAMES = [area.name for area in PAGES]
TOGETHER = [area for area in PAGES if area.name not in ("reports", "quality")]
"""Pages that ask more than one question, none of which depends on an answer."""
BAR = {"websites", "teams", "daterange", "segments", "replica"}
"""What the bar above every page asks for, with the age of the figures in its menu."""
PARTS = {"goal": {"session_stats"}}
"""What one question is made of at a server that does not answer it as a whole."""
SHORT_LIVED = {Freshness.NEVER, Freshness.LIVE}


def opened_with(area: PageInfo) -> list[Parameters]:
    """The states of a page that together show all of it."""
    first = [{}, CHOICES[area.name]] if area.name in CHOICES else [{}]
    return [*first, *([MORE[area.name]] if area.name in MORE else [])]


@pytest.mark.parametrize("area", PAGES, ids=NAMES)
def test_page_requests_exactly_its_declared_endpoints(proxy: Between, area: PageInfo) -> None:
    declared = {*area.endpoints, *area.optional_endpoints}
    allowed = declared.union(BAR, *(PARTS.get(name, set()) for name in declared))
    seen: set[str] = set()
    for parameters in opened_with(area):
        proxy.passed.clear()
        app = open_page(area.name, **parameters)
        assert not app.exception
        for request in of_pages(proxy.passed):
            possible = endpoints(request)
            assert possible & allowed, f"{request.target} is not declared"
            seen |= possible
    assert declared - ON_UMAMI.get(area.name, set()) <= seen


@pytest.mark.thorough
@pytest.mark.parametrize("area", PAGES, ids=NAMES)
def test_page_requests_its_required_endpoints_without_parameters(
    proxy: Between, area: PageInfo
) -> None:
    open_page(area.name)
    sent = set().union(*(endpoints(request) for request in of_pages(proxy.passed)))
    assert set(area.endpoints) - ON_UMAMI.get(area.name, set()) <= sent


@pytest.mark.parametrize("area", PAGES, ids=NAMES)
def test_no_duplicate_requests_and_none_for_a_second_viewer(proxy: Between, area: PageInfo) -> None:
    parameters = CHOICES.get(area.name, {})
    open_page(area.name, **parameters)
    counts = Counter((request.target, request.body) for request in of_pages(proxy.passed))
    assert [target for target, times in counts.items() if times > 1] == []
    before = len(proxy.passed)
    open_page(area.name, **parameters)
    again = [
        request.target
        for request in proxy.passed[before:]
        if all(REGISTRY[name].freshness not in SHORT_LIVED for name in endpoints(request))
    ]
    assert again == []


@pytest.mark.slow
@pytest.mark.parametrize("area", TOGETHER, ids=lambda area: area.name)
def test_all_requests_of_a_page_are_sent_concurrently(proxy: Between, area: PageInfo) -> None:
    """No request is answered before all have arrived, so none waits for another."""
    # What changed is asked about once the figures are known.
    once = {"compare": "none"} if area.name == "overview" else {}
    choices = {**CHOICES.get(area.name, {}), **once}
    # Neither ends as the usual one: the days before it would be known.
    views = [{"from": f"2026-{month}-01", "to": f"2026-{month}-29"} for month in ("08", "09")]
    if area.name == "realtime":
        # It depends on no period.
        views = [{"website": WEBSITES[name]} for name in ("docs", "empty")]
    # Signs in, finds out which server it is, and asks what every view of the page needs.
    open_page(area.name, **choices)
    proxy.passed.clear()
    open_page(area.name, **views[0], **choices)
    usual = of_pages(proxy.passed)
    routes = {route({"path": urlsplit(request.target).path}) for request in usual}
    arrived: list[str] = []
    together = threading.Condition()

    def hold(exchange: Exchange) -> None:
        with together:
            arrived.append(exchange.target)
            together.notify_all()
            if not together.wait_for(lambda: len(arrived) >= len(usual), timeout=60):
                exchange.hang_up()
                return
        well(exchange)

    proxy.befall(hold, where=lambda target: route({"path": urlsplit(target).path}) in routes)
    # Another view: nothing of it is known yet.
    app = open_page(area.name, **views[1], **choices)
    assert not app.exception
    assert "fault of the Umami server" not in said(app)
    assert len(arrived) == len(usual) > 0
