"""Reports in a real browser: offline, on paper, and made from a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from components.theme import LIGHT
from reports import html
from reports.document import Report
from tests.browser.app import TABLES, WAIT, App, settled
from tests.reports.conftest import EVERY, GIVEN, SEPTEMBER, asking, ordered, seen
from tests.support.hostile import MARK, build
from umami.api import events, traffic
from umami.embedded.server import serve

DRAWN = """
[...document.querySelectorAll(".chart")].map((one) => ({
  alt: one.getAttribute("aria-label"),
  drawn: one.querySelectorAll(".main-svg path, .main-svg rect, .main-svg image").length,
  wide: Math.round(one.querySelector(".main-svg").getBoundingClientRect().width),
  room: Math.round(one.getBoundingClientRect().width),
}))
"""
WIDER = """
[...document.querySelectorAll(".chart text, .chart .main-svg, td, th, .tile")].filter((one) => {
  const box = one.getBoundingClientRect()
  return box.width && (box.right > document.documentElement.clientWidth + 1 || box.left < -1)
}).map((one) => one.outerHTML.slice(0, 200))
"""
MUTED = f"rgb({', '.join(str(int(LIGHT.muted[at : at + 2], 16)) for at in (1, 3, 5))})"
PAPERS = {"A4": 680, "Letter": 702}
"""Pixels between margins of 15 mm."""


@pytest.fixture(scope="module")
def offline(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(offline=True, viewport={"width": 1200, "height": 900}) as context:
        context.set_default_timeout(WAIT)
        yield context


class Seen:
    """An opened report, and the messages of the browser."""

    def __init__(self, context: BrowserContext, file: Path) -> None:
        self.page = context.new_page()
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri())
        self.charts = self.page.evaluate("window.report.drawn")


def written(report: Report, folder: Path) -> Path:
    """The file of a report."""
    file = folder / "report.html"
    file.write_text(html.page(report), "utf-8")
    return file


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Path]:
    with serve(TABLES) as running, asking(running) as client:
        report = ordered(client, seen(), EVERY)
    return report, written(report, tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def opened(offline: BrowserContext, whole: tuple[Report, Path]) -> Seen:
    """The report of every page, opened once."""
    return Seen(offline, whole[1])


@pytest.mark.thorough
def test_every_chart_is_drawn_offline(opened: Seen, whole: tuple[Report, Path]) -> None:
    report, file = whole
    charts = [chart for chapter in report.chapters for chart in chapter.charts]
    drawn = opened.page.evaluate(DRAWN)
    assert opened.charts == len(charts) == len(drawn)
    assert [chart["alt"] for chart in drawn] == [chart.alt for chart in charts]
    assert [chart["alt"] for chart in drawn if chart["drawn"] < 5] == []
    assert opened.complaints == []
    assert opened.asked == [file.as_uri()]
    assert opened.page.locator(".chart .choropleth path, .chart .choroplethlayer path").count() > 5


@pytest.mark.thorough
def test_report_follows_the_dark_colour_scheme(opened: Seen) -> None:
    label = opened.page.locator(".chart .xtick text").first
    light = label.evaluate("(one) => one.style.fill")
    opened.page.emulate_media(color_scheme="dark")
    expect(opened.page.locator("body")).to_have_css("background-color", "rgb(17, 23, 21)")
    expect(label).not_to_have_css("fill", light)


@pytest.mark.thorough
@pytest.mark.parametrize("paper", PAPERS)
def test_no_chart_and_no_table_is_cut_on_paper(opened: Seen, paper: str) -> None:
    opened.page.set_viewport_size({"width": PAPERS[paper], "height": 1000})
    opened.page.emulate_media(media="print", color_scheme="dark")
    opened.page.evaluate("window.report.print()")
    assert opened.page.evaluate(WIDER) == []
    for chart in opened.page.evaluate(DRAWN):
        assert 0.9 * chart["room"] < chart["wide"] <= chart["room"], chart
    # Light on paper, whatever the screen is.
    paint = "getComputedStyle(document.body).getPropertyValue('--text')"
    assert opened.page.evaluate(paint).strip() == LIGHT.text
    text = opened.page.locator(".chart .ytick text").first
    assert text.evaluate("(one) => getComputedStyle(one).fill") == MUTED


@pytest.mark.thorough
def test_hostile_names_are_escaped(offline: BrowserContext, tmp_path: Path) -> None:
    view = seen(**{"from": ["2026-08-01"]})
    tables = tmp_path / "tables"
    tables.mkdir()
    with serve(build(TABLES, tables)) as running, asking(running) as client:
        path, other = client.ask(traffic.metrics(view, "path")).frame["name"][:2]
        event = client.ask(traffic.metrics(view, "event")).frame["name"][0]
        known = client.ask(events.event_data_properties(view))[0]
        choices = {
            **GIVEN,
            "funnel": {"step": [f"1.path.{path}", f"2.path.{other}", f"3.event.{event}"]},
            "goals": {"goal": [f"5.event.{event}", f"0.path.{path}"]},
            "attribution": {"conversion": [f"event.{event}"]},
            "journey": {"at": [path]},
            "events": {"event": [known.event or ""], "event_property": [known.name]},
        }
        report = ordered(client, view, EVERY, choices)
    name = f"<script>alert('{MARK}')</script></title>"
    file = written(replace(report, cover=replace(report.cover, website=name)), tmp_path)
    opened = Seen(offline, file)
    assert opened.complaints == []
    assert opened.asked == [file.as_uri()]
    expect(opened.page.locator("h1")).to_have_text(name)
    assert opened.page.title().startswith(name)
    assert opened.page.locator("main img, main script, main a").count() == 0
    assert opened.page.locator(".chart a, .chart image[href^=http]").count() == 0
    assert opened.page.get_by_text(f"<script>alert('{MARK}')</script>").count() > 5
    opened.page.close()


@pytest.mark.thorough
def test_report_is_made_from_a_page_and_downloaded(app: App, page: Page) -> None:
    query = {name: values[0] for name, values in SEPTEMBER.items()}
    page.goto(f"{app.address}/utm?{urlencode(query)}")
    settled(page)
    page.locator(".st-key-report_menu button").first.click()
    expect(page.locator(".st-key-report_pages")).to_contain_text("Campaigns")
    page.locator(".st-key-report_kind").get_by_text("XLSX").click()
    make = page.get_by_role("button", name="Create file")
    make.click()
    download = page.locator(".st-key-report_download button")
    expect(download).to_contain_text("Download XLSX")
    with page.expect_download() as coming:
        download.click()
    name = coming.value.suggested_filename
    assert name == "nordlicht-shop-2026-09-01-2026-09-30.xlsx"
    assert Path(coming.value.path()).read_bytes()[:2] == b"PK"
