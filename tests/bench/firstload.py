"""Benchmark: what the first page costs a browser that has nothing cached."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Final

from playwright.sync_api import Browser

from tests.bench.processes import vitals
from tests.bench.table import Table
from tests.browser.app import App, running_app, running_browser
from tests.browser.first_load import Load, load

REPEATS: Final = 5
MEMORY: Final = 600.0
"""Megabytes of the app's process with the demo, of which about half are imports."""
FIRST_MB, ALL_MB, FILES = 1.3, 2.8, 125
SLOW_FIRST: Final = 8.0
"""Seconds until the first tile shows a figure over 1.6 Mbit/s and 150 ms."""


def firstload() -> list[str]:
    """Open the demo's Overview with a cold and with a warm server; the names of missed limits."""
    missed: list[str] = []
    with running_browser() as browser, running_app() as app:
        missed += _cold(browser, app)
        missed += _printed("first page", _loads(browser, app))
        missed += _printed("first page on a phone", _loads(browser, app, width=390, height=844))
        title = "first page, 1.6 Mbit/s and 150 ms"
        missed += _printed(title, _loads(browser, app, slow=True), first=SLOW_FIRST)
    return missed


def _cold(browser: Browser, app: App) -> list[str]:
    """The first page of an app that has just started, and what it costs the app's process."""
    before = vitals(app.pid)
    missed = _printed("first page, cold demo", [load(browser, app.address)])
    after = vitals(app.pid)
    table = Table("process of the app, cold demo")
    table.info("memory before", before.memory, "MB")
    table.most("memory after", after.memory, MEMORY, "MB")
    table.info("processor before", before.processor, "s", 1)
    table.info("processor for the page", after.processor - before.processor, "s", 1)
    return missed + table.missed


def _loads(browser: Browser, app: App, **options: int) -> list[Load]:
    return [load(browser, app.address, **options) for _ in range(REPEATS)]


def _printed(title: str, loads: list[Load], first: float | None = None) -> list[str]:
    """Print the medians of some loads; the names of missed limits."""

    def median(figure: Callable[[Load], float]) -> float:
        return statistics.median(map(figure, loads))

    table = Table(title)
    table.most(
        "before the first figure", median(lambda page: page.first_bytes) / 1e6, FIRST_MB, "MB", 2
    )
    table.most("the whole page", median(lambda page: page.bytes) / 1e6, ALL_MB, "MB", 2)
    table.most("files", median(lambda page: len(page.files)), FILES)
    table.info("messages, not compressed", median(lambda page: page.messages) / 1e3, "kB")
    seconds = median(lambda page: page.first)
    if first is None:
        table.info("first figure", seconds, "s", 1)
    else:
        table.most("first figure", seconds, first, "s", 1)
    table.info("main thread", median(lambda page: page.busy), "s", 2)
    table.info("layout shift", median(lambda page: page.shift), digits=2)
    return table.missed
