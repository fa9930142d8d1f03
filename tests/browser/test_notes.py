"""The flags of notes over charts: read, changed and deleted, and harmless whatever they say."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from access import database
from tests.browser.app import App, fresh_app, settled
from umami.embedded.demo.scenario import SHOP

pytestmark = pytest.mark.thorough

HOSTILE = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script> [x](javascript:1)'
FIRST = date(2026, 9, 1)


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A demo with a note on each of 14 days."""
    store = f"sqlite:///{tmp_path_factory.mktemp('notes') / 'store.sqlite'}"
    engine = database.open_engine(store)
    row = {"website": str(SHOP.id), "audience": "team", "author": "everybody"}
    with engine.begin() as connection:
        for number in range(14):
            day = FIRST + timedelta(days=number)
            dates = {"first": day, "last": day, "created": datetime.now(UTC)}
            text = HOSTILE if number == 0 else f"Note {number}"
            values = {"id": str(number), "text": text, **row, **dates}
            connection.execute(sa.insert(database.NOTES).values(values))
    engine.dispose()
    with fresh_app(DASHBOARD_STORE=store) as app:
        yield app


def link(app: App, last: int) -> str:
    return f"{app.address}/overview?period=custom&from=2026-09-01&to=2026-09-{last:02}&tz=UTC"


def test_flags_are_apart_and_show_every_note(noted: App, page: Page) -> None:
    flags = page.locator(".st-key-chart_traffic .umami-notes .flag")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(link(noted, 14))
    settled(page)
    expect(flags).to_have_count(14)
    page.set_viewport_size({"width": 390, "height": 844})
    expect(flags).not_to_have_count(14)
    places = flags.evaluate_all("flags => flags.map(flag => flag.getBoundingClientRect().x)")
    assert all(right - left >= 24 for left, right in itertools.pairwise(places))
    listed = "".join(
        f"{label}\n"
        for label in flags.evaluate_all(
            "flags => flags.map(flag => flag.getAttribute('aria-label'))"
        )
    )
    assert all(f": Note {number}\n" in listed for number in range(1, 14))


def test_pictures_of_charts_show_the_notes_and_the_usual_range(noted: App, page: Page) -> None:
    page.goto(link(noted, 14))
    settled(page)
    chart = page.locator("[data-testid=stElementContainer]:has(> .umami-notes)").first
    expect(chart.locator(".umami-notes svg")).to_be_attached()
    pictures = {}
    for kind in ("PNG", "SVG"):
        with page.expect_download() as download:
            chart.get_by_role("button", name=f"as {kind}").click()
        pictures[kind] = download.value.path().read_bytes()
    drawing = ElementTree.fromstring(pictures["SVG"])
    texts = ["".join(text.itertext()) for text in drawing.findall(".//{*}text")]
    assert "Usual range" in texts
    assert {str(number) for number in range(1, 15)} <= {*texts}
    assert any(HOSTILE[:20] in text for text in texts)
    assert any(text.endswith(": Note 1") for text in texts)
    assert "…" in texts, "not all notes are listed"
    assert not [*drawing.findall(".//{*}script"), *drawing.findall(".//{*}img")]
    # Higher than the chart on the page, at two pixels for each.
    height = int.from_bytes(pictures["PNG"][20:24], "big")
    assert height > 2 * chart.get_by_test_id("stPlotlyChart").evaluate("node => node.clientHeight")


def test_note_is_read_changed_and_deleted_from_its_flag(noted: App, page: Page) -> None:
    page.goto(link(noted, 7))
    settled(page)
    flags = page.locator(".st-key-chart_traffic .umami-notes .flag")
    expect(flags).to_have_count(7)
    flags.first.hover()
    notes = page.get_by_role("dialog", name="Notes")
    expect(notes).to_contain_text(HOSTILE)
    notes.get_by_role("button", name="Edit").click()
    text = page.get_by_role("textbox", name="What happened?")
    expect(text).to_have_value(HOSTILE)
    page.get_by_text("Several days").click()
    text.fill("Harmless")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(flags.first).to_have_attribute("aria-label", "Tue 1 Sep 2026: Harmless")
    assert page.evaluate("window.harmed") is None

    flags.first.focus()
    page.keyboard.press("Enter")
    notes.get_by_role("button", name="Edit").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(flags).to_have_count(6)
    expect(page.get_by_text("The note was deleted.")).to_be_visible()
    # A click on a flag selects no period.
    assert "to=2026-09-07" in page.url
