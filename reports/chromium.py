"""A browser without a window, for what only a browser can do: paper and pictures.

The system's Chromium or Chrome is used, through choreographer. A report holds text of strangers:
page titles, referrers, names of events. Should such text ever run as a script, it finds nothing
there: the report is handed over as text and not as a file, and the browser can resolve no host name
and no address, reads no local file, knows no secret of this process's environment, and begins with
an empty profile that is deleted at its end. Its sandbox is on wherever the system has one.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
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
_LOOSE: Final = frozenset(
    {
        *("--disable-web-security", "--allow-file-access-from-files"),
        *("--disable-popup-blocking", "--disable-ipc-flooding-protection"),
    }
)
"""What choreographer loosens, and reports do not need."""
_CONFINED: Final = (
    # Addresses in numbers are looked up here, too; nothing is reached, loopback included.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-background-networking",
    "--disable-default-apps",
    "--no-pings",
)
_ENVIRONMENT: Final = frozenset(
    {
        *("PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH"),
        *("FONTCONFIG_FILE", "FONTCONFIG_PATH", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"),
        *("XDG_RUNTIME_DIR", "XDG_DATA_DIRS", "SNAP", "SNAP_USER_DATA"),
        *("SYSTEMROOT", "TEMP", "TMP", "USERPROFILE", "LOCALAPPDATA", "APPDATA", "PROGRAMFILES"),
    }
)
"""Variables that a browser needs; others, such as passwords, are not handed on to it."""
_NO_SANDBOX: Final = threading.Event()
"""Set once a browser has started in this process without a sandbox, and did not with one."""
_LOG: Final = logging.getLogger(__name__)
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


class _Confined(Chromium):
    """Chromium as choreographer starts it, without what it allows pages beyond the usual."""

    def get_cli(self) -> Sequence[str]:
        """The command that starts it."""
        return [*(one for one in super().get_cli() if one not in _LOOSE), *_CONFINED]

    def get_env(self) -> MutableMapping[str, str]:
        """The environment that it starts with."""
        return {
            name: value
            for name, value in os.environ.items()
            if name.upper() in _ENVIRONMENT or name.startswith("LC_")
        }


@asynccontextmanager
async def _opened(page: str) -> AsyncIterator[Tab]:
    """A tab that shows the page, all of its charts drawn."""
    path = Chromium.find_browser(skip_local=False)
    if not path or not Path(path).is_file():
        raise ChromeNotFoundError
    browser = await _started(path)
    try:
        tab = await browser.create_tab("about:blank")
        await _told(tab, "Page.enable")
        # Before anything is drawn, so that nothing has to move to another size afterwards.
        await _told(tab, "Emulation.setDeviceMetricsOverride", **_WINDOW)
        await _told(tab, "Emulation.setScrollbarsHidden", hidden=True)
        await _told(tab, "Emulation.setEmulatedMedia", features=_LIGHT)
        frame = (await _told(tab, "Page.getFrameTree"))["frameTree"]["frame"]["id"]
        loaded = tab.subscribe_once("Page.loadEventFired")
        await _told(tab, "Page.setDocumentContent", frameId=frame, html=page)
        await loaded
        await _evaluated(tab, "window.report.drawn")
        yield tab
    finally:
        await browser.close()


async def _started(path: str) -> Browser:
    """A browser in its sandbox; without one where it does not start otherwise.

    It does not for root, nor where the system gives it no namespaces, as in many containers.
    """
    if not _NO_SANDBOX.is_set():
        sandboxed = _browser(path, sandbox=True)
        try:
            await sandboxed.open()
        except (BrowserFailedError, BrowserClosedError, ChannelClosedError):
            with suppress(Exception):
                await sandboxed.close()
        else:
            return sandboxed
    browser = _browser(path, sandbox=False)
    await browser.open()
    if not _NO_SANDBOX.is_set():
        _NO_SANDBOX.set()
        _LOG.warning("The browser that prints reports has no sandbox here, and runs without one.")
    return browser


def _browser(path: str, *, sandbox: bool) -> Browser:
    return Browser(
        path=path,
        browser_cls=_Confined,
        headless=True,
        enable_sandbox=sandbox,
        enable_extensions=False,
    )


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
