"""The last half hour of collected traffic."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.embedded.test_collect import CHROME, IPHONE


@pytest.fixture(scope="module")
def website(writable: httpx.Client) -> str:
    """A website with some traffic just now, and some an hour ago."""
    body = {"name": "Live", "domain": "live.example"}
    made: str = writable.post("/api/websites", json=body).json()["id"]
    present = int(time.time())

    def send(seconds_ago: int, agent: str, **payload: Any) -> None:
        answer = writable.post(
            "/api/send",
            headers={"user-agent": agent},
            json={
                "type": "event",
                "payload": {"website": made, "timestamp": present - seconds_ago, **payload},
            },
        )
        assert answer.status_code == 200, answer.text

    send(3600, CHROME, url="/old")
    send(130, CHROME, url="/", referrer="https://www.google.com/")
    send(65, CHROME, url="/pricing", referrer="https://t.co/x")
    send(5, CHROME, url="/pricing", name="signup")
    send(3, IPHONE, url="/pricing")
    return made


def test_realtime_shows_recent_traffic(writable: httpx.Client, website: str) -> None:
    params = {"timezone": "Europe/Zurich", "startAt": 0, "endAt": 1}
    body = writable.get(f"/api/realtime/{website}", params=params).json()
    assert body["urls"] == {"/pricing": 3, "/": 1}
    assert body["referrers"] == {"t.co": 1, "google.com": 1}
    assert body["countries"] == {}
    assert [(event["__type"], event["urlPath"], event["browser"]) for event in body["events"]] == [
        ("pageview", "/pricing", "ios"),
        ("session", "/pricing", "ios"),
        ("event", "/pricing", "chrome"),
        ("pageview", "/pricing", "chrome"),
        ("pageview", "/", "chrome"),
        ("session", "/", "chrome"),
    ]
    assert set(body["events"][0]) == {
        *("__type", "sessionId", "eventName", "createdAt", "browser", "os", "device"),
        *("country", "urlPath", "referrerDomain"),
    }
    assert body["totals"] == {"views": 3, "visitors": 3, "events": 1, "countries": 0}
    assert abs(body["timestamp"] - time.time() * 1000) < 60_000


def test_active_visitors_are_counted(
    writable: httpx.Client, website: str, websites: dict[str, str]
) -> None:
    assert writable.get(f"/api/websites/{website}/active").json() == {"visitors": 2}
    assert writable.get(f"/api/websites/{websites['shop']}/active").json() == {"visitors": 0}


def test_realtime_minutes_follow_the_zone(writable: httpx.Client, website: str) -> None:
    series = {
        zone: writable.get(f"/api/realtime/{website}", params={"timezone": zone}).json()["series"]
        for zone in ("UTC", "Asia/Kolkata")
    }
    assert sum(bucket["y"] for bucket in series["UTC"]["views"]) == 3
    for name in ("views", "visitors"):
        utc, kolkata = (
            [time.strptime(bucket["x"], "%Y-%m-%d %H:%M:%S") for bucket in series[zone][name]]
            for zone in ("UTC", "Asia/Kolkata")
        )
        assert [time.mktime(b) - time.mktime(a) for a, b in zip(utc, kolkata, strict=True)] == [
            5.5 * 3600
        ] * len(utc)
        assert all(moment.tm_sec == 0 for moment in utc)


def test_realtime_without_traffic_is_empty(umami: httpx.Client, shop: str) -> None:
    body = umami.get(f"/api/realtime/{shop}").json()
    assert body["events"] == body["series"]["views"] == []
    assert body["totals"] == {"views": 0, "visitors": 0, "events": 0, "countries": 0}
    assert umami.get(f"/api/realtime/{shop}", params={"timezone": "Mars"}).status_code == 400
