"""One browser, and one app over the recorded tables, for all browser tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.app import TABLES, WAIT, App, running_app, running_browser

# The first page a browser loads fetches all of Streamlit, on cores that other tests use too.
expect.set_options(timeout=WAIT)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with running_browser() as one:
        yield one


@pytest.fixture(scope="session")
def app() -> Iterator[App]:
    with running_app(UMAMI_DATA=str(TABLES)) as one:
        yield one


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page of a viewer in Berlin."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 1000}, timezone_id="Europe/Berlin", locale="en-GB"
    )
    yield context.new_page()
    context.close()
