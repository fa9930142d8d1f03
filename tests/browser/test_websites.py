"""The Websites page in a real browser, with a server that these tests may change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app import TABLES, App, running_app, settled
from tests.browser.test_overview import RECORDED, WEBSITES, spelled

pytestmark = pytest.mark.thorough

HOSTILE = "Neu <b>x</b> $a$ *b*"


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    """An app with a server of its own."""
    with running_app(UMAMI_DATA=str(TABLES)) as running:
        yield running


def link(app: App, **params: str) -> str:
    query = urlencode({"website": WEBSITES["shop"], **RECORDED, **params})
    return f"{app.address}/websites?{query}"


def test_website_is_created_managed_and_deleted(app: App, page: Page) -> None:
    page.goto(link(app))
    settled(page)
    page.locator(".st-key-add_website button").first.click()
    page.locator(".st-key-new_name input").fill(HOSTILE)
    page.locator(".st-key-new_domain input").fill("neu.example")
    # The click takes the focus from what was typed last.
    page.locator(".st-key-create_website button").click()
    expect(page.get_by_role("heading", name=f"Manage {HOSTILE}")).to_be_visible()
    expect(page.locator(".st-key-new_name")).to_have_count(0)
    settled(page)

    page.locator(".st-key-send_test button").click()
    expect(page.get_by_text("It arrived: the website is being counted.")).to_be_visible()
    settled(page)

    page.get_by_text("Share link: anyone with the link").click()
    expect(page.get_by_text(re.compile(r"/share/[A-Za-z0-9]{16}$"))).to_be_visible()
    settled(page)

    page.locator("[class*='st-key-name_'] input").fill("Neu & anders")
    page.locator("[class*='st-key-save_'] button").click()
    expect(page.get_by_role("heading", name="Manage Neu & anders")).to_be_visible()
    expect(page.get_by_text(re.compile(r"/share/[A-Za-z0-9]{16}$"))).to_be_visible()
    settled(page)

    page.get_by_role("button", name="Delete").click()
    sure = page.locator("[class*='st-key-delete_'][class*='_sure'] button")
    expect(sure).to_be_disabled()
    page.locator("[class*='st-key-delete_'][class*='_name'] input").fill("Neu & anders")
    expect(sure).to_be_enabled()
    settled(page)
    sure.click()
    expect(page.get_by_text("was deleted.")).to_be_visible()
    expect(page.get_by_role("heading", name="Neu & anders")).to_have_count(0)
    settled(page)
    assert "site" not in spelled(page)
    assert "Traceback" not in "".join(app.printed)


def test_open_button_leads_to_the_figures_of_the_website(app: App, page: Page) -> None:
    page.goto(link(app, websites_search="docs"))
    settled(page)
    expect(page.get_by_role("heading", name="Nordlicht Shop")).to_have_count(0)
    # A button with a tooltip is drawn twice, one of them for touch.
    page.locator(f".st-key-look_{WEBSITES['docs']} button").first.click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"[?&]website={WEBSITES['docs']}(&|$)"))
    settled(page)


def test_managed_website_leads_back_to_the_list(app: App, page: Page) -> None:
    page.goto(link(app))
    settled(page)
    page.locator(f".st-key-manage_{WEBSITES['docs']} button").click()
    expect(page.get_by_role("heading", name="Manage Nordlicht Docs")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"[?&]site={WEBSITES['docs']}(&|$)"))
    settled(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Manage Nordlicht Docs")).to_have_count(0)


@pytest.mark.parametrize("width", [1440, 390])
def test_page_needs_no_horizontal_scrolling(app: App, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(link(app, site=WEBSITES["docs"]))
    expect(page.get_by_role("heading", name="Manage Nordlicht Docs")).to_be_visible()
    settled(page)
    assert page.evaluate(
        "document.querySelector('[data-testid=stMain]').scrollWidth <= window.innerWidth"
    )
