"""A failing and recovering server as viewers see it in a real browser, and the requests that are
dropped when they leave."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Page, expect

from components.freshness import STALE, YOUNG
from tests.browser.app import TABLES, App, metric, running_app, settled
from tests.browser.test_overview import WEBSITES
from tests.support.fault_catalogue import data, held, late, reset
from tests.support.fault_catalogue import page as web_page
from tests.support.fault_proxy import Between, between
from umami.cache import LIVE
from umami.embedded.server import Running, serve

pytestmark = pytest.mark.thorough

EVER = {"period": "custom", "from": "2026-08-01", "to": "2035-12-31", "tz": "UTC"}
"""A period that has not ended, with all that was recorded in it."""
WATCH = """() => {
  const values = () => [...document.querySelectorAll('[data-testid=stMetricValue]')]
    .map(one => one.innerText.trim())
  const count = kind => document.querySelectorAll(`[data-testid=${kind}]`).length
  window.here = true
  window.seen = { least: 1000, charts: 1000, skeletons: 0, views: [] }
  const look = () => {
    const shown = values(), seen = window.seen
    seen.least = Math.min(seen.least, shown.filter(Boolean).length)
    seen.charts = Math.min(seen.charts, count('stPlotlyChart'))
    seen.skeletons = Math.max(seen.skeletons, count('stSkeleton') + count('stSkeletonElement'))
    if (seen.views.at(-1) !== shown[0]) seen.views.push(shown[0])
  }
  look()
  new MutationObserver(look).observe(document.querySelector('[data-testid=stMain]'),
    { childList: true, subtree: true, characterData: true })
}"""


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with serve(TABLES, password="umami") as server:
        yield server


@pytest.fixture(scope="module")
def proxy(server: Running) -> Iterator[Between]:
    with between(server.url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def app(proxy: Between) -> Iterator[App]:
    """An app that sends one request at a time."""
    with running_app(
        UMAMI_URL=proxy.url, UMAMI_USERNAME="admin", UMAMI_PASSWORD="umami", UMAMI_CONNECTIONS="1"
    ) as app:
        yield app


def link(app: App, page: str = "", **params: str) -> str:
    return f"{app.address}/{page}?{urlencode({'website': WEBSITES['shop'], **EVER, **params})}"


def visit(server: Running) -> None:
    """One more view of the shop."""
    sent = {"website": WEBSITES["shop"], "url": "/new", "hostname": "x.example", "title": "New"}
    answer = httpx.post(
        f"{server.url}/api/send",
        json={"type": "event", "payload": sent},
        headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"},
        trust_env=False,
    )
    assert answer.is_success


def views(page: Page) -> int:
    return int(metric(page, "Views").inner_text().replace(",", ""))


def test_dashboard_connects_once_the_server_is_reachable(
    proxy: Between, app: App, page: Page
) -> None:
    proxy.befall(reset)
    page.goto(link(app))
    expect(page.get_by_role("heading", name="The dashboard is not connected")).to_be_visible()
    page.evaluate("window.here = true")
    proxy.heal()
    expect(metric(page, "Views")).to_have_text("10,797")
    assert page.evaluate("window.here")


def test_page_recovers_without_a_reload(proxy: Between, app: App, page: Page) -> None:
    page.goto(link(app))
    settled(page)
    proxy.befall(web_page(503), data)
    page.goto(link(app, tz="Europe/Berlin"))
    expect(page.get_by_text("The server failed while answering").first).to_be_visible()
    settled(page)
    page.evaluate("window.here = true")
    proxy.heal()
    expect(metric(page, "Views")).to_have_text("10,797")
    expect(page.get_by_text("The server failed while answering")).to_have_count(0)
    assert page.evaluate("window.here")


def test_stale_figures_stay_until_fresh_ones_replace_them(
    proxy: Between, server: Running, app: App, page: Page
) -> None:
    page.goto(link(app))
    settled(page)
    before = views(page)
    # What is live is too old by then to be shown while it is asked anew.
    page.wait_for_timeout(1000 * (LIVE.shown + 0.5))
    visit(server)
    page.evaluate(WATCH)
    proxy.befall(late(0.3), data)
    page.locator(".st-key-menu button").first.click()
    page.get_by_role("button", name="Refresh").click()
    expect(metric(page, "Views")).to_have_text(f"{before + 1:,}")
    settled(page)
    seen = page.evaluate("window.seen")
    assert seen["views"] == [f"{before:,}", f"{before + 1:,}"]
    assert seen["skeletons"] == 0
    proxy.heal()


def test_dialog_stays_open_while_figures_are_refreshed(
    proxy: Between, server: Running, app: App, page: Page
) -> None:
    page.goto(link(app))
    settled(page)
    before = views(page)
    # Only what is older than that is asked anew.
    page.wait_for_timeout(1000 * (YOUNG + 0.5))
    visit(server)
    is_open = threading.Event()
    proxy.befall(held(is_open), data)
    proxy.passed.clear()
    page.locator(".st-key-menu button").first.click()
    page.get_by_role("button", name="Refresh").click()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stPopoverBody")).to_have_count(0)
    page.get_by_role("button", name="All").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    is_open.set()
    while not any("/weekly" in request.target for request in list(proxy.passed)):
        page.wait_for_timeout(10)
    # Long enough for two looks behind the page.
    page.wait_for_timeout(1000 * (2 * STALE + 0.5))
    expect(dialog).to_be_visible()
    expect(metric(page, "Views")).to_have_text(f"{before:,}")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(metric(page, "Views")).to_have_text(f"{before + 1:,}")
    proxy.heal()


def page_requests(proxy: Between) -> list[str]:
    """The requests for data of pages, except the list of reports."""
    return [target for target in list(proxy.targets) if data(target) and "/reports?" not in target]


@pytest.mark.parametrize("going", ["elsewhere", "away"])
def test_queued_requests_of_a_page_that_was_left_are_dropped(
    proxy: Between, app: App, page: Page, going: str
) -> None:
    # Of another day each time, so that nothing of it is known.
    params = {"from": {"elsewhere": "2026-08-02", "away": "2026-08-03"}[going]}
    page.goto(link(app, "reports", **params))
    settled(page)
    proxy.befall(late(1.0), data)
    proxy.targets.clear()
    proxy.passed.clear()
    page.get_by_role("link", name="Overview").click()
    while not page_requests(proxy):
        page.wait_for_timeout(10)
    if going == "elsewhere":
        page.get_by_role("link", name="Saved").click()
        expect(page.get_by_role("heading", name="Saved", exact=True)).to_be_visible()
    else:
        page.goto(f"{app.address}/_stcore/health")
    # The next of them would have its turn as soon as the first one is answered.
    while not [
        request for request in list(proxy.passed) if request.target == page_requests(proxy)[0]
    ]:
        page.wait_for_timeout(10)
    page.wait_for_timeout(500)
    proxy.heal()
    # Saved may have shown that the server answers two at a time; the Overview has many more.
    assert 1 <= len(page_requests(proxy)) <= 2
