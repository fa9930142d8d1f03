"""The public collect routes: what anonymous clients cannot reach, forge or learn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from components import collecting, umami_server
from components.request_security import security_headers
from tests.support.loops import run
from umami.embedded.collector import LARGEST, PER_ADDRESS
from umami.embedded.importing import import_into
from umami.embedded.store import Store
from umami.settings import Settings

CONTRACT = Path(__file__).parents[1] / "contract" / "data"
SHOP: str = json.loads((CONTRACT / "websites.json").read_text())["shop"]
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)
MESSAGE = {"type": "event", "payload": {"website": SHOP, "url": "/"}}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kept") / "umami.duckdb"
    import_into(path, CONTRACT / "tables")
    return path


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, file: Path) -> Iterator[pytest.MonkeyPatch]:
    """A process without settings and with a new client."""
    for name in ("URL", "USERNAME", "PASSWORD", "API_KEY", "SHARE_URL", "DATA", "STORE", "COLLECT"):
        monkeypatch.delenv(f"UMAMI_{name}", raising=False)
    umami_server.umami.clear()
    yield monkeypatch
    close(monkeypatch, file)


def close(settings: pytest.MonkeyPatch, file: Path) -> None:
    """Stop the server that uses the file."""
    for name in ("COLLECT", "STORE"):
        settings.delenv(f"UMAMI_{name}", raising=False)
    umami_server.umami.clear()
    umami_server.let_go(Settings(store=file))


@pytest.fixture
def collects(bare: pytest.MonkeyPatch, file: Path) -> pytest.MonkeyPatch:
    bare.setenv("UMAMI_STORE", str(file))
    bare.setenv("UMAMI_COLLECT", "yes")
    return bare


def requests(
    *sent: tuple[str, str, dict[str, Any]], host: str = "203.0.113.7"
) -> list[httpx.Response]:
    """What the dashboard answers to these requests (method, path, options) of one client."""
    app = Starlette(routes=[collecting.route()], middleware=[Middleware(security_headers)])

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app, client=(host, 50_000))
        async with httpx.AsyncClient(
            transport=transport,
            base_url="https://stats.example.com",
            headers={"user-agent": CHROME, "origin": "https://evil.example"},
        ) as client:
            return [await client.request(method, path, **rest) for method, path, rest in sent]

    return run(ask())


def request(method: str, path: str, **rest: Any) -> httpx.Response:
    (answer,) = requests((method, path, rest))
    return answer


# Only where it is wanted


@pytest.mark.parametrize("collect", [None, "no"])
@pytest.mark.parametrize("store", [True, False])
def test_collect_routes_are_absent_unless_enabled(
    bare: pytest.MonkeyPatch, file: Path, collect: str | None, store: bool
) -> None:
    if store:
        bare.setenv("UMAMI_STORE", str(file))
    if collect:
        bare.setenv("UMAMI_COLLECT", collect)
    answers = requests(
        ("GET", "/collect/script.js", {}),
        ("POST", "/collect/api/send", {"json": MESSAGE}),
        ("OPTIONS", "/collect/api/send", {}),
    )
    for answer in answers:
        assert answer.status_code == 404
        assert "access-control-allow-origin" not in answer.headers


def test_invalid_settings_are_not_disclosed(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("UMAMI_COLLECT", "yes")
    answer = request("POST", "/collect/api/send", json=MESSAGE)
    assert (answer.status_code, answer.text) == (503, "Not available")


def test_unusable_store_answers_503(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "notes.duckdb").write_text("no database")
    bare.setenv("UMAMI_STORE", str(tmp_path / "notes.duckdb"))
    bare.setenv("UMAMI_COLLECT", "yes")
    assert request("GET", "/collect/script.js").status_code == 503


# Only what is meant for strangers


@pytest.mark.parametrize(
    "path",
    [
        *("", "api", "api/websites", "api/auth/login", "api/heartbeat", "api/me", "api/send/"),
        *(f"api/websites/{SHOP}/stats", "../api/websites", "api/../api/websites", "/api/send"),
        *("%2e%2e/api/websites", "api%2fwebsites", "api/send%00", "script.js/", "script.js.map"),
        *("umami.duckdb", "http://127.0.0.1/api/websites", "API/SEND"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_other_path_reaches_the_server(
    collects: pytest.MonkeyPatch, method: str, path: str
) -> None:
    login = {"username": "admin", "password": "umami"}
    answer = request(method, f"/collect/{path}", **({"json": login} if method == "POST" else {}))
    assert answer.status_code in (404, 308)
    assert "token" not in answer.text
    assert "access-control-allow-origin" not in answer.headers


def test_other_methods_are_refused(collects: pytest.MonkeyPatch) -> None:
    paths = {"script.js": ("POST", "PUT", "DELETE"), "api/send": ("GET", "PUT", "PATCH", "DELETE")}
    sent = [(method, f"/collect/{path}", {}) for path in paths for method in paths[path]]
    assert {answer.status_code for answer in requests(*sent)} == {405}


# Only what is true


def test_forwarded_headers_do_not_change_the_client_address(collects: pytest.MonkeyPatch) -> None:
    def sessions(**headers: str) -> set[str]:
        sent = [
            (
                "POST",
                "/collect/api/send",
                {"json": MESSAGE, "headers": {name: f"198.51.100.{number}"}},
            )
            for name in headers or ("x-nothing",)
            for number in range(3)
        ]
        return {answer.json()["sessionId"] for answer in requests(*sent)}

    mine = sessions()
    assert len(mine) == 1
    for name in ("x-forwarded-for", "x-real-ip", "forwarded", "cf-connecting-ip", "true-client-ip"):
        assert sessions(**{name: ""}) == mine


def test_cookies_and_tokens_are_neither_forwarded_nor_set(collects: pytest.MonkeyPatch) -> None:
    answer = request(
        "POST",
        "/collect/api/send",
        json=MESSAGE,
        headers={"cookie": "umami_session=secret", "authorization": "Bearer secret"},
    )
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert "access-control-allow-credentials" not in answer.headers
    assert "secret" not in answer.text


# Only so much


@pytest.mark.parametrize("path", ["/api/send", "/api/batch"])
def test_body_over_the_limit_is_refused(collects: pytest.MonkeyPatch, path: str) -> None:
    answer = request("POST", f"/collect{path}", content=b" " * (LARGEST[path] + 1))
    assert answer.status_code == 413


@pytest.mark.thorough
def test_messages_over_the_rate_limit_are_refused(collects: pytest.MonkeyPatch, file: Path) -> None:
    sent = ("POST", "/collect/api/send", {"json": {"type": "event"}})
    answers = requests(*[sent] * (PER_ADDRESS.burst + 100))
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {400, 429}
    assert statuses[: PER_ADDRESS.burst] == [400] * PER_ADDRESS.burst
    # On a busy machine, the limit has room again before the last one.
    assert int(answers[statuses.index(429)].headers["retry-after"]) >= 1
    others = ("POST", "/collect/api/send", {"json": MESSAGE})
    assert requests(others, host="203.0.113.8")[0].status_code == 200


def test_hostile_messages_are_stored_as_data(collects: pytest.MonkeyPatch, file: Path) -> None:
    hostile = "'); DROP TABLE website_event; --<script>alert(1)</script>"
    payload = {
        "website": SHOP,
        "url": f"/{hostile}",
        "title": hostile,
        "name": hostile[:50],
        "data": {hostile: hostile},
        "tag": hostile,
        "referrer": f"https://x.example/{hostile}",
    }
    answer = request("POST", "/collect/api/send", json={"type": "event", "payload": payload})
    assert answer.status_code == 200
    close(collects, file)
    store = Store(file)
    row = store.row("SELECT count(*) FROM event_data WHERE data_key = ?", [hostile])
    store.close()
    assert row == (1,)
