"""Stretches of time charts that become the period, and the tables of charts."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.app import App, metric, settled
from tests.browser.test_keyboard import param
from tests.browser.test_overview import RECORDED, WEBSITES, link, spelled
from tests.support.pages import CHOICES

WEEK = {"from": "2026-08-03", "to": "2026-08-09"}


def scrolled(place: Locator) -> None:
    """Scroll to an element, which may be drawn again meanwhile."""
    expect(place).to_be_attached()
    place.evaluate("element => element.scrollIntoView({ block: 'center' })")


def drawn(page: Page, key: str) -> Locator:
    """The part of a chart where the pointer selects."""
    # A chart below the screen is drawn once it comes near.
    scrolled(page.locator(f".st-key-chart_{key}").first)
    area = page.locator(f".st-key-chart_{key} .nsewdrag").first
    scrolled(area)
    expect(area).to_be_visible()
    return area


def place(area: Locator, share: float) -> tuple[float, float]:
    """The position at a share of an area's width, in the middle of its height. The area may be
    drawn again meanwhile, so the position is read once it is there."""
    box = area.evaluate("area => area.getBoundingClientRect().toJSON()")
    return box["x"] + share * box["width"], box["y"] + box["height"] / 2


def test_drag_and_click_select_the_period_and_back_returns(app: App, page: Page) -> None:
    page.goto(link(app, **WEEK))
    settled(page)
    views = metric(page, "Views").inner_text()
    # Seven points from the left edge to the right one: the drag covers the second to the fourth.
    area = drawn(page, "traffic")
    page.mouse.move(*place(area, 0.9 / 6))
    page.mouse.down()
    page.mouse.move(*place(area, 2 / 6))
    expect(page.locator(".umami-stretch")).to_be_visible()
    page.mouse.move(*place(area, 3.2 / 6))
    page.mouse.up()
    expect(page).to_have_url(param("from", "2026-08-04"))
    settled(page)
    assert spelled(page)["to"] == ["2026-08-06"]
    expect(page.locator(".umami-stretch")).to_have_count(0)

    page.mouse.click(*place(drawn(page, "traffic"), 0.5))
    expect(page).to_have_url(param("from", "2026-08-05"))
    settled(page)
    assert spelled(page)["to"] == ["2026-08-05"]
    assert "unit" not in spelled(page)
    # A day is drawn by the hour.
    page.mouse.move(*place(drawn(page, "traffic"), 0.5))
    expect(page.locator(".st-key-chart_traffic .hoverlayer")).to_contain_text("Wed 5 Aug 2026, 1")

    page.go_back()
    expect(page).to_have_url(param("from", "2026-08-04"))
    settled(page)
    page.go_back()
    expect(page).to_have_url(param("from", "2026-08-03"))
    expect(metric(page, "Views")).to_have_text(views)


@pytest.mark.thorough
def test_bars_of_months_select_whole_months(app: App, page: Page) -> None:
    page.goto(link(app, **{"from": "2026-01-01", "to": "2026-09-30"}))
    settled(page)
    area = drawn(page, "events")
    bar = page.locator(".st-key-chart_events .bars .point").last.bounding_box()
    assert bar
    page.mouse.click(bar["x"] + bar["width"] / 2, place(area, 0)[1])
    expect(page).to_have_url(param("from", "2026-09-01"))
    settled(page)
    assert spelled(page)["to"] == ["2026-09-30"]


@pytest.mark.thorough
def test_escape_gives_up_a_drag(app: App, page: Page) -> None:
    page.goto(link(app, **WEEK))
    settled(page)
    before = page.url
    area = drawn(page, "traffic")
    page.mouse.move(*place(area, 0.2))
    page.mouse.down()
    page.mouse.move(*place(area, 0.6))
    page.keyboard.press("Escape")
    expect(page.locator(".umami-stretch")).to_have_count(0)
    page.mouse.up()
    settled(page)
    assert page.url == before


def as_table(page: Page, chart: str) -> Locator:
    """Open the table of a chart; ``chart`` is the beginning of its name."""
    kinds = ("stPlotlyChart", "stEChartsChart")
    figure = page.locator(
        ", ".join(f"[data-testid='{kind}'][aria-label^='{chart}']" for kind in kinds)
    ).first
    figure.scroll_into_view_if_needed()
    name = figure.get_attribute("aria-label")
    button = page.get_by_role("button", name=f"{name} as a table")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    return page.get_by_role("region", name=name).get_by_role("table")


def heads(table: Locator) -> list[str]:
    return table.locator("thead th").all_inner_texts()


def cells(row: Locator) -> list[str]:
    return row.locator("th, td").all_inner_texts()


CHARTS = {
    "lines": ("overview", "Views and visitors", ["Time", "Views"], "Mon 3 Aug 2026", "127"),
    "map": ("overview", "Visitors by country", ["Name", "Value"], "United States", "84 (40.8%)"),
    "heat map": ("overview", "Visitors by weekday", ["Name", "00:00"], "Mon", "0"),
    "stacked bars": ("events", "Events over time", ["Time", "newsletter"], "Mon 3 Aug 2026", "8"),
    "treemap": ("breakdown", "Views by Country", ["Name", "Value"], "United States", "4,452 views"),
    "deltas": ("compare", "Referrers", ["Name", "Value"], "google.com", "0 → 1,017"),
    "cohorts": ("retention", "Share of each", ["Name", "Days 1–7"], "27 Jul 35", "13.9%"),
    "funnel": ("funnel", "Visitors at each", ["Name", "Value"], "1 /", "1,334 visitors"),
    "flow": (
        "journey",
        "Visits from",
        ["Step", "Next step", "Visits"],
        "Step 1: /",
        "Step 2, 5 more",
    ),
    "minutes": ("realtime", "Views and", ["Time", "Views", "Visitors"], r"\d\d:\d\d", "0"),
    "bins": ("events", "How often", ["Name", "Value"], "11.08 to 26.4", "28 times"),
}
"""A chart of each kind: its page, the beginning of its name, those of the first columns, and the
first two cells of the first row, the first as a pattern."""


@pytest.mark.thorough
@pytest.mark.parametrize("kind", CHARTS)
def test_chart_is_shown_as_a_table(app: App, page: Page, kind: str) -> None:
    path, chart, columns, name, value = CHARTS[kind]
    days = WEEK if path == "overview" or kind == "stacked bars" else {}
    params = {"website": WEBSITES["shop"], **RECORDED, **days, **CHOICES.get(path, {})}
    page.goto(f"{app.address}/{path}?{urlencode(params, doseq=True)}")
    settled(page)
    table = as_table(page, chart)
    for head, beginning in zip(heads(table), columns, strict=False):
        assert head.startswith(beginning)
    row = cells(table.locator("tbody tr").first)
    assert re.fullmatch(name, row[0])
    assert row[1] == value
    assert len(row) == len(heads(table))
    expect(table.locator("caption")).to_contain_text(chart)


@pytest.mark.thorough
def test_table_follows_its_chart_and_closes(app: App, page: Page) -> None:
    page.goto(link(app, **WEEK))
    settled(page)
    table = as_table(page, "Views and visitors")
    expect(table.locator("tbody tr")).to_have_count(7)
    page.get_by_role("button", name="Later period").click()
    expect(page).to_have_url(param("from", "2026-08-10"))
    row = page.locator(".umami-chart-table tbody tr").first
    expect(row).to_contain_text("Mon 10 Aug 2026")
    page.locator("[aria-expanded='true']").filter(has_text="Table").click()
    expect(row).to_have_count(0)
