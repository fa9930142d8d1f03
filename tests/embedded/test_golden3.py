"""Figures for a handful of rows that can be counted by hand: those of real 3.1 servers, and those
by the definitions of 3.5."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pytest

from tests.embedded.golden import END, START, WEBSITE, Row, golden
from tests.embedded.random_traffic import Client, asking
from umami.embedded.definitions import NEWEST, V3_1, Definitions

RANGE = {
    "startAt": int(START.replace(tzinfo=UTC).timestamp()) * 1000,
    "endAt": int(END.replace(tzinfo=UTC).timestamp()) * 1000,
}


ACTED: list[Row] = [
    ("B", 2, "14 10:00:00", "/offer", "", None, None, ()),
    ("B", 2, "14 10:00:09", "/offer", "", None, "call me", ()),
]
"""A visit with one view and one custom event."""


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Answers by the definitions of 3.1."""
    yield from served(V3_1)


@pytest.fixture(scope="module")
def newest() -> Iterator[Client]:
    """Answers by the definitions of 3.5."""
    yield from served(NEWEST)


def served(definitions: Definitions, more: list[Row] | None = None) -> Iterator[Client]:
    store = golden(more)
    with asking(store, definitions) as client:
        yield client
    store.close()


def answer(client: Client, kind: str, **query: Any) -> Any:
    response = client.get(f"/api/websites/{WEBSITE}/{kind}", params={**RANGE, **query})
    assert response.status_code == 200, response.text
    return response.json()


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
def test_stats_equal_the_golden_data(
    client: Client, query: dict[str, str], expected: list[int]
) -> None:
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
    views = answer(client, "pageviews", unit="day", **zone)["pageviews"]
    assert [row["x"] for row in views] == [f"2026-11-{day}T00:00:00Z" for day in (10, 11, 12, 13)]
    assert [row["y"] for row in views] == [4, 3, 3, 2]
    # Six days are answered by the hour, if no unit is asked for.
    assert answer(client, "pageviews", **zone)["pageviews"][0]["x"] == "2026-11-10T08:00:00Z"


def test_metrics_equal_the_golden_data(client: Client) -> None:
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


def test_entry_and_exit_pages_equal_the_golden_data(client: Client) -> None:
    # One visit saw two pages in the same second: either was its first.
    first, last = counted(client, "entry"), counted(client, "exit")
    assert first in (
        {"/": 3, "/account": 1, "/blog": 1, "/docs": 1},
        {"/": 2, "/account": 1, "/blog": 2, "/docs": 1},
    )
    sure = {"/checkout": 1, "/account": 1, "/docs": 1, "/pricing": 1}
    assert last in ({**sure, "/": 2}, {**sure, "/": 1, "/blog": 1})


def test_event_series_equal_the_golden_data(client: Client) -> None:
    rows = answer(client, "events/series", unit="day", timezone="Europe/Zurich")
    assert sorted((row["x"], row["t"], row["y"]) for row in rows) == [
        (name, f"2026-11-{day} 00:00:00", 1) for name in ("purchase", "signup") for day in (10, 11)
    ]
    assert answer(client, "events/stats")["data"] == {
        "events": 4,
        "visitors": 2,
        "visits": 2,
        "uniqueEvents": 2,
        "comparison": {"events": 0, "visitors": 0, "visits": 0, "uniqueEvents": 0},
    }


def test_expanded_channels_equal_the_golden_data(client: Client) -> None:
    channels = {row.pop("name"): row for row in answer(client, "metrics/expanded", type="channel")}
    alone = {"pageviews": "1", "visitors": 1, "visits": 1, "bounces": 1}
    assert channels == {
        name: {**alone, "totaltime": "0"} for name in ("email", "organicSocial", "paidAds")
    }


def test_full_path_includes_the_query(newest: Client) -> None:
    counts = counted(newest, "fullPath")
    assert {name: count for name, count in counts.items() if name.startswith("/?")} == {
        "/?utm_source=google&utm_medium=cpc&utm_campaign=x&gclid=abc": 1,
        "/?utm_source=newsletter&utm_medium=email": 1,
    }
    # A came back to the first page, and B saw it.
    assert (counts["/"], counts["/pricing"]) == (2, 2)
    assert counted(newest, "fullPath", search="PRIC") == {"/pricing": 2}
    pages = answer(newest, "metrics/expanded", type="fullPath")
    assert {page["name"]: page["visitors"] for page in pages} == counts


KEYS = ("pageviews", "visitors", "visits", "bounces", "totaltime")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # A's second visit, B and E saw one page and did nothing.
        ({}, [12, 5, 7, 3, 970]),
        ({"country": "DE"}, [6, 1, 3, 1, 370]),
        # A's first visit began here, too, but went on to sign up and to buy.
        ({"path": "/"}, [4, 3, 4, 3, 0]),
        ({"path": "eq./,/blog"}, [6, 4, 5, 2, 0]),
        ({"path": "/pricing"}, [2, 2, 2, 0, 0]),
        ({"excludeBounce": "true"}, [9, 3, 4, 0, 970]),
    ],
)
def test_visit_with_a_custom_event_is_not_a_bounce(
    newest: Client, query: dict[str, str], expected: list[int]
) -> None:
    totals = answer(newest, "stats", **query)
    assert [totals[key] for key in KEYS] == expected


