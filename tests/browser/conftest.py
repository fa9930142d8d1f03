"""One browser, and one app over the recorded tables, for all browser tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.app import (
    TABLES,
    WAIT,
    App,
    forget,
    running_app,
    visitor,
)

# The first page a browser loads fetches all of Streamlit, on cores that other tests use too.
expect.set_options(timeout=WAIT)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that drive a browser."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def app() -> Iterator[App]:
    with running_app(UMAMI_DATA=str(TABLES)) as app:
        yield app


BERLIN: dict[str, Any] = {
    "viewport": {"width": 1440, "height": 1000},
    "timezone_id": "Europe/Berlin",
    "locale": "en",
    "reduced_motion": "reduce",
}


@pytest.fixture(scope="session")
def berlin(browser: Browser) -> Iterator[BrowserContext]:
    """The browser of a viewer in Berlin."""
    with visitor(browser, **BERLIN) as context:
        yield context


@pytest.fixture
def page(berlin: BrowserContext) -> Iterator[Page]:
    """A fresh tab of a viewer in Berlin."""
    yield berlin.new_page()
    forget(berlin)
