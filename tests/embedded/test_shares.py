"""Share links of websites, and what they open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.embedded.golden import WEBSITE, golden
from tests.embedded.random_traffic import Client, asking

OF_WEBSITE = f"/api/websites/{WEBSITE}"
SHARES = f"{OF_WEBSITE}/shares"
RANGE = {"startAt": 1794268800000, "endAt": 1794787200000}


@pytest.fixture
def client() -> Iterator[Client]:
    with asking(golden()) as client:
        yield client


def with_token(client: Client, slug: str) -> dict[str, str]:
    """The headers of somebody who opened a share."""
    opened = client.ask("GET", f"/api/share/{slug}", headers={"authorization": "none"})
    assert opened.status_code == 200, opened.text
    return {
        "authorization": "none",
        "x-umami-share-token": opened.json()["token"],
        "x-umami-share-context": "1",
    }


def status(client: Client, path: str, headers: dict[str, str], **params: Any) -> int:
    return client.ask("GET", path, params=params, headers=headers).status_code


def test_share_is_created_opened_and_deleted(client: Client) -> None:
    share = client.ask("POST", SHARES, json={"name": "Board", "parameters": {"theme": "x"}}).json()
    assert set(share) == {
        *("id", "entityId", "name", "shareType", "slug", "parameters", "createdAt", "updatedAt")
    }
    other = client.ask("POST", SHARES, json={}).json()
    page = client.get(SHARES, {}).json()
    assert (page["data"], page["count"]) == ([share, other], 2)
    assert client.get(SHARES, {"search": "BOARD"}).json()["data"] == [share]
    assert client.get(f"/api/share/id/{share['id']}", {}).json() == share
    opened = client.get(f"/api/share/{share['slug']}", {}).json()
    assert (opened["shareId"], opened["websiteId"], opened["parameters"]) == (
        share["id"],
        str(WEBSITE),
        {"theme": "x"},
    )
    first, second = with_token(client, share["slug"]), with_token(client, other["slug"])
    for path in ("daterange", "annotations", "stats"):
        params = RANGE if path == "stats" else {}
        assert status(client, f"{OF_WEBSITE}/{path}", first, **params) == 200
    for path in (f"{OF_WEBSITE}/shares", "/api/teams", f"/api/share/id/{share['id']}"):
        assert status(client, path, first) == 401
    assert status(client, f"{OF_WEBSITE}/errors", first, **RANGE) == 401
    assert client.ask("POST", SHARES, json={}, headers=first).status_code == 401
    assert client.ask("DELETE", f"/api/share/id/{share['id']}").json() == {"ok": True}
    assert status(client, f"{OF_WEBSITE}/daterange", first) == 401
    assert status(client, f"{OF_WEBSITE}/daterange", second) == 200
    assert client.get(f"/api/share/{share['slug']}", {}).status_code == 404


def test_share_id_of_a_website_is_listed_as_a_share(client: Client) -> None:
    client.ask("POST", OF_WEBSITE, json={"shareId": "autumn-2026"}).raise_for_status()
    (share,) = client.get(SHARES, {}).json()["data"]
    assert (share["id"], share["slug"]) == (str(WEBSITE), "autumn-2026")
    headers = with_token(client, "autumn-2026")
    assert client.ask("DELETE", f"/api/share/id/{WEBSITE}").json() == {"ok": True}
    assert client.get(OF_WEBSITE, {}).json()["shareId"] is None
    assert status(client, f"{OF_WEBSITE}/daterange", headers) == 401


UTM = {
    "websiteId": str(WEBSITE),
    "type": "utm",
    "filters": {},
    "parameters": {"startDate": "2026-11-10", "endDate": "2026-11-16"},
}


def test_share_allows_only_its_sections(client: Client) -> None:
    parameters = {"overview": True, "utm": True, "events": False, "allowFilter": False}
    share = client.ask("POST", SHARES, json={"parameters": parameters}).json()
    assert client.get(f"/api/share/{share['slug']}", {}).json()["parameters"] == parameters
    headers = with_token(client, share["slug"])
    for path, params in (
        ("", {}),
        ("/daterange", {}),
        ("/stats", RANGE),
        ("/pageviews", RANGE),
        ("/metrics", {**RANGE, "type": "path"}),
        ("/metrics/expanded", {**RANGE, "type": "path"}),
        ("/utm/metrics", {**RANGE, "type": "utm_source"}),
    ):
        assert status(client, f"{OF_WEBSITE}{path}", headers, **params) == 200, path
    for path, params in (
        ("events", RANGE),
        ("events/series", {**RANGE, "timezone": "UTC"}),
        ("sessions", RANGE),
        ("event-data-pivot", {**RANGE, "eventName": "x"}),
        ("retention", RANGE),
        ("performance/stats", RANGE),
        ("export", RANGE),
        ("segments", {"type": "segment"}),
        ("annotations", {}),
        ("values", {**RANGE, "type": "path"}),
    ):
        assert status(client, f"{OF_WEBSITE}/{path}", headers, **params) == 401, path
    assert status(client, f"/api/realtime/{WEBSITE}", headers) == 401
    utm = client.ask("POST", "/api/reports/utm", json=UTM, headers=headers)
    assert utm.status_code == 200
    attribution = {
        **UTM,
        "type": "attribution",
        "parameters": {
            **UTM["parameters"],
            "model": "first-click",
            "type": "path",
            "step": "/",
        },
    }
    refused = client.ask("POST", "/api/reports/attribution", json=attribution, headers=headers)
    assert refused.status_code == 401
    # Another share of the same website is not limited by this one.
    whole = with_token(client, client.ask("POST", SHARES, json={}).json()["slug"])
    assert status(client, f"{OF_WEBSITE}/events", whole, **RANGE) == 200


def test_invalid_shares_are_refused(client: Client) -> None:
    for body in ({"parameters": []}, {"name": "x" * 201}, {"colour": "red"}):
        assert client.ask("POST", SHARES, json=body).status_code == 400
    share = client.ask("POST", SHARES, json={}).json()
    taken = client.ask("POST", OF_WEBSITE, json={"shareId": share["slug"]})
    assert taken.status_code == 400
    client.ask("DELETE", OF_WEBSITE).raise_for_status()
    assert client.get(f"/api/share/{share['slug']}", {}).status_code == 404
    assert client.get(f"/api/share/id/{share['id']}", {}).status_code == 404
