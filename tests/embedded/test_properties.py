"""Analyses of event and session properties, counted by hand on the golden rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.embedded.golden import WEBSITE, golden, identity
from tests.embedded.random_traffic import Client, asking
from umami.embedded.store import Store

RANGE = {"startAt": 1794268800000, "endAt": 1794787200000}
ZURICH = {**RANGE, "timezone": "Europe/Zurich", "unit": "day"}
EVENTS, SESSIONS = "event-data-pivot", "session-data"
HOSTILE = ["", "'", '"; DROP TABLE event_data; --', "%", "_", "c.plan", "💥", "plan,free", "a.b"]
SERIES = ("numeric-series", "property-series", "array-series", "date-series")


@pytest.fixture(scope="module")
def store() -> Store:
    store = golden()
    with store.writing() as cursor:

        def add(session: str, key: str, kind: int, at: str, text: str) -> None:
            cursor.execute(
                "INSERT INTO session_data VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                [
                    *(identity("more", session, key, at), WEBSITE, identity(session), key, text),
                    *(text if kind == 2 else None, text if kind == 4 else None, kind, at),
                ],
            )

        add("A", "age", 2, "2026-07-01 00:00:00", "20.0000")
        add("A", "age", 2, "2026-11-10 08:00:00", "21.0000")
        add("B", "born", 4, "2026-11-10 22:30:00", "2001-07-01 12:00:00")
        add("C", "email", 1, "2026-11-11 10:00:00", "someone@demo.test")
        add("D", "likes", 5, "2026-11-12 12:00:00", '["tea", "tea", 3, null]')
        add("E", "likes", 5, "2026-11-12 13:00:00", "null")
    return store


@pytest.fixture(scope="module")
def client(store: Store) -> Iterator[Client]:
    with asking(store) as client:
        yield client


def answer(client: Client, place: str, **params: Any) -> Any:
    response = client.get(f"/api/websites/{WEBSITE}/{place}", {**ZURICH, **params})
    assert response.status_code == 200, response.text
    return response.json()


# Events


def test_numeric_statistics_of_event_properties(client: Client) -> None:
    revenue = {"eventName": "purchase", "propertyName": "revenue"}
    assert answer(client, f"{EVENTS}/numeric-stats", **revenue) == {
        "total": 24.99,
        "average": 12.495,
        "median": 12.495,
        "max": 19.99,
        "min": 5,
    }
    days = ("2026-11-10 00:00:00", "2026-11-11 00:00:00")
    for metric, values in (("sum", (19.99, 5)), ("avg", (19.99, 5)), ("count", (1, 1))):
        assert answer(client, f"{EVENTS}/numeric-series", metric=metric, **revenue) == [
            {"t": day, "y": value} for day, value in zip(days, values, strict=True)
        ]
    month = answer(client, f"{EVENTS}/numeric-series", **revenue, unit="month")
    assert month == [{"t": "2026-11-01 00:00:00", "y": 24.99}]
    in_us = answer(client, f"{EVENTS}/numeric-stats", **revenue, country="eq.US")
    assert in_us["total"] == 5


def test_series_of_event_property_values(client: Client) -> None:
    signup = {"eventName": "signup"}
    first, second = "2026-11-10 00:00:00", "2026-11-11 00:00:00"
    assert answer(client, f"{EVENTS}/property-series", **signup, propertyName="plan") == [
        {"x": "pro", "t": first, "y": 1},
        {"x": "free", "t": second, "y": 1},
    ]
    assert answer(client, f"{EVENTS}/property-series", **signup, propertyName="trial") == [
        {"x": "true", "t": first, "y": 1}
    ]
    assert answer(client, f"{EVENTS}/array-series", **signup, propertyName="tags") == [
        {"x": "a", "t": first, "y": 1},
        {"x": "b", "t": first, "y": 1},
    ]
    assert answer(client, f"{EVENTS}/date-series", **signup, propertyName="when") == [
        {"t": "2026-11-10 09:00:00", "y": 1}
    ]
    # Without a zone, buckets are instants.
    params = {**RANGE, **signup, "propertyName": "when"}
    response = client.get(f"/api/websites/{WEBSITE}/{EVENTS}/date-series", params)
    assert response.json() == [{"t": "2026-11-10T08:00:00Z", "y": 1}]


def test_events_are_listed_with_their_properties(client: Client) -> None:
    body = answer(client, EVENTS, eventName="signup")
    assert (body["count"], body["page"], body["pageSize"]) == (2, 1, 20)
    assert [row["createdAt"] for row in body["data"]] == [
        "2026-11-11T10:12:00.000Z",
        "2026-11-10T08:02:00.000Z",
    ]
    assert body["data"][1] == {
        "eventId": str(identity("event", 2)),
        "eventName": "signup",
        "urlPath": "/pricing",
        "sessionId": str(identity("A")),
        "createdAt": "2026-11-10T08:02:00.000Z",
        "propertyKeys": ["plan", "seats", "tags", "trial", "when"],
        "propertyValues": ["pro", "3.0000", '["a","b"]', "true", "2026-11-10 09:00:00"],
    }
    second = answer(client, EVENTS, eventName="signup", page=2, pageSize=1)
    assert second["data"] == [body["data"][1]]
    assert answer(client, EVENTS, eventName="signup", page=3, pageSize=1)["data"] == []


# Sessions


def test_numeric_statistics_of_session_properties(client: Client) -> None:
    """The last value counts, even if it was set before the range and in summer time."""
    assert answer(client, f"{SESSIONS}/numeric-stats", propertyName="age") == {
        "total": 63,
        "average": 31.5,
        "median": 31.5,
        "max": 42,
        "min": 21,
    }
    assert answer(client, f"{SESSIONS}/numeric-series", propertyName="age", metric="count") == [
        {"t": "2026-11-10 00:00:00", "y": 1},
        {"t": "2026-11-12 00:00:00", "y": 1},
    ]
    only_e = answer(client, f"{SESSIONS}/numeric-stats", propertyName="age", path="eq./account")
    assert only_e["total"] == 42


def test_series_of_session_property_values(client: Client) -> None:
    assert answer(client, f"{SESSIONS}/property-series", propertyName="email") == [
        {"x": "someone@demo.test", "t": "2026-11-11 00:00:00", "y": 1},
        {"x": "someone@demo.test", "t": "2026-11-12 00:00:00", "y": 1},
    ]
    assert answer(client, f"{SESSIONS}/array-series", propertyName="likes") == [
        {"x": "3", "t": "2026-11-12 00:00:00", "y": 1},
        {"x": "tea", "t": "2026-11-12 00:00:00", "y": 2},
        {"x": None, "t": "2026-11-12 00:00:00", "y": 1},
    ]
    assert answer(client, f"{SESSIONS}/date-series", propertyName="born") == [
        {"t": "2001-07-01 14:00:00", "y": 1}
    ]


def test_statistics_of_sessions_by_property_value(client: Client) -> None:
    assert answer(client, f"{SESSIONS}/stats", propertyName="email") == [
        {
            "label": "someone@demo.test",
            "sessions": 2,
            "visits": 2,
            "views": 3,
            "events": 2,
            "activity": 5,
        }
    ]


def test_sessions_are_listed_with_their_properties(client: Client) -> None:
    body = answer(client, f"{SESSIONS}-pivot", propertyName="age")
    assert body["count"] == 2
    assert body["data"] == [
        {
            "sessionId": str(identity("E")),
            "distinctId": "user-1",
            "createdAt": "2026-11-12T13:00:00.000Z",
            "propertyKeys": ["age", "email", "likes"],
            "propertyValues": ["42.0000", "someone@demo.test", "null"],
        },
        {
            "sessionId": str(identity("A")),
            "distinctId": None,
            "createdAt": "2026-11-10T08:00:00.000Z",
            "propertyKeys": ["age"],
            "propertyValues": ["21.0000"],
        },
    ]


# Anything else


@pytest.mark.parametrize("name", HOSTILE)
def test_unknown_property_names_have_no_values(client: Client, name: str) -> None:
    params = {"eventName": name, "propertyName": name}
    for series in SERIES:
        assert answer(client, f"{EVENTS}/{series}", **params) == []
        assert answer(client, f"{SESSIONS}/{series}", propertyName=name) == []
    assert answer(client, EVENTS, eventName=name)["data"] == []
    assert answer(client, f"{SESSIONS}-pivot", propertyName=name)["data"] == []
    assert answer(client, f"{SESSIONS}/stats", propertyName=name) == []
    zeros = dict.fromkeys(("total", "average", "median", "max", "min"), 0)
    assert answer(client, f"{EVENTS}/numeric-stats", **params) == zeros


@pytest.mark.parametrize(
    "path",
    [
        *(f"{source}/{series}" for source in (EVENTS, SESSIONS) for series in SERIES),
        *(f"{EVENTS}/numeric-stats", f"{SESSIONS}/numeric-stats", f"{SESSIONS}/stats"),
        *(EVENTS, f"{SESSIONS}-pivot"),
    ],
)
def test_invalid_property_queries_are_refused(client: Client, path: str) -> None:
    whole = {**ZURICH, "eventName": "signup", "propertyName": "plan"}
    whole = {
        name: value
        for name, value in whole.items()
        if path.startswith(EVENTS) or name != "eventName"
    }
    if path == EVENTS:
        del whole["propertyName"]
    assert client.get(f"/api/websites/{WEBSITE}/{path}", whole).status_code == 200
    for spoilt in (
        {name: value for name, value in whole.items() if name != "startAt"},
        {name: value for name, value in whole.items() if not name.endswith("Name")},
        {**whole, "endAt": whole["startAt"] - 1},
        {**whole, "unit": "week"},
        {**whole, "metric": "median"},
    ):
        assert client.get(f"/api/websites/{WEBSITE}/{path}", spoilt).status_code == 400
