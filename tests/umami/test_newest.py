"""What 3.3 to 3.5 answer in their own way, asked of servers that stand for these versions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from tests.doubles.umami import serve as serve_version
from tests.support.fault_proxy import Between, between
from tests.support.faults import Faulty, said
from umami.api import events, reports, sessions, traffic, websites
from umami.client import Client
from umami.embedded.server import Running
from umami.errors import SecondFactor, ServerFault
from umami.filters import Filter
from umami.period import Period
from umami.settings import Settings
from umami.view import View

pytestmark = [pytest.mark.sample(2), pytest.mark.slow]

TABLES = Path(__file__).parents[1] / "contract" / "data" / "tables"
SHOP: str = json.loads((TABLES.parent / "websites.json").read_text())["shop"]
SUMMER = View(SHOP, Period.of_days(date(2026, 8, 1), date(2026, 9, 30), "UTC"))
Connect = Callable[..., Client]
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 "
    "Safari/537.36"
)


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Running]]:
    with ExitStack() as stack:
        yield {
            version: stack.enter_context(serve_version(version, TABLES))
            for version in ("3.1", "3.3", "3.5")
        }


def account(url: str) -> Settings:
    return Settings(api=f"{url}/api", username="admin", password="umami")


@pytest.fixture(params=["3.3", "3.5"])
def way(request: pytest.FixtureRequest, servers: dict[str, Running]) -> Iterator[Between]:
    with between(servers[request.param].url) as proxy:
        yield proxy


@pytest.fixture
def client(way: Between, connected: Connect) -> Client:
    client = connected(account(way.url))
    client.ask(traffic.active(SHOP))
    way.passed.clear()
    return client


# Bounces and seconds of groups, which the list of page fields answers with a literal 0


def test_the_list_of_pages_itself_tells_nothing(servers: dict[str, Running]) -> None:
    with httpx.Client(base_url=servers["3.5"].url) as stranger:
        login = {"username": "admin", "password": "umami"}
        token = stranger.post("/api/auth/login", json=login).json()["token"]
        rows = stranger.get(
            f"/api/websites/{SHOP}/metrics/expanded",
            params={
                "type": "path",
                "startAt": SUMMER.period.start_at,
                "endAt": SUMMER.period.end_at,
            },
            headers={"authorization": f"Bearer {token}"},
        ).json()
    assert rows
    assert {(float(row["bounces"]), float(row["totaltime"])) for row in rows} == {(0.0, 0.0)}


@pytest.mark.parametrize("field", ["path", "title", "query", "hostname", "utmSource"])
def test_bounces_and_seconds_of_a_page_field_are_those_of_a_breakdown(
    client: Client, way: Between, field: Any
) -> None:
    groups = client.ask(traffic.groups(SUMMER, field)).frame
    # One request is enough: the breakdown also tells views, visitors and visits.
    assert len([exchange for exchange in way.passed if "telemetry" not in exchange.target]) == 1
    broken_down = client.ask(reports.breakdown(SUMMER, (field,))).frame
    wanted = broken_down[broken_down[field].fillna("") != ""].set_index(field)
    assert len(groups) == len(wanted)
    assert groups["bounces"].notna().all()
    assert groups["seconds"].sum() == wanted["seconds"].sum()
    assert field in ("query", "utmSource") or wanted["seconds"].sum() > 0
    for row in groups.itertuples():
        assert row.bounces == wanted.loc[row.name, "bounces"]
        assert row.visits == wanted.loc[row.name, "visits"]


@pytest.mark.thorough
def test_visitors_of_groups_are_those_of_the_older_list(
    client: Client, servers: dict[str, Running], connected: Connect
) -> None:
    older = connected(account(servers["3.1"].url))
    for field in ("path", "referrer", "title", "query", "entry", "exit"):
        names = ["name", "visitors", "views", "visits"]
        now, before = (
            connection.ask(traffic.groups(SUMMER, field)).frame[names]  # type: ignore[arg-type]
            for connection in (client, older)
        )
        pd.testing.assert_frame_equal(now, before)


def test_what_no_server_tells_is_missing_and_not_zero(client: Client) -> None:
    for field in ("entry", "exit"):
        frame = client.ask(traffic.groups(SUMMER, field)).frame  # type: ignore[arg-type]
        assert frame["visitors"].sum() > 0
        assert frame["bounces"].isna().all()
        assert frame["seconds"].isna().all()


def test_a_website_does_not_refer_to_itself(client: Client) -> None:
    referrers = set(client.ask(traffic.groups(SUMMER, "referrer")).frame["name"])
    assert referrers == set(client.ask(traffic.metrics(SUMMER, "referrer")).frame["name"])
    narrowed = replace(SUMMER, filters=(Filter("referrer", "eq", "google.com"),))
    assert list(client.ask(traffic.groups(narrowed, "referrer")).frame["name"]) == ["google.com"]


def test_groups_are_searched_and_paged(client: Client) -> None:
    everything = client.ask(traffic.groups(SUMMER, "path")).frame
    searched = client.ask(traffic.groups(SUMMER, "path", search="product")).frame
    assert set(searched["name"]) == {
        name for name in everything["name"] if "product" in str(name).lower()
    }
    assert searched["bounces"].notna().all()
    first = client.ask(traffic.groups(SUMMER, "path", limit=3)).frame
    second = client.ask(traffic.groups(SUMMER, "path", limit=3, offset=3)).frame
    assert len(first) == len(second) == 3
    assert not set(first["name"]) & set(second["name"])
    assert first["visitors"].min() >= second["visitors"].max()


def test_any_of_one_filter_is_that_filter(client: Client) -> None:
    """What a dialect adds to it must not become an alternative."""
    german = replace(SUMMER, filters=(Filter("country", "eq", "DE"),))
    for search in (None, "goo"):
        frames = []
        for match in ("all", "any"):
            # Both are the same question to the cache, so each is asked anew.
            client.forget()
            view = replace(german, match=match)
            frames.append(client.ask(traffic.groups(view, "referrer", search=search)).frame)
        assert frames[0]["visitors"].sum() > 0
        pd.testing.assert_frame_equal(*frames)


def test_groups_are_told_where_a_server_lacks_one_form_of_the_breakdown(
    client: Client, way: Between
) -> None:
    pages = client.ask(traffic.groups(SUMMER, "path")).frame
    lacking = f"/api/websites/{SHOP}/breakdown"
    way.lacks = lambda target: target.startswith(lacking)
    client.forget()
    pd.testing.assert_frame_equal(client.ask(traffic.groups(SUMMER, "path")).frame, pages)


def test_filters_joined_by_any_leave_out_what_cannot_be_told(client: Client) -> None:
    either = replace(
        SUMMER,
        filters=(Filter("country", "eq", "DE"), Filter("browser", "eq", "firefox")),
        match="any",
    )
    frame = client.ask(traffic.groups(either, "path")).frame
    assert frame["visitors"].sum() > 0
    assert frame["bounces"].isna().all()


def test_a_server_that_tells_real_figures_in_its_list_is_believed(
    servers: dict[str, Running], connected: Connect
) -> None:
    frame = connected(account(servers["3.1"].url)).ask(traffic.groups(SUMMER, "entry")).frame
    assert frame["bounces"].sum() > 0


# Names of events, searches


@pytest.mark.thorough
def test_a_name_that_looks_like_a_filter_is_a_name(
    servers: dict[str, Running], connected: Connect
) -> None:
    names = ("c.signup", "signup,free", "neq.signup")
    for version in ("3.3", "3.5"):
        with serve_version(version, TABLES) as running:
            with httpx.Client(base_url=running.url, headers={"user-agent": CHROME}) as tracker:
                for name in names:
                    payload = {
                        "website": SHOP,
                        "hostname": "shop.example",
                        "url": "/",
                        "name": name,
                        "data": {"plan": name},
                    }
                    sent = tracker.post("/api/send", json={"type": "event", "payload": payload})
                    assert sent.status_code == 200
            client = connected(account(running.url))
            today = View(SHOP, Period.of_days(date.today(), date.today(), "UTC"))
            wide = replace(
                today,
                period=replace(today.period, start=today.period.start - pd.Timedelta(days=1)),
            )
            for name in names:
                (value,) = client.ask(events.event_data_values(wide, name, "plan"))
                assert (value.value, value.total) == (name, 1)


@pytest.mark.parametrize("version", ["3.1", "3.3", "3.5"])
def test_a_search_finds_parts_of_names_and_paths(
    servers: dict[str, Running], connected: Connect, version: str
) -> None:
    client = connected(account(servers[version].url))
    everything = client.ask(events.events(SUMMER, page_size=1))
    page = client.ask(events.events(SUMMER, search="urchas", page_size=5))
    assert 0 < page.count < everything.count
    assert all("urchas" in f"{row.name} {row.path}" for row in page.rows)


# Sessions that are stitched


def test_a_stitched_session_shows_the_activity_of_all_its_sessions(connected: Connect) -> None:
    with serve_version("3.5", TABLES) as running, between(running.url) as way:
        client = connected(account(way.url))
        session_ids = {
            session
            for agent in (CHROME, CHROME.replace("126", "127"))
            for session in _signing_in(running.url, agent)
        }
        # Two browsers, each anonymous first, and the one session of the id.
        assert len(session_ids) == 3
        now = pd.Timestamp.now("UTC").to_pydatetime()
        hour = View(SHOP, Period(now - pd.Timedelta(hours=1), now, "hour", "UTC"))
        known = client.ask(sessions.sessions(hour, search="ada")).rows
        stitched = client.ask(sessions.session(SHOP, known[0].id))
        steps = client.ask(sessions.activity(hour, known[0].id))
        assert (stitched.distinct_id, stitched.stitched) == ("ada", 3)
        assert any("distinctId=ada" in exchange.target for exchange in way.passed)
        assert (stitched.views, stitched.events) == (2, 2)
        assert sorted(step.name or step.path for step in steps) == [
            *["/account"] * 2,
            *["signed-in"] * 2,
        ]


def _signing_in(url: str, agent: str) -> Iterator[str]:
    """Somebody opens a page, then signs in as ada; the sessions that they were in."""
    about = {"website": SHOP, "hostname": "shop.example", "url": "/account"}
    with httpx.Client(base_url=url, headers={"user-agent": agent}) as tracker:
        for kind, more in (
            ("event", {}),
            ("identify", {"id": "ada"}),
            ("event", {"id": "ada", "name": "signed-in"}),
        ):
            sent = tracker.post("/api/send", json={"type": kind, "payload": {**about, **more}})
            answer = sent.raise_for_status().json()
            tracker.headers["x-umami-cache"] = answer["cache"]
            yield answer["sessionId"]


# Signing in


def test_a_second_factor_that_the_server_cannot_check_is_said_so(
    server: Faulty, settings: Settings, connected: Connect
) -> None:
    code = "two-factor-error-not-configured"
    error = {"error": {"message": "Service unavailable", "code": code, "status": 503}}
    server.script("/auth/login", said(error, 503))
    with pytest.raises(SecondFactor, match="TWO_FACTOR_ENCRYPTION_KEY"):
        connected(settings).ask(websites.websites())
    assert len(server.requests_to("/auth/login")) == 1


def test_a_503_of_umami_itself_is_told_in_its_words_and_not_repeated(
    server: Faulty, settings: Settings, connected: Connect
) -> None:
    error = {"error": {"message": "No store is configured", "code": "service-unavailable"}}
    server.script("/active", said(error, 503))
    with pytest.raises(ServerFault, match="No store is configured"):
        connected(settings).ask(traffic.active(SHOP))
    assert len(server.requests_to("/active")) == 1
