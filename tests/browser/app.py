"""The real app in a process of its own, and a real browser to look at it with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
TABLES = ROOT / "tests" / "contract" / "data" / "tables"
START = 60
"""Seconds an app may take to answer."""
WAIT = 30_000
"""Milliseconds a page may take to show something."""
SETTLED = (
    "[data-testid='stApp'][data-test-script-state='notRunning']"
    "[data-test-connection-state='CONNECTED']"
)


@dataclass(slots=True)
class App:
    """A running app: its address, and what it has printed so far."""

    address: str
    pid: int
    printed: list[str] = field(default_factory=list)


@contextmanager
def running_app(
    script: str = "asgi.py",
    /,
    *,
    port: int | None = None,
    path: str = "",
    secrets: Path | None = None,
    **environment: str,
) -> Iterator[App]:
    """The real app in its own process; it sees only the given ``UMAMI_…`` and ``DASHBOARD_…``
    variables. ``script`` is what Streamlit is told to run, ``path`` (``/stats``) where on its host
    it is told to live."""
    port = port or free_port()
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("UMAMI_", "DASHBOARD_"))
    }
    options = {
        "server.port": port,
        "server.address": "127.0.0.1",
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "server.baseUrlPath": path,
        **({"secrets.files": str(secrets)} if secrets else {}),
    }
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamlit", "run", script),
            *(f"--{name}={value}" for name, value in options.items()),
        ],
        cwd=ROOT,
        env={**inherited, **environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    app = App(f"http://127.0.0.1:{port}{path}", process.pid)

    def read(lines: Iterable[str]) -> None:
        for line in lines:
            app.printed.append(line)

    reader = threading.Thread(target=read, args=(process.stdout,), daemon=True)
    reader.start()
    try:
        assert _answers(app, process), "".join(app.printed)
        yield app
    finally:
        process.terminate()
        process.wait(timeout=20)
        reader.join()


def _answers(app: App, process: subprocess.Popen[str]) -> bool:
    """Wait until the app answers; whether it does before it ends or the time is over."""
    last = time.monotonic() + START
    while time.monotonic() < last and process.poll() is None:
        try:
            if httpx.get(f"{app.address}/_stcore/health", trust_env=False).is_success:
                return True
        except httpx.TransportError:
            time.sleep(0.05)
    return False


@contextmanager
def running_browser() -> Iterator[Browser]:
    """The system's Chromium, telling nobody."""
    system = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=system,
            args=[
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--in-process-gpu",
                # Pages of one browser share a process, which has read Streamlit's scripts once.
                "--process-per-site",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser
        browser.close()


@contextmanager
def visitor(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    """The browser of somebody who has been here before.

    A tab stays open on the host of every app, so that what it has read once is not read again.
    """
    with browser.new_context(**options) as one:
        stays = one.new_page()
        stays.route("**", lambda route: route.fulfill(body="", content_type="text/html"))
        stays.goto("http://127.0.0.1/")
        yield one


def forget(context: BrowserContext) -> None:
    """Close the tabs of a test; nothing that it left behind is found by the next."""
    for tab in context.pages[1:]:
        tab.evaluate("localStorage.clear()")
        tab.close()
    context.clear_cookies()


def settled(page: Page) -> None:
    """Wait until the app's run is over and nothing on the page is left from an earlier one.

    Before its first run an app is idle too; a heading tells that it has begun.
    """
    page.wait_for_selector("[data-testid='stMain'] [data-testid='stHeading']", timeout=WAIT)
    page.wait_for_selector(SETTLED, timeout=WAIT)
    expect(page.locator("[data-stale='true']")).to_have_count(0, timeout=WAIT)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=WAIT)


def metric(page: Page, label: str) -> Locator:
    """The value of a tile."""
    tile = page.get_by_test_id("stMetric").filter(has_text=label).first
    return tile.get_by_test_id("stMetricValue")
