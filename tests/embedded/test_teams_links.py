"""Teams, links and pixels, and which websites the lists have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.embedded.golden import WEBSITE, golden, identity
from tests.embedded.random_traffic import Client, asking
from umami.embedded.state import ADMIN
from umami.embedded.store import Store

TEAM, OTHER, MEMBER = identity("team"), identity("other team"), identity("member")


@pytest.fixture
def store() -> Store:
    store = golden()
    with store.writing() as cursor:
        cursor.execute("INSERT INTO team (team_id, name) VALUES (?, 'Marketing')", [TEAM])
        cursor.execute("INSERT INTO team (team_id, name) VALUES (?, 'Design')", [OTHER])
        for user, role in ((ADMIN.id, "team-owner"), (MEMBER, "team-view-only")):
            cursor.execute(
                "INSERT INTO team_user (team_user_id, team_id, user_id, role) VALUES (?, ?, ?, ?)",
                [uuid4(), TEAM, user, role],
            )
        for name, team in (("of the team", TEAM), ("of an unknown team", uuid4())):
            cursor.execute(
                "INSERT INTO website (website_id, name, team_id) VALUES (?, ?, ?)",
                [uuid4(), name, team],
            )
    return store


@pytest.fixture
def client(store: Store) -> Iterator[Client]:
    with asking(store) as client:
        yield client


def names(client: Client, path: str, **params: Any) -> list[str]:
    answer = client.get(f"/api/{path}", params)
    assert answer.status_code == 200, answer.text
    return [row["name"] for row in answer.json()["data"]]


# Teams


def test_teams_are_listed_with_their_members(client: Client) -> None:
    assert names(client, "teams") == names(client, "me/teams") == ["Design", "Marketing"]
    assert names(client, "teams", search="MARK") == ["Marketing"]
    team = client.get(f"/api/teams/{TEAM}", {}).json()
    assert client.get("/api/teams", {"search": "mark"}).json()["data"] == [team]
    assert team["_count"] == {"websites": 1, "members": 2}
    members = client.get(f"/api/teams/{TEAM}/users", {}).json()
    assert members["data"] == team["members"]
    assert {row["role"]: row["user"]["username"] for row in members["data"]} == {
        "team-owner": "admin",
        "team-view-only": f"user-{str(MEMBER)[:8]}",
    }
    assert client.get(f"/api/teams/{OTHER}/users", {}).json()["count"] == 0
    assert client.get(f"/api/teams/{uuid4()}", {}).status_code == 404


def test_websites_are_listed_by_owner_and_team(client: Client) -> None:
    mine = ["Demo", "of an unknown team"]
    assert names(client, "websites") == names(client, "me/websites") == mine
    assert names(client, f"users/{ADMIN.id}/websites") == mine
    assert names(client, f"users/{MEMBER}/websites") == []
    assert names(client, "websites", includeTeams="true") == ["Demo", *mine[1:], "of the team"]
    (website,) = client.get(f"/api/teams/{TEAM}/websites", {}).json()["data"]
    assert (website["name"], website["teamId"], website["userId"]) == (
        "of the team",
        str(TEAM),
        None,
    )
    assert names(client, f"teams/{OTHER}/websites") == []


def test_website_is_created_for_a_team(client: Client) -> None:
    body = {"name": "New", "domain": "new.example", "teamId": str(OTHER)}
    assert client.ask("POST", "/api/websites", json=body).json()["teamId"] == str(OTHER)
    assert names(client, f"teams/{OTHER}/websites") == ["New"]
    unknown = {**body, "teamId": str(uuid4())}
    assert client.ask("POST", "/api/websites", json=unknown).status_code == 401


# Links and pixels


@pytest.mark.parametrize("kind", ["links", "pixels"])
def test_link_or_pixel_is_created_changed_and_deleted(
    client: Client, store: Store, kind: str
) -> None:
    url = {"url": "https://shop.example/?a=b"} if kind == "links" else {}
    body = {"name": "Autumn 'mail' 💥", "slug": "autumn-mail", **url}
    made = client.ask("POST", f"/api/{kind}", json=body).json()
    assert set(made) == {
        *("id", "name", "slug", "userId", "teamId", "createdAt", "updatedAt", "deletedAt", *url)
    }
    path = f"/api/{kind}/{made['id']}"
    assert client.get(path, {}).json() == made
    assert client.get(f"/api/{kind}", {"search": "AUTUMN"}).json()["data"] == [made]
    assert names(client, kind, search="%") == []
    assert client.ask("POST", f"/api/{kind}", json=body).status_code == 400
    changed = client.ask("POST", path, json={"name": "Winter"}).json()
    assert (changed["name"], changed["slug"]) == ("Winter", "autumn-mail")
    with store.writing() as cursor:
        cursor.execute("INSERT INTO website_event (website_id) VALUES (?)", [made["id"]])
    assert client.ask("DELETE", path).json() == {"ok": True}
    assert client.get(path, {}).status_code == 404
    count = "SELECT count(*) FROM website_event WHERE website_id = ?"
    assert store.row(count, [made["id"]]) == (0,)


@pytest.mark.parametrize("kind", ["links", "pixels"])
def test_invalid_links_and_pixels_are_refused(client: Client, kind: str) -> None:
    url = {"url": "https://shop.example"} if kind == "links" else {}
    good = {"name": "A", "slug": "a", **url}
    for spoilt in (
        {"name": "A"},
        {**good, "slug": "a b"},
        {**good, "slug": ""},
        {**good, "name": ""},
        {**good, "id": "x"},
        {**good, "colour": "red"},
    ):
        assert client.ask("POST", f"/api/{kind}", json=spoilt).status_code == 400
    unknown = {**good, "teamId": str(uuid4())}
    assert client.ask("POST", f"/api/{kind}", json=unknown).status_code == 401
    first = client.ask("POST", f"/api/{kind}", json=good).json()
    assert client.ask("POST", f"/api/{kind}", json={**good, "slug": "b"}).status_code == 200
    again = {**good, "slug": "c", "id": first["id"]}
    assert client.ask("POST", f"/api/{kind}", json=again).status_code == 400
    taken = client.ask("POST", f"/api/{kind}/{first['id']}", json={"slug": "b"})
    assert taken.status_code == 400
    assert client.ask("POST", f"/api/{kind}/{first['id']}", json={"slug": "a"}).status_code == 200
    # The id of something else is none of these.
    assert client.get(f"/api/{kind}/{WEBSITE}", {}).status_code == 404
