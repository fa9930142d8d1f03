"""Figures that real servers gave for a handful of rows that can be counted by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.doubles.umami.v2.queries.channels import channels
from tests.doubles.umami.v2.queries.edges import edges
from tests.embedded.golden import END, START, WEBSITE, golden, identity
from umami.embedded.definitions import V3_1
from umami.embedded.queries import property_data
from umami.embedded.queries.metrics import Edge, ranking, values
from umami.embedded.queries.property_data import of_events, of_sessions
from umami.embedded.queries.sessions import (
    events_of_sessions,
    page,
    session,
    session_totals,
    sessions,
)
from umami.embedded.queries.totals import event_series, timeline, totals, weekly_sessions
from umami.embedded.scope import Filter, Scope
from umami.embedded.store import Store

ALL = Scope(WEBSITE, START, END, definitions=V3_1)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    store = golden()
    yield store
    store.close()


def visitors(store: Store, field: str, scope: Scope = ALL) -> dict[str | None, int]:
    ranks = ranking(store, scope, field, count="visitors", limit=500)
    assert [rank["y"] for rank in ranks] == sorted((rank["y"] for rank in ranks), reverse=True)
    return {rank["x"]: rank["y"] for rank in ranks}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ((), (12, 5, 7, 3, 970)),
        ((Filter("path", "eq", "/"),), (4, 3, 4, 4, 0)),
        ((Filter("country", "eq", "DE"),), (6, 1, 3, 1, 370)),
        ((Filter("event", "eq", "signup"),), (0, 0, 0, 0, 0)),
        ((Filter("path", "c", "C"),), (6, 3, 5, 4, 270)),
        ((Filter("path", "neq", "/"), Filter("country", "neq", "DE")), (4, 3, 3, 2, 600)),
        ((Filter("tag", "neq", "t2"),), (2, 1, 1, 0, 0)),
    ],
)
def test_totals_equal_the_golden_data(
    store: Store, filters: tuple[Filter, ...], expected: tuple[int, ...]
) -> None:
    assert tuple(totals(store, ALL.filtered(*filters)).values()) == expected


def test_visit_is_cut_at_the_end_of_the_range(store: Store) -> None:
    scope = ALL.between(START.replace(hour=8, minute=1), START.replace(hour=8, minute=4))
    assert tuple(totals(store, scope).values()) == (1, 1, 1, 1, 0)


def test_timeline_follows_the_clock_of_the_zone(store: Store) -> None:
    buckets = timeline(store, ALL, "day", "Europe/Zurich")
    assert [(start.day, views, sessions) for start, views, sessions in buckets] == [
        *((10, 4, 2), (11, 2, 1)),
        *((12, 4, 3), (13, 2, 1)),
    ]
    assert [views for _, views, _ in timeline(store, ALL, "day", "UTC")] == [4, 3, 3, 2]


def test_pages_equal_the_golden_data(store: Store) -> None:
    assert visitors(store, "path") == {
        "/": 3,
        "/blog": 2,
        "/pricing": 2,
        "/account": 1,
        "/checkout": 1,
        "/docs": 1,
    }


@pytest.mark.parametrize(
    ("edge", "expected"),
    [
        ("entry", {"/": 3, "/blog": 2, "/docs": 1, "/account": 1}),
        ("exit", {"/": 2, "/pricing": 1, "/docs": 1, "/checkout": 1, "/account": 1, "/blog": 1}),
    ],
)
def test_entry_and_exit_pages_equal_the_golden_data(
    store: Store, edge: Edge, expected: dict[str, int]
) -> None:
    # Two views of D are in the same second: both are first, and both are last.
    ranks = edges(store, ALL, edge, count="visitors", limit=500)
    assert {rank["x"]: rank["y"] for rank in ranks} == expected


def test_sources_equal_the_golden_data(store: Store) -> None:
    assert visitors(store, "referrer") == {"demo.test": 2, "google.com": 1, "t.co": 1}
    assert {name: count for name, count in channels(store, ALL).items() if count} == {
        "direct": 5,
        "email": 1,
        "organicSocial": 1,
        "paidAds": 1,
    }


def test_places_and_languages_equal_the_golden_data(store: Store) -> None:
    assert visitors(store, "country") == {"FR": 2, "US": 2, "DE": 1}
    assert visitors(store, "language") == {"de-DE": 1, "en-US": 1, "en-GB": 1, "fr-FR": 1, "fr": 1}
    assert visitors(store, "tag") == {None: 4, "t1": 1}


def test_events_equal_the_golden_data(store: Store) -> None:
    ranks = ranking(store, ALL, "event", count="events", limit=500)
    assert {rank["x"]: rank["y"] for rank in ranks} == {"purchase": 2, "signup": 2}
    series = event_series(store, ALL, "day", "Europe/Zurich")
    assert [(start.day, event, count) for start, event, count in series] == [
        *((10, "purchase", 1), (10, "signup", 1)),
        *((11, "purchase", 1), (11, "signup", 1)),
    ]


def test_session_totals_equal_the_golden_data(store: Store) -> None:
    counts = [count["value"] for count in session_totals(store, ALL).values()]
    assert counts == [16, 5, 7, 3, 4]


def test_weekly_hours_begin_on_sunday(store: Store) -> None:
    tuesday, wednesday, thursday, friday = range(2, 6)
    week = weekly_sessions(store, ALL, "Europe/Zurich")
    assert {
        (day, hour): count
        for day, counts in enumerate(week)
        for hour, count in enumerate(counts)
        if count
    } == {
        (tuesday, 9): 1,
        (tuesday, 23): 1,
        (wednesday, 11): 1,
        (thursday, 0): 1,
        (thursday, 13): 1,
        (thursday, 14): 1,
        (friday, 10): 1,
    }


def test_session_profile_equals_the_golden_data(store: Store) -> None:
    profile = session(store, WEBSITE, identity("A"), by_hostname=False)
    assert profile is not None
    assert (profile["views"], profile["events"], profile["visits"]) == ("6", "2", 3)
    assert profile["seconds"] == "400"
    assert session(store, WEBSITE, identity("nobody"), by_hostname=True) is None
    assert len(events_of_sessions(store, ALL, [identity("A")])) == 8


def test_lists_are_ordered_searched_and_limited(store: Store) -> None:
    newest: dict[str, Any] = {"most": 1000, "limit": 10, "offset": 0}
    listed = sessions(store, ALL, search=None, **newest)
    assert [row["session_id"] for row in listed.rows] == [identity(name) for name in "AEDCB"]
    assert listed.count == 5
    assert sessions(store, ALL, search="USER-", **newest).count == 1
    assert page(store, ALL, pattern="%sign%", **newest).count == 2
    assert page(store, ALL, pattern="%PRIC%", **newest).count == 2
    assert page(store, ALL, pattern=None, **{**newest, "most": 3}).count == 3


def data_values(store: Store, event: str, name: str) -> list[tuple[str, int]]:
    records = of_events(ALL, event).where("d.data_key = ?", name)
    return [(row["value"], row["total"]) for row in property_data.values(store, records)]


def test_event_data_equal_the_golden_data(store: Store) -> None:
    size = {"events": 4, "properties": 7, "records": "10"}
    assert property_data.size_of_events(store, ALL) == size
    assert data_values(store, "purchase", "revenue") == [("19.9900", 1), ("5", 1)]
    assert data_values(store, "signup", "when") == [("2026-11-10T08:00:00Z", 1)]
    columns = property_data.EVENT | property_data.PROPERTY
    rows = property_data.counted(store, of_events(ALL), columns)
    assert [tuple(row.values()) for row in rows[:3]] == [
        ("purchase", "currency", 2),
        ("purchase", "revenue", 2),
        ("signup", "plan", 2),
    ]


def test_session_data_equal_the_golden_data(store: Store) -> None:
    columns = property_data.PROPERTY | property_data.TYPE
    assert property_data.counted(store, of_sessions(ALL), columns) == [
        {"propertyName": "age", "dataType": 2, "total": 1},
        {"propertyName": "email", "dataType": 1, "total": 1},
    ]
    assert property_data.values(store, of_sessions(ALL, "age")) == [{"value": "42", "total": 1}]
    before = ALL.between(START, START.replace(day=12))
    assert property_data.counted(store, of_sessions(before), columns) == []


def test_values_are_searched_and_ranked(store: Store) -> None:
    rows = values(store, ALL, "path", "C")
    assert [tuple(row.values()) for row in rows] == [
        *(("/pricing", 5), ("/checkout", 2), ("/docs", 2), ("/account", 1)),
    ]
    rows = values(store, ALL, "country", "de,us")
    assert [tuple(row.values()) for row in rows] == [("DE", 8), ("US", 5)]
