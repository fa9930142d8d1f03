"""Use of the pages in a real browser over the recorded tables."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.app import App, metric, running_app, settled
from tests.browser.test_overview import RECORDED, WEBSITES
from umami.embedded.demo.scenario import SHOP as DEMO_SHOP
from umami.embedded.server import serve

DRAWN = ".st-key-chart_minutes svg[version='1.1']"
STEPS = ["1.path./", "2.event.purchase"]


def link(app: App, page: str, **params: Any) -> str:
    query = {"website": WEBSITES["shop"], **RECORDED, **params}
    return f"{app.address}/{page}?{urlencode(query, doseq=True)}"


def at(page: Page, pattern: str) -> None:
    """Wait until the URL contains a pattern."""
    expect(page).to_have_url(re.compile(pattern))


def rows(page: Page, key: str) -> Locator:
    return page.locator(f".st-key-{key} tbody tr")


def pick(page: Page, key: str, option: str) -> None:
    """Choose an option of a select box."""
    page.locator(f".st-key-{key} input").first.click()
    page.get_by_role("option", name=option, exact=True).click()


@pytest.mark.thorough
def test_funnel_is_built_with_the_controls(app: App, page: Page) -> None:
    page.goto(link(app, "funnel"))
    # It opens with a suggestion that ends in the conversion.
    expect(page.locator(".st-key-edit_2_value input")).to_have_value("purchase")
    expect(page.get_by_text("completed the funnel")).to_be_visible()
    page.goto(link(app, "funnel", step=["1.path.", "2.path."]))
    expect(page.get_by_text("Choose at least two steps.")).to_be_visible()
    pick(page, "edit_0_value", "/")
    at(page, r"step=1\.path\.%2F&")
    settled(page)
    pick(page, "edit_1_kind", "Event")
    at(page, r"step=2\.event\.")
    settled(page)
    pick(page, "edit_1_value", "purchase")
    expect(page.get_by_text("completed the funnel")).to_be_visible()
    expect(rows(page, "funnel_steps")).to_have_count(2)
    page.locator(".st-key-raise_1 button").first.click()
    at(page, r"step=1\.event\.purchase&step=2\.path\.")
    settled(page)
    page.locator(".st-key-add_step button").first.click()
    expect(page.locator(".st-key-step_2")).to_be_visible()


@pytest.mark.thorough
def test_funnel_step_takes_a_wildcard(app: App, page: Page) -> None:
    page.goto(link(app, "funnel", step=["1.path./", "2.path."]))
    settled(page)
    box = page.locator(".st-key-edit_1_value input").first
    box.click()
    box.fill("/products*")
    page.keyboard.press("Enter")
    at(page, r"step=2\.path\.%2Fproducts%2A")
    expect(rows(page, "funnel_steps")).to_have_count(2)


def save(page: Page, name: str) -> None:
    """Save what is shown in Umami."""
    page.locator(".st-key-saved_reports button").first.click()
    box = page.get_by_role("textbox", name="Name", exact=True)
    box.fill(name)
    box.press("Tab")
    page.locator(".st-key-save_report button").first.click()
    expect(page.get_by_text(f"Saved in Umami as “{name}”.")).to_be_visible()


@pytest.mark.thorough
def test_a_report_is_saved_opened_renamed_and_deleted(app: App, page: Page) -> None:
    page.goto(link(app, "funnel", step=STEPS, window="1440"))
    settled(page)
    save(page, "Orders <b>")
    page.get_by_role("link", name="Saved").click()
    page.get_by_role("button", name="Orders <b>").click()
    page.locator(".st-key-open button").first.click()
    expect(page.get_by_role("heading", name="Funnel", exact=True)).to_be_visible()
    at(page, r"step=1\.path\.%2F&step=2\.event\.purchase.*window=1440|window=1440.*step=1")
    expect(rows(page, "funnel_steps")).to_have_count(2)

    page.get_by_role("link", name="Saved").click()
    expect(rows(page, "reports")).to_have_count(1)
    settled(page)
    if not page.locator(".st-key-report_detail").is_visible():
        page.get_by_role("button", name="Orders <b>").click()
    box = page.locator(".st-key-report_detail").get_by_role("textbox", name="Name")
    box.fill("Sales")
    box.press("Tab")
    page.locator(".st-key-rename button").first.click()
    expect(rows(page, "reports")).to_contain_text(["Sales"])
    settled(page)
    page.locator(".st-key-delete_report button").first.click()
    page.locator(".st-key-delete button").first.click()
    expect(page.get_by_text("Nothing is saved for this website yet.")).to_be_visible()


@pytest.mark.thorough
def test_a_report_opens_with_its_own_dates(app: App, page: Page) -> None:
    page.goto(link(app, "goals", goal=["9.event.purchase"]))
    settled(page)
    page.locator(".st-key-change_goals button").first.click()
    save(page, "Nine orders")
    page.goto(link(app, "reports", period="30d"))
    page.get_by_role("button", name="Nine orders").click()
    page.locator(".st-key-open_dates button").first.click()
    expect(page.get_by_role("heading", name="Goals", exact=True).first).to_be_visible()
    at(page, r"goal=9\.event\.purchase")
    at(page, r"from=2026-08-01")
    expect(metric(page, "Count")).to_have_text("280")


@pytest.mark.thorough
def test_session_is_opened_from_the_list_and_closed(app: App, page: Page) -> None:
    page.goto(link(app, "sessions"))
    scrolled = "document.querySelector(\"[data-testid='stMain']\").scrollTop"
    expect(rows(page, "session_list")).to_have_count(20)
    rows(page, "session_list").last.get_by_role("button").scroll_into_view_if_needed()
    assert page.evaluate(scrolled) > 0
    rows(page, "session_list").last.get_by_role("button").click()
    expect(page.get_by_role("heading", name="Visitor", exact=True)).to_be_visible()
    at(page, r"session=[0-9a-f-]{36}")
    expect(page.get_by_role("heading", name="Activity")).to_be_visible()
    expect(rows(page, "visit_0").first).to_be_visible()
    assert page.evaluate(scrolled) == 0
    page.locator(".st-key-all_sessions button").first.click()
    expect(rows(page, "session_list")).to_have_count(20)


@pytest.mark.thorough
def test_a_list_is_searched_and_paged_by_the_server(app: App, page: Page) -> None:
    page.goto(link(app, "sessions"))
    expect(page.get_by_text("1–20 of 2,517 visitors")).to_be_visible()
    page.get_by_test_id("stPagination").get_by_text("3", exact=True).click()
    expect(page.get_by_text("41–60 of 2,517 visitors")).to_be_visible()
    at(page, r"sessions_page=3")
    settled(page)
    box = page.locator(".st-key-pick_sessions_search input")
    box.fill("firefox")
    box.press("Enter")
    expect(page.get_by_text(re.compile(r"^1–20 of \d{2,3} visitors"))).to_be_visible()
    at(page, r"sessions_search=firefox")
    expect(rows(page, "session_list").first).to_contain_text("Firefox")


@pytest.mark.thorough
def test_event_links_to_its_sessions_and_property_to_its_values(app: App, page: Page) -> None:
    page.goto(link(app, "events"))
    page.get_by_role("button", name="price add-to-cart").click()
    expect(page.get_by_text("Median")).to_be_visible()
    at(page, r"event_property=price")
    settled(page)
    rows(page, "event_list").first.get_by_role("button").click()
    expect(page.get_by_role("heading", name="Visitor", exact=True)).to_be_visible()
    at(page, r"/sessions\?.*session=")


@pytest.mark.thorough
def test_back_restores_page_and_search_of_a_list(app: App, page: Page) -> None:
    page.goto(link(app, "events"))
    settled(page)
    page.get_by_test_id("stPagination").get_by_text("3", exact=True).click()
    there = page.get_by_text(re.compile(r"^41–60 of "))
    expect(there).to_be_visible()
    settled(page)
    rows(page, "event_list").first.get_by_role("button").click()
    expect(page.get_by_role("heading", name="Visitor", exact=True)).to_be_visible()
    settled(page)
    page.go_back()
    at(page, r"/events\?.*events_page=3")
    expect(there).to_be_visible()


@pytest.mark.thorough
def test_group_of_the_breakdown_filters_every_page(app: App, page: Page) -> None:
    page.goto(link(app, "breakdown", field=["country", "browser"]))
    rows(page, "groups").first.get_by_role("button").click()
    expect(page.locator(".st-key-chips")).to_contain_text("Country is United States")
    expect(page.locator(".st-key-chips")).to_contain_text("Browser is Chrome")


@pytest.mark.thorough
def test_parameters_of_a_page_survive_navigation(app: App, page: Page) -> None:
    page.goto(link(app, "retention"))
    settled(page)
    page.get_by_text("By month", exact=True).click()
    at(page, r"grain=month")
    settled(page)
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("heading", name="Compare", exact=True)).to_be_visible()
    at(page, r"/compare\?(?!.*grain)")
    page.get_by_role("link", name="Retention").click()
    expect(page.get_by_role("heading", name="Retention", exact=True)).to_be_visible()
    at(page, r"grain=month")
    at(page, r"from=2026-08-01")


@pytest.mark.thorough
def test_table_is_downloaded_as_csv(app: App, page: Page) -> None:
    page.goto(link(app, "utm"))
    with page.expect_download() as download:
        page.locator(".st-key-visits_utmCampaign_csv button").first.click()
    text = download.value.path().read_text("utf-8-sig")
    assert text.splitlines()[0].startswith('"Campaign",')


@pytest.mark.thorough
def test_realtime_updates_without_redrawing_the_chart(page: Page) -> None:
    with (
        serve() as server,
        running_app(
            UMAMI_URL=server.url, UMAMI_USERNAME=server.username, UMAMI_PASSWORD=server.password
        ) as demo,
    ):
        page.goto(f"{demo.address}/realtime")
        settled(page)
        # The chart's own picture, not an icon of its toolbar.
        expect(page.locator(DRAWN)).to_be_visible()
        page.evaluate(
            """DRAWN => {
              window.gone = ''
              window.chart = document.querySelector(DRAWN).parentElement
              new MutationObserver(changes => changes.forEach(change => {
                // What a chart draws anew within itself, and its hidden table, is no flicker.
                if (!change.target.closest('svg')) window.gone += [
                  ...change.removedNodes
                ].filter(one => one.nodeType === 1 && one.innerHTML && !one.hidden)
                  .map(one => one.outerHTML.slice(0, 80) + ' ')
              })).observe(document.querySelector('[data-testid=stMain]'),
                          { childList: true, subtree: true })
            }""",
            DRAWN,
        )
        sent = {
            "website": str(DEMO_SHOP.id),
            "url": "/a-new-page",
            "hostname": "x.example",
            "title": "New",
        }
        answer = httpx.post(
            f"{server.url}/api/send",
            json={"type": "event", "payload": sent},
            headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"},
        )
        assert answer.is_success
        # It looks every ten seconds; on busy cores twice may be needed.
        expect(page.locator(".st-key-log tbody")).to_contain_text("/a-new-page", timeout=25_000)
        assert page.evaluate("window.gone") == ""
        assert page.evaluate(
            "DRAWN => window.chart === document.querySelector(DRAWN).parentElement", DRAWN
        )
        page.get_by_text("Pause", exact=True).click()
        expect(page.get_by_text("Paused: the page does not refresh")).to_be_visible()


def test_tab_reaches_the_file_of_the_costs_dialog(app: App, page: Page) -> None:
    page.goto(link(app, "utm"))
    settled(page)
    page.get_by_role("button", name="Costs").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Choose a CSV file", exact=True)).to_be_visible()
    dialog.get_by_role("button", name="Close").focus()
    page.keyboard.press("Tab")
    expect(dialog.locator("input[type=file]")).to_be_focused()
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("textbox")).to_be_focused()
