"""A website on another origin in a real Chromium, counted through the dashboard's address."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect

from tests.browser.app import START, TABLES, App, fresh_app, running_app, settled
from tests.browser.test_overview import WEBSITES
from tests.support.waiting import eventually
from umami.embedded.importing import import_into
from umami.embedded.store import Store

CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)
"""Of a person; a headless browser says that it is one, and is not counted."""
SITE = WEBSITES["empty"]


class Dashboard:
    """A dashboard that collects, under a base path, and the store file that it writes."""

    def __init__(self, app: App, file: Path) -> None:
        self.app, self.file = app, file
        self.collect = f"{app.address}/collect"


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    file = tmp_path_factory.mktemp("kept") / "umami.duckdb"
    import_into(file, TABLES)
    # No proxy is trusted, so that this machine is treated as any other.
    with running_app(
        path="/stats",
        UMAMI_STORE=str(file),
        UMAMI_COLLECT="yes",
        FORWARDED_ALLOW_IPS="192.0.2.1",
    ) as app:
        yield Dashboard(app, file)


@contextmanager
def website(head: str) -> Iterator[str]:
    """A website of another host and port: every path of it is the same page."""
    page = f"""<!doctype html><html lang="en"><head><title>Shop</title>{head}</head><body>
        <button data-umami-event="signup" data-umami-event-plan="pro"><b>Sign up</b></button>
        <a href="/next" data-umami-event="leave">Next</a> <a href="#part">Part</a></body></html>"""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://localhost:{site.server_address[1]}"
        site.shutdown()


def script(dashboard: Dashboard, **data: str) -> str:
    attributes = {"website-id": SITE, **data}
    spelled = " ".join(
        f'data-{name.replace("_", "-")}="{value}"' for name, value in attributes.items()
    )
    return f'<script defer src="{dashboard.collect}/script.js" {spelled}></script>'


@pytest.fixture
def person(browser: Browser) -> Iterator[BrowserContext]:
    """The browser of somebody who visits a website."""
    with browser.new_context(user_agent=CHROME, viewport={"width": 1280, "height": 800}) as context:
        yield context


class Visit:
    """An open page of a website, and the messages that it sent."""

    def __init__(self, page: Page, dashboard: Dashboard) -> None:
        self.page, self._dashboard = page, dashboard
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on(
            "console",
            lambda line: self.errors.append(line.text) if line.type == "error" else None,
        )

    @contextmanager
    def sends(self) -> Iterator[dict[str, Any]]:
        """Expect that the block sends one message; yields its body, headers and answer."""
        message: dict[str, Any] = {}
        with self.page.expect_response(self._is_message) as waited:
            yield message
        answer = waited.value
        assert answer.status == 200, answer.text()
        message.update(
            json.loads(answer.request.post_data or ""),
            headers=answer.request.all_headers(),
            answer=answer.json(),
        )

    def _is_message(self, answer: Response) -> bool:
        return (
            answer.request.method == "POST" and answer.url == f"{self._dashboard.collect}/api/send"
        )


@pytest.fixture
def visit(person: BrowserContext, dashboard: Dashboard) -> Visit:
    return Visit(person.new_page(), dashboard)


@pytest.mark.thorough
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_embedded_server_starts_with_the_process(dashboard: Dashboard) -> None:
    def opened() -> bool:
        files = Path(f"/proc/{dashboard.app.pid}/fd").iterdir()
        return any(file.resolve() == dashboard.file for file in files)

    eventually(opened, within=START)


@pytest.mark.thorough
def test_tracker_sends_views_events_and_properties(
    dashboard: Dashboard, visit: Visit, page: Page
) -> None:
    with website(script(dashboard, tag="spring")) as origin:
        host = urlsplit(origin).hostname
        with visit.sends() as first:
            visit.page.goto(f"{origin}/shop?utm_source=news#top")
        assert first["type"] == "event"
        assert first["payload"] == {
            "website": SITE,
            "hostname": host,
            "url": f"{origin}/shop?utm_source=news#top",
            "title": "Shop",
            "language": "en-US",
            "screen": "1280x800",
            "tag": "spring",
            "referrer": "",
        }
        assert "x-umami-cache" not in first["headers"]
        assert "cookie" not in first["headers"]

        with visit.sends() as pushed:
            visit.page.evaluate("history.pushState({}, '', '/cart'); document.title = 'Cart'")
        assert pushed["payload"] | {"url": f"{origin}/cart", "title": "Cart"} == pushed["payload"]
        assert pushed["payload"]["referrer"] == "/shop?utm_source=news#top"
        assert pushed["headers"]["x-umami-cache"] == first["answer"]["cache"]
        with visit.sends() as replaced:
            visit.page.evaluate("history.replaceState({}, '', new URL('/pay', location.href))")
        assert replaced["payload"]["url"] == f"{origin}/pay"
        with visit.sends() as back:
            visit.page.evaluate("history.back()")
        assert back["payload"]["url"] == f"{origin}/shop?utm_source=news#top"
        with visit.sends() as clicked:
            # Neither the same address nor a place within the page is another page.
            visit.page.evaluate("history.replaceState({}, '')")
            visit.page.get_by_text("Part").click()
            visit.page.get_by_text("Sign up").click()
        assert clicked["payload"]["name"] == "signup"
        assert clicked["payload"]["data"] == {"plan": "pro"}

        with visit.sends():
            visit.page.evaluate("umami.track()")
        with visit.sends() as named:
            visit.page.evaluate("umami.track('plain')")
        assert "data" not in named["payload"]
        with visit.sends():
            visit.page.evaluate("umami.track('buy', { revenue: 12.5, currency: 'EUR' })")
        with visit.sends() as custom:
            visit.page.evaluate("umami.track({ url: '/own', name: 'own' })")
        assert custom["payload"] == {"website": SITE, "url": "/own", "name": "own"}
        with visit.sends() as made:
            visit.page.evaluate("umami.track((view) => ({ ...view, url: '/made' }))")
        assert made["payload"] == first["payload"] | {"url": "/made"} | {
            name: made["payload"][name] for name in ("title", "referrer")
        }

        with visit.sends() as known:
            visit.page.evaluate("umami.identify('user-7', { plan: 'pro' })")
        assert (known["type"], known["payload"]["data"]) == ("identify", {"plan": "pro"})
        assert "x-umami-cache" not in known["headers"]
        with visit.sends() as more:
            visit.page.evaluate("umami.identify({ seats: 3 })")
        assert (more["payload"]["id"], more["payload"]["data"]) == ("user-7", {"seats": 3})
        with visit.sends() as again:
            visit.page.evaluate("umami.identify('user-8')")
        assert again["payload"]["id"] == "user-8"
        with visit.page.expect_request(lambda request: '"leave"' in (request.post_data or "")):
            visit.page.get_by_text("Next").click()
        visit.page.wait_for_url(f"{origin}/next")
        assert not visit.errors

    page.goto(f"{dashboard.app.address}/events?website={SITE}&period=24h")
    settled(page)
    main = page.get_by_test_id("stMain")
    for name in ("signup", "plain", "buy", "own", "leave"):
        expect(main.get_by_text(name, exact=True).first).to_be_attached()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("data", "url"),
    [
        ({"exclude-search": "true"}, "/a#c"),
        ({"exclude-hash": "true"}, "/a?b=1"),
        ({"domains": "shop.example, localhost"}, "/a?b=1#c"),
        ({"before-send": "change"}, "/changed"),
    ],
)
def test_script_attributes_change_the_message(
    dashboard: Dashboard, visit: Visit, data: dict[str, str], url: str
) -> None:
    change = "window.change = async (type, view) => ({ ...view, url: '/changed' })"
    with website(f"<script>{change}</script>{script(dashboard, **data)}") as origin:
        with visit.sends() as sent:
            visit.page.goto(f"{origin}/a?b=1#c")
        assert sent["payload"]["url"].removeprefix(origin) == url


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("data", "before"),
    [
        ({"auto-track": "false"}, ""),
        ({"domains": "shop.example"}, ""),
        (
            {"do-not-track": "true"},
            "Object.defineProperty(navigator, 'doNotTrack', { value: '1' })",
        ),
        ({"before-send": "change"}, "window.change = () => null"),
        ({}, "localStorage.setItem('umami.disabled', '1')"),
        ({"website-id": ""}, ""),
    ],
)
def test_script_attributes_stop_automatic_messages(
    dashboard: Dashboard, visit: Visit, data: dict[str, str], before: str
) -> None:
    sent: list[str] = []
    with website(f"<script>{before}</script>{script(dashboard, **data)}") as origin:
        visit.page.on(
            "request",
            lambda request: sent.append(request.url) if request.method == "POST" else None,
        )
        visit.page.goto(origin)
        visit.page.get_by_text("Sign up").click()
        if "auto-track" in data:
            # What the page says itself is sent all the same.
            with visit.sends() as manual:
                visit.page.evaluate("umami.track('told')")
            assert manual["payload"]["name"] == "told"
            sent.pop()
        else:
            visit.page.evaluate("umami.track('told')")
        assert not sent
        assert not visit.errors


@pytest.mark.thorough
def test_script_sends_to_another_host(dashboard: Dashboard, visit: Visit) -> None:
    tracker = httpx.get(f"{dashboard.collect}/script.js").text
    where = f'data-website-id="{SITE}" data-host-url="{dashboard.collect}/"'
    head = f"<script {where}>{tracker}</script>"
    with website(head) as origin, visit.sends() as sent:
        visit.page.goto(f"{origin}/inline")
    assert sent["payload"]["url"] == f"{origin}/inline"


UMAMI = """
async ([endpoint, website, extra]) => {
  const answer = await fetch(endpoint, {
    keepalive: true,
    method: "POST",
    credentials: "omit",
    headers: { "Content-Type": "application/json", "x-umami-cache": "", ...extra },
    body: JSON.stringify({
      type: "event",
      payload: {
        website, screen: "1280x800", language: "en-US", title: "T", hostname: "localhost",
        url: location.href, referrer: "", vid: "0c7e", name: "from-umami", data: { a: 1 },
      },
    }),
  });
  return answer.json();
}
"""
"""What Umami's own tracker sends, with the preflight that its headers need."""


