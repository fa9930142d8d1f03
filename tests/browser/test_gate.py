"""A deep link as the first request of a fresh process: no page runs outside the app."""

from __future__ import annotations

import ast
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app import ROOT, TABLES, App, fresh_app, metric, settled
from tests.browser.test_overview import RECORDED, WEBSITES
from tests.browser.test_signin import is_out
from tests.support.accounts import user, write
from tests.support.stream import opened

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
FIRST = ("overview", "sessions")
"""Pages that a fresh process of an open app is asked for; of the others the code is read below."""
FORM = ["Skip to main content", "Sign in", "User name", "Password", "visibility", "Sign in"]
"""All that a page says to whoever is not signed in; an icon is a word to a script."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings of an app with accounts."""
    place = tmp_path_factory.mktemp("dashboard")
    users = write(place / "users.yaml", {"ann": user("admin")})
    return {
        "UMAMI_DATA": str(TABLES),
        "DASHBOARD_USERS": str(users),
        "DASHBOARD_STORE": f"sqlite:///{place / 'dashboard.sqlite'}",
    }


def link(app: App, name: str) -> str:
    return f"{app.address}/{name}?{urlencode({'website': WEBSITES['shop'], **RECORDED})}"


@pytest.mark.thorough
@pytest.mark.parametrize("name", FIRST)
def test_first_deep_link_opens_the_app(name: str, page: Page) -> None:
    with fresh_app(UMAMI_DATA=str(TABLES)) as app:
        page.goto(link(app, name))
        expect(page.locator(".st-key-bar")).to_be_visible()
        settled(page)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        if name == "overview":
            expect(metric(page, "Views")).to_have_text("10,797")
        assert "Traceback" not in "".join(app.printed)


@pytest.mark.thorough
@pytest.mark.sample(18)
@pytest.mark.parametrize("name", PAGES)
def test_signed_out_deep_link_is_sent_the_sign_in_form_only(
    name: str, settings: dict[str, str]
) -> None:
    """Over a raw WebSocket, each to a fresh process."""
    with fresh_app(**settings) as app:
        query = urlencode({"website": WEBSITES["shop"], **RECORDED})
        messages = opened(app.address, name, query)
        # The first answer may be the page's own, which sends the viewer on to the app.
        messages += opened(app.address, name, query)
        everything = b"".join(message.SerializeToString() for message in messages)
        assert b"Sign in" in everything
        assert b"Nordlicht" not in everything
        kinds = {
            message.delta.new_element.WhichOneof("type")
            for message in messages
            if message.HasField("delta")
        }
        # Signed in, the control bar has a select box of websites.
        assert not kinds & {"metric", "plotly_chart", "arrow_data_frame", "iframe", "selectbox"}
        assert "Traceback" not in "".join(app.printed)


@pytest.mark.sample(18)
@pytest.mark.parametrize("name", PAGES)
def test_signed_out_browser_shows_the_sign_in_form_only(
    name: str, settings: dict[str, str], page: Page
) -> None:
    """Each is the first request of a fresh process."""
    with fresh_app(**settings) as app:
        page.goto(link(app, name))
        is_out(page)
        settled(page)
        said = page.get_by_test_id("stApp").inner_text().split("\n")
        assert [line for line in said if line] == FORM
        assert "Traceback" not in "".join(app.printed)


@pytest.mark.thorough
def test_socket_is_sent_the_page_where_access_is_open(app: App) -> None:
    """The control of the test above: what it must not find is sent where access is open."""
    messages = opened(app.address, "", urlencode({"website": WEBSITES["shop"], **RECORDED}))
    everything = b"".join(message.SerializeToString() for message in messages)
    assert b"Nordlicht" in everything
    kinds = {
        message.delta.new_element.WhichOneof("type")
        for message in messages
        if message.HasField("delta")
    }
    assert {"metric", "plotly_chart"} <= kinds


@pytest.mark.sample(1)
@pytest.mark.parametrize("name", PAGES)
def test_every_page_checks_the_entrypoint_guard_first(name: str) -> None:
    """The first statement after the docstring and the imports is ``entrypoint_guard.check()``."""

    body = ast.parse((ROOT / "pages" / f"{name}.py").read_text()).body[1:]
    first = next(
        statement for statement in body if not isinstance(statement, ast.Import | ast.ImportFrom)
    )
    assert ast.unparse(first) == "entrypoint_guard.check()"
