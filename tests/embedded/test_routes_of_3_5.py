"""Routes of 3.5: empty but well-formed answers, unsigned requests, sessions and the export."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.embedded.golden import WEBSITE, golden, identity
from tests.embedded.random_traffic import Client, asking
from umami.embedded.store import Store

RANGE = {"startAt": 1794268800000, "endAt": 1794787200000}
OF_WEBSITE = f"/api/websites/{WEBSITE}"
NIL = UUID(int=0)


@pytest.fixture
def store() -> Store:
    return golden()


@pytest.fixture
def client(store: Store) -> Iterator[Client]:
    with asking(store) as client:
        yield client


def answer(client: Client, place: str, **params: Any) -> Any:
    response = client.get(f"{OF_WEBSITE}/{place}", {**RANGE, **params})
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"websites/{NIL}/annotations", 401),
        (f"websites/{NIL}/errors", 400),
        (f"websites/{NIL}/event-data-pivot", 400),
        (f"websites/{NIL}/retention", 400),
        ("links/charts", 400),
        ("boards", 401),
        ("2fa/status", 401),
        ("teams", 401),
        ("links", 401),
        (f"websites/{NIL}/errors/settings", 401),
        (f"websites/{NIL}/performance/stats", 400),
    ],
)
def test_unsigned_requests_identify_the_version(client: Client, path: str, status: int) -> None:
    response = client.ask("GET", f"/api/{path}", headers={"authorization": "none"})
    assert response.status_code == status
    assert response.json()["error"]["status"] == status


def test_errors_are_empty(client: Client) -> None:
    params = {"status": "resolved", "search": "'", "urlPath": "/", "page": 2, "pageSize": 100}
    assert answer(client, "errors", **params) == {
        "data": [],
        "count": 0,
        "page": 2,
        "pageSize": 100,
    }
    assert answer(client, "errors/stats") == {
        **dict.fromkeys(("occurrences", "visits", "issues"), 0),
        "firstSeen": None,
        "lastSeen": None,
        "series": [],
    }
    assert answer(client, "errors/values", type="browser") == []
    settings = client.get(f"{OF_WEBSITE}/errors/settings", {}).json()
    assert settings == {"enabled": False, "retentionDays": 30, "canManage": False}
    assert client.get(f"{OF_WEBSITE}/errors/{uuid4()}", {}).status_code == 404
    for path, query in (
        (f"{OF_WEBSITE}/errors/x", {}),
        ("/api/websites/x/errors", RANGE),
        (f"{OF_WEBSITE}/errors", {**RANGE, "pageSize": 101}),
        (f"{OF_WEBSITE}/errors/values", RANGE),
    ):
        assert client.get(path, query).status_code == 400
    assert client.get(f"/api/websites/{NIL}/errors", RANGE).status_code == 404


def test_heatmaps_and_boards_are_empty(client: Client) -> None:
    body = answer(client, "heatmaps", mode="scroll", urlPath="/")
    assert (body["mode"], body["pages"], body["points"], body["snapshot"]) == (
        "scroll",
        [],
        [],
        None,
    )
    assert body["scroll"]["buckets"] == []
    assert client.get("/api/boards", {}).json()["count"] == 0
    assert client.get(f"/api/boards/{NIL}", {}).status_code == 404


def test_sessions_with_revenue_are_listed(client: Client) -> None:
    body = answer(client, "revenue/sessions", currency="USD")
    assert body["count"] == 1
    (row,) = body["data"]
    assert (row["id"], row["views"], row["events"], row["visits"]) == (
        str(identity("A")),
        6,
        2,
        3,
    )
    # The currency is stored in lower case.
    euros = answer(client, "revenue/sessions", currency="EUR")
    assert [row["id"] for row in euros["data"]] == [str(identity("C"))]
    assert answer(client, "revenue/sessions", currency="EUR", country="eq.DE")["data"] == []
    assert answer(client, "revenue/sessions", currency="CHF")["count"] == 0
    assert client.get(f"{OF_WEBSITE}/revenue/sessions", RANGE).status_code == 400


def test_session_is_deleted_with_its_events(client: Client, store: Store) -> None:
    path = f"{OF_WEBSITE}/sessions/{identity('A')}"
    assert client.ask("DELETE", path).json() == {"ok": True}
    assert client.ask("DELETE", path).status_code == 404
    stats = answer(client, "stats")
    assert (stats["pageviews"], stats["visitors"]) == (6, 4)
    assert answer(client, "revenue/stats", currency="USD")["count"] == 0
    assert store.row("SELECT count(*) FROM event_data") == (3,)


def test_export_is_an_archive_of_metrics(client: Client) -> None:
    def files(**params: Any) -> dict[str, str]:
        packed = base64.b64decode(answer(client, "export", **params)["zip"])
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            return {name: archive.read(name).decode() for name in archive.namelist()}

    archive_files = files(page=3)
    assert set(archive_files) == {
        f"{name}.csv"
        for name in ("events", "pages", "referrers", "browsers", "os", "devices", "countries")
    }
    assert archive_files["events.csv"] == "x,y\r\npurchase,2\r\nsignup,2\r\n"
    assert archive_files["countries.csv"] == "x,y\r\nFR,2\r\nUS,2\r\nDE,1\r\n"
    assert archive_files["os.csv"] == "x,y\r\n"
    assert files(country="eq.DE")["countries.csv"] == "x,y\r\nDE,1\r\n"
