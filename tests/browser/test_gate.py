"""A deep link as the first request of a fresh process: no page runs without the app."""

from __future__ import annotations

import ast

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app import ROOT, TABLES, metric, running_app, settled
from tests.browser.test_overview import RECORDED, WEBSITES

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))


FIRST = ("overview", "sessions", "websites")
"""Pages that a fresh process is asked for; what holds for them all is read off their code below."""


@pytest.mark.parametrize("name", FIRST)
def test_a_first_deep_link_ends_at_the_app(name: str, page: Page) -> None:
    with running_app(UMAMI_DATA=str(TABLES)) as app:
        query = "&".join(f"{key}={value}" for key, value in RECORDED.items())
        page.goto(f"{app.address}/{name}?website={WEBSITES['shop']}&{query}")
        expect(page.locator(".st-key-bar")).to_be_visible()
        expect(page.locator(".st-key-server")).to_be_visible()
        settled(page)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        if name == "overview":
            expect(metric(page, "Views")).to_have_text("10,797")
        assert "Traceback" not in "".join(app.printed)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_asks_the_gate_before_anything_else(name: str) -> None:
    """The first statement that is no import (or docstring) is ``gate.opened()``."""

    body = ast.parse((ROOT / "pages" / f"{name}.py").read_text()).body[1:]
    first = next(one for one in body if not isinstance(one, ast.Import | ast.ImportFrom))
    assert ast.unparse(first) == "gate.opened()"
