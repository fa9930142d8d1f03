"""The real app in a process of its own, and a real browser for it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from tests.support.fresh import forked
from tests.support.ports import free_port
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
TABLES = ROOT / "tests" / "contract" / "data" / "tables"
SCRIPTS = ("asgi.py", pytest.param("app.py", marks=pytest.mark.thorough))
"""What may be run: the application with what only it can send, and the script alone."""
START = 150
"""Seconds an app may take to answer."""
WAIT = 120_000
"""Milliseconds a page may take to show something, on a busy machine too."""
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

    @property
    def link(self) -> str:
        """The latest address with a one-time code that the app has printed."""
        # What is printed is read a moment later.
        eventually(self._links)
        return self._links()[-1]

    def _links(self) -> list[str]:
        return re.findall(r"(http\S+access_code=\S+)\n", "".join(self.printed))


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
    variables, and lets everybody in where nobody signs in, unless told otherwise.

    ``script`` is what Streamlit is told to run, ``path`` (``/stats``) where on its host it is told
    to live.
    """
    port = port or free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", *_arguments(script, port, path, secrets)],
        cwd=ROOT,
        env=_environment(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout
    try:
        address = f"http://127.0.0.1:{port}{path}"
        with _watched(App(address, process.pid), process.stdout) as app:
            yield app
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def fresh_app(**environment: str) -> Iterator[App]:
    """The same, forked from a process that has imported much and run nothing: it starts sooner."""
    port = free_port()
    with forked(_arguments("asgi.py", port), _environment(environment)) as (pid, printed):
        stream = open(os.dup(printed.fileno()), "rb")  # noqa: SIM115
        with _watched(App(f"http://127.0.0.1:{port}", pid), stream) as app:
            yield app


def _arguments(script: str, port: int, path: str = "", secrets: Path | None = None) -> list[str]:
    options = {
        "server.port": port,
        "server.address": "127.0.0.1",
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "server.baseUrlPath": path,
        **({"secrets.files": str(secrets)} if secrets else {}),
    }
    return ["run", script, *(f"--{name}={value}" for name, value in options.items())]


def _environment(variables: dict[str, str]) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("UMAMI_", "DASHBOARD_"))
    }
    return {**inherited, "DASHBOARD_OPEN": "yes", **variables, "PYTHONUNBUFFERED": "1"}


@contextmanager
def _watched(app: App, prints: IO[bytes]) -> Iterator[App]:
    """Wait until the app answers, and keep what it prints until it ends."""

    def read() -> None:
        with prints:
            for line in prints:
                app.printed.append(line.decode())

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    last = time.monotonic() + START
    while not _answers(app):
        assert reader.is_alive(), "".join(app.printed)
        assert time.monotonic() < last, "".join(app.printed)
        time.sleep(0.05)
    yield app


def _answers(app: App) -> bool:
    try:
        return httpx.get(f"{app.address}/_stcore/health", trust_env=False).is_success
    except httpx.TransportError:
        return False


@contextmanager
def running_browser() -> Iterator[Browser]:
    """The system's Chromium, without background requests."""
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
    """The browser of a returning visitor: a tab stays open on the host of every app, so that static
    files stay cached."""
    with browser.new_context(**{"locale": "en", **options}) as context:
        context.set_default_timeout(WAIT)
        stays = context.new_page()
        stays.route("**", lambda route: route.fulfill(body="", content_type="text/html"))
        stays.goto("http://127.0.0.1/")
        yield context


def forget(context: BrowserContext) -> None:
    """Close the tabs of a test and clear its state, so that it does not affect the next test."""
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
    # Of charts that are being loaded, and of sections whose answers are on their way.
    for skeleton in ("stSkeleton", "stSkeletonElement"):
        expect(page.get_by_test_id(skeleton)).to_have_count(0, timeout=WAIT)


def metric(page: Page, label: str) -> Locator:
    """The value of a tile."""
    tile = page.get_by_test_id("stMetric").filter(has_text=label).first
    return tile.get_by_test_id("stMetricValue")


@dataclass(slots=True)
class Hand:
    """Uses a page, and counts every click and every text that is typed."""

    page: Page
    count: int = 0

    def click(self, place: Locator) -> None:
        """Click once."""
        self.count += 1
        place.click()

    def type(self, place: Locator, text: str) -> None:
        """Type a text into an input and leave it."""
        self.count += 1
        place.fill(text)
        place.press("Tab")

    def pick(self, key: str, option: str) -> None:
        """Choose an option of a select box, with two clicks."""
        self.click(self.page.locator(f".st-key-{key} input").first)
        self.click(self.page.get_by_role("option", name=option, exact=True))

    def choose(self, menu: str, option: str) -> None:
        """Choose an option in a menu of the bar, with two clicks."""
        self.click(self.page.locator(f".st-key-{menu} button").first)
        self.click(self.page.get_by_role("radiogroup").get_by_text(option, exact=True))

    def open(self, title: str) -> None:
        """Open a page of the navigation."""
        self.click(self.page.get_by_role("link", name=title, exact=True))
        expect(self.page.get_by_role("heading", name=title, exact=True).first).to_be_visible()
        settled(self.page)
