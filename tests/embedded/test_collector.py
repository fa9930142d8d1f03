"""The public server: collect routes only, limited in size, rate and time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.types import Message

from tests.embedded.conftest import signed_in
from tests.embedded.test_collect import CHROME
from tests.support.loops import run
from umami.embedded import collector as collecting
from umami.embedded import serve
from umami.embedded.collector import LARGEST, Limits, Rate, collector
from umami.embedded.server import Running

UNLIMITED = Rate(10**6, 10**6)


@pytest.fixture(scope="module")
def running(tables: Any) -> Iterator[Running]:
    with serve(tables) as server:
        yield server


@pytest.fixture
def website(running: Running) -> str:
    with signed_in(running) as client:
        body = {"name": "T", "domain": "t.example"}
        return str(client.post("/api/websites", json=body).json()["id"])


def sessions(running: Running, website: str) -> int:
    row = running._umami.store.row(
        "SELECT count(DISTINCT session_id) FROM website_event WHERE website_id = ?", [website]
    )
    assert row
    return int(row[0])


class Public:
    """Clients of the collect routes as the public reaches them, each at an address of its own."""

    def __init__(self, running: Running, limits: Limits | None = None) -> None:
        self._app = collector(running._umami, limits or Limits(UNLIMITED, UNLIMITED))

    def request(
        self, method: str, path: str, *, host: str = "203.0.113.7", **options: Any
    ) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, client=(host, 50_000))
            async with httpx.AsyncClient(
                transport=transport,
                base_url="https://stats.example.com",
                headers={"user-agent": CHROME},
            ) as client:
                return await client.request(method, path, **options)

        return run(ask())

    def send(self, website: str, host: str = "203.0.113.7", **options: Any) -> httpx.Response:
        body = {"type": "event", "payload": {"website": website, "url": "/"}}
        return self.request("POST", "/api/send", host=host, json=body, **options)


def test_only_collect_routes_are_served(running: Running) -> None:
    public = Public(running)
    assert public.request("GET", "/script.js").status_code == 200
    assert public.request("OPTIONS", "/api/send").status_code == 204
    for path in ("/", "/api/websites", "/api/auth/login", "/api/heartbeat", "/api/send/x"):
        assert public.request("GET", path).status_code == 404
    login = {"username": "admin", "password": "umami"}
    assert public.request("POST", "/api/auth/login", json=login).status_code == 404
    for method in ("GET", "PUT", "DELETE"):
        assert public.request(method, "/api/send").status_code == 405
    assert public.request("POST", "/script.js").status_code == 405


def test_sessions_differ_by_connection_address(running: Running, website: str) -> None:
    public = Public(running)
    session = public.send(website, "203.0.113.7").json()["sessionId"]
    assert public.send(website, "::ffff:203.0.113.7").json()["sessionId"] == session
    assert public.send(website, "203.0.113.8").json()["sessionId"] != session
    assert sessions(running, website) == 2


def test_visit_continues_with_its_token(running: Running, website: str) -> None:
    public = Public(running)
    first = public.send(website).json()
    again = public.send(website, headers={"x-umami-cache": first["cache"]}).json()
    assert again["visitId"] == first["visitId"]


@pytest.mark.parametrize("path", ["/api/send", "/api/batch"])
@pytest.mark.parametrize("announced", [True, False])
def test_body_over_the_limit_is_refused(running: Running, path: str, announced: bool) -> None:
    body = b" " * (LARGEST[path] + 1)

    async def chunks() -> Any:
        for start in range(0, len(body), 10_000):
            yield body[start : start + 10_000]

    answer = Public(running).request("POST", path, content=body if announced else chunks())
    assert answer.status_code == 413
    assert answer.headers["access-control-allow-origin"] == "*"
    fits = json.dumps([]).encode().ljust(LARGEST[path])
    assert Public(running).request("POST", path, content=fits).status_code in (200, 400)


def test_rate_limit_of_an_address(running: Running, website: str) -> None:
    now = [0.0]
    limits = Limits(Rate(3, 0.5), UNLIMITED, clock=lambda: now[0])
    public = Public(running, limits)
    assert [public.send(website).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = public.send(website)
    assert refused.headers["retry-after"] == "2"
    assert refused.headers["access-control-allow-origin"] == "*"
    assert public.send(website, "203.0.113.8").status_code == 200
    # A refused message does not make the wait longer.
    now[0] = 2.0
    assert [public.send(website).status_code for _ in range(2)] == [200, 429]


def test_rate_limit_of_all_addresses(running: Running, website: str) -> None:
    public = Public(running, Limits(UNLIMITED, Rate(3, 1), clock=lambda: 0.0))
    answers = [public.send(website, f"203.0.113.{host}").status_code for host in range(5)]
    assert answers == [200, 200, 200, 429, 429]


def test_rate_limit_counts_an_ipv6_network_as_one_address(running: Running, website: str) -> None:
    public = Public(running, Limits(Rate(1, 1), UNLIMITED, clock=lambda: 0.0))
    hosts = ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1")
    assert [public.send(website, host).status_code for host in hosts] == [200, 429, 200]
    hosts = ("::ffff:203.0.113.1", "::ffff:203.0.113.2")
    assert [public.send(website, host).status_code for host in hosts] == [200, 200]


def test_rate_limit_counts_messages_of_a_batch(running: Running, website: str) -> None:
    def batch(size: int) -> list[dict[str, Any]]:
        return [{"type": "event", "payload": {"website": website}}] * size

    public = Public(running, Limits(Rate(10, 1), UNLIMITED, clock=lambda: 0.0))
    assert public.request("POST", "/api/batch", json=batch(8)).json()["processed"] == 8
    assert public.request("POST", "/api/batch", json=batch(3)).status_code == 429
    assert public.send(website).status_code == 200


def test_stalled_body_times_out(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "PATIENCE", 0.05)

    async def stalls() -> Any:
        yield b"{"
        await asyncio.Event().wait()

    assert Public(running).request("POST", "/api/send", content=stalls()).status_code == 408


def test_disconnect_is_not_an_error(running: Running) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/api/send", "headers": []}
    run(collector(running._umami)(scope, receive, send))
    assert not sent
