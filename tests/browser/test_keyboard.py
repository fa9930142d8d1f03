"""Keyboard shortcuts, the list of them, and the search over pages and websites."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from components.shortcuts import SHORTCUTS
from tests.browser.app import App, metric, settled
from tests.browser.test_overview import link, spelled

PERIODS = {
    "d": "today",
    "e": "yesterday",
    "h": "24h",
    "shift+w": "week",
    "w": "7d",
    "f": "28d",
    "t": "30d",
    "m": "month",
    "p": "last-month",
    "n": "90d",
    "s": "180d",
    "q": "quarter",
    "y": "year",
    "l": "12mo",
    "a": "all",
}
OTHERS = {
    *("c", "arrowleft", "arrowright", "x", "shift+f", "shift+n", "escape", "r", "/", "?"),
    *"123456789",
}
FILTERED = {"filter": "country.eq.DE"}


def press(page: Page, key: str) -> None:
    """Press a key of the table of shortcuts."""
    shift, _plus, letter = key.rpartition("+")
    names = {"arrowleft": "ArrowLeft", "arrowright": "ArrowRight", "escape": "Escape"}
    page.keyboard.press(f"Shift+{letter.upper()}" if shift else names.get(key, key))


def param(name: str, value: str) -> re.Pattern[str]:
    return re.compile(rf"[?&]{name}={value}(&|$)")


def listed(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Keyboard shortcuts")


def searching(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Search pages and websites")


def opened(app: App, page: Page, path: str = "", **params: str) -> None:
    """Open a page, and wait until it listens to the keyboard."""
    page.goto(f"{app.address}/{path}" if path else link(app, **params))
    settled(page)
    expect(page.locator(".st-key-shortcuts dialog[aria-label]")).to_be_attached()


def test_every_shortcut_is_tested() -> None:
    keys = [key for shortcut in SHORTCUTS for key in shortcut.keys]
    assert len(keys) == len(set(keys))
    assert set(keys) == {*PERIODS, *OTHERS}


@pytest.mark.thorough
def test_every_period_has_its_key(app: App, page: Page) -> None:
    opened(app, page)
    for key, period in PERIODS.items():
        press(page, key)
        expect(page).to_have_url(param("period", period))
        settled(page)


@pytest.mark.thorough
def test_arrows_move_the_period_once_after_page_changes_too(app: App, page: Page) -> None:
    opened(app, page)
    for title in ("Events", "Retention", "Overview"):
        page.get_by_role("link", name=title, exact=True).click()
        expect(page.get_by_role("heading", name=title, exact=True).first).to_be_visible()
        settled(page)
    press(page, "arrowleft")
    expect(page).to_have_url(param("from", "2026-06-01"))
    settled(page)
    press(page, "arrowright")
    expect(page).to_have_url(param("from", "2026-08-01"))
    expect(metric(page, "Views")).to_have_text("10,797")


@pytest.mark.thorough
def test_comparison_filters_websites_and_realtime(app: App, page: Page) -> None:
    opened(app, page, compare="year")
    press(page, "x")
    expect(page).to_have_url(param("compare", "none"))
    settled(page)
    press(page, "x")
    expect(page).to_have_url(param("compare", "year"))
    settled(page)

    popover = page.get_by_test_id("stPopoverBody")
    press(page, "c")
    # The dates have the keyboard, at the first part of the first day.
    expect(popover.get_by_role("spinbutton").first).to_be_focused()
    press(page, "escape")
    expect(popover).to_have_count(0)
    press(page, "shift+n")
    dialog = page.get_by_role("dialog", name="Add a note")
    # The dialog has the keyboard: its first input gets what is typed.
    expect(dialog.get_by_role("textbox", name="What happened?")).to_be_focused()
    page.keyboard.type("New prices")
    expect(dialog.get_by_role("textbox", name="What happened?")).to_have_value("New prices")
    press(page, "escape")
    expect(dialog).to_have_count(0)
    settled(page)
    press(page, "shift+f")
    expect(popover).to_be_visible()
    # Esc closes it and leaves the filters alone.
    press(page, "escape")
    expect(popover).to_have_count(0)

    opened(app, page, **FILTERED)
    expect(page.locator(".st-key-chips")).to_be_visible()
    press(page, "escape")
    expect(page.locator(".st-key-chips")).to_have_count(0)
    assert "filter" not in spelled(page)
    settled(page)

    box = page.locator(".st-key-pick_website input")
    box.click()
    names = page.get_by_role("option").all_inner_texts()
    page.keyboard.press("Escape")
    page.get_by_role("heading", name="Overview").click()
    for place, name in enumerate(names, 1):
        press(page, str(place))
        expect(box).to_have_value(name)
        settled(page)

    press(page, "r")
    expect(page.get_by_role("heading", name="Realtime", exact=True)).to_be_visible()


def test_search_opens_pages_and_websites_by_the_keyboard_alone(app: App, page: Page) -> None:
    opened(app, page)
    press(page, "/")
    expect(searching(page)).to_be_focused()
    page.keyboard.type("com")
    options = page.get_by_role("option")
    expect(options.first).to_have_text("ComparePage")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Compare", exact=True)).to_be_visible()
    expect(searching(page)).to_be_hidden()
    settled(page)
    assert spelled(page)["from"] == ["2026-08-01"]

    press(page, "/")
    expect(searching(page)).to_have_value("")
    expect(options.first).to_be_visible()
    page.keyboard.press("ArrowUp")
    last = options.last
    expect(last).to_have_attribute("aria-selected", "true")
    website = last.locator("span").first.inner_text()
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-pick_website input")).to_have_value(website)
    settled(page)

    press(page, "/")
    page.keyboard.type("<b>nowhere")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    page.keyboard.press("Escape")
    expect(searching(page)).to_be_hidden()


@pytest.mark.thorough
def test_list_names_every_shortcut_of_the_page(app: App, page: Page) -> None:
    opened(app, page)
    press(page, "?")
    rows = listed(page).locator("dl > div")
    expect(rows).to_have_count(len(SHORTCUTS))
    for row, shortcut in zip(rows.all_inner_texts(), SHORTCUTS, strict=True):
        assert row.split("\n") == [shortcut.shown, shortcut.title]
    # A dialog has the keyboard for itself.
    before = page.url
    press(page, "d")
    press(page, "/")
    expect(searching(page)).to_be_hidden()
    press(page, "escape")
    expect(listed(page)).to_be_hidden()
    assert page.url == before

    for path, fewer in (
        ("realtime", {"nothing", "realtime", "bar"}),
        ("setup", {"nothing", "realtime"}),
    ):
        opened(app, page, path)
        press(page, "?")
        expect(rows).to_have_count(sum(shortcut.needs in fewer for shortcut in SHORTCUTS))


@pytest.mark.thorough
def test_no_shortcut_fires_while_typing(app: App, page: Page) -> None:
    opened(app, page, **FILTERED)
    before = page.url
    typed = [key for key in (*PERIODS, *OTHERS) if key not in ("escape", "arrowleft", "arrowright")]

    page.locator(".st-key-pick_website input").click()
    for key in (*typed, "arrowleft", "arrowright"):
        press(page, key)
    page.keyboard.press("Escape")
    page.locator(".st-key-period_menu button").first.click()
    page.locator(".st-key-pick_dates [role='spinbutton']").first.click()
    for key in (*PERIODS, "x", "r", "shift+f", "/", "?", "arrowright", "arrowleft"):
        press(page, key)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stPopoverBody")).to_have_count(0)
    page.get_by_role("heading", name="Overview").click()

    page.locator(".st-key-add_filter button").click()
    page.locator(".st-key-f_field input").click()
    for key in typed:
        press(page, key)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stPopoverBody")).to_have_count(0)

    press(page, "/")
    for key in typed:
        press(page, key)
    expect(searching(page)).to_have_value(re.compile("dehWwftm", re.IGNORECASE))
    page.keyboard.press("Escape")

    page.locator(".st-key-ranking_path_all button").click()
    dialog = page.get_by_role("dialog", name="Pages")
    expect(dialog).to_be_visible()
    dialog.get_by_role("searchbox").click()
    for key in typed:
        press(page, key)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)

    # Keys with Ctrl, Alt or Meta belong to the browser.
    page.evaluate(
        """keys => {
          for (const key of keys) for (const held of ["ctrlKey", "altKey", "metaKey"]) {
            const event = { key, [held]: true, bubbles: true, composed: true }
            document.body.dispatchEvent(new KeyboardEvent("keydown", event))
          }
        }""",
        [*typed, "Escape", "ArrowLeft", "ArrowRight"],
    )
    settled(page)
    expect(page.locator(".st-key-chips")).to_be_visible()
    expect(listed(page)).to_be_hidden()
    assert page.url == before
    # The next one acts, and nothing else had been waiting.
    press(page, "w")
    expect(page).to_have_url(param("period", "7d"))
    settled(page)
    assert spelled(page)["filter"] == ["country.eq.DE"]
    assert urlsplit(page.url).path == urlsplit(before).path


@pytest.mark.thorough
def test_arrows_within_tabs_choose_a_tab(app: App, page: Page) -> None:
    opened(app, page)
    before = page.url
    page.get_by_role("tab", name="Titles").click()
    settled(page)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Titles")).not_to_be_focused()
    settled(page)
    assert spelled(page)["from"] == ["2026-08-01"], before
