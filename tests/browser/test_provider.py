"""Signing in by an identity provider, a real one on loopback."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from urllib.parse import urlencode

import oidc_provider_mock
import pytest
from playwright.sync_api import Page, expect

from tests.browser.app import TABLES, App, metric, running_app, settled
from tests.browser.test_overview import RECORDED, WEBSITES
from tests.browser.test_signin import is_out
from tests.support.accounts import user, write
from tests.support.ports import free_port

MARKER = "marker-secret-of-the-provider"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app, with an identity provider that accepts any address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    place = tmp_path_factory.mktemp("provider")
    users = write(
        place / "users.yaml",
        {
            "pat": {
                "email": "pat@agency.example",
                "first_name": "Pat",
                "roles": ["viewer"],
                "websites": [WEBSITES["shop"]],
            },
            "ann": user("admin"),
        },
    )
    known = [
        oidc_provider_mock.User(sub=email, claims={"email": email, "email_verified": verified})
        for email, verified in (("pat@agency.example", True), ("eve@agency.example", True))
    ]
    port = free_port()
    with oidc_provider_mock.run_server_in_thread(user_claims=known) as provider:
        secrets = place / "secrets.toml"
        secrets.write_text(
            f"""
[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "{MARKER}-of-cookies-and-long-enough"
client_id = "dashboard"
client_secret = "{MARKER}"
server_metadata_url = "http://localhost:{provider.server_port}/.well-known/openid-configuration"
"""
        )
        with running_app(
            port=port,
            secrets=secrets,
            UMAMI_DATA=str(TABLES),
            DASHBOARD_USERS=str(users),
            DASHBOARD_STORE=f"sqlite:///{place / 'dashboard.sqlite'}",
        ) as app:
            yield app


def at(app: App, page: str = "") -> str:
    return f"{app.address}/{page}?{urlencode({'website': WEBSITES['shop'], **RECORDED})}"


def vouched(page: Page, email: str) -> None:
    """Sign in at the identity provider with this address."""
    page.get_by_role("button", name="Continue with single sign-on").click()
    box = page.locator("input[name=sub]")
    box.fill(email)
    page.get_by_role("button", name=re.compile("authorize", re.IGNORECASE)).click()


@pytest.mark.thorough
def test_provider_account_signs_in_with_permissions_and_out(app: App, page: Page) -> None:
    page.goto(at(app))
    is_out(page)
    vouched(page, "pat@agency.example")
    expect(page.locator(".st-key-me")).to_contain_text("Pat")
    settled(page)
    page.goto(at(app))
    expect(metric(page, "Views")).to_have_text("10,797")
    page.locator(".st-key-menu button").first.click()
    expect(page.get_by_text("Figures as of")).to_be_visible()
    expect(page.locator(".st-key-share_view")).to_have_count(0)
    page.keyboard.press("Escape")
    settled(page)
    cookies = page.context.cookies()
    page.locator(".st-key-me button").first.click()
    page.locator(".st-key-sign_out button").click()
    expect(page.get_by_role("heading", name="End Session")).to_be_visible()
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    page.goto(at(app))
    is_out(page)
    assert MARKER not in "".join(app.printed)


@pytest.mark.thorough
def test_identity_without_an_account_is_refused(app: App, page: Page) -> None:
    page.goto(at(app))
    vouched(page, "eve@agency.example")
    expect(page.get_by_text("has no account here.")).to_be_visible()
    is_out(page)
    page.get_by_role("button", name="Use another account").click()
    expect(page.get_by_role("heading", name="End Session")).to_be_visible()
