"""The Overview in a real browser, over the recorded tables."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, expect

from tests.browser.app import ROOT, App, metric, settled

WEBSITES: dict[str, str] = json.loads(
    (ROOT / "tests" / "contract" / "data" / "websites.json").read_text()
)
RECORDED = {"period": "custom", "from": "2026-08-01", "to": "2026-09-30", "tz": "UTC"}


def link(app: App, website: str = "shop", **params: str) -> str:
    return f"{app.address}/?{urlencode({'website': WEBSITES[website], **RECORDED, **params})}"


def spelled(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def row(page: Page, table: str, name: str) -> Locator:
    return page.locator(f".st-key-ranking_{table}").get_by_role("button", name=name, exact=True)


@pytest.mark.thorough
def test_tiles_show_the_recorded_figures(app: App, page: Page) -> None:
    page.goto(link(app))
    expect(metric(page, "Views")).to_have_text("10,797")
    expect(metric(page, "Visitors")).to_have_text("2,423")
    expect(metric(page, "Visits")).to_have_text("3,426")
    expect(page).to_have_title("Overview · Nordlicht Shop")


@pytest.mark.thorough
def test_click_on_a_row_adds_a_filter_and_a_second_removes_it(app: App, page: Page) -> None:
    page.goto(link(app))
    expect(metric(page, "Views")).to_have_text("10,797")
    row(page, "country", "Germany").click()
    expect(page.locator(".st-key-chips")).to_contain_text("Country is Germany")
    expect(metric(page, "Views")).not_to_have_text("10,797")
    settled(page)
    expect(page).to_have_url(re.compile(r"[?&]filter=country\.eq\.DE(&|$)"))
    expect(row(page, "country", "Germany")).to_have_attribute("aria-pressed", "true")
    row(page, "country", "Germany").click()
    expect(page.locator(".st-key-chips")).to_have_count(0)
    expect(metric(page, "Views")).to_have_text("10,797")


@pytest.mark.thorough
def test_period_buttons_change_the_figures_and_survive_a_reload(app: App, page: Page) -> None:
    page.goto(link(app))
    expect(metric(page, "Views")).to_have_text("10,797")
    page.locator(".st-key-earlier button").first.click()
    expect(metric(page, "Views")).to_have_text("0")
    page.locator(".st-key-later button").first.click()
    expect(metric(page, "Views")).to_have_text("10,797")
    row(page, "device", "Mobile").click()
    expect(page.locator(".st-key-chips")).to_contain_text("Mobile")
    settled(page)
    before, figures = page.url, metric(page, "Views").inner_text()
    page.reload()
    expect(page.locator(".st-key-chips")).to_contain_text("Device is Mobile")
    expect(metric(page, "Views")).to_have_text(figures)
    settled(page)
    assert spelled(page) == parse_qs(urlsplit(before).query)


@pytest.mark.thorough
def test_period_preset_is_chosen_from_the_control_bar(app: App, page: Page) -> None:
    page.goto(link(app))
    settled(page)
    page.locator(".st-key-period_menu button").first.click()
    page.get_by_role("radiogroup").get_by_text("All time", exact=True).click()
    # The figures are those of the dates before: the address alone tells the two apart.
    expect(page).to_have_url(re.compile(r"[?&]period=all(&|$)"))
    expect(metric(page, "Views")).to_have_text("10,797")
    settled(page)
    assert "from" not in spelled(page)


@pytest.mark.thorough
def test_no_request_leaves_the_host_and_the_map_draws(app: App, page: Page) -> None:
    hosts: set[str] = set()
    complaints: list[str] = []

    def on_request(request: Request) -> None:
        if not request.url.startswith(("data:", "blob:")):
            hosts.add(urlsplit(request.url).netloc)

    def said(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    page.on("request", on_request)
    page.on("console", said)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(link(app))
    page.locator(".st-key-chart_world").first.scroll_into_view_if_needed()
    shapes = page.locator(".st-key-chart_world .choroplethlayer path")
    expect(shapes.first).to_be_attached()
    assert shapes.count() >= 8
    expect(page.locator(".st-key-chart_world .layer.land path").first).to_be_attached()
    settled(page)
    assert hosts == {urlsplit(app.address).netloc}
    assert complaints == []


@pytest.mark.thorough
def test_click_on_the_map_filters_by_country(app: App, page: Page) -> None:
    page.goto(link(app))
    page.locator(".st-key-chart_world").first.scroll_into_view_if_needed()
    expect(page.locator(".st-key-chart_world .choroplethlayer path").first).to_be_attached()
    settled(page)
    brazil = page.evaluate_handle(
        "[...document.querySelectorAll('.st-key-chart_world .choroplethlayer path')]"
        ".find(path => path.__data__.loc === 'BRA')"
    ).as_element()
    assert brazil
    # Plotly catches clicks on a sheet above the countries.
    brazil.click(force=True)
    expect(page.locator(".st-key-chips")).to_contain_text("Country is Brazil")


@pytest.mark.thorough
def test_filter_is_added_in_the_dialog_and_back_removes_it(app: App, page: Page) -> None:
    page.goto(link(app))
    expect(metric(page, "Views")).to_have_text("10,797")
    page.locator(".st-key-add_filter button").click()
    page.locator(".st-key-f_field input").click()
    page.get_by_role("option", name="Browser").click()
    page.locator(".st-key-f_value_browser_eq input").click()
    page.get_by_role("option", name="Safari (iOS)").click()
    page.get_by_role("option", name="Firefox").click()
    page.keyboard.press("Tab")
    page.locator(".st-key-f_add button").click()
    expect(page.locator(".st-key-chips")).to_contain_text("Browser is Safari (iOS) or Firefox")
    expect(page).to_have_url(
        re.compile(r"[?&]filter=browser\.eq\.ios&filter=browser\.eq\.firefox(&|$)")
    )
    expect(page.locator(".st-key-f_add")).to_have_count(0)
    settled(page)
    page.go_back()
    expect(page.locator(".st-key-chips")).to_have_count(0)
    expect(metric(page, "Views")).to_have_text("10,797")


@pytest.mark.thorough
def test_filters_are_joined_by_any(app: App, page: Page) -> None:
    two = [("filter", "country.eq.DE"), ("filter", "browser.eq.firefox")]
    page.goto(f"{link(app)}&{urlencode(two)}")
    both = metric(page, "Visitors")
    expect(both).to_be_visible()
    settled(page)
    fewer = int(both.inner_text().replace(",", ""))
    page.locator(".st-key-pick_match input").click()
    page.get_by_role("option", name="Match any").click()
    expect(both).not_to_have_text(f"{fewer:,}")
    settled(page)
    expect(page).to_have_url(re.compile(r"[?&]match=any(&|$)"))
    assert int(both.inner_text().replace(",", "")) > fewer


@pytest.mark.thorough
def test_hostile_names_are_shown_as_text(app: App, page: Page) -> None:
    page.goto(link(app))
    expect(row(page, "event", "video <play>")).to_be_visible()
    page.get_by_role("tab", name="Titles").click()
    expect(row(page, "title", 'About <us> | "Nord"')).to_be_visible()
    row(page, "title", 'About <us> | "Nord"').click()
    expect(page.locator(".st-key-chips")).to_contain_text('Page title is About <us> | "Nord"')


@pytest.mark.thorough
def test_malformed_url_opens_the_page_and_is_explained(app: App, page: Page) -> None:
    page.goto(link(app, tz="Mars/Phobos", unit="fortnight", filter="nonsense"))
    expect(page.get_by_text("“Mars/Phobos” is not a time zone.")).to_be_visible()
    expect(page.get_by_text("“fortnight” is not a unit of time.")).to_be_visible()
    expect(page.get_by_text("“nonsense” is not a filter")).to_be_visible()
    expect(metric(page, "Visits")).not_to_have_text("0")
    settled(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)


@pytest.mark.thorough
def test_url_of_an_unknown_website_opens_an_accessible_one(app: App, page: Page) -> None:
    page.goto(f"{app.address}/?website=00000000-0000-4000-8000-000000000000")
    expect(page.get_by_text("website is not among those you can open")).to_be_visible()
    settled(page)


@pytest.mark.thorough
def test_page_of_an_empty_website_explains_what_is_missing(app: App, page: Page) -> None:
    page.goto(link(app, "empty"))
    expect(metric(page, "Views")).to_have_text("0")
    expect(page.get_by_text("No views in this period yet.")).to_be_visible()
    expect(page.get_by_text("No visitor has a known country in this period.")).to_be_visible()
    settled(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)


@pytest.mark.thorough
def test_a_table_opens_in_full_and_downloads(app: App, page: Page) -> None:
    page.goto(link(app))
    page.locator(".st-key-ranking_path_all button").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_test_id("stDataFrame")).to_be_visible()
    # The platform's own download knows nothing of formulas.
    dialog.get_by_test_id("stDataFrame").hover()
    expect(dialog.get_by_label("Search", exact=True).last).to_be_visible()
    expect(dialog.get_by_label("Download as CSV")).to_be_hidden()
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Download CSV").click()
    text = download.value.path().read_text("utf-8-sig")
    assert text.splitlines()[0].startswith('"Page",')
    assert '"/pricing",' in text
    assert len(text.splitlines()) > 11


@pytest.mark.thorough
def test_menu_has_the_time_zone_and_the_age_of_the_figures(app: App, page: Page) -> None:
    page.goto(f"{app.address}/?website={WEBSITES['shop']}")
    settled(page)
    page.locator(".st-key-menu button").first.click()
    expect(page.locator(".st-key-pick_zone input")).to_have_value("Europe/Berlin")
    expect(page.get_by_text("Figures as of")).to_be_visible()
    expect(page.get_by_text("Demo data")).to_have_count(0)
    expect(page.get_by_text("127.0.0.1")).to_have_count(0)


@pytest.mark.thorough
def test_phone_needs_no_horizontal_scrolling(app: App, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(link(app))
    expect(metric(page, "Views")).to_have_text("10,797")
    settled(page)
    assert page.evaluate(
        "document.querySelector('[data-testid=stMain]').scrollWidth <= window.innerWidth"
    )


@pytest.mark.thorough
def test_no_traceback_was_logged(app: App) -> None:
    assert "Traceback" not in "".join(app.printed)


@pytest.mark.thorough
def test_link_is_copied_and_charts_are_downloaded(app: App, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(link(app))
    settled(page)
    page.locator(".st-key-menu button").first.click()
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    page.keyboard.press("Escape")
    beginnings = {"PNG": b"\x89PNG", "SVG": b"<svg"}
    for kind, beginning in beginnings.items():
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Visitors by country as {kind}").click()
        taken = Path(download.value.path()).read_bytes()
        assert taken.startswith(beginning)
        assert download.value.suggested_filename == f"Visitors by country.{kind.lower()}"
        if kind == "SVG":
            assert len(taken) > 300_000, "the world is drawn"
