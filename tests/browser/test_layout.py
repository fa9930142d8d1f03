"""Where things are on a page, and that they stay there: while it loads, after a filter, and while
one scrolls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from components.areas import PageInfo
from components.page_registry import ALL_PAGES, PAGES, WITHOUT_BAR
from tests.browser.app import App, forget, fresh_app, settled, visitor
from tests.conftest import Some
from tests.support.waiting import eventually

WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
SIZES = (WIDE, PHONE)
FIRST_TILE = {1440: 140, 390: 260}
"""The largest y of the first tile, by the width of the window."""
SHIFTS = """
window.shifts = 0
window.begins = performance.now()
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (!entry.hadRecentInput && entry.startTime >= window.begins) window.shifts += entry.value
  }
}).observe({ type: "layout-shift", buffered: true })
"""
MOST = 0.1
"""Cumulative layout shift above which a page is not good, by Core Web Vitals."""
TOP = "node => Math.round(node.getBoundingClientRect().y)"
SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"
SIZE_IDS = {"ids": lambda size: str(size["width"])}


@pytest.fixture(scope="module")
def demo() -> Iterator[App]:
    with fresh_app() as app:
        yield app


@pytest.fixture(scope="module", params=["light", pytest.param("dark", marks=pytest.mark.thorough)])
def viewers(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A returning visitor in either theme."""
    with visitor(browser, viewport=WIDE, color_scheme=request.param) as context:
        yield context


@pytest.fixture
def tab(viewers: BrowserContext) -> Iterator[Page]:
    tab = viewers.new_page()
    tab.add_init_script(SHIFTS)
    yield tab
    forget(viewers)


def shifts(page: Page) -> float:
    """What has moved on the page since the last call, without an input by the viewer."""
    # Shifts are reported after the next picture.
    moved: float = page.evaluate(
        """() => new Promise(done => requestAnimationFrame(() => setTimeout(() => {
          done(window.shifts)
          window.shifts = 0
        })))"""
    )
    return moved


def top(page: Page, selector: str) -> int:
    y: int = page.locator(selector).first.evaluate(TOP)
    return y


def opened(app: App, page: Page, area: PageInfo, size: Any) -> None:
    page.set_viewport_size(size)
    page.goto(f"{app.address}/{area.name}")
    settled(page)


@pytest.mark.thorough
def test_every_page_begins_at_the_same_place(demo: App, tab: Page, some: Some) -> None:
    """The title, the first tile and the bar."""
    opened(demo, tab, PAGES[0], WIDE)
    titles: dict[int, set[int]] = {390: set(), 1440: set()}
    # Access and Setup are without a bar.
    for area in some(ALL_PAGES, 6):
        tab.goto(f"{demo.address}/{area.name}")
        settled(tab)
        expect(tab.get_by_role("heading", level=1)).to_have_text(area.title)
        assert tab.locator(".st-key-bar").count() == (area.name not in (*WITHOUT_BAR, "setup"))
        for size in SIZES:
            tab.set_viewport_size(size)
            width = size["width"]
            titles[width].add(top(tab, "h1"))
            tiles = tab.get_by_test_id("stMetric")
            if tiles.count():
                assert tiles.first.evaluate(TOP) <= FIRST_TILE[width], (area.name, width)
    assert [len(places) for places in titles.values()] == [1, 1], titles


def test_bar_is_one_row_and_stays(demo: App, tab: Page) -> None:
    opened(demo, tab, PAGES[0], WIDE)
    tab.add_style_tag(content="[data-testid=stMain] { overflow-y: scroll }")
    covering = "!!document.elementFromPoint(innerWidth / 2, 20).closest('.st-key-bar')"
    bar, controls = tab.locator(".st-key-bar"), tab.locator(".st-key-row > *")
    for width, rows in ((1280, 1), (1024, 1), (390, 2)):
        tab.set_viewport_size({"width": width, "height": 800})
        middles = controls.evaluate_all(
            "nodes => nodes.map(node => node.getBoundingClientRect())"
            ".map(place => Math.round((place.top + place.bottom) / 2))"
        )
        assert len(set(middles)) == rows, (width, middles)
        box = bar.bounding_box()
        assert box
        assert box["height"] <= 48 * rows
        last = tab.locator(".st-key-menu").bounding_box()
        streamlits = tab.get_by_test_id("stMainMenuButton").bounding_box()
        assert last
        assert streamlits
        assert last["x"] + last["width"] <= streamlits["x"]
        tab.get_by_test_id("stMain").evaluate("node => node.scrollTo(0, 1000)")
        eventually(lambda: top(tab, ".st-key-bar") == 0)
        # Streamlit moves its own header in steps when the window gets narrower.
        eventually(lambda: tab.evaluate(covering))


