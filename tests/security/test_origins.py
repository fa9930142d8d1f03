"""Pages of other origins cannot use the dashboard, whatever cookies the browser holds."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from access import settings
from components import request_security
from tests.browser.app import SCRIPTS, TABLES, WAIT, App, metric, running_app, settled
from tests.browser.test_overview import RECORDED, WEBSITES
from tests.support.accounts import PASSWORD, user, write
from tests.support.proxies import adding, proxy
from tests.support.stream import Tab, opened
from umami.errors import SettingsError

pytestmark = pytest.mark.slow

SHOP = urlencode({"website": WEBSITES["shop"], **RECORDED})
PROXY = "https://stats.example.com"


@pytest.fixture(scope="module", params=SCRIPTS)
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app with accounts."""
    place = tmp_path_factory.mktemp("dashboard")
    users = write(place / "users.yaml", {"ann": user("admin")})
    with running_app(
        request.param,
        UMAMI_DATA=str(TABLES),
        DASHBOARD_USERS=str(users),
        DASHBOARD_STORE=f"sqlite:///{place / 'dashboard.sqlite'}",
        DASHBOARD_ORIGINS=f"{PROXY}, http://[::1]:9",
    ) as app:
        # Under app.py, our code runs from the first session on.
        opened(app.address, "")
        yield app


def served(app: App) -> bool:
    return any("asgi" in part for part in Path(f"/proc/{app.pid}/cmdline").read_text().split("\0"))


def handshake(app: App, origin: str | None, **headers: str) -> str:
    """The result of a WebSocket handshake with this origin: ``refused``, or the text of the
    page."""
    sent = headers if origin is None else {"Origin": origin, **headers}
    with suppress(InvalidStatus):
        return str(b"".join(message.SerializeToString() for message in _open(app, sent)))
    return "refused"


def _open(app: App, headers: dict[str, str]) -> list[Any]:
    with connect(
        f"ws://{urlsplit(app.address).netloc}/_stcore/stream",
        subprotocols=[Subprotocol("streamlit")],
        additional_headers=headers,
        max_size=None,
    ) as connection:
        return Tab(connection).open("", SHOP)


@pytest.mark.parametrize(
    "origin",
    [
        *(
            "http://localhost:3000",
            "http://localhost",
            "https://localhost",
            "http://127.0.0.1:9999",
        ),
        *("http://0.0.0.0:1", "http://127.0.0.1", "http://[::1]:8501", "http://evil.example"),
        *("null", "file://", "", None, "http://HOST.evil.example", "http://evil.example@HOST"),
        *("http://HOST/", "ws://HOST", "http://HOST http://evil.example", "chrome-extension://x"),
    ],
)
def test_websocket_of_another_origin_is_refused(app: App, origin: str | None) -> None:
    host = urlsplit(app.address).netloc
    answer = handshake(app, origin.replace("HOST", host) if origin is not None else None)
    if served(app):
        assert answer == "refused"
    else:
        assert answer == "refused" or "is not the address of the dashboard" in answer
        assert "Sign in" not in answer


@pytest.mark.parametrize("origin", ["http://HOST", PROXY, PROXY + ":443", "http://[::1]:9"])
def test_same_origin_and_configured_origins_are_accepted(app: App, origin: str) -> None:
    answer = handshake(app, origin.replace("HOST", urlsplit(app.address).netloc))
    assert "Sign in" in answer or (
        answer == "refused" and not served(app) and origin != "http://HOST"
    )


def test_unsafe_requests_need_the_same_origin(app: App) -> None:
    if not served(app):
        pytest.skip("Streamlit answers these itself, with a token of its own")
    same_origin = {"Origin": app.address}
    for headers in ({}, {"Origin": "http://localhost:3000"}, {"Origin": "null"}):
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            answer = httpx.request(
                method, f"{app.address}/_session", headers=headers, trust_env=False
            )
            assert answer.status_code == 403, (method, headers)
            assert answer.text == "Only pages of the dashboard may ask this.\n"
    answer = httpx.post(f"{app.address}/_session", headers=same_origin, trust_env=False)
    assert answer.text == ""  # The ticket is missing.
    for headers, status in (({}, 200), (same_origin, 200), ({"Origin": "http://localhost:1"}, 403)):
        answer = httpx.get(f"{app.address}/_stcore/health", headers=headers, trust_env=False)
        assert answer.status_code == status