@pytest.mark.thorough
@pytest.mark.parametrize(
    "extra", [{}, {"x-umami-website-id": SITE, "x-umami-hostname": "localhost"}]
)
def test_umamis_tracker_can_send(dashboard: Dashboard, visit: Visit, extra: dict[str, str]) -> None:
    with website("") as origin:
        visit.page.goto(origin)
        arguments = [f"{dashboard.collect}/api/send", SITE, extra]
        answer = visit.page.evaluate(UMAMI, arguments)
        assert {"cache", "sessionId", "visitId"} == set(answer)
        assert not visit.errors


@pytest.mark.sample(4)
@pytest.mark.parametrize("path", ["/_stcore/health", "/collect/api/websites", "/", "/_session"])
def test_page_of_another_origin_cannot_read_the_dashboard(
    dashboard: Dashboard, visit: Visit, path: str
) -> None:
    with website("") as origin:
        visit.page.goto(origin)
        read = "(url) => fetch(url).then((one) => one.text(), () => 'refused')"
        assert visit.page.evaluate(read, dashboard.app.address + path) == "refused"


def test_forwarded_address_of_a_client_is_ignored(dashboard: Dashboard) -> None:
    message = {"type": "event", "payload": {"website": SITE, "url": "/"}}
    sessions = {
        httpx.post(
            f"{dashboard.collect}/api/send",
            json=message,
            headers={"user-agent": CHROME, "x-forwarded-for": f"198.51.100.{number}"},
        ).json()["sessionId"]
        for number in range(3)
    }
    assert len(sessions) == 1


