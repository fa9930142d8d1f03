"""A server that is replaced by another version is noticed, and no number is wrong meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.contract.test_generation_blindness import ordered, plain
from tests.doubles.umami import serve as serve_version
from tests.support.fault_proxy import Between, between
from tests.support.faults import Act, Faulty, as_3_1, page, said
from tests.support.ports import free_port
from tests.umami.conftest import SITE
from umami.api import events, reports, revenue, sessions, traffic, websites
from umami.client import Client
from umami.compat.generations import Generation
from umami.conversion import FunnelStep
from umami.definitions import Definitions
from umami.embedded.server import Running, serve
from umami.endpoint import Query
from umami.errors import (
    NotFound,
    NotOffered,
    ServerFault,
    SettingsError,
    Unauthorised,
    UnexpectedAnswer,
    Unreachable,
)
from umami.filters import Filter
from umami.period import Period
from umami.settings import Settings, read
from umami.view import View

pytestmark = [pytest.mark.sample(24), pytest.mark.slow]

TABLES = Path(__file__).parents[1] / "contract" / "data" / "tables"
SHOP: str = json.loads((TABLES.parent / "websites.json").read_text())["shop"]
AUGUST = View(SHOP, Period.of_days(date(2026, 8, 1), date(2026, 8, 31), "Europe/Zurich"))
BERLIN = replace(AUGUST, filters=(Filter("city", "eq", "Berlin"),))
EXACTLY = replace(AUGUST, filters=(Filter("path", "eq", "/"),))
PAGE = replace(AUGUST, filters=(Filter("path", "c", "products"),))


VERSIONS = {
    "2.18": Generation.V2_18,
    "2.20": Generation.V2_20,
    "3.1": Generation.V3_1,
    "3.2": Generation.V3_2,
    "3.3": Generation.V3_3,
    "3.4": Generation.V3_4,
    "3.5": Generation.V3_5,
}


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Running]]:
    """A server of each version over the same tables."""
    with ExitStack() as stack:
        yield {version: stack.enter_context(serve_version(version, TABLES)) for version in VERSIONS}


@pytest.fixture
def way(servers: dict[str, Running]) -> Iterator[Between]:
    """An address whose server can be exchanged."""
    with between(servers["2.18"].url) as proxy:
        yield proxy


Connect = Callable[..., Client]


def account(url: str, **more: Any) -> Settings:
    return Settings(api=f"{url}/api", username="admin", password="umami", **more)


# Detection


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_is_detected(
    servers: dict[str, Running], connected: Connect, version: str
) -> None:
    client = connected(account(servers[version].url))
    assert client.server.generation is None
    client.ask(websites.websites())
    assert client.server.generation is VERSIONS[version]


def test_the_embedded_server_is_detected_as_the_newest(connected: Connect) -> None:
    with serve(TABLES, password="umami") as running:
        server = connected(account(running.url)).recognise()
    assert (server.generation, server.version) == (Generation.V3_5, "3.5.0")


ABSENT = page(404)


def test_what_settings_say_is_not_asked(
    server: Faulty, settings: Settings, connected: Connect
) -> None:
    server.script("/websites", said({"data": [], "count": 0}))
    client = connected(settings.model_copy(update={"generation": Generation.V3_0}))
    assert client.server.generation is Generation.V3_0
    client.ask(websites.websites())
    assert {request.path.rpartition("/")[2] for request in server.seen} == {
        "login",
        "websites",
        "teams",
    }
    environment = {"UMAMI_API_KEY": "k", "UMAMI_URL": "https://umami.example"}
    pinned = read({**environment, "UMAMI_GENERATION": "2.20"}, Path("nowhere"))
    assert pinned.generation is Generation.V2_20
    with pytest.raises(
        SettingsError, match=r"one of 2\.18, 2\.20, 3\.0, 3\.1, 3\.2, 3\.3, 3\.4, 3\.5"
    ):
        read({**environment, "UMAMI_GENERATION": "4"}, Path("nowhere"))


def test_a_server_is_detected_once_for_all_who_ask(
    server: Faulty, settings: Settings, connected: Connect
) -> None:
    as_3_1(server)
    server.script("/config", said({"privateMode": False, "currentVersion": True}, delay=0.1))
    server.script("/active", said({"visitors": 2}))
    client = connected(settings.model_copy(update={"generation": None}))
    for reply in client.ask_all(*(traffic.active(SITE) for _ in range(20))):
        assert reply.result().visitors == 2
    assert len(server.requests_to("/config")) == 1


NO_UMAMI = {
    "a login page in front": (page(200), UnexpectedAnswer, "login page"),
    "a redirect to one": (
        Act(302, b"", headers=(("location", "/login"),)),
        UnexpectedAnswer,
        "another page",
    ),
    "another program": (said({"hello": "world"}), NotFound, "No Umami server"),
    "a list": (said([1, 2]), NotFound, "No Umami server"),
    "nothing at all": (page(404), NotFound, "No Umami server"),
    "a proxy that asks who we are": (Act(401, b""), Unauthorised, "let requests to /api through"),
    "broken": (Act(502, b""), ServerFault, "failed"),
}


@pytest.mark.parametrize("kind", NO_UMAMI)
def test_what_is_not_umami_is_said_in_a_sentence(
    server: Faulty, settings: Settings, connected: Connect, kind: str
) -> None:
    act, error, sentence = NO_UMAMI[kind]
    server.decide(lambda _seen: act)
    client = connected(settings.model_copy(update={"generation": None}))
    for question in (websites.websites(), traffic.stats(BERLIN)):
        with pytest.raises(error, match=sentence) as raised:
            client.ask(question)
        assert str(raised.value).endswith(".")
        assert raised.value.remedy


def test_a_dead_server_is_not_recognised_twice(connected: Connect) -> None:
    client = connected(account(f"http://127.0.0.1:{free_port()}"))
    for _ in range(2):
        with pytest.raises(Unreachable):
            client.ask(websites.websites())


# A server that changes under us

STEPS = (FunnelStep("path", "/"), FunnelStep("event", "purchase"))
ASKED: dict[str, Query[Any]] = {
    "stats": traffic.stats(AUGUST),
    "stats of a page": traffic.stats(PAGE),
    "pageviews of Berlin": traffic.pageviews(BERLIN),
    "pageviews of a page": traffic.pageviews(PAGE),
    "pages": traffic.metrics(AUGUST, "path"),
    "countries of a page": traffic.metrics(PAGE, "country"),
    "entry pages": traffic.metrics(AUGUST, "entry"),
    "cities": traffic.groups(AUGUST, "city"),
    "values": traffic.values(AUGUST, "path"),
    "events": events.events(AUGUST, page_size=5),
    "events searched": events.events(AUGUST, search="purch", page_size=5),
    "series of Berlin": events.series(BERLIN),
    "event stats of Berlin": events.event_stats(BERLIN),
    "properties": events.event_data_events(AUGUST),
    "property values": events.event_data_values(AUGUST, "purchase", "currency"),
    "data stats": events.event_data_stats(AUGUST),
    "sessions of Berlin": sessions.sessions(BERLIN, page_size=5),
    "session stats of a page": sessions.session_stats(PAGE),
    "week": sessions.weekly(AUGUST),
    "session values": sessions.session_data_values(AUGUST, "plan"),
    "funnel": reports.funnel(AUGUST, STEPS),
    "funnel of Berlin": reports.funnel(BERLIN, STEPS),
    "retention": reports.retention(AUGUST),
    "utm": reports.utm(AUGUST),
    "goal": reports.goal(AUGUST, "path", "/pricing"),
    "journey": reports.journey(AUGUST),
    "breakdown of Berlin": reports.breakdown(BERLIN, ("browser", "os")),
    "currencies": revenue.currencies(AUGUST),
    "revenue": revenue.revenue(AUGUST, "EUR"),
    "attribution": revenue.attribution(AUGUST, "first-click", "event", "purchase"),
    "websites": websites.websites(),
    "daterange": websites.daterange(SHOP),
}


CHANGES = (
    ("2.18", "3.1"),
    ("3.1", "2.18"),
    ("2.18", "3.5"),
    ("3.1", "3.5"),
    ("3.4", "3.5"),
    ("3.5", "3.1"),
)


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize(("before", "after"), CHANGES)
def test_a_server_that_changes_between_two_questions_gives_no_wrong_number(
    servers: dict[str, Running],
    way: Between,
    connected: Connect,
    name: str,
    before: str,
    after: str,
) -> None:
    question = ASKED[name]
    way.behind = servers[before].url
    client = connected(account(way.url))
    client.ask(traffic.active(SHOP))
    way.behind = servers[after].url
    reference = connected(account(servers[after].url))
    result = outcome(client, question)
    if result is NotOffered and before == "2.18":
        # What 2.x cannot be asked is refused before anything is sent.
        assert question.filters
    else:
        assert result == outcome(reference, question)


def outcome(client: Client, question: Query[Any]) -> Any:
    """The model as plain values, or the kind of error."""
    try:
        return ordered(plain(question, client.ask(question)))
    except NotOffered as problem:
        return type(problem)


def test_a_server_that_changes_for_good_is_known_for_it(
    servers: dict[str, Running], way: Between, connected: Connect
) -> None:
    client = connected(account(way.url))
    assert client.ask(traffic.stats(AUGUST)).current.visitors
    assert not client.capabilities.several
    way.behind = servers["3.1"].url
    client.forget()
    client.ask(traffic.stats(AUGUST))
    assert client.server.generation is Generation.V3_1
    assert client.capabilities.several


def test_cached_answers_of_the_version_before_are_not_shown_after_an_upgrade(
    servers: dict[str, Running], way: Between, connected: Connect
) -> None:
    way.behind = servers["3.1"].url
    client = connected(account(way.url))
    before = client.ask(traffic.stats(EXACTLY)).current
    old = client.definitions.bounce
    way.behind = servers["3.5"].url
    # A question that means something else on another version makes the client look.
    client.ask(traffic.stats(PAGE))
    assert client.server.generation is Generation.V3_5
    after = client.ask(traffic.stats(EXACTLY)).current
    assert (after.views, after.visits) == (before.views, before.visits)
    assert after.bounces < before.bounces
    assert client.definitions.bounce != old


def test_a_missing_endpoint_is_looked_into_once(
    server: Faulty, settings: Settings, connected: Connect
) -> None:
    as_3_1(server)
    server.script("/active", ABSENT)
    client = connected(settings.model_copy(update={"generation": None}))
    for _ in range(3):
        with pytest.raises(NotOffered):
            client.ask(traffic.active(SITE))
        client.forget()
    assert len(server.requests_to("/heartbeat")) == 2


# From 3.4 on: analyses under the website


ANALYSES = ("funnel", "retention", "goal", "journey", "breakdown of Berlin", "attribution")
"""Questions that 3.4 answers with one GET."""


def test_analyses_are_gets_and_money_and_campaigns_stay_one_post(
    servers: dict[str, Running], way: Between, connected: Connect
) -> None:
    way.behind = servers["3.5"].url
    client = connected(account(way.url))
    client.recognise()
    for name in ANALYSES:
        way.passed.clear()
        client.ask(ASKED[name])
        assert not [exchange for exchange in way.passed if "/reports/" in exchange.target], name
    for name, target in (("utm", "/api/reports/utm"), ("revenue", "/api/reports/revenue")):
        way.passed.clear()
        client.ask(ASKED[name])
        posts = [exchange.target for exchange in way.passed if exchange.method == "POST"]
        assert [post for post in posts if "/auth/" not in post] == [target]
        assert not [
            exchange
            for exchange in way.passed
            if "/utm/" in exchange.target or "/revenue/" in exchange.target
        ]


@pytest.mark.thorough
@pytest.mark.parametrize("missing", ["/api/reports/", f"/api/websites/{SHOP}/"])
def test_a_server_that_lacks_one_form_of_an_analysis_is_asked_in_the_other(
    servers: dict[str, Running], way: Between, connected: Connect, missing: str
) -> None:
    way.behind = servers["3.5"].url
    routes = ("funnels", "retention", "goals", "journeys", "breakdown", "attribution")
    reference = connected(account(servers["3.5"].url))
    client = connected(account(way.url))
    client.recognise()

    def lacks(target: str) -> bool:
        rest = target.removeprefix(missing)
        return rest != target and (missing.endswith("reports/") or rest.startswith(routes))

    way.lacks = lacks
    for name in (*ANALYSES, "utm", "revenue"):
        assert outcome(client, ASKED[name]) == outcome(reference, ASKED[name]), name


def test_numbers_in_gets_are_whole(
    servers: dict[str, Running], way: Between, connected: Connect
) -> None:
    way.behind = servers["3.5"].url
    client = connected(account(way.url))
    for name in ANALYSES:
        client.ask(ASKED[name])
    sent = [parse_qs(urlsplit(exchange.target).query) for exchange in way.passed]
    dates = [
        value for query in sent for key in ("startAt", "endAt") for value in query.get(key, [])
    ]
    assert dates
    assert all(value.isdigit() for value in dates)


def test_direct_visitors_are_told_where_a_visit_has_one_channel() -> None:
    direct = [str(generation) for generation in Generation if Definitions(generation).direct]
    assert direct == ["3.3", "3.4", "3.5"]
