"""Annotations from creation to deletion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.embedded.golden import WEBSITE, golden
from tests.embedded.random_traffic import Client, asking

PATH = f"/api/websites/{WEBSITE}/annotations"
HOSTILE = ["'; DROP TABLE annotation; --", "100 % _", "<b>💥</b>", 'a "quoted" note', "Ü\nß"]


@pytest.fixture
def client() -> Iterator[Client]:
    with asking(golden()) as client:
        yield client


def made(client: Client, **values: Any) -> dict[str, Any]:
    body = {"date": "2026-11-11T00:00:00Z", "note": "Sale", **values}
    answer = client.ask("POST", PATH, json=body)
    assert answer.status_code == 200, answer.text
    note: dict[str, Any] = answer.json()
    return note


def notes(client: Client, **params: Any) -> list[str]:
    return [row["note"] for row in client.get(PATH, params).json()["data"]]


def test_annotation_is_created_changed_and_deleted(client: Client) -> None:
    note = made(client)
    assert set(note) == {
        *("id", "websiteId", "userId", "date", "allDay", "note", "createdAt", "updatedAt")
    }
    assert (note["date"], note["allDay"]) == ("2026-11-11T00:00:00.000Z", True)
    path = f"{PATH}/{note['id']}"
    assert client.get(path, {}).json() == note
    body = {"date": "2026-11-12T09:30:00+01:00", "note": "Launch", "allDay": False}
    changed = client.ask("POST", path, json=body).json()
    assert (changed["date"], changed["allDay"], changed["note"]) == (
        "2026-11-12T08:30:00.000Z",
        False,
        "Launch",
    )
    assert changed["createdAt"] == note["createdAt"]
    assert client.get(PATH, {}).json() == {"data": [changed], "count": 1, "page": 1, "pageSize": 20}
    assert client.ask("DELETE", path).json() == {"ok": True}
    assert client.ask("DELETE", path).status_code == 404
    assert notes(client) == []


def test_annotations_are_paged_and_found_by_date_and_text(client: Client) -> None:
    for day, note in ((13, "Third"), (11, "First"), (12, "Second sale")):
        made(client, date=f"2026-11-{day}T00:00:00Z", note=note)
    assert notes(client) == ["First", "Second sale", "Third"]
    assert notes(client, page=2, pageSize=2) == ["Third"]
    assert notes(client, search="SALE") == ["Second sale"]
    second = 1794441600000
    assert notes(client, startAt=second, endAt=second) == ["Second sale"]
    # One date alone has no effect.
    assert notes(client, startAt=second) == notes(client, endAt=0) == notes(client)
    assert notes(client, startAt=second, endAt=0) == []


@pytest.mark.parametrize("note", HOSTILE)
def test_any_text_is_stored_and_found(client: Client, note: str) -> None:
    assert made(client, note=note)["note"] == note
    assert notes(client, search=note) == [note]
    assert notes(client, search="%a%") == []


def test_invalid_annotations_are_refused(client: Client) -> None:
    note = made(client)
    for body in (
        {},
        {"note": "x"},
        {"date": "2026-11-11", "note": ""},
        {"date": "2026-11-11", "note": "x" * 501},
        {"date": "soon", "note": "x"},
        {"date": "2026-11-11", "note": "x", "colour": "red"},
    ):
        assert client.ask("POST", PATH, json=body).status_code == 400
        assert client.ask("POST", f"{PATH}/{note['id']}", json=body).status_code == 400
    good = {"date": "2026-11-11", "note": "x"}
    assert client.ask("POST", f"/api/websites/{uuid4()}/annotations", json=good).status_code == 404
    elsewhere = f"/api/websites/{uuid4()}/annotations/{note['id']}"
    assert client.get(elsewhere, {}).status_code == 404
    assert client.get(f"{PATH}/x", {}).status_code == 400


def test_annotations_survive_a_reset_but_not_a_deletion(client: Client) -> None:
    made(client)
    client.ask("POST", f"/api/websites/{WEBSITE}/reset").raise_for_status()
    assert notes(client) == ["Sale"]
    client.ask("DELETE", f"/api/websites/{WEBSITE}").raise_for_status()
    assert notes(client) == []
