"""Giving a colleague one website of the demo, without a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app import Hand, running_app, settled
from tests.browser.test_every_page import fits

pytestmark = pytest.mark.thorough
CHOSEN = "a-marker-Passw0rd"


def fill(page: Page) -> None:
    """Type a password twice."""
    for label in ("Password (", "Password again"):
        page.get_by_label(label).fill(CHOSEN)


def test_a_colleague_gets_one_website_in_six_clicks(page: Page, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    store = f"sqlite:///{tmp_path / 'dashboard.sqlite'}"
    with running_app(secrets=secrets, DASHBOARD_STORE=store, DASHBOARD_OPEN="") as app:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=app.address)
        page.goto(app.link)
        settled(page)
        hand = Hand(page)
        hand.open("Access")
        expect(page.locator(".st-key-bar")).to_have_count(0)
        hand.click(page.get_by_role("button", name="Invite someone"))
        page.get_by_label("User name").fill("ann")
        fill(page)
        hand.click(page.get_by_role("button", name="Continue"))
        page.get_by_label("Name", exact=True).fill("Cleo")
        hand.click(page.get_by_role("button", name="Fjord & Fern", exact=True))
        hand.click(page.get_by_role("button", name="Create link"))
        link = page.locator(".st-key-invited code")
        expect(link).to_contain_text("invitation=")
        settled(page)
        fits(page)
        link.hover()
        hand.click(page.locator(".st-key-invited").get_by_test_id("stCode").get_by_role("button"))
        assert hand.count <= 6
        url = link.inner_text()
        assert page.evaluate("navigator.clipboard.readText()") == url
        expect(page.locator(".st-key-account")).to_contain_text("ann")

        # With accounts, the typed name is among the six, too.
        page.goto(f"{app.address}/overview")
        settled(page)
        hand = Hand(page)
        hand.open("Access")
        hand.click(page.get_by_role("button", name="Invite someone"))
        hand.type(page.get_by_label("Name", exact=True), "Theo")
        hand.click(page.get_by_role("button", name="Fjord & Fern", exact=True))
        hand.click(page.get_by_role("button", name="Create link"))
        expect(page.locator(".st-key-invited")).to_contain_text("Theo")
        link.hover()
        hand.click(page.locator(".st-key-invited").get_by_test_id("stCode").get_by_role("button"))
        assert hand.count <= 6
        assert page.evaluate("navigator.clipboard.readText()") == link.inner_text() != url

        page.context.clear_cookies()
        page.goto(url)
        expect(page.get_by_text("Welcome, Cleo")).to_be_visible()
        fits(page)
        fill(page)
        page.get_by_role("button", name="Set password and sign in").click()
        expect(page.locator(".st-key-account")).to_contain_text("Cleo")
        settled(page)
        page.get_by_label("Website", exact=True).click()
        expect(page.get_by_role("option")).to_have_count(1)
        page.context.clear_cookies()
        page.goto(url)
        expect(page.get_by_text("used before")).to_be_visible()
        printed = "".join(app.printed)
        assert "Traceback" not in printed
        assert url.rpartition("=")[2] not in printed
        assert CHOSEN not in printed + secrets.read_text()
