"""The conversion: chosen in the control bar, in the link, and saved for everyone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app import running_app, settled
from tests.pages.conftest import TABLES, WEBSITES

DATES = f"website={WEBSITES['shop']}&from=2026-09-01&to=2026-09-30"


def tile(page: Page) -> str:
    """The number of conversions on the Overview."""
    return page.get_by_test_id("stMetric").filter(has_text="Conversions").inner_text()


def expect_tile(page: Page, shown: str) -> None:
    """Wait until the tile shows the number that it showed before."""
    number = shown.splitlines()[2]
    expect(page.get_by_test_id("stMetric").filter(has_text="Conversions")).to_contain_text(number)
    settled(page)
    assert tile(page) == shown


def choose(page: Page, box: str, option: str) -> None:
    """Choose an option of a select box in the popover."""
    page.locator(f".st-key-{box} input").click()
    page.get_by_role("option", name=option, exact=True).click()
    settled(page)


@pytest.mark.thorough
def test_conversion_is_chosen_kept_in_the_link_and_saved(page: Page, tmp_path: Path) -> None:
    store = {"DASHBOARD_STORE": f"sqlite:///{tmp_path / 'store.sqlite'}"}
    with running_app(UMAMI_DATA=str(TABLES), **store) as app:
        page.goto(f"{app.address}/overview?{DATES}")
        settled(page)
        by_purchase = tile(page)
        page.locator(".st-key-conversion_popover button").first.click()
        settled(page)
        choose(page, "conversion_kind", "Page")
        # The inputs are drawn anew for the other kind.
        expect(page).to_have_url(re.compile(r"conversion=path\."))
        settled(page)
        page.locator(".st-key-conversion_value input").fill("cart")
        page.get_by_role("option", name="/cart", exact=True).click()
        settled(page)
        expect(page).to_have_url(re.compile(r"conversion=path\.(/|%2F)cart"))
        settled(page)
        by_cart = tile(page)
        assert by_cart != by_purchase
        page.reload()
        settled(page)
        assert tile(page) == by_cart
        page.locator(".st-key-conversion_popover button").first.click()
        settled(page)
        page.locator(".st-key-save_conversion button").click()
        settled(page)
        expect(page).not_to_have_url(re.compile("conversion="))
        expect_tile(page, by_cart)
        page.goto(f"{app.address}/overview?{DATES}")
        expect_tile(page, by_cart)
        page.locator(".st-key-conversion_popover button").first.click()
        settled(page)
        page.locator(".st-key-forget_conversion button").click()
        expect_tile(page, by_purchase)
