"""Signing in and out in a real browser, and what a share link opens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import func, select

from access import accounts, database
from access.authentication import Authentication
from access.login_throttle import LoginThrottle
from tests.browser.app import SCRIPTS, TABLES, App, forget, metric, running_app, settled, visitor
from tests.browser.test_overview import RECORDED, WEBSITES
from tests.support.accounts import HASH, KEY, PASSWORD, user, write
from tests.support.fault_proxy import Between, between
from tests.support.proxies import proxy, without_cookies
from tests.support.redis import Redis, running_redis
from umami.embedded.server import Running, serve

SHOP = {"website": WEBSITES["shop"], **RECORDED}
MARKER = "marker-secret-of-what-is-around"
NAMES = ("ann", "bob", "cleo", "dan", "eve", "fay")
"""A person each, so that what one fails makes no other wait."""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A running app with accounts, its ``Authentication``, and the services around it."""

    app: App
    desk: Authentication
    script: str
    written: Path
    proxy: Between
    """In front of the Umami server that it asks."""
    cache: Redis

    def at(self, page: str = "", **params: str) -> str:
        return f"{self.app.address}/{page}?{urlencode({**SHOP, **params})}"


@pytest.fixture(scope="module")
def behind() -> Iterator[Running]:
    with serve(TABLES, password="umami") as running:
        yield running


@pytest.fixture(scope="module", params=["asgi.py"])
def dashboard(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, behind: Running
) -> Iterator[Dashboard]:
    place = tmp_path_factory.mktemp("dashboard")
    users = write(
        place / "users.yaml",
        {
            **{name: user("admin", first_name=name.capitalize()) for name in NAMES},
            "vic": user("client"),
        },
        {"client": {"websites": [WEBSITES["shop"]], "sections": ["overview", "utm"]}},
    )
    url = f"sqlite:///{place / 'dashboard.sqlite'}"
    engine = database.open_engine(url)
    sections = [*("overview", "utm", "retention", "sessions")]
    with ExitStack() as around:
        proxy = around.enter_context(between(behind.url))
        proxy.password = f"{MARKER}-of-umami"
        cache = around.enter_context(running_redis(f"{MARKER}-of-redis"))
        app = around.enter_context(
            running_app(
                request.param,
                UMAMI_URL=proxy.url,
                UMAMI_USERNAME=behind.username,
                UMAMI_PASSWORD=proxy.password,
                UMAMI_REDIS_URL=cache.url,
                DASHBOARD_USERS=str(users),
                DASHBOARD_STORE=url,
            )
        )
        desk = Authentication(engine, lambda: accounts.load(users, sections))
        yield Dashboard(app, desk, request.param, place, proxy, cache)
    engine.dispose()


@pytest.fixture(scope="module")
def people(browser: Browser) -> Iterator[list[BrowserContext]]:
    """Two browsers of two users."""
    size: Any = {"viewport": {"width": 1440, "height": 1000}}
    with visitor(browser, **size) as first, visitor(browser, **size) as other:
        yield [first, other]


@pytest.fixture
def contexts(people: list[BrowserContext]) -> Iterator[list[BrowserContext]]:
    """The same browsers with cleared state."""
    yield people
    for context in people:
        forget(context)


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def signed_in(page: Page, dashboard: Dashboard, name: str, to: str = "goals") -> None:
    """Sign in on a page; the default page is the cheapest one for admins."""
    page.goto(dashboard.at(to))
    sign_in(page, name)
    expect(page.locator(".st-key-bar")).to_be_visible()
    settled(page)


def is_out(page: Page) -> None:
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page).to_have_title("Umami Dashboard")
    expect(page.locator(".st-key-bar")).to_have_count(0)
    expect(page.get_by_test_id("stMetric")).to_have_count(0)
    expect(page.get_by_test_id("stSidebarNavLink")).to_have_count(0)


def cookie(context: BrowserContext) -> dict[str, object]:
    """The session's cookie, once the browser has it."""
    page = context.pages[-1]
    for _ in range(100):
        cookie = next((entry for entry in context.cookies() if entry["name"] == "umami_test"), None)
        if cookie:
            return dict(cookie)
        page.wait_for_timeout(50)
    raise AssertionError("there is no cookie")


