"""The first five minutes of a new user: from no configuration to an Umami server."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app import TABLES, App, running_app, settled
from tests.browser.test_every_page import Watched, fits, watch
from tests.doubles.umami import serve as serve_version
from umami.embedded.server import Running, serve
from umami.settings import read

pytestmark = pytest.mark.thorough

CHOSEN = "a-marker-Passw0rd"


@pytest.fixture(scope="module")
def umamis() -> Iterator[tuple[Running, Running]]:
    """Two servers of the user: a 2.x and a 3.x."""
    with serve_version("2.18", TABLES) as old, serve(TABLES) as new:
        yield old, new


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The secrets file of this app, which does not exist yet."""
    return tmp_path / "secrets.toml"


@pytest.fixture
def fresh(secrets: Path) -> Iterator[App]:
    """An app without any configuration."""
    store = f"sqlite:///{secrets.parent / 'dashboard.sqlite'}"
    with running_app(secrets=secrets, DASHBOARD_STORE=store, DASHBOARD_OPEN="") as app:
        yield app


def check(page: Page, umami: Running, password: str) -> None:
    """Fill in the form as a user does who copies the address from the browser."""
    page.get_by_label("Address").fill(umami.url.removeprefix("http://"))
    page.get_by_label("User name").fill(umami.username)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Check").click()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def heading(page: Page, name: str) -> None:
    """Wait for a heading; every step fits both widths."""
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    settled(page)
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        fits(page)


def test_setup_connects_a_demo_to_an_umami_server(
    fresh: App, secrets: Path, umamis: tuple[Running, Running], page: Page
) -> None:
    old, new = umamis
    seen = watch(page)
    page.goto(fresh.link)
    settled(page)
    page.locator(".st-key-menu button").first.click()
    expect(page.get_by_text("Demo data")).to_be_visible()
    page.get_by_role("button", name="Connect your own Umami").click()

    heading(page, "Setup")
    check(page, old, "wrong")
    expect(page.get_by_text("does not accept this user name and password")).to_be_visible()
    expect(page.get_by_text("Type both once more")).to_be_visible()
    check(page, old, old.password)
    heading(page, "Connected")
    expect(page.get_by_text("Umami 2.18")).to_be_visible()
    expect(page.get_by_text("Nordlicht Docs, Nordlicht Empty and Nordlicht Shop")).to_be_visible()
    press(page, "Continue")
    heading(page, "Do you want accounts?")
    press(page, "Continue without accounts")
    heading(page, "Summary")
    press(page, "Save and open")
    heading(page, "Overview")
    page.locator(".st-key-menu button").first.click()
    expect(page.get_by_text("Figures as of")).to_be_visible()
    expect(page.get_by_text("Demo data")).to_have_count(0)
    page.keyboard.press("Escape")
    assert read({}, secrets).texts["URL"] == old.url
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600

    page.get_by_role("link", name="Setup").click()
    heading(page, "Setup")
    check(page, new, new.password)
    heading(page, "Connected")
    press(page, "Continue")
    heading(page, "Do you want accounts?")
    page.get_by_label("User name").fill("ann")
    page.get_by_label("Password (").fill(CHOSEN)
    page.get_by_label("Password again").fill(CHOSEN)
    press(page, "Create account")
    heading(page, "Who has access")
    press(page, "Continue")
    heading(page, "Summary")
    expect(page.get_by_text("ann signs in")).to_be_visible()
    press(page, "Save and open")
    heading(page, "Overview")
    assert read({}, secrets).texts["URL"] == new.url
    expect(page.locator(".st-key-account")).to_contain_text("ann")
    page.reload()
    heading(page, "Overview")

    assert seen == Watched(hosts={fresh.address.removeprefix("http://")})
    printed = "".join(fresh.printed)
    assert "Traceback" not in printed
    assert CHOSEN not in printed + page.url
