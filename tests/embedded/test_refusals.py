"""Invalid input is refused with reasons and never causes an internal error."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.routing import Route

from tests.doubles.umami import serve as serve_version
from tests.doubles.umami import v2
from tests.embedded.conftest import DATA, signed_in
from umami.embedded import serve, store
from umami.embedded.filters import FIELDS, SWITCHES
from umami.embedded.http import Parameters
from umami.embedded.routes import ROUTES

RANGE = {"startAt": 1785542400000, "endAt": 1790812799999}


def recorded(version: str) -> list[dict[str, Any]]:
    with gzip.open(DATA / f"{version}.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


RECORDED, RECORDED3 = recorded("v2.18.1"), recorded("v3.1.0")
SHOP = json.loads((DATA / "websites.json").read_text())["shop"]


@pytest.mark.parametrize(
    "case", [case for case in RECORDED if case["status"] != 200], ids=lambda c: c["name"]
)
def test_errors_equal_those_of_2_18(umami: httpx.Client, case: dict[str, Any]) -> None:
    answer = umami.request(case["method"], case["path"], params=case["query"], json=case["body"])
    if case["status"] == 500:
        # Faults of the real server, which an Umami of ours refuses.
        assert answer.status_code in (400, 404)
    else:
        assert answer.status_code == case["status"]
    if case["answer"] is not None or case["status"] == 500:
        assert reasons(answer)


@pytest.mark.parametrize(
    "case", [case for case in RECORDED3 if case["status"] != 200], ids=lambda c: c["name"]
)
def test_errors_equal_those_of_3_1(umami3: httpx.Client, case: dict[str, Any]) -> None:
    answer = umami3.request(case["method"], case["path"], params=case["query"])
    if case["status"] == 500:
        # Faults of the real server, which an Umami of ours refuses, or has the answer to.
        assert answer.status_code in (200, 400, 404)
    else:
        assert answer.status_code == case["status"]
    if case["answer"] is not None:
        assert reasons(answer)
        want = {**case["answer"]["error"]}
        have = answer.json()["error"]
        assert [have[name] for name in ("message", "code", "status")] == [
            want[name] for name in ("message", "code", "status")
        ]


def reasons(answer: httpx.Response) -> list[str]:
    error = answer.json()["error"]
    if isinstance(error, dict):
        placed = [reason for at in error.get("properties", {}).values() for reason in at["errors"]]
        error = [error["message"], *error.get("errors", []), *placed]
    texts = error if isinstance(error, list) else [error]
    assert all(isinstance(text, str) and text for text in texts)
    return texts


# Anything at all, at every route

WEBSITE = {"name": "Atelier", "domain": "atelier.example.com"}
GOOD_BODIES: dict[str, Any] = {
    "/api/auth/login": {"username": "admin", "password": "umami"},
    "/api/websites": {**WEBSITE, "shareId": None, "teamId": None, "id": str(uuid4())},
    "/api/websites/{website_id}": {**WEBSITE, "shareId": "abcdefgh"},
    "/api/send": {
        "type": "event",
        "payload": {
            "website": SHOP,
            "hostname": "shop.example.com",
            "url": "/a?utm_source=x#y",
            "referrer": "https://www.google.com/",
            "title": "A",
            "language": "de-CH",
            "screen": "1920x1080",
            "name": "purchase",
            "tag": "a",
            "data": {"revenue": 1.5, "currency": "EUR", "when": "2026-08-01T00:00:00Z", "a": [1]},
            "id": "user-1",
            "ip": "192.0.2.1",
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/127.0",
            "timestamp": 1785542400,
        },
    },
    "/api/reports": {
        "websiteId": SHOP,
        "type": "funnel",
        "name": "A",
        "description": "B",
        "parameters": {"window": 60},
    },
}
GOOD_BODIES["/api/websites/{website_id}/segments"] = {
    "type": "segment",
    "name": "A",
    "parameters": {"filters": [{"name": "country", "operator": "eq", "value": "DE"}]},
}
GOOD_BODIES["/api/batch"] = [GOOD_BODIES["/api/send"]]
GOOD_BODIES["/api/me/api-keys"] = {"name": "A"}
GOOD_BODIES["/api/links"] = {"name": "A", "slug": "a", "url": "https://a.example", "teamId": None}
GOOD_BODIES["/api/pixels"] = {"name": "A", "slug": "a", "id": str(uuid4())}
_OF_WEBSITE = {
    "annotations": {"date": "2026-08-01T00:00:00Z", "note": "A", "allDay": True},
    "funnels": {
        "name": "A",
        "description": "B",
        "parameters": {
            "window": 60,
            "steps": [{"type": "path", "value": "/"}, {"type": "event", "value": "purchase"}],
        },
    },
    "goals": {"name": "A", "parameters": {"type": "path", "value": "/a*"}},
    "shares": {"name": "A", "parameters": {"theme": "dark"}},
}
GOOD_BODIES |= {f"/api/websites/{{website_id}}/{path}": body for path, body in _OF_WEBSITE.items()}
GOOD_BODIES["/api/reports/{report_id}"] = GOOD_BODIES["/api/reports"]


def names(base: type[Parameters] = Parameters) -> set[str]:
    return {*base.model_fields, *FIELDS, *SWITCHES}.union(
        *(names(child) for child in base.__subclasses__())
    )


def asked_of(route: Route) -> list[dict[str, Any]]:
    """The recorded requests of a route, as starting points for invalid ones."""
    return [
        case
        for case in (*RECORDED, *RECORDED3)
        if case["method"] in (route.methods or ()) and route.path_regex.fullmatch(case["path"])
    ]


ODD_TEXT = [
    *("", " ", "0", "-1", "1e3", "1e999", "NaN", "Infinity", "null", "true", "9" * 30, "9" * 5000),
    *("%", "_", "!", "~", "!~", "!~%", "\\", "'", '"', ";", "--", "a,b", "\0", "ü", "日本", "💥"),
    *(
        "\ud800",
        "UTC",
        "utc",
        "Europe/Zurich",
        "../etc/passwd",
        "/etc/localtime",
        "a/b",
        "x" * 3000,
    ),
    *("day", "hour", "minute", "month", "year", "url", "event", "referrer", "country", "channel"),
    *("2026-08-01", "2026-08-01T00:00:00Z", "0000-00-00", "99999-01-01T00:00:00Z", "*", "*a*"),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-08-01T00:00:00+23:59"),
]
text = st.sampled_from(ODD_TEXT) | st.text(max_size=20)
number = st.sampled_from(
    [0, -1, 1, 2**31, 2**63, -(2**63), 2**64, 10**400, 1785542400000, 0.5, 1e308]
)
scalar = st.none() | st.booleans() | number | text
anything = st.recursive(
    scalar,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(text | st.sampled_from(sorted(names())), inner, max_size=4)
    ),
    max_leaves=8,
)


@st.composite
def spoilt(draw: st.DrawFn, value: Any) -> Any:
    """A JSON value with one part changed, added or removed."""
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 3)) == 0:
        return draw(anything)
    if isinstance(value, list):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], draw(spoilt(value[place])), *value[place + 1 :]]
    key = draw(st.sampled_from(sorted(value)))
    if draw(st.integers(0, 4)) == 0:
        return {name: item for name, item in value.items() if name != key}
    if draw(st.integers(0, 4)) == 0:
        return {**value, draw(st.sampled_from(sorted(names()))): draw(anything)}
    return {**value, key: draw(spoilt(value[key]))}


@st.composite
def questions(draw: st.DrawFn, route: Route) -> dict[str, Any]:
    """A request to a route, nearly valid or not at all."""
    method = next(method for method in sorted(route.methods or ()) if method != "HEAD")
    good = asked_of(route)
    start = draw(st.sampled_from(good)) if good else None
    # What a website or report holds shall outlive the next question.
    lasting = method == "GET" or start is not None
    lasting = lasting or (method == "POST" and route.path in GOOD_BODIES)
    ids = [SHOP] if lasting else []
    path = start["path"] if start and draw(st.integers(0, 9)) else None
    if path is None:
        wanted = st.sampled_from([*ids, *ids, *ids, str(uuid4())]) | text.filter(bool)
        path = re.sub(
            r"\{\w+\}", lambda _: quote(encodable(draw(wanted)), safe="") or "x", route.path
        )
    query = start["query"] if start else {}
    if draw(st.integers(0, 3)) == 0:
        query = {**RANGE, **query}
    if draw(st.booleans()):
        query = {**query, draw(st.sampled_from(sorted({*query, *names()}))): draw(text | number)}
    if method == "GET":
        return {"method": method, "url": path, "params": plain(query)}
    body = start["body"] if start else GOOD_BODIES.get(route.path, {})
    if draw(st.integers(0, 9)):
        body = draw(spoilt(body))
    return {
        "method": method,
        "url": path,
        "content": json.dumps(body) if draw(st.integers(0, 9)) else draw(st.binary(max_size=50)),
    }


def encodable(value: str) -> str:
    return value.encode(errors="replace").decode()


def plain(query: dict[str, Any]) -> dict[str, str]:
    return {encodable(name): encodable(str(value)) for name, value in query.items()}


@pytest.fixture(scope="module")
def owned(tables: Path) -> Iterator[dict[int, httpx.Client]]:
    """A client of a server of each generation that is the module's own, to write to."""
    with (
        serve_version("2.18", tables) as two,
        serve(tables, password="umami") as three,
        signed_in(two) as old,
        signed_in(three) as new,
    ):
        yield {2: old, 3: new}