@pytest.mark.thorough
@pytest.mark.parametrize("dashboard", SCRIPTS, indirect=True)
def test_signed_out_deep_link_opens_its_page_after_sign_in(
    dashboard: Dashboard, page: Page
) -> None:
    page.goto(dashboard.at("retention"))
    is_out(page)
    sign_in(page, "ann", "wrong-password")
    expect(page.get_by_text("User name or password is wrong.")).to_be_visible()
    sign_in(page, "ann")
    expect(page.get_by_role("heading", name="Retention", exact=True)).to_be_visible()
    settled(page)
    session = cookie(page.context)
    assert session["httpOnly"] is (dashboard.script == "asgi.py")
    assert session["sameSite"] == "Strict"
    page.reload()
    expect(page.get_by_role("heading", name="Retention", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Sign in")).to_have_count(0)


@pytest.mark.thorough
def test_too_many_attempts_delay_only_their_account(
    dashboard: Dashboard, contexts: list[BrowserContext]
) -> None:
    page, other = (context.new_page() for context in contexts)
    page.goto(dashboard.at())
    notice = page.get_by_text("Too many attempts. Try again in")
    # Waits grow until one is longer than a slow machine takes to the next attempt.
    for attempt in range(10):
        before = failures(dashboard)
        sign_in(page, "bob", f"wrong-{attempt}")
        while not notice.count() and failures(dashboard) == before:
            page.wait_for_timeout(20)
        if notice.count():
            break
        settled(page)
    assert attempt >= 4
    sign_in(page, "bob")
    expect(notice).to_be_visible()
    signed_in(other, dashboard, "ann")
    # The wait ends; the right password is taken then.
    throttle = LoginThrottle(dashboard.desk.engine)
    while (next_attempt := throttle.reserve("bob", "127.0.0.1")).wait:
        page.wait_for_timeout(100)
    throttle.take_back(next_attempt)
    sign_in(page, "bob")
    expect(page.locator(".st-key-bar")).to_be_visible()


def failures(dashboard: Dashboard) -> int:
    """The number of failed attempts in the database."""
    with dashboard.desk.engine.connect() as held:
        return int(held.execute(select(func.sum(database.ATTEMPTS.c.failures))).scalar() or 0)


def downloaded(page: Page) -> str:
    """The content of a downloaded table."""
    with page.expect_download() as download:
        page.locator(".st-key-visits_utmCampaign_csv button").first.click()
    return download.value.path().read_text("utf-8-sig")


def last(dashboard: Dashboard) -> tuple[str, str, str, bool]:
    """The last entry of the audit log that is not about signing in or out."""
    rows = dashboard.desk.audit.search().rows
    entry = next(entry for entry in rows if not entry.what.startswith("sign"))
    return entry.who, entry.what, entry.about, entry.done


@pytest.mark.thorough
def test_signing_out_ends_all_tabs_and_copies_of_the_cookie(
    dashboard: Dashboard, contexts: list[BrowserContext]
) -> None:
    mine, thief = contexts
    page = mine.new_page()
    signed_in(page, dashboard, "cleo")
    session = cookie(mine)
    second = mine.new_page()
    second.goto(dashboard.at("utm"))
    expect(second.get_by_role("heading", name="Campaigns", exact=True)).to_be_visible()
    settled(second)
    thief.add_cookies([session])  # type: ignore[list-item]
    copied = thief.new_page()
    copied.goto(dashboard.at("utm"))
    expect(copied.locator(".st-key-bar")).to_be_visible()
    settled(copied)
    assert downloaded(copied).startswith('"Campaign",')
    assert last(dashboard) == ("cleo", "export", f"campaigns.csv of {WEBSITES['shop']}", True)

    # Without its timers the copied page does not notice the end of the session by itself, however
    # long the machine takes for what follows.
    copied.evaluate("for (let id = setTimeout(() => {}); id > 0; id--) clearTimeout(id)")
    page.locator(".st-key-me button").first.click()
    page.locator(".st-key-sign_out button").click()
    is_out(page)
    # What a page that was drawn before offers to download is not given any more.
    assert downloaded(copied) == "You no longer have access to this data.\n"
    assert last(dashboard) == ("cleo", "export", f"campaigns.csv of {WEBSITES['shop']}", False)
    # The other tab hears of it without being touched.
    is_out(second)
    # What was copied sees nothing from its next move on, also as a fresh visit.
    copied.get_by_test_id("stSidebarNavLink").filter(has_text="Retention").click()
    is_out(copied)
    thief.clear_cookies()
    thief.add_cookies([session])  # type: ignore[list-item]
    fresh = thief.new_page()
    fresh.goto(dashboard.at())
    is_out(fresh)
    page.reload()
    is_out(page)


@pytest.mark.thorough
def test_changed_password_ends_the_other_sessions(
    dashboard: Dashboard, contexts: list[BrowserContext]
) -> None:
    here, there = (context.new_page() for context in contexts)
    signed_in(here, dashboard, "dan")
    signed_in(there, dashboard, "dan")
    here.locator(".st-key-me button").first.click()
    here.get_by_text("Change password").first.click()
    settled(here)
    here.get_by_label("Current password", exact=True).fill(PASSWORD)
    here.get_by_label("New password", exact=True).fill("another-Passw0rd")
    again = here.get_by_label("New password again", exact=True)
    again.fill("another-Passw0rd")
    again.press("Enter")
    expect(here.get_by_text("The password was changed.")).to_be_visible()
    assert last(dashboard) == ("dan", "change password", "", True)
    there.get_by_test_id("stSidebarNavLink").filter(has_text="Campaigns").click()
    is_out(there)
    sign_in(there, "dan")
    expect(there.get_by_text("User name or password is wrong.")).to_be_visible()
    settled(here)
    here.reload()
    expect(here.locator(".st-key-bar")).to_be_visible()


@pytest.mark.thorough
def test_viewer_sees_only_permitted_pages_and_websites(dashboard: Dashboard, page: Page) -> None:
    signed_in(page, dashboard, "vic", to="")
    expect(metric(page, "Views")).to_have_text("10,797")
    links = page.get_by_test_id("stSidebarNavLink")
    expect(links).to_have_text([re.compile("Overview"), re.compile("Campaigns")])
    expect(page.locator(".st-key-add_filter")).to_have_count(0)
    expect(page.get_by_text("Download CSV")).to_have_count(0)
    page.locator(".st-key-menu button").first.click()
    expect(page.get_by_text("Figures as of")).to_be_visible()
    expect(page.locator(".st-key-share_view")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_text("http://127")).to_have_count(0)
    page.goto(dashboard.at("revenue", website=WEBSITES["docs"]))
    expect(page.get_by_role("heading", name="No access")).to_be_visible()
    expect(page.get_by_text("You do not have access to this page").first).to_be_visible()


@pytest.mark.thorough
def test_share_link_is_created_opened_and_revoked(
    dashboard: Dashboard, contexts: list[BrowserContext]
) -> None:
    page, guest = (context.new_page() for context in contexts)
    signed_in(page, dashboard, "eve")
    page.goto(dashboard.at(filter="country.eq.DE"))
    expect(page.locator(".st-key-chips")).to_contain_text("Germany")
    settled(page)
    shown = metric(page, "Views").inner_text()
    page.locator(".st-key-menu button").first.click()
    page.locator(".st-key-share_view summary").click()
    box = page.get_by_label("Recipient")
    box.fill("Client <b>")
    box.press("Tab")
    page.locator(".st-key-make_link button").click()
    made = page.get_by_test_id("stPopoverBody").locator("code")
    expect(made).to_contain_text("?share=")
    address = made.inner_text()
    about = f"Client <b>, of {WEBSITES['shop']}"
    assert last(dashboard) == ("eve", "make share link", about, True)

    guest.goto(address)
    expect(metric(guest, "Views")).to_have_text(shown)
    expect(guest.get_by_text("Client <b>")).to_be_visible()
    expect(guest.locator(".st-key-fixed")).to_contain_text("Country is Germany")
    settled(guest)
    guest.reload()
    expect(metric(guest, "Views")).to_have_text(shown)

    page.goto(dashboard.at("access"))
    expect(page.get_by_text("Client <b>").first).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Withdraw").first.click()
    expect(page.get_by_text("This link was withdrawn.").first).to_be_visible()
    assert last(dashboard) == ("eve", "withdraw share link", about, True)
    guest.reload()
    expect(guest.get_by_text("This link was withdrawn.")).to_be_visible()
    expect(guest.get_by_test_id("stMetric")).to_have_count(0)


@pytest.mark.thorough
def test_share_link_expires(dashboard: Dashboard, page: Page) -> None:
    # Long enough for a page on busy cores.
    ends = datetime.now(UTC) + timedelta(seconds=10)
    shares = dashboard.desk.shares
    made = shares.make(
        name="Soon over",
        maker="ann",
        ends=ends,
        view={name: [value] for name, value in SHOP.items()},
        sections=("overview",),
        locked=True,
    )
    page.goto(f"{dashboard.app.address}/?share={shares.token(made.id)}")
    expect(metric(page, "Views")).to_have_text("10,797")
    while datetime.now(UTC) <= ends:
        page.wait_for_timeout(200)
    page.reload()
    expect(page.get_by_text("This link ended on")).to_be_visible()
    expect(page.get_by_test_id("stMetric")).to_have_count(0)


@pytest.mark.sample(2)
@pytest.mark.parametrize("dashboard", SCRIPTS, indirect=True)
def test_security_headers_are_sent_by_asgi_only(dashboard: Dashboard) -> None:
    answer = httpx.get(dashboard.app.address, trust_env=False)
    assert answer.is_success
    served = dashboard.script == "asgi.py"
    assert ("content-security-policy" in answer.headers) is served
    if served:
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe-eval'" not in answer.headers["content-security-policy"].replace(
            "wasm-unsafe-eval", ""
        )
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        forged = httpx.post(f"{dashboard.app.address}/_session", headers={"x-ticket": "guessed"})
        assert forged.status_code == 403
        assert "set-cookie" not in forged.headers
        secure = httpx.get(dashboard.app.address, headers={"x-forwarded-proto": "https"})
        assert "strict-transport-security" in secure.headers


@pytest.mark.thorough
@pytest.mark.parametrize("dashboard", ["app.py"], indirect=True)
def test_session_survives_behind_a_proxy_without_cookies(dashboard: Dashboard, page: Page) -> None:
    """Only with ``app.py`` alone, where a script may read the cookie."""
    with proxy(dashboard.app.address, without_cookies) as address:
        page.goto(f"{address}/?{urlencode(SHOP)}")
        sign_in(page, "fay")
        expect(page.locator(".st-key-bar")).to_be_visible()
        settled(page)
        cookie(page.context)
        page.reload()
        expect(page.locator(".st-key-bar")).to_be_visible()
        expect(page.locator(".st-key-me")).to_contain_text("Fay")


@pytest.mark.thorough
def test_no_secret_reaches_logs_files_requests_or_the_browser(
    dashboard: Dashboard, page: Page
) -> None:
    """Runs last, with every service broken: checks everything printed, stored, requested or sent to
    the browser."""
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    page.on("console", lambda message: seen.append(message.text))
    page.on(
        "websocket", lambda socket: socket.on("framereceived", lambda sent: frames.append(sent))
    )
    frames: list[str | bytes] = []
    users = dashboard.written / "users.yaml"
    signed_in(page, dashboard, "ann")
    session = str(cookie(page.context)["value"])

    def visit(to: str, says: str, **params: str) -> None:
        page.goto(dashboard.at(to, **params))
        expect(page.get_by_text(says).first).to_be_visible()
        seen.extend((page.content(), page.url))

    nobody = "11111111-1111-4111-8111-111111111111"
    visit("sessions", "it may have been deleted", session=nobody, filter="nonsense")
    dashboard.proxy.breaks = lambda target: "/auth/" not in target
    # Of a period that nobody has looked at: what is kept is shown whatever the server does.
    visit("retention", "fault of the Umami server", **{"from": "2026-08-05"})
    for path in dashboard.written.glob("dashboard.sqlite*"):
        seen.append(path.read_bytes().decode("latin-1"))
        path.write_bytes(b"no database")
    visit("utm", "cannot be reached")
    # A fault that no page holds: whoever signs in is looked for in what is no database.
    page.context.clear_cookies()
    page.goto(dashboard.at("utm"))
    sign_in(page, "ann")
    expect(page.get_by_text("could not be drawn")).to_be_visible()
    users.write_text(f"cookie: [{KEY}, {HASH}")
    visit("utm", "is not YAML")
    users.unlink()

    seen += [path.read_text("latin-1") for path in dashboard.written.rglob("*") if path.is_file()]
    seen += [*dashboard.app.printed, *(request.target for request in dashboard.proxy.passed)]
    seen += [frame.decode("latin-1") if isinstance(frame, bytes) else frame for frame in frames]
    assert len(frames) > 10
    with dashboard.cache.client() as cache:
        names = cache.keys()
        seen += [
            value.decode("latin-1") for value in (*names, *filter(None, map(cache.get, names)))
        ]
    assert names
    logins = [
        json.loads(request.answer)
        for request in dashboard.proxy.passed
        if "/auth/login" in request.target
    ]
    tokens = [login["token"] for login in logins]
    assert tokens
    for secret in (PASSWORD, "another-Passw0rd", "wrong-password", KEY, HASH, MARKER, *tokens):
        assert not [text[:80] for text in seen if secret in text], secret
    for secret in (session, session.split(".")[1]):
        assert not [text[:80] for text in seen if secret in text]
    printed = "".join(dashboard.app.printed)
    assert re.search(r"DatabaseError at .*\.py:\d+", printed)
    assert "Traceback" not in printed
