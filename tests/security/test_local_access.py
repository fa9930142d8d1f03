"""Without accounts, real data and Setup are open only with the access code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.app import SCRIPTS, TABLES, WAIT, App, metric, running_app, settled
from tests.browser.test_overview import RECORDED, WEBSITES
from tests.support.proxies import adding, proxy
from tests.support.stream import opened
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow

SHOP = urlencode({"website": WEBSITES["shop"], **RECORDED})
HEADERS = (
    {},
    {"Host": "localhost"},
    {"Host": "localhost", "X_Real_IP": "203.0.113.9", "X_Forwarded_Proto": "https"},
    {"X_Forwarded_For": "203.0.113.9"},
    {"Forwarded": "for=203.0.113.9"},
    {"Via": "1.1 proxy", "X_Forwarded_Server": "proxy", "CF_Connecting_IP": "203.0.113.9"},
)


@pytest.fixture(scope="module", params=SCRIPTS)
def closed(request: pytest.FixtureRequest) -> Iterator[App]:
    """An app that shows real data and has no accounts."""
    with running_app(request.param, UMAMI_DATA=str(TABLES), DASHBOARD_OPEN="") as app:
        yield app


def everything(address: str, page: str, **headers: str) -> bytes:
    """All messages that a raw WebSocket is sent for a page."""
    messages = opened(address, page, SHOP, headers)
    return b"".join(message.SerializeToString() for message in messages)


@pytest.mark.sample(2)
@pytest.mark.parametrize("headers", HEADERS, ids=lambda headers: "+".join(headers) or "none")
def test_no_header_bypasses_the_access_code(headers: dict[str, str], closed: App) -> None:
    with ExitStack() as stack:
        address = stack.enter_context(proxy(closed.address, adding(**headers)))
        # The page is of the host that the app is told.
        scheme = headers.get("X_Forwarded_Proto", "http")
        origin = f"{scheme}://{headers.get('Host', urlsplit(address).netloc)}"
        for page in ("", "setup"):
            text = everything(address, page, Origin=origin)
            assert origin.encode() not in text
            assert b"only the person who started this dashboard" in text
            assert b"Nordlicht" not in text
            assert b"access_code" not in text
    assert closed.link


@pytest.mark.sample(2)
def test_access_code_is_valid_once(closed: App) -> None:
    link = closed.link
    code = link.rpartition("=")[2]
    name = f"umami_dashboard_local_{urlsplit(closed.address).port}"
    for wrong in ("", "x", code[:-1], code + "x", "é"):
        answer = httpx.get(closed.address, params={"access_code": wrong}, trust_env=False)
        assert (answer.status_code, answer.headers.get("set-cookie")) == (200, None)
    assert b"Nordlicht" not in everything(closed.address, "", Cookie=f"{name}={code}")
    messages = opened(closed.address, "", f"{SHOP}&access_code={code}")
    assert b"Nordlicht" in b"".join(message.SerializeToString() for message in messages)
    again = opened(closed.address, "", f"{SHOP}&access_code={code}")
    text = b"".join(message.SerializeToString() for message in again)
    assert b"Nordlicht" not in text
    assert b"was used before" in text
    eventually(lambda: closed.link != link)


@pytest.mark.thorough
@pytest.mark.sample(2)
def test_browser_that_opened_the_link_stays_authorized(closed: App, browser: Browser) -> None:
    link = closed.link
    opened(closed.address, "", link.partition("?")[2])
    # Another one is printed when somebody is turned away.
    everything(closed.address, "")
    eventually(lambda: closed.link != link)
    with browser.new_context() as person:
        page = person.new_page()
        page.goto(f"{closed.link}&{SHOP}")
        expect(metric(page, "Views")).to_have_text("10,797", timeout=WAIT)
        settled(page)
        assert "access_code" not in page.url
        for path in (f"/?{SHOP}", "/setup"):
            page.goto(closed.address + path)
            settled(page)
            expect(page.get_by_text("only the person who started this dashboard")).to_have_count(0)
    with browser.new_context() as somebody:
        page = somebody.new_page()
        page.goto(f"{closed.address}/?{SHOP}")
        expect(page.get_by_text("only the person who started this dashboard")).to_be_visible()


@pytest.mark.parametrize("closed", ["asgi.py"], indirect=True)
def test_redirect_stays_on_the_same_host(closed: App) -> None:
    answers = []

    def redirected() -> bool:
        # What was used before is printed anew a moment after somebody is turned away.
        code = closed.link.rpartition("=")[2]
        url = f"{closed.address}//elsewhere.example/\\x?a=1&access_code={code}"
        answers.append(httpx.get(url, trust_env=False))
        return answers[-1].status_code == 303

    eventually(redirected)
    answer = answers[-1]
    assert answer.headers["location"] == "/elsewhere.example/%5Cx?a=1"
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/"))
