"""Each double answers unsigned requests as the servers of its version do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from tests.doubles.umami import VERSIONS, serve
from tests.embedded.conftest import DATA, signed_in

pytestmark = pytest.mark.thorough

NIL = "00000000-0000-0000-0000-000000000000"
TABLES = DATA / "tables"
EVER = {"startAt": 0, "endAt": 4_102_444_800_000}

# A status and what kind of body it has; "404" alone is the web page of an unknown path.
HTML, UNSIGNED, REFUSED = "404 html", "401 object", "400 object"
COLUMNS = ("2.18", "2.20", "3.0", "3.1", "3.2", "3.3", "3.4", "3.5")
ANSWERS: dict[str, tuple[str, ...]] = {
    "GET /api/heartbeat": ("200",) * 8,
    "GET /api/me": (*["401 text"] * 2, *[UNSIGNED] * 6),
    "GET /api/config": (HTML, HTML, *["200"] * 5, HTML),
    "GET /api/scripts/telemetry": ("200",) * 8,
    "GET /openapi.json": (*[HTML] * 6, "200", "200"),
    "GET /api/boards": (*[HTML] * 3, *[UNSIGNED] * 5),
    f"GET /api/websites/{NIL}/event-data-pivot": (*[HTML] * 4, *[REFUSED] * 4),
    "GET /api/links/charts": (HTML, HTML, *[UNSIGNED] * 3, *[REFUSED] * 3),
    "GET /api/2fa/status": (*[HTML] * 5, *[UNSIGNED] * 3),
    f"GET /api/websites/{NIL}/annotations": (*[HTML] * 6, *[UNSIGNED] * 2),
    f"GET /api/websites/{NIL}/retention": (*[HTML] * 6, *[REFUSED] * 2),
    f"GET /api/websites/{NIL}/errors": (*[HTML] * 7, REFUSED),
    "POST /api/reports/retention": (*["400 list"] * 2, *[REFUSED] * 6),
    f"GET /api/websites/{NIL}/events/stats": (*[HTML] * 3, *[REFUSED] * 5),
    f"GET /api/websites/{NIL}/segments": (HTML, "400 list", *[REFUSED] * 6),
    "GET /api/version": (HTML,) * 8,
}


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    """The addresses of a server of each version."""
    with ExitStack() as running:
        yield {version: running.enter_context(serve(version, TABLES)).url for version in VERSIONS}


def kind(answer: httpx.Response) -> str:
    """The status and what the body is."""
    if answer.status_code == 200:
        return "200"
    if answer.headers["content-type"].startswith("text/html"):
        return f"{answer.status_code} html"
    error = answer.json()["error"]
    names: dict[type, str] = {str: "text", list: "list", dict: "object"}
    if isinstance(error, dict):
        assert error["status"] == answer.status_code
        assert error["message"]
    return f"{answer.status_code} {names[type(error)]}"


def test_every_version_has_expected_answers() -> None:
    assert VERSIONS == COLUMNS


@pytest.mark.thorough
@pytest.mark.sample(6)
@pytest.mark.parametrize("version", COLUMNS)
@pytest.mark.parametrize("request_", ANSWERS)
def test_unsigned_answers_by_version(urls: dict[str, str], request_: str, version: str) -> None:
    method, path = request_.split(" ")
    content = "{}" if method == "POST" else None
    answer = httpx.request(method, urls[version] + path, content=content)
    assert kind(answer) == ANSWERS[request_][COLUMNS.index(version)]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("version", "text"),
    [
        *(("2.18", "2.18.1"), ("2.20", "2.20.2"), ("3.0", "3.0.3"), ("3.1", "3.1.0")),
        ("3.2", "3.2.0"),
        *(("3.3", "3.3.1"), ("3.4", "3.4.0"), ("3.5", "3.5.0")),
    ],
)
def test_script_and_document_name_the_exact_version(
    urls: dict[str, str], version: str, text: str
) -> None:
    script = httpx.get(f"{urls[version]}/api/scripts/telemetry")
    assert script.headers["content-type"].startswith("text/javascript")
    assert f"a.png?v={text} " in script.text
    document = httpx.get(f"{urls[version]}/openapi.json")
    if document.status_code == 200:
        assert document.json()["info"]["version"] == text


@pytest.mark.parametrize(
    ("version", "mark"),
    [
        *(("3.0", None), ("3.1", "currentVersion"), ("3.2", "currentVersion")),
        *(("3.3", "sessionDeletionEnabled"), ("3.4", "sessionDeletionEnabled")),
    ],
)
def test_config_members_by_version(urls: dict[str, str], version: str, mark: str | None) -> None:
    config = httpx.get(f"{urls[version]}/api/config").json()
    assert config["privateMode"] is True
    assert {"currentVersion", "sessionDeletionEnabled"} & set(config) == ({mark} if mark else set())


class Double:
    """Asks a server of a version about the shop, signed in."""

    def __init__(self, client: httpx.Client, shop: str) -> None:
        self.client, self.shop = client, shop

    def get(self, path: str, /, **query: Any) -> httpx.Response:
        return self.client.get(f"/api/websites/{self.shop}{path}", params={**EVER, **query})

    def answer(self, path: str, /, **query: Any) -> Any:
        response = self.get(path, **query)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture(scope="module")
def doubles() -> Iterator[dict[str, Double]]:
    shop = json.loads((DATA / "websites.json").read_text())["shop"]
    with ExitStack() as running:
        yield {
            version: Double(
                running.enter_context(signed_in(running.enter_context(serve(version, TABLES)))),
                shop,
            )
            for version in VERSIONS[2:]
        }


@pytest.mark.thorough
def test_definitions_follow_the_version(doubles: dict[str, Double]) -> None:
    bounces, channels, revenue = {}, {}, {}
    for version, double in doubles.items():
        bounces[version] = double.answer("/stats", path="/")["bounces"]
        channels[version] = {row["x"] for row in double.answer("/metrics", type="channel")}
        parameters = {
            "startDate": "2026-01-01",
            "endDate": "2027-01-01",
            "currency": "EUR",
        }
        body = {"websiteId": double.shop, "type": "revenue", "filters": {"path": "/"}}
        posted = double.client.post("/api/reports/revenue", json={**body, "parameters": parameters})
        revenue[version] = posted.json()["total"]["sum"]
    assert bounces["3.1"] == bounces["3.2"] > bounces["3.3"] == bounces["3.5"]
    assert [version for version, names in channels.items() if "direct" in names] == [
        *("3.3", "3.4", "3.5")
    ]
    # No purchase is on the first page, but some of its visitors bought something.
    assert [version for version, answer in revenue.items() if answer is None] == ["3.0", "3.1"]
    assert len(set(revenue.values())) == 2


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["path", "title", "referrer", "domain", "entry", "utmSource"])
def test_expanded_pages_have_no_bounces_from_3_3_on(doubles: dict[str, Double], kind: str) -> None:
    for version, double in doubles.items():
        rows = double.answer("/metrics/expanded", type=kind)
        totals = {(row["bounces"], int(row["totaltime"])) for row in rows}
        assert rows
        assert (totals == {(0, 0)}) == (version in ("3.3", "3.4", "3.5"))


@pytest.mark.parametrize("kind", ["country", "device", "channel"])
def test_expanded_session_fields_always_have_bounces(doubles: dict[str, Double], kind: str) -> None:
    for version, double in doubles.items():
        rows = double.answer("/metrics/expanded", type=kind)
        assert sum(row["bounces"] for row in rows) > 0
        assert all(("y" in row) == (kind == "channel" and version < "3.3") for row in rows)


def test_list_members_by_version(doubles: dict[str, Double]) -> None:
    for version, double in doubles.items():
        events = double.answer("/events", pageSize=1, search="%purchase%")
        assert ("isCapped" in events) == (version >= "3.3")
        assert ("distinctId" in events["data"][0]) == (version >= "3.3")
        assert ("visitId" in events["data"][0]) == (version >= "3.5")
        # From 3.3 on the server looks for the text anywhere itself.
        plain = double.answer("/events", pageSize=1, search="purchas")
        assert bool(plain["count"]) == (version >= "3.3")
        sessions = double.answer("/sessions", pageSize=1)
        assert ("isCapped" in sessions) == (version >= "3.3")
        assert ("distinctId" in sessions["data"][0]) == (version >= "3.3")


def test_session_members_by_version(doubles: dict[str, Double]) -> None:
    for version, double in doubles.items():
        id = double.answer("/sessions", pageSize=1)["data"][0]["id"]
        session = double.client.get(f"/api/websites/{double.shop}/sessions/{id}").json()
        assert ("stitchedSessionCount" in session) == (version >= "3.3")
        assert ("distinctIds" in session) == (version >= "3.4")
        unknown = double.client.get(f"/api/websites/{double.shop}/sessions/{NIL}")
        if version < "3.3":
            assert (unknown.status_code, unknown.json()) == (200, {})
        else:
            assert unknown.status_code == 404
            assert unknown.json()["error"]["code"] == "not-found"


def test_property_members_by_version(doubles: dict[str, Double]) -> None:
    for version, double in doubles.items():
        newer = version >= "3.3"
        assert ("value" in double.answer("/event-data/fields")[0]) != newer
        assert ("dataType" in double.answer("/event-data/properties")[0]) == newer
        assert ("dataType" in double.answer("/session-data/properties")[0]) == newer
        name = {"eventName" if newer else "event": "purchase"}
        assert double.answer("/event-data/values", propertyName="currency", **name)
        pages = double.get("/metrics", type="fullPath")
        assert pages.status_code == (200 if version >= "3.2" else 400)
        filtered = double.get("/stats", spf0="1.eq.plan.pro")
        assert filtered.status_code == (200 if newer else 400)


def test_website_members_by_version(doubles: dict[str, Double]) -> None:
    for version, double in doubles.items():
        website = double.client.get(f"/api/websites/{double.shop}").json()
        listed = double.client.get("/api/websites").json()["data"][0]
        assert set(website) | {"user"} == set(listed)
        assert ("replayEnabled" in website) == (version == "3.1")
        assert ("recorderEnabled" in website) == (version >= "3.2")


def test_me_members_by_version(doubles: dict[str, Double]) -> None:
    for version, double in doubles.items():
        body = double.client.get("/api/me").json()
        assert ("token" in body) == (version < "3.3")
        assert body.get("authType") == ("session" if version >= "3.3" else None)


def test_3_0_takes_a_comma_as_part_of_the_value(doubles: dict[str, Double]) -> None:
    germans = doubles["3.0"].answer("/stats", country="eq.DE")["visitors"]
    assert doubles["3.0"].answer("/stats", country="eq.DE,CH")["visitors"] == 0
    assert doubles["3.0"].answer("/stats", country="DE,CH")["visitors"] == 0
    everybody = doubles["3.0"].answer("/stats")["visitors"]
    assert doubles["3.0"].answer("/stats", country="neq.DE,CH")["visitors"] == everybody
    assert doubles["3.1"].answer("/stats", country="eq.DE,CH")["visitors"] > germans > 0
    assert doubles["3.0"].get("/stats", distinctId="x").status_code == 400


def test_3_0_counts_the_week_in_utc(doubles: dict[str, Double]) -> None:
    zones = ("UTC", "Asia/Tokyo")
    assert (
        len({str(doubles["3.0"].answer("/sessions/weekly", timezone=zone)) for zone in zones}) == 1
    )
    assert (
        len({str(doubles["3.1"].answer("/sessions/weekly", timezone=zone)) for zone in zones}) == 2
    )


def test_reports_are_posted_to_every_version(doubles: dict[str, Double]) -> None:
    for double in doubles.values():
        dates = {"startDate": "2026-08-01", "endDate": "2026-09-01"}
        body = {"websiteId": double.shop, "type": "goal", "filters": {}}
        goal = {**dates, "type": "path", "value": "/"}
        answer = double.client.post("/api/reports/goal", json={**body, "parameters": goal})
        assert answer.json()["num"] > 0