@pytest.mark.parametrize(("definitions", "bounces"), [(V3_1, 4), (NEWEST, 3)], ids=["3.1", "3.5"])
def test_bounce_of_one_view_and_one_event_depends_on_the_version(
    definitions: Definitions, bounces: int
) -> None:
    for client in served(definitions, ACTED):
        assert answer(client, "stats") == {
            **dict(zip(KEYS, (13, 5, 8, bounces, 970), strict=True)),
            "comparison": dict.fromkeys(KEYS, 0),
        }
        # Neither a bounce nor kept where bounces are left out.
        assert answer(client, "stats", excludeBounce="true")["visits"] == 4
        by_path = {row["path"]: row for row in answer(client, "breakdown", fields='["path"]')}
        assert by_path["/offer"]["bounces"] == bounces - 3
        (american,) = [
            row for row in answer(client, "metrics/expanded", type="country") if row["name"] == "US"
        ]
        # B's visits on the 10th and the 14th, and C's.
        assert (american["visits"], american["bounces"]) == (3, bounces - 2)
        pages = {row["name"]: row for row in answer(client, "metrics/expanded", type="path")}
        assert pages["/offer"]["bounces"] == bounces - 3
        assert pages["/account"]["bounces"] == 1


def test_visit_has_one_channel(newest: Client) -> None:
    assert counted(newest, "channel") == {
        "direct": 3, "email": 1, "organicSocial": 1, "paidAds": 1,
    }  # fmt: skip
    channels = {
        row["name"]: [int(row[key]) for key in KEYS]
        for row in answer(newest, "metrics/expanded", type="channel")
    }
    assert channels == {
        # A's second and third visit, B, and E.
        "direct": [5, 3, 4, 3, 40],
        "email": [2, 1, 1, 0, 0],
        "organicSocial": [2, 1, 1, 0, 600],
        "paidAds": [3, 1, 1, 0, 330],
    }


def test_later_row_decides_the_channel_and_llm_is_a_channel() -> None:
    more: list[Row] = [
        ("B", 2, "14 10:00:00", "/", "", None, None, ()),
        ("B", 2, "14 10:00:09", "/blog", "", "chatgpt.com", None, ()),
        ("B", 2, "14 10:00:20", "/blog", "utm_medium=email", None, None, ()),
        # An underscore is no wildcard.
        ("D", 2, "14 11:00:00", "/blog", "adXid=1", None, None, ()),
    ]
    for client in served(NEWEST, more):
        assert counted(client, "channel") == {
            "direct": 4, "email": 1, "llm": 1, "organicSocial": 1, "paidAds": 1,
        }  # fmt: skip
    for client in served(V3_1, more):
        assert counted(client, "channel") == {
            "email": 2, "organicSearch": 1, "organicSocial": 1, "paidAds": 2,
        }  # fmt: skip


def money(client: Client, currency: str, **query: str) -> list[float | None]:
    totals = answer(client, "revenue/stats", currency=currency, **query)
    amount = None if totals["sum"] is None else float(totals["sum"])
    return [amount, totals["count"], totals["unique_count"], totals["total_sessions"]]


def test_filtered_revenue_is_that_of_matching_visitors(client: Client, newest: Client) -> None:
    for client_ in (client, newest):
        assert money(client_, "USD") == [19.99, 1, 1, 5]
        assert money(client_, "EUR") == [5, 1, 1, 5]
    # C, who bought, and D saw it; C bought elsewhere.
    assert money(client, "EUR", path="/blog") == [None, 0, 0, 5]
    assert money(newest, "EUR", path="/blog") == [5, 1, 1, 2]
    # A, B and D.
    assert money(newest, "USD", path="/") == [19.99, 1, 1, 3]
    assert money(newest, "USD", path="/blog") == [None, 0, 0, 2]
    totals = answer(newest, "revenue/stats", currency="EUR", path="/blog")
    assert (totals["average"], totals["arpu"]) == (5, 2.5)
    chart = answer(newest, "revenue/chart", currency="EUR", path="/blog", unit="day")["chart"]
    assert [(bucket["t"], float(bucket["y"]), bucket["count"]) for bucket in chart] == [
        ("2026-11-11 00:00:00", 5, 1)
    ]
    for part, name in (("country", "US"), ("referrer", "t.co"), ("channel", "organicSocial")):
        rows = answer(newest, "revenue/metrics", currency="EUR", path="/blog", type=part)
        assert [(row["name"], float(row["value"])) for row in rows] == [(name, 5)]
