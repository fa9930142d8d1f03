"""The language of the viewer in a real browser: interface, formats, report, and the choice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.app import App, forget, metric, settled, visitor
from tests.browser.conftest import BERLIN
from tests.browser.test_overview import link


@pytest.fixture(scope="module")
def germany(browser: Browser) -> Iterator[BrowserContext]:
    """The browser of a viewer who reads German."""
    with visitor(browser, **{**BERLIN, "locale": "de-DE"}) as context:
        yield context


@pytest.fixture
def german(germany: BrowserContext) -> Iterator[Page]:
    yield germany.new_page()
    forget(germany)


def choose(page: Page, language: str) -> None:
    page.locator(".st-key-menu button").first.click()
    page.locator(".st-key-pick_language input").click()
    page.get_by_role("option", name=language, exact=True).click()


def test_a_german_browser_reads_german_beside_an_english_one(
    app: App, german: Page, page: Page
) -> None:
    # Both are drawn from the same answers, figures and blocks.
    page.goto(link(app))
    expect(metric(page, "Visitors")).to_have_text("2,423")
    german.goto(link(app))
    expect(metric(german, "Besucher")).to_have_text("2.423")
    expect(german).to_have_title("Übersicht · Nordlicht Shop")
    expect(german.get_by_text("1. Aug. – 30. Sept. 2026").first).to_be_visible()
    assert german.evaluate("document.documentElement.lang") == "de"
    settled(german)
    tick = german.locator(".st-key-chart_traffic .xtick text").first
    expect(tick).to_have_text("1. Aug.")
    page.reload()
    expect(metric(page, "Visitors")).to_have_text("2,423")
    settled(page)
    expect(page.locator(".st-key-chart_traffic .xtick text").first).to_have_text("1 Aug")
    assert page.evaluate("document.documentElement.lang") == "en"


@pytest.mark.thorough
def test_hover_labels_have_german_names(app: App, german: Page) -> None:
    german.goto(link(app))
    expect(metric(german, "Besucher")).to_have_text("2.423")
    settled(german)
    chart = german.locator(".st-key-chart_traffic .js-plotly-plot").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box
    title = chart.locator(".hoverlayer .legendtitletext, .hoverlayer .legendtext").first
    for _attempt in range(20):
        german.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        german.mouse.move(box["x"] + box["width"] / 2 + 9, box["y"] + box["height"] / 2)
        if title.is_visible():
            break
    expect(title).to_contain_text("2026")
    assert re.match(
        r"(Mo|Di|Mi|Do|Fr|Sa|So)\., \d+\. (Aug|Sept)\. 2026", title.text_content() or ""
    )


@pytest.mark.thorough
def test_the_choice_is_remembered_in_this_browser(app: App, german: Page) -> None:
    german.goto(link(app))
    expect(metric(german, "Besucher")).to_have_text("2.423")
    choose(german, "Français")
    expect(metric(german, "Visiteurs")).to_have_text("2\u202f423")
    settled(german)
    german.reload()
    expect(metric(german, "Visiteurs")).to_have_text("2\u202f423")
    expect(german.locator("html")).to_have_attribute("lang", "fr")
    choose(german, "Deutsch")
    expect(metric(german, "Besucher")).to_have_text("2.423")


@pytest.mark.thorough
def test_the_report_is_in_the_language_of_its_viewer(
    app: App, german: Page, tmp_path: Path
) -> None:
    german.goto(link(app))
    expect(metric(german, "Besucher")).to_have_text("2.423")
    settled(german)
    german.locator(".st-key-report_menu button").first.click()
    german.locator(".st-key-make_report button").click()
    button = german.locator(".st-key-report_download button")
    expect(button).to_contain_text("HTML")
    with german.expect_download() as download:
        button.click()
    download.value.save_as(tmp_path / "report.html")
    # Spaces may be thin, or without a break.
    report = re.sub(r"\s", " ", (tmp_path / "report.html").read_text("utf-8"))
    assert '<html lang="de">' in report
    for text in ("Nordlicht Shop, 1. Aug. – 30. Sept. 2026", "Besucher", "2.423", "Erstellt mit"):
        assert text in report


@pytest.mark.thorough
def test_weeks_of_a_fresh_visit_begin_as_in_the_country(app: App, browser: Browser) -> None:
    with visitor(browser, **{**BERLIN, "locale": "en-US"}) as context:
        page = context.new_page()
        page.goto(f"{app.address}/?period=last-week")
        settled(page)
        page.locator(".st-key-earlier button").first.click()
        # From here on, the link shows the same weeks to everybody.
        expect(page).to_have_url(re.compile("[?&]week=sunday(&|$)"))
