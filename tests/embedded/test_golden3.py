"""Figures that real servers of 3.1 gave for a handful of rows one can count by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pytest

from tests.embedded.golden import END, START, WEBSITE, golden
from tests.embedded.random_traffic import Client, asking

RANGE = {
    "startAt": int(START.replace(tzinfo=UTC).timestamp()) * 1000,
    "endAt": int(END.replace(tzinfo=UTC).timestamp()) * 1000,
}


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    store = golden()
    with asking(store) as found:
        yield found
    store.close()


def answer(client: Client, kind: str, **query: Any) -> Any:
    found = client.get(f"/api/websites/{WEBSITE}/{kind}", params={**RANGE, **query})
    assert found.status_code == 200, found.text
    return found.json()


def counted(client: Client, kind: str, **query: Any) -> dict[str, int]:
    return {row["x"]: row["y"] for row in answer(client, "metrics", type=kind, **query)}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [12, 5, 7, 3, 970]),
        ({"path": "/"}, [4, 3, 4, 4, 0]),
        ({"path": "eq./,/blog"}, [6, 4, 5, 4, 0]),
        ({"country": "DE"}, [6, 1, 3, 1, 370]),
        ({"event": "signup"}, [0, 0, 0, 0, 0]),
        ({"excludeBounce": "false"}, [9, 3, 4, 0, 970]),
        ({"path": "re.^/P"}, [2, 2, 2, 2, 0]),
        ({"path": "re.(?c)^/P"}, [0, 0, 0, 0, 0]),
        ({"country": "DE", "path": "/blog", "match": "any"}, [8, 3, 5, 3, 370]),
        ({"eventType": "2"}, [0, 0, 0, 0, 0]),
        ({"distinctId": "eq.user-1"}, [1, 1, 1, 1, 0]),
    ],
)
def test_stats(client: Client, query: dict[str, str], expected: list[int]) -> None:
    keys = ("pageviews", "visitors", "visits", "bounces", "totaltime")
    nothing = dict.fromkeys(keys, 0)
    assert answer(client, "stats", **query) == {
        **dict(zip(keys, expected, strict=True)),
        "comparison": nothing,
    }


def test_buckets_follow_the_clock_of_the_zone(client: Client) -> None:
    zurich = answer(client, "pageviews", unit="day", timezone="Europe/Zurich")
    assert [(row["x"], row["y"]) for row in zurich["pageviews"]] == [
        ("2026-11-10 00:00:00", 4),
        ("2026-11-11 00:00:00", 2),
        ("2026-11-12 00:00:00", 4),
        ("2026-11-13 00:00:00", 2),
    ]
    assert [row["y"] for row in zurich["sessions"]] == [2, 1, 3, 1]


@pytest.mark.parametrize("zone", [{}, {"timezone": "utc"}])
def test_buckets_without_a_zone_are_instants(client: Client, zone: dict[str, str]) -> None:
    found = answer(client, "pageviews", unit="day", **zone)["pageviews"]
    assert [row["x"] for row in found] == [f"2026-11-{day}T00:00:00Z" for day in (10, 11, 12, 13)]
    assert [row["y"] for row in found] == [4, 3, 3, 2]
    # Six days are answered by the hour, if no unit is asked for.
    assert answer(client, "pageviews", **zone)["pageviews"][0]["x"] == "2026-11-10T08:00:00Z"


def test_metrics(client: Client) -> None:
    assert counted(client, "path") == {
        "/": 3,
        "/blog": 2,
        "/pricing": 2,
        "/account": 1,
        "/checkout": 1,
        "/docs": 1,
    }
    assert counted(client, "referrer") == {"google.com": 1, "t.co": 1}
    assert counted(client, "channel") == {"email": 1, "organicSocial": 1, "paidAds": 1}
    assert counted(client, "country") == {"FR": 2, "US": 2, "DE": 1}
    assert counted(client, "language") == {"en": 2, "fr": 2, "de": 1}
    assert counted(client, "event") == {"purchase": 2, "signup": 2}
    assert counted(client, "utmSource") == {"google": 1, "newsletter": 1}
    assert counted(client, "tag") == {"t1": 1}


def test_first_and_last_pages(client: Client) -> None:
    # One visit saw two pages in the same second: either was its first.
    first, last = counted(client, "entry"), counted(client, "exit")
    assert first in (
        {"/": 3, "/account": 1, "/blog": 1, "/docs": 1},
        {"/": 2, "/account": 1, "/blog": 2, "/docs": 1},
    )
    sure = {"/checkout": 1, "/account": 1, "/docs": 1, "/pricing": 1}
    assert last in ({**sure, "/": 2}, {**sure, "/": 1, "/blog": 1})


def test_events_over_time(client: Client) -> None:
    found = answer(client, "events/series", unit="day", timezone="Europe/Zurich")
    assert sorted((row["x"], row["t"], row["y"]) for row in found) == [
        (name, f"2026-11-{day} 00:00:00", 1) for name in ("purchase", "signup") for day in (10, 11)
    ]
    assert answer(client, "events/stats")["data"] == {
        "events": 4,
        "visitors": 2,
        "visits": 2,
        "uniqueEvents": 2,
        "comparison": {"events": 0, "visitors": 0, "visits": 0, "uniqueEvents": 0},
    }


def test_expanded_channels(client: Client) -> None:
    found = {row.pop("name"): row for row in answer(client, "metrics/expanded", type="channel")}
    alone = {"y": None, "pageviews": "1", "visitors": 1, "visits": 1, "bounces": 1}
    assert found == {
        name: {**alone, "totaltime": "0"} for name in ("email", "organicSocial", "paidAds")
    }
