"""axe-core on every page in both themes: what it finds must come from Streamlit itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from components.page_registry import ADMIN_PAGES, MAILS, PAGES
from tests.browser.app import App, settled, visitor
from tests.browser.conftest import BERLIN
from tests.browser.test_every_page import link
from tests.conftest import Some
from tests.support.pages import CHOICES

STREAMLITS = {
    "list": "the navigation puts the groups of its pages into a list without list items",
    "listitem": "the pages of a group are items outside of a list",
    "svg-img-alt": "the line of st.metric is an image without a name",
}
"""The rules that Streamlit itself breaks, and how."""


@pytest.fixture(scope="module", params=["light", pytest.param("dark", marks=pytest.mark.thorough)])
def themed(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A tab of a browser that prefers one of the themes."""
    with visitor(browser, **BERLIN, color_scheme=request.param) as context:
        yield context.new_page()


def broken(page: Page) -> dict[str, list[str]]:
    """The elements that break a rule of axe, by rule."""
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return {rule["id"]: [node["html"][:200] for node in rule["nodes"]] for rule in violations}


@pytest.mark.thorough
def test_only_rules_of_streamlit_are_broken(app: App, themed: Page, some: Some) -> None:
    faults = {}
    for area in (*some(PAGES, 6), *some((MAILS, *ADMIN_PAGES), 2)):
        themed.goto(link(app, area, CHOICES.get(area.name, {})))
        settled(themed)
        rules = broken(themed)
        if unexpected := {rule: rules[rule] for rule in rules if rule not in STREAMLITS}:
            faults[area.name] = unexpected
    assert faults == {}