@pytest.mark.thorough
def test_tracking_code_names_the_dashboards_address(dashboard: Dashboard, page: Page) -> None:
    page.goto(f"{dashboard.app.address}/websites?website={SITE}&site={SITE}")
    settled(page)
    code = f'<script defer src="{dashboard.collect}/script.js" data-website-id="{SITE}"></script>'
    expect(page.get_by_text(code)).to_be_visible()
    expect(page.get_by_text("Only pages on this machine reach this address.")).to_be_visible()


@pytest.mark.thorough
def test_collected_messages_are_stored_in_the_file(tmp_path: Path, person: BrowserContext) -> None:
    file = tmp_path / "umami.duckdb"
    import_into(file, TABLES)
    with fresh_app(UMAMI_STORE=str(file), UMAMI_COLLECT="yes") as app:
        dashboard = Dashboard(app, file)
        visit = Visit(person.new_page(), dashboard)
        with website(script(dashboard)) as origin:
            with visit.sends():
                visit.page.goto(f"{origin}/shop?utm_source=news")
            with visit.sends():
                visit.page.evaluate("history.pushState({}, '', '/cart')")
            with visit.sends():
                visit.page.evaluate("umami.track('buy', { revenue: 12.5, currency: 'EUR' })")
            with visit.sends():
                visit.page.evaluate("umami.identify('user-7', { plan: 'pro' })")
    store = Store(file)

    def rows(columns: str, table: str) -> list[tuple[Any, ...]]:
        return store.rows(f"SELECT {columns} FROM {table} WHERE website_id = ? ORDER BY 1", [SITE])

    events = rows("created_at, event_type, event_name, url_path, utm_source", "website_event")
    assert [event[1:] for event in events] == [
        (1, None, "/shop", "news"),
        (1, None, "/cart", None),
        (2, "buy", "/cart", None),
    ]
    assert rows("count(DISTINCT session_id), count(DISTINCT visit_id)", "website_event") == [(1, 1)]
    assert rows("currency, revenue::DOUBLE", "revenue") == [("EUR", 12.5)]
    assert rows("data_key, string_value, distinct_id", "session_data") == [
        ("plan", "pro", "user-7")
    ]
    assert set(rows("browser, os, screen", "session")) == {("chrome", "Linux", "1280x800")}
    store.close()