@pytest.mark.thorough
def test_long_dates_and_sentences_stay_low_on_phones(demo: App, tab: Page) -> None:
    tab.set_viewport_size(PHONE)
    tab.goto(f"{demo.address}/overview?from=2025-12-28&to=2026-11-12")
    settled(tab)
    bar = tab.locator(".st-key-bar").bounding_box()
    sentences = tab.locator(".st-key-findings_what_changed").bounding_box()
    assert bar
    assert sentences
    assert bar["height"] <= 96
    assert sentences["height"] <= 120


@pytest.mark.parametrize("size", SIZES, **SIZE_IDS)
def test_nothing_moves_while_pages_load_and_change(
    demo: App, tab: Page, some: Some, size: Any
) -> None:
    opened(demo, tab, PAGES[0], size)
    assert shifts(tab) < MOST
    for area in some(PAGES[1:], 5):
        # On phones the navigation is outside of the window.
        link = tab.get_by_test_id("stSidebarNavLink").filter(has_text=area.title).first
        link.press("Enter")
        expect(tab.get_by_role("heading", level=1)).to_have_text(area.title)
        settled(tab)
        assert shifts(tab) < MOST, area.name


@pytest.mark.thorough
@pytest.mark.parametrize("size", SIZES, **SIZE_IDS)
def test_a_filter_moves_nothing(demo: App, tab: Page, size: Any) -> None:
    opened(demo, tab, PAGES[0], size)
    row = tab.locator(".st-key-ranking_referrer").get_by_role("button", name="google.com")
    row.scroll_into_view_if_needed()
    tab.get_by_test_id("stMain").evaluate("node => node.scrollBy(0, 100)")
    before = tab.evaluate(SCROLLED)
    shifts(tab)
    row.click()
    expect(tab.locator(".st-key-chips")).to_contain_text("google.com")
    settled(tab)
    assert shifts(tab) < MOST
    # Browsers scroll on by what is added above: the row of filters.
    assert before <= tab.evaluate(SCROLLED) <= before + 60


@pytest.mark.thorough
def test_streamlits_menu_has_no_more_than_theme_and_print(demo: App, tab: Page) -> None:
    opened(demo, tab, PAGES[0], WIDE)
    tab.get_by_test_id("stMainMenuButton").click()
    expect(tab.get_by_text("Print")).to_be_visible()
    expect(tab.get_by_test_id("stThemeSwitcher")).to_be_visible()
    expect(tab.get_by_text("Record screen")).to_be_hidden()
    expect(tab.get_by_text("Made with Streamlit")).to_be_hidden()


@pytest.mark.thorough
def test_profile_of_a_visitor_opens_at_its_top(demo: App, tab: Page) -> None:
    opened(demo, tab, next(page for page in PAGES if page.name == "sessions"), WIDE)
    row = tab.locator(".st-key-session_list").get_by_role("button").nth(12)
    row.scroll_into_view_if_needed()
    row.click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Visitor")
    settled(tab)
    assert tab.evaluate(SCROLLED) == 0


@pytest.mark.thorough
def test_nothing_lies_over_charts_and_their_buttons(demo: App, tab: Page) -> None:
    opened(demo, tab, PAGES[0], PHONE)
    tab.set_viewport_size({"width": 390, "height": 5000})
    settled(tab)
    charts = tab.get_by_test_id("stPlotlyChart")
    assert charts.count() >= 4
    for chart in charts.all():
        expect(chart.locator(".main-svg").first).to_be_attached()
        overlaps = chart.evaluate(
            """node => {
              const place = node.closest('[data-testid=stElementContainer]')
              const bottom = (selector) => Math.max(...[...place.querySelectorAll(selector)]
                .map(one => one.getBoundingClientRect().bottom))
              const plot = place.querySelector('.legend') && place.querySelector('.plot')
              return {
                buttons: bottom('.umami-chart-download') - node.getBoundingClientRect().top,
                legend: plot && bottom('.legend .bg') - plot.getBoundingClientRect().top,
              }
            }"""
        )
        assert overlaps["buttons"] <= 0
        assert overlaps["legend"] is None or overlaps["legend"] <= 1
    world = tab.locator(".st-key-chart_world")
    land, box = world.locator(".layer.land path").first.bounding_box(), world.bounding_box()
    assert land
    assert box
    assert box["height"] - land["height"] < 80
