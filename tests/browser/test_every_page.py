"""Every page in a real browser, with hostile names, in wide and narrow windows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import ConsoleMessage, Dialog, Page, Request, expect

from components.areas import PageInfo
from components.page_registry import PAGES
from tests.browser.app import TABLES, App, fresh_app, settled
from tests.browser.test_overview import RECORDED, WEBSITES
from tests.conftest import Some
from tests.support.hostile import build
from tests.support.pages import CHOICES, Parameters

OWN = {
    "funnel": {"step": ["1.path./*", "2.event.*"]},
    "goals": {"goal": ["5.path./*", "0.event.*"]},
    "attribution": {"conversion": "path./* 0"},
    "events": {},
    "sessions": {},
    "utm": {},
    "journey": {"steps": "4"},
}
"""Choices that fit names nobody knows beforehand."""
LOST = "Failed to load resource: the server responded with a status of 404"
"""Streamlit looks for itself beside a deep link first."""


@dataclass(slots=True)
class Watched:
    """Everything that a page did and should not have done."""

    hosts: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)


def watch(page: Page) -> Watched:
    """Record what a page does from now on."""
    seen = Watched()

    def on_request(request: Request) -> None:
        if not request.url.startswith(("data:", "blob:")):
            seen.hosts.add(urlsplit(request.url).netloc)

    def said(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(LOST):
            seen.complaints.append(message.text)

    def opened(dialog: Dialog) -> None:
        seen.dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("request", on_request)
    page.on("console", said)
    page.on("dialog", opened)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    return seen


def link(app: App, area: PageInfo, params: Parameters) -> str:
    query = {"website": WEBSITES["shop"], **RECORDED, **params}
    return f"{app.address}/{area.name}?{urlencode(query, doseq=True)}"


def fits(page: Page) -> None:
    """Wait until no element is wider than the window. Polls from outside, as the policy of the page
    blocks ``wait_for_function``."""
    for _ in range(100):
        if page.evaluate(
            "document.querySelector('[data-testid=stMain]').scrollWidth <= window.innerWidth"
        ):
            return
        page.wait_for_timeout(50)
    raise AssertionError("the page is wider than its window")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = build(TABLES, tmp_path_factory.mktemp("hostile"))
    with fresh_app(UMAMI_DATA=str(folder)) as app:
        yield app


def holds(page: Page, area: PageInfo, *widths: int) -> None:
    """The page is drawn, fits into windows of these widths and works by keyboard."""
    expect(page.get_by_role("heading", name=area.title, exact=True).first).to_be_visible()
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        expect(page.get_by_test_id("stException")).to_have_count(0)
        expect(page.get_by_text("could not be drawn")).to_have_count(0)
        fits(page)
    for chart in page.get_by_test_id("stPlotlyChart").all():
        chart.scroll_into_view_if_needed()
        expect(chart.locator(".main-svg").first).to_be_attached()
        named = "node => !!node.closest('[role=figure][aria-label]') || "
        named += "!!node.querySelector('[role=figure][aria-label]')"
        assert chart.evaluate(named)
    assert page.locator("img[onerror], a[href^='javascript']").count() == 0
    unreachable = page.evaluate(
        "[...document.querySelectorAll('[data-testid=stMain] button, [data-testid=stMain] input')]"
        ".filter(one => one.offsetParent && !one.disabled && one.tabIndex < 0"
        " && !one.closest('[data-testid=stSelectbox], [data-testid=stMultiSelect],"
        " [data-testid=stDateInput], [data-testid=stNumberInput]'))"
        ".map(one => one.outerHTML.slice(0, 120))"
    )
    assert unreachable == []


def test_navigation_opens_every_page(hostile: App, page: Page, some: Some) -> None:
    seen = watch(page)
    page.goto(link(hostile, PAGES[0], {}))
    # Streamlit leaves parameters out of the URL where a page is opened while the first is drawn.
    settled(page)
    for area in some(PAGES, 4):
        page.get_by_test_id("stSidebarNavLink").filter(has_text=area.title).first.click()
        # Streamlit serves the first page at the root.
        path = "" if area is PAGES[0] else area.name
        expect(page).to_have_url(re.compile(rf"{hostile.address}/{path}\?"))
        settled(page)
        holds(page, area, 1440)
    assert seen == Watched(hosts={urlsplit(hostile.address).netloc})


@pytest.mark.thorough
@pytest.mark.parametrize("area", PAGES, ids=lambda area: area.name)
def test_page_works_in_wide_and_narrow_windows(hostile: App, page: Page, area: PageInfo) -> None:
    seen = watch(page)
    page.goto(link(hostile, area, OWN.get(area.name, CHOICES.get(area.name, {}))))
    settled(page)
    holds(page, area, 1440, 390)
    assert seen == Watched(hosts={urlsplit(hostile.address).netloc})


def test_no_traceback_was_logged(hostile: App) -> None:
    assert "Traceback" not in "".join(hostile.printed)
