"""Figures that real servers gave for a handful of rows one can count by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.doubles.umami.v2.queries.channels import channels
from tests.doubles.umami.v2.queries.edges import edges
from tests.embedded.golden import END, START, WEBSITE, golden, identity
from umami.embedded.definitions import V3_1
from umami.embedded.queries import event_data, session_data
from umami.embedded.queries.events import events_of_sessions, page
from umami.embedded.queries.metrics import Edge, ranking, values
from umami.embedded.queries.sessions import (
    SessionTotals,
    session,
    session_totals,
    sessions,
)
from umami.embedded.queries.totals import Totals, event_series, timeline, totals, weekly_sessions
from umami.embedded.scope import Filter, Scope
from umami.embedded.store import Store

ALL = Scope(WEBSITE, START, END, definitions=V3_1)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    found = golden()
    yield found
    found.close()


def visitors(store: Store, field: str, scope: Scope = ALL) -> dict[str | None, int]:
    ranks = ranking(store, scope, field, count="visitors", limit=500)
    assert [one.count for one in ranks] == sorted((one.count for one in ranks), reverse=True)
    return {one.name: one.count for one in ranks}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ((), Totals(12, 5, 7, 3, 970)),
        ((Filter("path", "eq", "/"),), Totals(4, 3, 4, 4, 0)),
        ((Filter("country", "eq", "DE"),), Totals(6, 1, 3, 1, 370)),
        ((Filter("event", "eq", "signup"),), Totals(0, 0, 0, 0, 0)),
        ((Filter("path", "c", "C"),), Totals(6, 3, 5, 4, 270)),
        ((Filter("path", "neq", "/"), Filter("country", "neq", "DE")), Totals(4, 3, 3, 2, 600)),
        ((Filter("tag", "neq", "t2"),), Totals(2, 1, 1, 0, 0)),
    ],
)
def test_totals(store: Store, filters: tuple[Filter, ...], expected: Totals) -> None:
    assert totals(store, ALL.filtered(*filters)) == expected


def test_a_visit_is_cut_at_the_edge_of_the_range(store: Store) -> None:
    scope = ALL.between(START.replace(hour=8, minute=1), START.replace(hour=8, minute=4))
    assert totals(store, scope) == Totals(1, 1, 1, 1, 0)


def test_timeline_follows_the_clock_of_the_zone(store: Store) -> None:
    found = timeline(store, ALL, "day", "Europe/Zurich")
    assert [(one.start.day, one.views, one.sessions) for one in found] == [
        *((10, 4, 2), (11, 2, 1)),
        *((12, 4, 3), (13, 2, 1)),
    ]
    assert [one.views for one in timeline(store, ALL, "day", "UTC")] == [4, 3, 3, 2]


def test_pages(store: Store) -> None:
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
def test_edges(store: Store, edge: Edge, expected: dict[str, int]) -> None:
    # Two views of D are in the same second: both are first, and both are last.
    ranks = edges(store, ALL, edge, count="visitors", limit=500)
    assert {one.name: one.count for one in ranks} == expected


def test_sources(store: Store) -> None:
    assert visitors(store, "referrer") == {"demo.test": 2, "google.com": 1, "t.co": 1}
    assert {name: count for name, count in channels(store, ALL).items() if count} == {
        "direct": 5,
        "email": 1,
        "organicSocial": 1,
        "paidAds": 1,
    }


def test_places_and_languages(store: Store) -> None:
    assert visitors(store, "country") == {"FR": 2, "US": 2, "DE": 1}
    assert visitors(store, "language") == {"de-DE": 1, "en-US": 1, "en-GB": 1, "fr-FR": 1, "fr": 1}
    assert visitors(store, "tag") == {None: 4, "t1": 1}


def test_events(store: Store) -> None:
    ranks = ranking(store, ALL, "event", count="events", limit=500)
    assert {one.name: one.count for one in ranks} == {"purchase": 2, "signup": 2}
    series = event_series(store, ALL, "day", "Europe/Zurich")
    assert [(one.start.day, one.event, one.count) for one in series] == [
        *((10, "purchase", 1), (10, "signup", 1)),
        *((11, "purchase", 1), (11, "signup", 1)),
    ]


def test_session_totals(store: Store) -> None:
    assert session_totals(store, ALL) == SessionTotals(16, 5, 7, 3, 4)


def test_rhythm_begins_on_sunday(store: Store) -> None:
    tuesday, wednesday, thursday, friday = range(2, 6)
    assert weekly_sessions(store, ALL, "Europe/Zurich") == {
        (tuesday, 9): 1,
        (tuesday, 23): 1,
        (wednesday, 11): 1,
        (thursday, 0): 1,
        (thursday, 13): 1,
        (thursday, 14): 1,
        (friday, 10): 1,
    }


def test_one_session(store: Store) -> None:
    found = session(store, WEBSITE, identity("A"), by_hostname=False)
    assert found is not None
    assert (found["views"], found["events"], found["visits"]) == (6, 2, 3)
    assert found["seconds"] == 400
    assert session(store, WEBSITE, identity("nobody"), by_hostname=True) is None
    assert len(events_of_sessions(store, ALL, [identity("A")])) == 8


def test_lists(store: Store) -> None:
    newest: dict[str, Any] = {"newest": 1000, "order": None, "limit": 10, "offset": 0}
    found = sessions(store, ALL, search=None, **newest)
    assert [row["session_id"] for row in found.rows] == [identity(name) for name in "AEDCB"]
    assert found.count == 5
    assert sessions(store, ALL, search="USER-", **newest).count == 1
    assert page(store, ALL, pattern="%sign%", **newest).count == 2
    assert page(store, ALL, pattern="%PRIC%", **newest).count == 2
    assert page(store, ALL, pattern=None, **{**newest, "newest": 3}).count == 3


def test_event_data(store: Store) -> None:
    assert event_data.size(store, ALL) == event_data.Size(4, 7, 10)
    assert event_data.values(store, ALL, "purchase", "revenue") == [("19.9900", 1), ("5", 1)]
    assert event_data.values(store, ALL, "signup", "when") == [("2026-11-10 08:00:00", 1)]
    assert [(one.event, one.name, one.count) for one in event_data.properties(store, ALL)[:3]] == [
        ("purchase", "currency", 2),
        ("purchase", "revenue", 2),
        ("signup", "plan", 2),
    ]


def test_session_data(store: Store) -> None:
    assert session_data.properties(store, ALL) == [
        session_data.Property("age", 1, 2),
        session_data.Property("email", 1, 1),
    ]
    assert session_data.values(store, ALL, "age") == [("42", 1)]
    before = ALL.between(START, START.replace(day=12))
    assert session_data.properties(store, before) == []


def test_values(store: Store) -> None:
    found = values(store, ALL, "path", containing="C")
    assert [(rank.name, rank.count) for rank in found] == [
        *(("/pricing", 5), ("/checkout", 2), ("/docs", 2), ("/account", 1)),
    ]
    found = values(store, ALL, "country", among=("de", "us"))
    assert [(rank.name, rank.count) for rank in found] == [("DE", 8), ("US", 5)]
