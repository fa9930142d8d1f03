"""Headless Chromium, which makes PDFs and pictures of a report.

Uses the system's Chromium or Chrome through choreographer. A report contains text of strangers:
page titles, referrers, names of events. In case such text ever runs as a script, the browser is
confined: it gets the report as text and not as a file, resolves no host name and no address, reads
no local file, has no secret of this process in its environment, and starts with an empty profile
that is deleted afterwards. Its sandbox is on wherever the system supports one.
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
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from choreographer import Browser, Tab
from choreographer.browsers import BrowserClosedError, BrowserFailedError, Chromium
from choreographer.errors import ChannelClosedError, ChromeNotFoundError

from components.texts import N_, _
from umami.errors import UmamiError

T = TypeVar("T")

Paper = Literal["A4", "Letter"]
PAPERS: Final[dict[Paper, tuple[float, float]]] = {"A4": (8.27, 11.69), "Letter": (8.5, 11.0)}
"""Widths and heights in inches."""
TIMEOUT: Final = 120.0
"""Seconds to wait for the browser."""
_FOOTER: Final = Path(__file__).parent / "assets" / "footer.html"
_AT_ONCE: Final = threading.BoundedSemaphore(2)
"""Limits the number of browsers, each of which takes a few hundred megabytes."""
_WINDOW: Final = {"width": 720, "height": 900, "deviceScaleFactor": 2, "mobile": False}
"""The browser's window, and so the width of pictures."""
_LIGHT: Final = [{"name": "prefers-color-scheme", "value": "light"}]
_UNWANTED: Final = (
    *("--disable-web-security", "--allow-file-access-from-files"),
    *("--disable-popup-blocking", "--disable-ipc-flooding-protection"),
)
"""Options of choreographer that weaken the browser and that reports do not need."""
_CONFINED: Final = (
    # This applies to numeric addresses, too: nothing is reachable, not even loopback.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-background-networking",
    "--disable-default-apps",
    "--no-pings",
)
_ENVIRONMENT: Final = (
    *("PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH"),
    *("FONTCONFIG_FILE", "FONTCONFIG_PATH", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"),
    *("XDG_RUNTIME_DIR", "XDG_DATA_DIRS", "SNAP", "SNAP_USER_DATA"),
    *("SYSTEMROOT", "TEMP", "TMP", "USERPROFILE", "LOCALAPPDATA", "APPDATA", "PROGRAMFILES"),
)
"""Variables that the browser needs; it gets no others, such as passwords."""
_NO_SANDBOX: Final = threading.Event()
"""Set once a browser has started in this process only without a sandbox."""
_FAILURES: Final = (BrowserFailedError, BrowserClosedError, ChannelClosedError)
_LOG: Final = logging.getLogger(__name__)
# Chromium logs much that is no problem.
logging.getLogger("choreographer").setLevel(logging.CRITICAL)
logging.getLogger("browser_proc").setLevel(logging.CRITICAL)


class NoBrowser(UmamiError):
    """There is no browser to make a PDF with."""

    remedy = N_("Install Chromium or Google Chrome there (apt-get install chromium), or take HTML.")


class BrowserFailed(UmamiError):
    """The browser ended, or did not answer."""

    remedy = N_("Try again, or take the report as HTML and print that.")


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart as PNG, which has twice as many pixels as its ``width`` on the page."""

    width: int
    png: bytes


def pdf(page: str, paper: Paper = "A4") -> bytes:
    """Return a report's HTML as PDF. Raises ``NoBrowser`` and ``BrowserFailed``."""

    async def printed(tab: Tab) -> bytes:
        width, height = PAPERS[paper]
        await _send(tab, "Emulation.setEmulatedMedia", media="print")
        await _evaluate(tab, "window.report.print()")
        result = await _send(
            tab,
            "Page.printToPDF",
            paperWidth=width,
            paperHeight=height,
            printBackground=True,
            displayHeaderFooter=True,
            headerTemplate="<span></span>",
            footerTemplate=_FOOTER.read_text("utf-8"),
            generateTaggedPDF=True,
            **dict.fromkeys(("marginTop", "marginLeft", "marginRight"), 0.59),
            marginBottom=0.63,
        )
        return base64.b64decode(result["data"])

    return _run(page, printed)


def pictures(page: str) -> list[Picture]:
    """Return the charts of a report's HTML in their order, in light colours.

    Raises ``NoBrowser`` and ``BrowserFailed``.
    """

    async def taken(tab: Tab) -> list[Picture]:
        images = []
        for area in await _evaluate(tab, "window.report.areas()"):
            result = await _send(
                tab, "Page.captureScreenshot", clip=area, captureBeyondViewport=True
            )
            images.append(Picture(round(area["width"]), base64.b64decode(result["data"])))
        return images

    return _run(page, taken)


def _run(page: str, work: Callable[[Tab], Coroutine[Any, Any, T]]) -> T:
    async def in_time() -> T:
        async with asyncio.timeout(TIMEOUT), _opened(page) as tab:
            return await work(tab)

    try:
        # In a thread, since the caller's may run an event loop.
        with _AT_ONCE, ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, in_time()).result()
    except ChromeNotFoundError:
        problem: UmamiError = NoBrowser(_("There is no browser here to print with."))
    except _FAILURES:
        problem = BrowserFailed(_("The browser that prints has ended."))
    except TimeoutError:
        problem = BrowserFailed(_("The browser that prints does not answer."))
    raise problem


