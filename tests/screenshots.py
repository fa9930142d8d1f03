"""``make screenshots``: every page on demo data, wide and narrow, light and dark.

Writes ``screenshots/PAGE-WIDTH-MODE.png``, and the picture that the README shows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

from playwright.sync_api import Browser, expect

from components.page_registry import PAGES
from tests.browser.app import ROOT, running_app, running_browser, settled

WIDTHS = {1440: 900, 390: 844}
MODES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
FOLDER = ROOT / "screenshots"
SHOWN: dict[str, dict[str, str | list[str]]] = {
    "events": {"event": "purchase", "event_property": "revenue"},
    "sessions": {"session_property": "membership"},
    "compare": {"by": "referrer"},
    "breakdown": {"field": ["country", "device"]},
}
"""What pages are opened with that show little before something is chosen."""
README = ROOT / "docs" / "images" / "overview.png"


def picture(
    browser: Browser,
    address: str,
    width: int,
    mode: Literal["light", "dark"],
    to: Path,
    height: int | None = None,
) -> None:
    """One page once everything on it has been drawn; ``height`` ``None`` is all of it."""
    context = browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]},
        color_scheme=mode,
        timezone_id="Europe/Berlin",
        locale="en",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(address)
    settled(page)
    for chart in page.get_by_test_id("stPlotlyChart").all():
        chart.scroll_into_view_if_needed()
        expect(chart.locator(".main-svg").first).to_be_visible()
    for flow in page.get_by_test_id("stEchartsChart").all():
        expect(flow.locator("svg path").first).to_be_attached()
    for table in page.locator("[class*='st-key-ranking_'] table").all():
        expect(table.locator("tbody tr").first).to_be_visible()
    for world in page.locator(".st-key-chart_world").all():
        expect(world.locator(".layer.land path").first).to_be_attached()
    tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": int(tall)})
    settled(page)
    page.screenshot(
        path=to, clip={"x": 0, "y": 0, "width": width, "height": height} if height else None
    )
    context.close()


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    README.parent.mkdir(parents=True, exist_ok=True)
    with running_app() as app, running_browser() as browser:
        for area in PAGES:
            query = urlencode({"period": "30d", **SHOWN.get(area.name, {})}, doseq=True)
            for width in WIDTHS:
                for mode in MODES:
                    to = FOLDER / f"{area.name}-{width}-{mode}.png"
                    picture(browser, f"{app.address}/{area.name}?{query}", width, mode, to)
                    print(to.relative_to(ROOT))
        picture(browser, f"{app.address}/?period=30d", 1440, "light", README, height=1290)


if __name__ == "__main__":
    main()
