"""The Journey page in a real browser, over the recorded tables."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.app import App, settled
from tests.browser.test_overview import RECORDED, WEBSITES, spelled

pytestmark = pytest.mark.thorough


def link(app: App, **params: str) -> str:
    query = urlencode({"website": WEBSITES["shop"], **RECORDED, **params})
    return f"{app.address}/journey?{query}"


def node(page: Page, label: str) -> Locator:
    """A node's label, which is part of the node for clicks."""
    return page.locator("[class*='st-key-scrolling_'][class*='_flow'] svg text").filter(
        has_text=re.compile(label)
    )


def test_click_on_a_node_asks_about_its_page(app: App, page: Page) -> None:
    page.goto(link(app, at="/cart"))
    settled(page)
    node(page, r"^/ ").first.click()
    expect(page).to_have_url(re.compile(r"[?&]at=%2F(&|$)"))
    expect(page.locator(".st-key-pick_at input")).to_have_value("/")
    settled(page)
    # Another flow, and nothing of the first click is left.
    page.locator("[class*='st-key-scrolling_'][class*='_around'] svg text").filter(
        has_text=re.compile(r"^/pricing ")
    ).first.click()
    expect(page.locator(".st-key-pick_at input")).to_have_value("/pricing")
    expect(page.get_by_text("What happens after /pricing?")).to_be_visible()


def test_folded_node_cannot_be_selected(app: App, page: Page) -> None:
    page.goto(link(app))
    settled(page)
    node(page, r"^Other \(").first.click()
    settled(page)
    assert "at" not in spelled(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    node(page, r"^/pricing ").first.click()
    expect(page).to_have_url(re.compile(r"[?&]at=%2Fpricing(&|$)"))


def downloaded(page: Page, key: str) -> list[str]:
    """The lines of a table's CSV."""
    with page.expect_download() as download:
        page.locator(f".st-key-{key}_csv button").click()
    return download.value.path().read_text("utf-8-sig").splitlines()


def test_start_can_be_typed(app: App, page: Page) -> None:
    page.goto(link(app, steps="3"))
    settled(page)
    page.locator(".st-key-more button").first.click()
    page.locator(".st-key-pick_start input").fill("/nowhere $x$ <b>")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No visit took such a path in this period.")).to_be_visible()
    settled(page)
    assert spelled(page)["start"] == ["/nowhere $x$ <b>"]
    page.reload()
    settled(page)
    page.locator(".st-key-more button").first.click()
    expect(page.locator(".st-key-pick_start input")).to_have_value("/nowhere $x$ <b>")


def test_paths_are_downloaded_as_csv(app: App, page: Page) -> None:
    page.goto(link(app))
    settled(page)
    lines = downloaded(page, "paths")
    assert lines[0] == '"Path","Steps","Visits","% of visits"'
    assert len(lines) > 16


@pytest.mark.parametrize("steps", ["3", "7"])
def test_phone_scrolls_the_diagram_and_not_the_page(app: App, page: Page, steps: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(link(app, steps=steps))
    expect(node(page, r"^/ ").first).to_be_attached()
    settled(page)
    assert page.evaluate(
        "document.querySelector('[data-testid=stMain]').scrollWidth <= window.innerWidth"
    )
    boxes = [
        box
        for label in page.locator("[class*='st-key-scrolling_'][class*='_flow'] svg text").all()
        if (box := label.bounding_box()) is not None
    ]
    assert len(boxes) > 8
    flow = page.locator("[class*='st-key-scrolling_'][class*='_flow']").evaluate(
        "box => box.scrollWidth"
    )
    left = page.locator("[class*='st-key-scrolling_'][class*='_flow']").bounding_box()
    assert left
    for at, bounds in enumerate(boxes):
        assert bounds["x"] + bounds["width"] <= left["x"] + flow
        for other in boxes[at + 1 :]:
            apart = (
                bounds["x"] + bounds["width"] <= other["x"]
                or other["x"] + other["width"] <= bounds["x"]
                or abs(bounds["y"] - other["y"]) >= 10
            )
            assert apart, "two labels lie upon each other"
