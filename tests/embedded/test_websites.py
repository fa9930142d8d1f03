"""Accounts, public links, and websites from creation to deletion."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from umami.embedded.server import Running

RANGE = {"startAt": 1785542400000, "endAt": 1790812799999}


def made(writable: httpx.Client, **values: Any) -> dict[str, Any]:
    body = {"name": "Atelier", "domain": "atelier.example.com", **values}
    answer = writable.post("/api/websites", json=body)
    assert answer.status_code == 200, answer.text
    website: dict[str, Any] = answer.json()
    return website


# Accounts


def test_user_signs_in_and_out(server: Running) -> None:
    with httpx.Client(base_url=server.url) as client:
        answer = client.post(
            "/api/auth/login", json={"username": "admin", "password": server.password}
        )
        token, user = answer.json()["token"], answer.json()["user"]
        assert {"id", "username", "role", "createdAt", "isAdmin"} == set(user)
        signed = {"authorization": f"Bearer {token}"}
        assert client.post("/api/auth/verify", headers=signed).json() == user
        assert client.get("/api/me", headers=signed).json() == {"token": token, "user": user}
        assert client.post("/api/auth/logout", headers=signed).json() == {"ok": True}
        assert client.post("/api/auth/verify", headers=signed).status_code == 401


@pytest.mark.parametrize("name", ["admin", "root", "ädmin", ""])
def test_wrong_credentials_are_refused(server: Running, name: str) -> None:
    answer = httpx.post(
        f"{server.url}/api/auth/login", json={"username": name, "password": "wrong"}
    )
    assert answer.status_code == 401
    assert answer.json() == {"error": "message.incorrect-username-password"}


def test_missing_or_invalid_token_is_refused(server: Running) -> None:
    for headers in ({}, {"authorization": "Bearer x"}, {"authorization": "Basic YTpi"}):
        answer = httpx.get(f"{server.url}/api/websites", headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})


# Websites


def test_websites_are_listed(umami: httpx.Client, websites: dict[str, str]) -> None:
    body = umami.get("/api/websites").json()
    assert {name: body[name] for name in ("count", "page", "pageSize", "orderBy")} == {
        "count": 3,
        "page": 1,
        "pageSize": 10,
        "orderBy": "name",
    }
    assert [row["id"] for row in body["data"]] == [
        websites["docs"],
        websites["empty"],
        websites["shop"],
    ]
    assert set(body["data"][0]) == {
        *("id", "name", "domain", "shareId", "resetAt", "userId", "teamId", "createdBy"),
        *("createdAt", "updatedAt", "deletedAt", "user"),
    }
    assert body["data"][0]["createdAt"] == "2026-11-23T11:07:18.194Z"


def test_websites_are_paged_ordered_and_searched(umami: httpx.Client) -> None:
    def names(**params: Any) -> list[str]:
        answer = umami.get("/api/websites", params=params)
        return [row["name"] for row in answer.raise_for_status().json()["data"]]

    assert names(pageSize=1, page=2) == ["Nordlicht Empty"]
    assert names(pageSize=1, page=9) == []
    assert names(orderBy="createdAt")[0] == "Nordlicht Shop"
    assert names(search="DOCS") == ["Nordlicht Docs"]
    assert names(search="shop.example") == ["Nordlicht Shop"]
    assert names(search="%") == names(search="_") == names(search="\\") == []


def test_website_is_created_changed_and_deleted(writable: httpx.Client) -> None:
    website = made(writable)
    path = f"/api/websites/{website['id']}"
    assert writable.get(path).json() == website
    changed = writable.post(
        path, json={"name": "Studio", "domain": "s.example", "shareId": "abcdEFGH1"}
    )
    assert changed.json()["shareId"] == "abcdEFGH1"
    saved = writable.post(path, json={"name": "Studio 2", "domain": "s.example"}).json()
    assert (saved["name"], saved["shareId"]) == ("Studio 2", "abcdEFGH1")
    unshared = writable.post(path, json={"name": "Studio", "domain": "s.example", "shareId": None})
    assert unshared.json()["shareId"] is None
    assert writable.delete(path).json() == {"ok": True}
    assert writable.get(path).status_code == 404
    assert writable.get("/api/websites", params={"search": "Studio"}).json()["count"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        {"name": "x" * 101, "domain": "x"},
        {"name": "x", "domain": "x" * 501},
        {"name": 1, "domain": "x"},
        {"name": "x", "domain": "x", "shareId": "s" * 51},
        {"name": "x", "domain": "x", "id": "nope"},
        {"name": "x", "domain": "x", "colour": "red"},
    ],
)
def test_invalid_website_is_not_created(writable: httpx.Client, body: dict[str, Any]) -> None:
    assert writable.post("/api/websites", json=body).status_code == 400


def test_invalid_change_is_refused(writable: httpx.Client) -> None:
    taken = made(writable, shareId="taken0001")
    website = made(writable)
    path = f"/api/websites/{website['id']}"
    good = {"name": "x", "domain": "x"}
    for body in (
        {"name": "x"},
        {**good, "shareId": "short"},
        {**good, "shareId": "with-dash1"},
        {**good, "shareId": "x" * 17},
        {**good, "shareId": taken["shareId"]},
    ):
        answer = writable.post(path, json=body)
        assert (answer.status_code, bool(answer.json()["error"])) == (400, True)
    assert writable.get(path).json() == website
    assert writable.post(f"/api/websites/{uuid4()}", json=good).status_code == 404
    again = {**good, "id": website["id"]}
    assert writable.post("/api/websites", json=again).status_code == 400
    assert writable.post("/api/websites", json={**good, "shareId": "taken0001"}).status_code == 400
    assert writable.post("/api/websites", json={**good, "teamId": str(uuid4())}).status_code == 401


def test_reset_deletes_rows_of_one_website(
    writable: httpx.Client, websites: dict[str, str]
) -> None:
    path = f"/api/websites/{websites['docs']}"
    assert writable.get(f"{path}/daterange").json()["mindate"] == "2026-08-01T08:01:32.000Z"
    assert writable.post(f"{path}/reset").json() == {"ok": True}
    assert writable.get(f"{path}/daterange").json() == {"mindate": None, "maxdate": None}
    assert writable.get(path).json()["resetAt"] is not None
    other = writable.get(f"/api/websites/{websites['shop']}/daterange").json()
    assert other["maxdate"] == "2026-09-30T00:05:07.000Z"


# Public links


def test_a_share_token_reads_its_website_only(
    writable: httpx.Client, websites: dict[str, str]
) -> None:
    shop, docs = (f"/api/websites/{websites[name]}" for name in ("shop", "docs"))
    writable.post(shop, json={"name": "Shop", "domain": "shop.example.com", "shareId": "shopshop1"})
    with httpx.Client(base_url=writable.base_url) as visitor:
        assert visitor.get("/api/share/nothing-here").status_code == 404
        shared = visitor.get("/api/share/shopshop1").json()
        assert shared["websiteId"] == websites["shop"]
        visitor.headers["x-umami-share-token"] = shared["token"]
        assert visitor.get(f"{shop}/daterange").status_code == 200
        assert visitor.get(shop).status_code == 200
        assert visitor.get(f"/api/realtime/{websites['shop']}").status_code == 200
        for method, path in (
            ("GET", f"{docs}/daterange"),
            ("GET", "/api/websites"),
            ("POST", "/api/auth/verify"),
            ("POST", f"{shop}/reset"),
            ("DELETE", shop),
        ):
            answer = visitor.request(method, path)
            assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})
        changed = visitor.post(shop, json={"name": "Mine", "domain": "x"})
        assert changed.status_code == 401
        writable.post(shop, json={"name": "Shop", "domain": "shop.example.com", "shareId": None})
        assert visitor.get(f"{shop}/daterange").status_code == 401
        assert visitor.get("/api/share/shopshop1").status_code == 404


def test_share_token_may_request_reports(writable: httpx.Client, websites: dict[str, str]) -> None:
    shop = f"/api/websites/{websites['shop']}"
    writable.post(shop, json={"name": "Shop", "domain": "shop.example.com", "shareId": "shopshop2"})
    with httpx.Client(base_url=writable.base_url) as visitor:
        shared = visitor.get("/api/share/shopshop2").json()
        visitor.headers["x-umami-share-token"] = shared["token"]
        dates = {"startDate": "2026-08-01T00:00:00Z", "endDate": "2026-08-31T00:00:00Z"}
        body = {"websiteId": websites["shop"], "dateRange": dates}
        assert visitor.post("/api/reports/utm", json=body).status_code == 200
        other = {**body, "websiteId": websites["docs"]}
        assert visitor.post("/api/reports/utm", json=other).status_code == 401
        saved = {**body, "type": "utm", "name": "x", "description": "", "parameters": {}}
        del saved["dateRange"]
        assert visitor.post("/api/reports", json=saved).status_code == 401
