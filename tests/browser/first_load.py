"""What a browser that has nothing cached loads for a page, and how long that keeps it busy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser

from tests.browser.app import WAIT, settled

WATCH = """
new MutationObserver((_, watching) => {
  if (!document.querySelector("[data-testid=stMetricValue]")) return
  watching.disconnect()
  // On a busy machine, what begins after the picture may end before the next one.
  window.figures = performance.now()
}).observe(document, { childList: true, subtree: true })
window.shifted = 0
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value
}).observe({ type: "layout-shift", buffered: true })
"""
BEFORE_FIGURES = """
[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .filter((entry) => entry.responseEnd <= window.figures)
  .map((entry) => [entry.name, entry.transferSize])
"""
BITS, LATENCY = 1.6e6, 150
"""A slow connection: bits a second, and milliseconds."""


@dataclass(slots=True)
class Load:
    """A page that was loaded: everything, and what was complete when the first tile showed a
    figure. Times are in seconds."""

    files: list[str] = field(default_factory=list)
    """Addresses."""
    bytes: int = 0
    messages: int = 0
    """Bytes of the messages before they are compressed."""
    first: float = 0.0
    first_bytes: int = 0
    first_files: list[str] = field(default_factory=list)
    busy: float = 0.0
    """Time of the main thread."""
    shift: float = 0.0
    """The cumulative layout shift."""


def load(
    browser: Browser, address: str, *, width: int = 1440, height: int = 900, slow: bool = False
) -> Load:
    """Open a page with an empty cache, and wait until nothing changes any more."""
    result, named = Load(), dict[str, str]()
    with browser.new_context(viewport={"width": width, "height": height}) as context:
        page = context.new_page()
        page.add_init_script(WATCH)
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Performance.enable")
        if slow:
            rate = BITS / 8
            session.send(
                "Network.emulateNetworkConditions",
                {
                    "offline": False,
                    "latency": LATENCY,
                    "downloadThroughput": rate,
                    "uploadThroughput": rate,
                },
            )

        def requested(event: dict[str, Any]) -> None:
            named[event["requestId"]] = event["request"]["url"]

        def loaded(event: dict[str, Any]) -> None:
            address = named.get(event["requestId"], "")
            # Pictures inside style sheets and messages are no files.
            if not address.startswith(("data:", "blob:")):
                result.files.append(address)
                result.bytes += event["encodedDataLength"]

        def received(event: dict[str, Any]) -> None:
            result.messages += len(event["response"]["payloadData"]) * 3 // 4

        session.on("Network.requestWillBeSent", requested)
        session.on("Network.loadingFinished", loaded)
        session.on("Network.webSocketFrameReceived", received)
        page.goto(address, wait_until="commit")
        page.wait_for_selector("[data-testid='stMetricValue']", timeout=WAIT)
        settled(page)
        page.wait_for_load_state("networkidle", timeout=WAIT)
        metrics = session.send("Performance.getMetrics")["metrics"]
        result.busy = next(each["value"] for each in metrics if each["name"] == "TaskDuration")
        result.shift = page.evaluate("window.shifted")
        result.first = page.evaluate("window.figures") / 1000
        for name, size in page.evaluate(BEFORE_FIGURES):
            result.first_files.append(name)
            result.first_bytes += size
    return result
