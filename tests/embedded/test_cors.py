"""Pages of any origin may use the collect routes, and nothing else."""

from __future__ import annotations

import re
from uuid import uuid4

import httpx
import pytest
from starlette.routing import Route

from tests.embedded.test_collect import CHROME
from umami.embedded.routes import ROUTES
from umami.embedded.server import Running

ORIGIN = "https://shop.example"
COLLECT = {"/api/send", "/api/batch"}
OTHERS = [route for route in ROUTES if route.path not in COLLECT]


@pytest.fixture(scope="module")
def page(server: Running) -> httpx.Client:
    """What a browser sends for a page of another origin."""
    return httpx.Client(
        base_url=server.url, headers={"origin": ORIGIN, "user-agent": CHROME}, trust_env=False
    )


def cors(answer: httpx.Response) -> dict[str, str]:
    return {
        name: value for name, value in answer.headers.items() if name.startswith("access-control")
    }


@pytest.mark.parametrize("path", ["/api/send", "/api/batch", "/script.js"])
def test_preflight_of_every_tracker_is_allowed(page: httpx.Client, path: str) -> None:
    # The last two are of trackers later than 3.5.0.
    sent = ["content-type", "x-umami-cache", "x-umami-website-id", "x-umami-hostname"]
    answer = page.options(
        path,
        headers={
            "access-control-request-method": "POST",
            "access-control-request-headers": ",".join(sent),
        },
    )
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "GET, POST, OPTIONS"
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert allowed[:2] == ["content-type", "x-umami-cache"]
    assert set(sent) <= set(allowed)
    assert "access-control-allow-credentials" not in answer.headers


def test_answers_and_errors_are_readable_across_origins(page: httpx.Client) -> None:
    body = {"type": "event", "payload": {"website": str(uuid4())}}
    for answer, status in (
        (page.post("/api/send", json=body), 400),
        (page.post("/api/batch", json=[]), 200),
        (page.get("/api/send"), 405),
        (page.get("/script.js"), 200),
    ):
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("route", OTHERS, ids=lambda route: f"{min(route.methods)} {route.path}")
def test_other_routes_are_not_readable_across_origins(page: httpx.Client, route: Route) -> None:
    path = re.sub(r"\{\w+\}", str(uuid4()), route.path)
    for method in (*(route.methods or ()), "OPTIONS"):
        answer = page.request(method, path, headers={"access-control-request-method": "GET"})
        assert not cors(answer)


def test_unknown_paths_are_not_readable_across_origins(page: httpx.Client) -> None:
    for path in ("/", "/api", "/api/send/", "/api//send", "/script.js/", "/nothing"):
        assert not cors(page.get(path))


def test_tracker_script_is_cacheable(page: httpx.Client) -> None:
    answer = page.get("/script.js")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=86400, must-revalidate"
    assert 0 < len(answer.content) < 4096
    # It runs where the content security policy of a website forbids evaluation.
    assert not re.search(r"\beval\b|new Function", answer.text)
