"""An embedded server of the process: changes there are visible at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from components import embedded_launcher
from tests.pages.conftest import SHOP, TABLES, WEBSITES
from umami.api import traffic, websites
from umami.period import Period
from umami.settings import DEFINITIONS, Settings
from umami.view import View

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"


@pytest.fixture
def today() -> View:
    now = datetime.now(UTC)
    return View(SHOP, Period.of_days(now.date() - timedelta(days=1), now.date(), "UTC"))


@pytest.mark.thorough
def test_messages_and_edits_by_others_are_visible_at_once(today: View) -> None:
    running = embedded_launcher.own_server(TABLES)
    try:
        with embedded_launcher.client_of(running, Settings()) as client:
            other = View(WEBSITES["docs"], today.period)
            assert client.ask(traffic.stats(today)).current.views == 0
            cached = client.submit(traffic.stats(other))
            cached.result()
            payload = {"website": SHOP, "hostname": "shop.example", "url": "/new"}
            httpx.post(
                f"{running.url}/api/send",
                json={"type": "event", "payload": payload},
                headers={"user-agent": AGENT},
            ).raise_for_status()
            assert client.ask(traffic.stats(today)).current.views == 1
            assert client.submit(traffic.stats(other)).answered_at == cached.answered_at

            assert client.ask(websites.website(SHOP)).name != "Renamed"
            signed = httpx.post(
                f"{running.url}/api/auth/login",
                json={"username": running.username, "password": running.password},
            ).json()
            httpx.post(
                f"{running.url}/api/websites/{SHOP}",
                json={"name": "Renamed"},
                headers={"authorization": f"Bearer {signed['token']}"},
            ).raise_for_status()
            assert client.ask(websites.website(SHOP)).name == "Renamed"
    finally:
        running.stop()


@pytest.mark.parametrize("version", DEFINITIONS)
def test_embedded_server_uses_the_definitions_of_the_settings(version: str) -> None:
    running = embedded_launcher.own_server(TABLES, definitions=version)
    try:
        with httpx.Client(base_url=f"{running.url}/api") as client:
            account = {"username": running.username, "password": running.password}
            token = client.post("/auth/login", json=account).json()["token"]
            answer = client.get(
                f"/websites/{SHOP}/metrics",
                params={"startAt": 0, "endAt": 4_102_444_800_000, "type": "channel"},
                headers={"authorization": f"Bearer {token}"},
            )
    finally:
        running.stop()
    # Before 3.3 a visit without a source had no channel.
    assert ("direct" in {row["x"] for row in answer.json()}) == (version == "3.5")
