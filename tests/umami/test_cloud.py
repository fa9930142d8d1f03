"""Umami Cloud: another address, a key, instants for buckets, and a limit that is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import wait
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.faults import Act, Faulty, Seen, said
from tests.support.waiting import eventually
from tests.umami.conftest import SITE
from umami.addresses import CLOUD
from umami.api import events, reports, traffic
from umami.client import Client
from umami.compat.generations import Generation
from umami.errors import NotOffered, TimedOut, Unreachable
from umami.filters import Filter
from umami.scheduling import RateLimit
from umami.settings import CLOUD_PACE, Settings, read
from umami.view import View

Connect = Callable[..., Client]
REFUSED = said({"error": {"message": "Bad request", "code": "bad-request", "status": 400}}, 400)


@pytest.fixture
def cloud(server: Faulty) -> Settings:
    """A server that is spoken with as Umami Cloud is."""
    server.script("/errors", REFUSED)
    return Settings(api=f"{server.url}/v1", api_key="key-1", cloud=True, timeout=5)


def test_a_key_alone_means_the_cloud() -> None:
    settings = read({"UMAMI_API_KEY": "k"}, Path("nowhere"))
    assert (settings.api, settings.cloud, settings.pace) == (CLOUD, True, CLOUD_PACE)
    self_hosted = read(
        {"UMAMI_API_KEY": "k", "UMAMI_URL": "https://umami.example"}, Path("nowhere")
    )
    assert (self_hosted.cloud, self_hosted.pace) == (False, None)
    calls, seconds = CLOUD_PACE
    assert calls / seconds < 50 / 15


def test_the_key_goes_where_the_cloud_wants_it(
    server: Faulty, cloud: Settings, connected: Connect
) -> None:
    server.script("/active", said({"visitors": 4}))
    client = connected(cloud)
    assert client.ask(traffic.active(SITE)).visitors == 4
    probe, request = server.seen
    nobody = "00000000-0000-0000-0000-000000000000"
    assert (probe.method, probe.path) == ("GET", f"/v1/websites/{nobody}/errors")
    assert request.path == f"/v1/websites/{SITE}/active"
    for seen in (probe, request):
        assert seen.headers["x-umami-api-key"] == "key-1"
        assert "authorization" not in seen.headers
    assert (client.server.label, client.server.generation) == ("Umami Cloud", Generation.V3_5)
    assert "key-1" not in repr(client)


@pytest.mark.parametrize("gone", [said({"error": "Not Found: reports"}, 404), Act(405, b"")])
def test_analyses_that_the_cloud_has_moved_are_asked_where_they_are(
    server: Faulty, cloud: Settings, connected: Connect, view: View, gone: Act
) -> None:
    server.script("/reports/utm", gone)
    server.script("/utm/metrics", said([{"utm": "x", "views": 2}]))
    campaigns = connected(cloud).ask(reports.utm(view))
    assert campaigns.frame["views"].tolist() == [2] * 5
    assert {request.query["type"] for request in server.requests_to("/utm/metrics")} >= {
        "utm_source"
    }


def test_buckets_are_instants_and_texts_are_empty(
    server: Faulty, cloud: Settings, connected: Connect, view: View
) -> None:
    server.script(
        "/pageviews",
        said(
            {
                "pageviews": [{"x": "2026-08-31T22:00:00Z", "y": 3}],
                "sessions": [{"x": "2026-08-31T22:00:00Z", "y": 2}],
            }
        ),
    )
    server.script("/metrics", said([{"x": "", "y": 9}, {"x": "t.co", "y": 1}]))
    client = connected(cloud)
    frame = client.ask(traffic.pageviews(view)).frame
    assert (str(frame["time"][0].date()), frame["views"][0]) == ("2026-09-01", 3)
    assert client.ask(traffic.metrics(view, "referrer")).frame["name"].tolist() == ["t.co"]


def test_a_search_has_no_wildcards_and_a_comma_no_spelling(
    server: Faulty, cloud: Settings, connected: Connect, view: View
) -> None:
    server.script("/events", said({"data": [], "count": 0}))
    client = connected(cloud)
    client.ask(events.events(view, search="sign"))
    assert server.requests_to("/events")[0].query["search"] == "sign"
    comma = replace(view, filters=(Filter("title", "eq", "a, b"),))
    with pytest.raises(NotOffered, match="comma"):
        client.ask(traffic.stats(comma))
    assert not client.capabilities.commas


def late(seen: Seen) -> Act:
    return said([], delay=0.01)


def test_a_page_waits_for_its_turn(
    server: Faulty, cloud: Settings, connected: Connect, view: View
) -> None:
    server.decide(late)
    client = connected(cloud.model_copy(update={"pace": (5, 0.5), "generation": Generation.V3_1}))
    begun = time.monotonic()
    replies = client.ask_all(*(traffic.metrics(view, "path", limit=n) for n in range(1, 13)))
    eventually(lambda: client.waiting)
    assert not wait(replies, 60).not_done
    assert [reply.exception() for reply in replies] == [None] * 12
    assert time.monotonic() - begun >= 2 * 0.5
    assert client.waiting == 0
    assert len(server.requests_to("/metrics")) == 12


@pytest.mark.thorough
def test_who_waits_too_long_is_told(
    server: Faulty, cloud: Settings, connected: Connect, view: View
) -> None:
    server.decide(late)
    slow = cloud.model_copy(update={"pace": (1, 60), "timeout": 3, "generation": Generation.V3_1})
    client = connected(slow)
    first, second = client.ask_all(*(traffic.metrics(view, "path", limit=n) for n in (1, 2)))
    kinds = {type(reply.exception()) for reply in (first, second)}
    assert kinds == {type(None), TimedOut}


def test_closing_lets_nobody_wait_for_a_turn(server: Faulty, cloud: Settings, view: View) -> None:
    server.decide(late)
    client = Client(
        cloud.model_copy(update={"pace": (1, 600), "timeout": 600, "generation": Generation.V3_1})
    )
    replies = client.ask_all(*(traffic.metrics(view, "path", limit=n) for n in range(1, 5)))
    eventually(lambda: client.waiting == 3 and any(reply.done() for reply in replies))
    client.close()
    assert not wait(replies, 60).not_done
    kinds = [type(reply.exception()) for reply in replies]
    assert kinds.count(Unreachable) == 3


def test_turns_are_never_closer_than_they_may_be() -> None:
    pace, began = RateLimit(4, 0.2), time.monotonic()
    for number in range(14):
        assert pace.turn(lambda: 5.0)
        # A busy machine may let a turn come late, but none may come early.
        assert time.monotonic() - began >= 0.2 * (number // 4) - 0.01
    limit = RateLimit(1, 60)
    assert limit.turn(lambda: 0.0)
    assert not limit.turn(lambda: 0.0)
