"""A browser without a window, for what only a browser can do: paper and pictures.

The system's Chromium or Chrome is used, through choreographer; it opens the report as anybody
would, from a file, and is waited for until every chart is drawn.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from choreographer import Browser, Tab
from choreographer.browsers import BrowserClosedError, BrowserFailedError, Chromium
from choreographer.errors import ChannelClosedError, ChromeNotFoundError

from umami.errors import UmamiError

T = TypeVar("T")

Paper = Literal["A4", "Letter"]
PAPERS: Final[dict[Paper, tuple[float, float]]] = {"A4": (8.27, 11.69), "Letter": (8.5, 11.0)}
"""Widths and heights in inches."""
PATIENCE: Final = 120.0
"""Seconds after which a browser that has not answered is given up."""
_AT_ONCE: Final = threading.BoundedSemaphore(2)
"""A browser takes a few hundred megabytes: whoever else wants one waits."""
_WINDOW: Final = {"width": 720, "height": 900, "deviceScaleFactor": 2, "mobile": False}
"""What reports are looked at in; pictures are as wide."""
_LIGHT: Final = [{"name": "prefers-color-scheme", "value": "light"}]
# Chromium writes much that means nothing to whoever wants a report.
logging.getLogger("choreographer").setLevel(logging.CRITICAL)
logging.getLogger("browser_proc").setLevel(logging.CRITICAL)


class NoBrowser(UmamiError):
    """No browser was found that could print."""

    remedy = "Install Chromium or Google Chrome there (apt-get install chromium), or take HTML."


class BrowserFailed(UmamiError):
    """The browser ended, or did not answer."""

    remedy = "Try again, or take the report as HTML and print that."


@dataclass(frozen=True, slots=True)
class Picture:
    """What a chart looks like, as PNG; ``wide`` pixels are shown of twice as many."""

    wide: int
    png: bytes


def pdf(page: str, paper: Paper = "A4") -> bytes:
    """A report's HTML as PDF. Raises ``NoBrowser`` and ``BrowserFailed``."""

    async def printed(tab: Tab) -> bytes:
        wide, high = PAPERS[paper]
        await _told(tab, "Emulation.setEmulatedMedia", media="print")
        await _evaluated(tab, "window.report.print()")
        answer = await _told(
            tab,
            "Page.printToPDF",
            paperWidth=wide,
            paperHeight=high,
            printBackground=True,
            preferCSSPageSize=False,
            displayHeaderFooter=True,
            headerTemplate="<span></span>",
            footerTemplate=_FOOTER,
            generateTaggedPDF=True,
            **dict.fromkeys(("marginTop", "marginLeft", "marginRight"), 0.59),
            marginBottom=0.63,
        )
        return base64.b64decode(answer["data"])

    return _run(page, printed)


_FOOTER: Final = (
    '<div style="width:100%;font-size:8px;text-align:right;padding:0 15mm;color:gray">'
    '<span class="pageNumber"></span> / <span class="totalPages"></span></div>'
)


def pictures(page: str) -> list[Picture]:
    """The charts of a report's HTML, in their order, light. Raises as ``pdf`` does."""

    async def taken(tab: Tab) -> list[Picture]:
        places = await _evaluated(tab, _PLACES)
        found = []
        for place in places:
            answer = await _told(
                tab,
                "Page.captureScreenshot",
                clip={**place, "scale": 1},
                captureBeyondViewport=True,
            )
            found.append(Picture(round(place["width"]), base64.b64decode(answer["data"])))
        return found

    return _run(page, taken)


_PLACES: Final = """
[...document.querySelectorAll(".chart")].map((one) => {
  const { x, y, width, height } = one.getBoundingClientRect()
  return { x: x + window.scrollX, y: y + window.scrollY, width, height }
})
"""


def _run(page: str, work: Callable[[Tab], Coroutine[Any, Any, T]]) -> T:
    async def all_of_it() -> T:
        async with _opened(page) as tab:
            return await work(tab)

    async def in_time() -> T:
        return await asyncio.wait_for(all_of_it(), PATIENCE)

    try:
        # In a thread of its own: the caller's may have a loop of events that runs already.
        with _AT_ONCE, ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, in_time()).result()
    except ChromeNotFoundError:
        problem: UmamiError = NoBrowser("There is no browser here to print with.")
    except (BrowserFailedError, BrowserClosedError, ChannelClosedError):
        problem = BrowserFailed("The browser that prints has ended.")
    except TimeoutError:
        problem = BrowserFailed("The browser that prints does not answer.")
    raise problem


@asynccontextmanager
async def _opened(page: str) -> AsyncIterator[Tab]:
    """A tab that shows the page, all of its charts drawn."""
    path = Chromium.find_browser(skip_local=False)
    if not path or not Path(path).is_file():
        raise ChromeNotFoundError
    with tempfile.TemporaryDirectory(prefix="report-") as folder:
        file = Path(folder) / "report.html"
        file.write_text(page, "utf-8")
        async with Browser(path=path, headless=True) as browser:
            tab = await browser.create_tab("about:blank")
            await _told(tab, "Page.enable")
            # Before anything is drawn, so that nothing has to move to another size afterwards.
            await _told(tab, "Emulation.setDeviceMetricsOverride", **_WINDOW)
            await _told(tab, "Emulation.setScrollbarsHidden", hidden=True)
            await _told(tab, "Emulation.setEmulatedMedia", features=_LIGHT)
            loaded = tab.subscribe_once("Page.loadEventFired")
            await _told(tab, "Page.navigate", url=file.as_uri())
            await loaded
            await _evaluated(tab, "window.report.drawn")
            yield tab


async def _told(tab: Tab, command: str, **parameters: Any) -> dict[str, Any]:
    answer = await tab.send_command(command, params=parameters)
    if "error" in answer:
        raise BrowserFailed("The browser that prints could not do it.")
    found: dict[str, Any] = answer["result"]
    return found


async def _evaluated(tab: Tab, expression: str) -> Any:
    """What an expression of the page becomes, once it is there."""
    answer = await _told(
        tab, "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
    )
    if "exceptionDetails" in answer:
        raise BrowserFailed("A chart of the report could not be drawn.")
    return answer["result"].get("value")