@pytest.mark.thorough
@pytest.mark.sample(2)
def test_page_on_another_port_cannot_use_a_viewers_cookie(app: App, browser: Browser) -> None:
    """Browsers send the cookie to every port of the host: only the origin differs."""
    with attacker() as address, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{app.address}/?{SHOP}")
        page.get_by_label("User name").fill("ann")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(metric(page, "Views")).to_have_text("10,797", timeout=WAIT)
        settled(page)
        assert any(cookie["name"] == "umami_test" for cookie in context.cookies())
        evil = context.new_page()
        evil.goto(address)
        question = BackMsg()
        question.rerun_script.query_string = SHOP
        stream = f"ws://{urlsplit(app.address).netloc}/_stcore/stream"
        received = evil.evaluate(_SOCKET, [stream, list(question.SerializeToString())])
        assert b"Nordlicht" not in bytes(received)
        if served(app):
            assert received == []
        # The frame of a cookie manager would tell its parent all cookies.
        status = httpx.get(
            f"{app.address}/component/extra_streamlit_components.CookieManager.cookie_manager"
            "/index.html",
            trust_env=False,
        ).status_code
        assert status == 404


_SOCKET = """async ([address, question]) => {
  const received = []
  const socket = new WebSocket(address, ["streamlit", "x"])
  socket.binaryType = "arraybuffer"
  await new Promise((resolve) => {
    socket.onclose = socket.onerror = resolve
    socket.onopen = () => socket.send(new Uint8Array(question))
    socket.onmessage = (message) => {
      const bytes = [...new Uint8Array(message.data)]
      received.push(...bytes)
      // The message that says that the run is finished ends so: field 6 is 0.
      if (bytes.at(-2) === 48 && bytes.at(-1) === 0) resolve()
    }
  })
  return received
}"""


@contextmanager
def attacker() -> Iterator[str]:
    """A web page on another port of the same host."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Other</title>")

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{site.server_address[1]}"
        site.shutdown()


def test_only_the_dashboard_may_frame_its_pages(app: App) -> None:
    if not served(app):
        pytest.skip("only asgi.py sends headers")
    policy = httpx.get(app.address, trust_env=False).headers["content-security-policy"]
    assert "frame-ancestors 'self'" in re.split(r";\s*", policy)
    host = httpx.get(f"{app.address}/_stcore/host-config", trust_env=False).json()
    assert host["allowedOrigins"] == []


@pytest.mark.thorough
@pytest.mark.sample(2)
@pytest.mark.parametrize("script", SCRIPTS)
def test_foreign_origin_triggers_no_outgoing_request(script: str) -> None:
    """Streamlit would look up its public address and wait for it. Requests to other hosts go to a
    port here, which accepts and never answers."""
    with silent() as (proxied, times):
        with running_app(
            script,
            HTTP_PROXY=proxied,
            http_proxy=proxied,
            HTTPS_PROXY=proxied,
            https_proxy=proxied,
            NO_PROXY="127.0.0.1",
            no_proxy="127.0.0.1",
        ) as app:
            opened(app.address, "")
            with ThreadPoolExecutor(5) as pool:
                list(pool.map(lambda _: handshake(app, "http://evil.example"), range(5)))
        assert times == []


@contextmanager
def silent() -> Iterator[tuple[str, list[float]]]:
    """A proxy that never answers, and the times of requests to it."""
    times: list[float] = []
    held: list[socket.socket] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with suppress(OSError):
            while True:
                held.append(listening.accept()[0])
                times.append(time.monotonic())

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", times
    finally:
        for connection in (listening, *held):
            connection.close()


def test_proxy_that_changes_the_host_needs_a_configured_origin(app: App) -> None:
    with proxy(app.address, adding(Host="inside:8501")) as address:
        for origin, inside in ((PROXY, True), ("https://other.example.com", False)):
            through = App(address, app.pid)
            answer = handshake(through, origin)
            assert ("Sign in" in answer) is inside


@pytest.mark.parametrize(
    ("origin", "host", "https", "passes"),
    [
        ("https://a.example", "a.example", True, True),
        ("http://a.example", "a.example", True, False),
        ("https://a.example", "a.example:443", False, True),
        ("https://a.example", "a.example:80", False, False),
        ("HTTP://A.example:8501", "a.EXAMPLE:8501", False, True),
        ("http://[::1]:8501", "[::1]:8501", False, True),
        ("http://a.example:8501", "a.example", False, False),
        ("http://a.example\t", "a.example\t", False, False),
        ("null", "null", False, False),
    ],
)
def test_same_origin_rules(origin: str, host: str, https: bool, passes: bool) -> None:
    assert request_security.allowed(origin, host, https=https) is passes


@pytest.mark.parametrize("text", ["stats.example.com", "https://a/b", "null", "*", "ftp://a"])
def test_malformed_origin_setting_is_named_in_the_error(text: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="DASHBOARD_ORIGINS"):
        settings.load({"DASHBOARD_ORIGINS": text}, tmp_path / "none.toml")
