"""Which Umami a server is: found by asking, found again, and never a wrong number meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.contract.test_generation_blindness import ordered, plain, without
from tests.doubles.umami import serve as serve_version
from tests.support.between import Between, between
from tests.support.faults import SIGNED_IN, Act, Faulty, page, said
from tests.support.ports import free_port
from tests.umami.conftest import SITE
from umami.client import Client
from umami.compatibility import differs
from umami.embedded.server import Running
from umami.endpoints import events, reports, sessions, traffic, websites
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
from umami.generations import Generation
from umami.models.reports import FunnelStep
from umami.period import Period
from umami.question import Question
from umami.settings import Settings, read
from umami.view import View

TABLES = Path(__file__).parents[1] / "contract" / "data" / "tables"
SHOP: str = json.loads((TABLES.parent / "websites.json").read_text())["shop"]
AUGUST = View(SHOP, Period.of_days(date(2026, 8, 1), date(2026, 8, 31), "Europe/Zurich"))
BERLIN = replace(AUGUST, filters=(Filter("city", "eq", "Berlin"),))
PAGE = replace(AUGUST, filters=(Filter("path", "c", "products"),))


@pytest.fixture(scope="module")
def faces() -> Iterator[dict[int, Running]]:
    with serve_version("2.18", TABLES) as two, serve_version("3.1", TABLES) as three:
        yield {2: two, 3: three}


@pytest.fixture
def way(faces: dict[int, Running]) -> Iterator[Between]:
    """An address whose server can be exchanged."""
    with between(faces[2].url) as one:
        yield one


Connect = Callable[..., Client]


def account(url: str, **more: Any) -> Settings:
    return Settings(f"{url}/api", username="admin", password="umami", **more)


# Recognition


@pytest.mark.parametrize(("face", "expected"), [(2, Generation.V2_18), (3, Generation.V3_1)])
def test_a_generation_is_found(
    faces: dict[int, Running], connected: Connect, face: int, expected: Generation
) -> None:
    client = connected(account(faces[face].url))
    assert client.server.generation is None
    client.ask(websites.websites())
    assert client.server.generation is expected


CONFIG = {"cloudMode": False, "privateMode": False, "telemetryDisabled": False}
REFUSED = said({"error": {"message": "Bad request", "code": "bad-request", "status": 400}}, 400)
SIGNED_OUT = said({"error": "Unauthorized"}, 401)
ABSENT = page(404)
TOLD = {
    "2.15": (Generation.V2_18, {"/config": said({"uiDisabled": False, "telemetryDisabled": True})}),
    "2.18": (Generation.V2_18, {}),
    "2.20": (Generation.V2_20, {"/segments": said({"error": ["type: Required"]}, 400)}),
    "3.0": (Generation.V3_0, {"/config": said(CONFIG), "/reports/retention": REFUSED}),
    "3.1": (
        Generation.V3_1,
        {"/config": said({**CONFIG, "currentVersion": True}), "/reports/retention": REFUSED},
    ),
    "3.1 that hides its version": (
        Generation.V3_1,
        {"/config": said(CONFIG), "/events/stats": SIGNED_OUT, "/reports/retention": REFUSED},
    ),
    "3.3": (
        Generation.V3_4,
        {"/config": said({**CONFIG, "currentVersion": "3.3.1", "sessionDeletionEnabled": True})},
    ),
    "3.3 with another method": (
        Generation.V3_4,
        {"/config": said({**CONFIG, "currentVersion": True}), "/reports/retention": Act(405, b"")},
    ),
}


@pytest.mark.parametrize("version", TOLD)
def test_each_version_is_told_by_what_it_answers_strangers(
    server: Faulty, settings: Settings, connected: Connect, version: str
) -> None:
    expected, answers = TOLD[version]
    server.script("/heartbeat", said({"ok": True}))
    server.script("/telemetry", Act(body=b"(()=>{new Image().src='https://i/a.png?v=3.1.0'})()"))
    for ending, act in answers.items():
        server.script(ending, act)
    server.script("/auth/login", SIGNED_IN)
    server.script("/pageviews", said({"pageviews": [], "sessions": []}))
    server.decide(lambda _seen: ABSENT)
    client = connected(replace(settings, generation=None))
    found = client.recognise()
    assert (found.generation, found.version) == (expected, "3.1.0")
    assert not any("authorization" in one.headers for one in server.seen)
    # What is looked after while a filtered question is asked is still the same.
    assert client.ask(traffic.pageviews(BERLIN)).frame["views"].sum() == 0


def test_a_version_that_is_not_told_is_not_known(
    faces: dict[int, Running], connected: Connect
) -> None:
    assert connected(account(faces[3].url)).recognise().version is None


def test_what_settings_say_is_not_asked(
    server: Faulty, settings: Settings, connected: Connect
) -> None:
    server.script("/websites", said({"data": [], "count": 0}))
    client = connected(replace(settings, generation=Generation.V3_0))
    assert client.server.generation is Generation.V3_0
    client.ask(websites.websites())
    assert {one.path.rpartition("/")[2] for one in server.seen} == {
        "login",
        "websites",
        "teams",
    }
    given = {"UMAMI_API_KEY": "k", "UMAMI_URL": "https://umami.example"}
    told = read({**given, "UMAMI_GENERATION": "2.20"}, Path("nowhere"))
    assert told.generation is Generation.V2_20
    with pytest.raises(SettingsError, match=r"one of 2\.18, 2\.20, 3\.0, 3\.1, 3\.2, 3\.3"):
        read({**given, "UMAMI_GENERATION": "4"}, Path("nowhere"))


def test_a_server_is_recognised_once_for_all_who_ask(
    server: Faulty, settings: Settings, connected: Connect
) -> None:
    server.script("/config", said(CONFIG, delay=0.1))
    server.script("/events/stats", ABSENT)
    server.script("/active", said({"visitors": 2}))
    client = connected(replace(settings, generation=None))
    for reply in client.ask_all(*(traffic.active(SITE) for _ in range(20))):
        assert reply.result().visitors == 2
    assert len(server.asked("/config")) == 1


NO_UMAMI = {
    "a login page in front": (page(200), UnexpectedAnswer, "login page"),
    "a redirect to one": (
        Act(302, b"", headers=(("location", "/login"),)),
        UnexpectedAnswer,
        "another page",
    ),
    "another program": (said({"hello": "world"}), NotFound, "no Umami"),
    "a list": (said([1, 2]), UnexpectedAnswer, "no Umami"),
    "nothing at all": (page(404), NotFound, "no Umami"),
    "a proxy that asks who we are": (Act(401, b""), Unauthorised, "UMAMI_GENERATION"),
    "broken": (Act(502, b""), ServerFault, "failed"),
}


@pytest.mark.parametrize("kind", NO_UMAMI)
def test_what_is_no_umami_is_said_in_a_sentence(
    server: Faulty, settings: Settings, connected: Connect, kind: str
) -> None:
    act, error, sentence = NO_UMAMI[kind]
    server.decide(lambda _seen: act)
    client = connected(replace(settings, generation=None))
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
ASKED: dict[str, Question[Any]] = {
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
    "currencies": reports.currencies(AUGUST),
    "revenue": reports.revenue(AUGUST, "EUR"),
    "attribution": reports.attribution(AUGUST, "first-click", "event", "purchase"),
    "websites": websites.websites(),
    "daterange": websites.daterange(SHOP),
}


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize(("before", "after"), [(2, 3), (3, 2)], ids=["upgrade", "downgrade"])
def test_a_server_that_changes_between_two_questions_gives_no_wrong_number(
    faces: dict[int, Running],
    way: Between,
    connected: Connect,
    name: str,
    before: int,
    after: int,
) -> None:
    question = ASKED[name]
    way.behind = faces[before].url
    client = connected(account(way.url))
    client.ask(traffic.active(SHOP))
    way.behind = faces[after].url
    reference = connected(account(faces[after].url))
    found = outcome(client, question)
    if found is NotOffered and before == 2:
        # What 2.x cannot be asked is refused before anything is sent.
        assert question.filters
    else:
        assert found == outcome(reference, question)


def outcome(client: Client, question: Question[Any]) -> Any:
    """The model as plain values, or the kind of error."""
    try:
        return ordered(plain(question, client.ask(question)))
    except NotOffered as problem:
        return type(problem)


def test_a_server_that_changes_for_good_is_known_for_it(
    faces: dict[int, Running], way: Between, connected: Connect
) -> None:
    client = connected(account(way.url))
    assert client.ask(traffic.stats(AUGUST)).current.visitors
    assert not client.abilities.several
    way.behind = faces[3].url
    client.forget()
    client.ask(traffic.stats(AUGUST))
    assert client.server.generation is Generation.V3_1
    assert client.abilities.several


def test_both_faces_answer_a_page_alike(faces: dict[int, Running], connected: Connect) -> None:
    two, three = (connected(account(faces[face].url)) for face in (2, 3))
    for name, question in ASKED.items():
        stated = differs(question, Generation.V2_18)
        found = [outcome(client, question) for client in (two, three)]
        if stated is None:
            assert found[0] == found[1], name
        elif not any(isinstance(one, type) for one in found):
            assert without(found[0], stated.members) == without(found[1], stated.members), name


def test_a_missing_endpoint_is_looked_into_once(
    server: Faulty, settings: Settings, connected: Connect
) -> None:
    server.script("/config", said({**CONFIG, "currentVersion": True}))
    server.script("/reports/retention", REFUSED)
    server.script("/heartbeat", said({"ok": True}))
    server.script("/active", ABSENT)
    client = connected(replace(settings, generation=None))
    for _ in range(3):
        with pytest.raises(NotOffered):
            client.ask(traffic.active(SITE))
        client.forget()
    assert len(server.asked("/heartbeat")) == 2


# 3.3: analyses under the website


def test_analyses_that_moved_are_asked_where_they_are(
    faces: dict[int, Running], way: Between, connected: Connect
) -> None:
    way.behind = faces[3].url
    way.lacks = lambda target: target.startswith("/api/reports/")
    moved, reference = connected(account(way.url)), connected(account(faces[3].url))
    assert moved.recognise().generation is Generation.V3_4
    for name, question in ASKED.items():
        assert outcome(moved, question) == outcome(reference, question), name
    assert not any(one.status >= 400 for one in way.passed[6:])


def test_an_upgrade_to_3_3_is_noticed_by_what_is_gone(
    faces: dict[int, Running], way: Between, connected: Connect
) -> None:
    way.behind = faces[3].url
    client = connected(account(way.url))
    before = client.ask(reports.utm(AUGUST))
    way.lacks = lambda target: target.startswith("/api/reports/")
    client.forget()
    assert client.ask(reports.utm(AUGUST)).frame.equals(before.frame)
    assert client.server.generation is Generation.V3_4