@pytest.mark.slow
@pytest.mark.sample(24)
@pytest.mark.parametrize(
    ("generation", "route"),
    [
        pytest.param(generation, route, id=f"{generation} {min(route.methods)} {route.path}")
        for generation, routes in ((2, v2.ROUTES), (3, ROUTES))
        for route in routes
        if route.methods
    ],
)
def test_any_request_is_answered_or_refused_with_reasons(
    owned: dict[int, httpx.Client], generation: int, route: Route
) -> None:
    client = owned[generation]
    # The route before may have been the one that signs out.
    credentials = {"username": "admin", "password": "umami"}
    token = client.post("/api/auth/login", json=credentials).json()["token"]
    client.headers["authorization"] = f"Bearer {token}"

    @settings(
        max_examples=settings().max_examples // 2,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(questions(route))
    def ask(question: dict[str, Any]) -> None:
        answer = client.request(**question)
        assert answer.status_code < 500, (question, answer.text)
        if answer.status_code in (400, 401, 413):
            assert reasons(answer)
        elif answer.status_code == 200:
            assert "javascript" in answer.headers["content-type"] or answer.json() is not None
        else:
            assert answer.status_code in (404, 405, 308), answer

    ask()


@given(
    name=st.sampled_from(
        [
            "authorization",
            "x-umami-share-token",
            "x-umami-cache",
            "user-agent",
            "x-forwarded-for",
            "accept",
        ]
    ),
    value=st.lists(st.sampled_from([*range(0x21, 0x7F), *range(0x80, 0x100)]), max_size=40).map(
        bytes
    ),
)
def test_any_header_is_answered_without_a_server_error(
    server: Any, shop: str, name: str, value: bytes
) -> None:
    with httpx.Client(base_url=server.url) as client:
        for method, path in (("GET", f"/api/websites/{shop}"), ("POST", "/api/send")):
            body = {"type": "event", "payload": {"website": str(uuid4())}}
            answer = client.request(
                method,
                path,
                headers=[(name.encode(), value)],
                json=body if method == "POST" else None,
            )
            assert 400 <= answer.status_code < 500 or answer.json() == {"beep": "boop"}


# What particular mistakes are answered


def test_validation_comes_before_authentication(server: Any, shop: str) -> None:
    with httpx.Client(base_url=server.url) as anonymous:
        assert anonymous.get(f"/api/websites/{shop}/daterange?foo=1").status_code == 400
        answer = anonymous.get(f"/api/websites/{shop}/daterange")
        assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})


