"""Visitor charts of several websites, links and pixels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.embedded.golden import WEBSITE, golden, identity
from tests.embedded.random_traffic import Client, asking
from umami.embedded.store import Store

LINK, PIXEL = identity("link"), identity("pixel")


def milliseconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.fixture(scope="module")
def store() -> Store:
    store = golden()
    with store.writing() as cursor:
        cursor.execute("INSERT INTO link (link_id, name, slug) VALUES (?, 'L', 'l')", [LINK])
        cursor.execute("INSERT INTO pixel (pixel_id, name, slug) VALUES (?, 'P', 'p')", [PIXEL])
        for number, (id, kind, session, at) in enumerate(
            [
                (LINK, 3, "A", "2026-10-24 10:00:00"),
                (LINK, 3, "B", "2026-10-26 10:00:00"),
                (LINK, 2, "C", "2026-10-24 10:00:00"),
                (PIXEL, 4, "A", "2026-10-24 10:00:00"),
            ]
        ):
            cursor.execute(
                "INSERT INTO website_event (event_id, website_id, session_id, visit_id, created_at,"
                " event_type) VALUES (?, ?, ?, ?, ?, ?)",
                [identity("click", number), id, identity(session), identity(session, 1), at, kind],
            )
    return store


@pytest.fixture(scope="module")
def client(store: Store) -> Iterator[Client]:
    with asking(store) as client:
        yield client


def chart(client: Client, kind: str, *ids: UUID, start: str, end: str, **params: Any) -> Any:
    response = client.get(
        f"/api/{kind}/charts",
        {
            "ids": ",".join(map(str, ids)),
            "startAt": milliseconds(start),
            "endAt": milliseconds(end),
            **params,
        },
    )
    assert response.status_code == 200, response.text
    return response.json()["data"]


def test_visitors_by_half_day(client: Client) -> None:
    charts = chart(
        client,
        "websites",
        *(WEBSITE, LINK, uuid4()),
        start="2026-11-09 23:00:00",
        end="2026-11-13 22:59:59",
        timezone="Europe/Zurich",
    )
    assert charts == {str(WEBSITE): {"total": 5, "values": [1, 1, 1, 0, 1, 2, 1, 0]}}


def test_slots_off_the_wall_clock_are_empty(client: Client) -> None:
    """As in Umami, whose slots are labelled by the wall clock."""
    charts = chart(
        client, "websites", WEBSITE, start="2026-11-10 01:00:00", end="2026-11-13 12:00:00"
    )
    assert charts == {str(WEBSITE): {"total": 5, "values": [0] * 7}}


def test_slots_after_a_daylight_saving_change_are_empty(client: Client) -> None:
    range_ = {"start": "2026-10-23 22:00:00", "end": "2026-10-26 22:00:00"}
    charts = chart(client, "links", LINK, **range_, timezone="Europe/Zurich")
    assert charts == {str(LINK): {"total": 2, "values": [0, 1, 0, 0, 0, 0, 0]}}


def test_links_and_pixels_are_analysed_like_websites(client: Client) -> None:
    range_ = {"start": "2026-10-24 00:00:00", "end": "2026-10-26 23:59:59"}
    assert chart(client, "links", LINK, **range_)[str(LINK)]["values"] == [1, 0, 0, 0, 1, 0]
    assert chart(client, "pixels", PIXEL, **range_)[str(PIXEL)]["total"] == 1
    params = {
        "startAt": milliseconds("2026-10-24 00:00:00"),
        "endAt": milliseconds("2026-10-27 00:00:00"),
    }
    for id, visitors in ((LINK, 2), (PIXEL, 1)):
        stats = client.get(f"/api/websites/{id}/stats", params).json()
        assert (stats["visitors"], stats["pageviews"]) == (visitors, visitors)


def test_default_range_is_a_week_and_a_reversed_one_is_empty(client: Client) -> None:
    response = client.get("/api/websites/charts", {"ids": str(WEBSITE), "timezone": "Asia/Kolkata"})
    assert len(response.json()["data"][str(WEBSITE)]["values"]) == 14
    reversed_ = {"start": "2026-11-13 00:00:00", "end": "2026-11-10 00:00:00"}
    charts = chart(client, "websites", WEBSITE, **reversed_)
    assert charts == {str(WEBSITE): {"total": 0, "values": []}}


@pytest.mark.parametrize("kind", ["websites", "links", "pixels"])
@pytest.mark.parametrize("ids", [None, "", ",", "x", ",".join(str(uuid4()) for _ in range(21))])
def test_invalid_ids_are_refused(client: Client, kind: str, ids: str | None) -> None:
    """Before authentication, which identifies Umami 3.3."""
    params = {} if ids is None else {"ids": ids}
    anonymous = {"authorization": "none"}
    response = client.ask("GET", f"/api/{kind}/charts", params=params, headers=anonymous)
    assert response.status_code == 400
    good = {"ids": str(uuid4())}
    response = client.ask("GET", f"/api/{kind}/charts", params=good, headers=anonymous)
    assert response.status_code == 401