class _Confined(Chromium):
    """Chromium with fewer permissions than choreographer gives it."""

    def get_cli(self) -> Sequence[str]:
        """Return the command that starts the browser."""
        return [*(option for option in super().get_cli() if option not in _UNWANTED), *_CONFINED]

    def get_env(self) -> MutableMapping[str, str]:
        """Return the environment that the browser starts with."""
        return {
            name: value
            for name, value in os.environ.items()
            if name.upper() in _ENVIRONMENT or name.startswith("LC_")
        }


@asynccontextmanager
async def _opened(page: str) -> AsyncIterator[Tab]:
    """Open a tab that shows the page with all of its charts drawn."""
    path = Chromium.find_browser(skip_local=False)
    if not path or not Path(path).is_file():
        raise ChromeNotFoundError
    browser = await _started(path)
    try:
        tab = await browser.create_tab("about:blank")
        await _send(tab, "Page.enable")
        # Set the size before anything is drawn, so that nothing moves afterwards.
        await _send(tab, "Emulation.setDeviceMetricsOverride", **_WINDOW)
        await _send(tab, "Emulation.setScrollbarsHidden", hidden=True)
        await _send(tab, "Emulation.setEmulatedMedia", features=_LIGHT)
        frame = (await _send(tab, "Page.getFrameTree"))["frameTree"]["frame"]["id"]
        loaded = tab.subscribe_once("Page.loadEventFired")
        await _send(tab, "Page.setDocumentContent", frameId=frame, html=page)
        await loaded
        await _evaluate(tab, "window.report.drawn")
        yield tab
    finally:
        await browser.close()


async def _started(path: str) -> Browser:
    """Start a browser in its sandbox, or without one if it does not start otherwise.

    The sandbox does not work for root, or without namespaces, as in many containers.
    """
    browser = partial(
        Browser, path=path, browser_cls=_Confined, headless=True, enable_extensions=False
    )
    if not _NO_SANDBOX.is_set():
        sandboxed = browser(enable_sandbox=True)
        try:
            await sandboxed.open()
        except _FAILURES:
            with suppress(Exception):
                await sandboxed.close()
        else:
            return sandboxed
    bare = browser(enable_sandbox=False)
    await bare.open()
    if not _NO_SANDBOX.is_set():
        _NO_SANDBOX.set()
        _LOG.warning("The browser that prints reports has no sandbox here, and runs without one.")
    return bare


async def _send(tab: Tab, command: str, **params: Any) -> dict[str, Any]:
    """Send a command of the DevTools protocol and return its result."""
    response = await tab.send_command(command, params=params)
    if "error" in response:
        raise BrowserFailed(_("The browser that prints could not do it."))
    result: dict[str, Any] = response["result"]
    return result


async def _evaluate(tab: Tab, expression: str) -> Any:
    """Return the value of a JavaScript expression, or of the promise that it returns."""
    result = await _send(
        tab, "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
    )
    if "exceptionDetails" in result:
        raise BrowserFailed(_("A chart of the report could not be drawn."))
    return result["result"].get("value")