def test_an_undeclared_parameter_is_named(umami: httpx.Client) -> None:
    answer = umami.get("/api/websites", params={"pagesize": 3})
    assert (answer.status_code, reasons(answer)) == (400, ["pagesize: Unknown parameter"])


def test_last_value_of_a_repeated_parameter_counts(umami: httpx.Client) -> None:
    answer = umami.get("/api/websites?pageSize=x&pageSize=1")
    assert len(answer.json()["data"]) == 1


def test_trailing_slash_is_redirected(umami: httpx.Client) -> None:
    answer = umami.get("/api/websites/?pageSize=1")
    assert (answer.status_code, answer.headers["location"]) == (308, "/api/websites?pageSize=1")
    elsewhere = umami.get(f"http://127.0.0.1:{umami.base_url.port}//evil.example/")
    assert elsewhere.headers["location"] == "/evil.example"


def test_unknown_host_headers_are_refused(umami: httpx.Client) -> None:
    assert umami.get("/api/heartbeat", headers={"host": "evil.example"}).status_code == 400
    assert umami.get("/api/heartbeat", headers={"host": "localhost:3000"}).status_code == 200


def test_wrong_methods_and_unknown_paths_are_refused(umami: httpx.Client, shop: str) -> None:
    assert umami.put("/api/websites").status_code == 405
    assert umami.put("/api/websites").content == b""
    assert umami.options("/api/websites").status_code == 405
    assert umami.get("/api/no-such-thing").status_code == 404
    assert umami.head("/api/heartbeat").status_code == 200
    assert umami.get("/").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b'{"username": NaN, "password": "x"}',
        b'{"username": 1e999, "password": "x"}',
        b'{"username": "\\ud800", "password": "x"}',
        b'{"\\ud800": 1}',
        b'{"username": "a\\u0000", "password": "x"}',
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"username": ' + b"9" * 5_000 + b"}",
        b"\xff\xfe",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_malformed_bodies_are_refused(umami: httpx.Client, body: bytes) -> None:
    answer = umami.post("/api/auth/login", content=body)
    assert answer.status_code == 400
    assert reasons(answer)


def test_body_over_the_limit_is_refused(umami: httpx.Client) -> None:
    answer = umami.post("/api/auth/login", content=b" " * 1_000_001)
    assert (answer.status_code, reasons(answer)) == (413, ["Body too large"])


def test_query_that_takes_too_long_is_interrupted(
    umami3: httpx.Client, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short regular expression with many repetitions takes minutes."""
    path = f"/api/websites/{shop}/stats"
    monkeypatch.setattr(store, "LONGEST_QUERY", 0.2)
    slow = umami3.get(path, params={**RANGE, "path": "re." + "(.?){900}" * 4})
    assert slow.status_code == 400
    assert "longer than 0.2 seconds" in slow.text
    monkeypatch.undo()
    assert umami3.get(path, params=RANGE).status_code == 200


def test_internal_error_reveals_no_secret(
    server: Any, umami: httpx.Client, caplog: pytest.LogCaptureFixture, tables: Path
) -> None:
    broken = serve(tables)
    with signed_in(broken) as client:
        broken._umami.store.close()
        answer = client.get("/api/websites", params={"search": "s3cret"})
        broken.stop()
    assert (answer.status_code, answer.json()) == (500, {"error": "Internal server error"})
    assert "GET /websites failed with" in caplog.text
    assert "s3cret" not in caplog.text


def test_concurrent_requests_are_answered(umami: httpx.Client, shop: str) -> None:
    paths = [f"/api/websites/{shop}/daterange"] * 25
    with ThreadPoolExecutor(25) as together:
        answers = list(together.map(lambda path: umami.get(path), paths))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
