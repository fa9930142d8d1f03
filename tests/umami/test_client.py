"""The client over a real socket: all at once, once for many, a model or an error of ours."""

from __future__ import annotations

import gc
import json
import logging
import subprocess
import sys
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.faults import SIGNED_IN, TOKEN, Act, Faulty, Seen, faulty, page, said
from tests.support.ports import free_port
from tests.support.waiting import eventually
from tests.umami.conftest import PASSWORD, SITE
from umami.api import events, realtime, reports, sending, sessions, traffic, websites
from umami.cache import Cache, Lifetime
from umami.client import Client, connect
from umami.compat.generations import Generation
from umami.endpoint import Query
from umami.errors import (
    NotFound,
    ServerFault,
    SettingsError,
    UmamiError,
    UnexpectedAnswer,
    Unreachable,
)
from umami.period import Period
from umami.scheduling import SingleFlight
from umami.settings import Settings
from umami.view import View

TABLES = Path(__file__).parents[1] / "contract" / "data" / "tables"
SHOP = json.loads((TABLES.parent / "websites.json").read_text())["shop"]


def many(view: View, count: int = 25) -> list[Query[Any]]:
    """Different questions, as a page asks."""
    return [traffic.metrics(view, "path", limit=limit) for limit in range(1, count + 1)]


def late(seen: Seen, seconds: float = 0.2) -> Act:
    """A good answer, after a while."""
    if seen.path.endswith("/auth/login"):
        return replace(SIGNED_IN, delay=seconds)
    return said([], delay=seconds)


def test_all_questions_of_a_page_are_at_the_server_together(
    server: Faulty, client: Client, settings: Settings, view: View
) -> None:
    """As many as may be: the server answers none before all of them are there."""
    together = min(len(many(view)), settings.in_flight)
    server.script("/metrics", said([]))
    # The client learns that the server answers many requests at once.
    wait(client.ask_all(*(traffic.metrics(view, "title", limit=limit) for limit in range(1, 30))))
    server.script("/metrics", said([], after=lambda: server.most_at_once >= together))
    replies = client.ask_all(*many(view))
    assert not wait(replies, timeout=60).not_done
    assert [reply.exception() for reply in replies] == [None] * len(replies)


def test_the_second_viewer_asks_the_server_nothing(
    server: Faulty, client: Client, view: View
) -> None:
    server.decide(late)
    wait(client.ask_all(*many(view)))
    before = len(server.seen)
    again = client.ask_all(*many(view))
    assert all(reply.done() for reply in again)
    assert len(server.seen) == before
    assert all(reply.answered_at and not reply.stale for reply in again)


@pytest.mark.thorough
def test_who_looks_at_an_answer_leaves_little_behind(
    server: Faulty, client: Client, view: View
) -> None:
    """A frame remembers each selection of a part of it, but only the last few hundred of them."""
    server.script("/metrics", said([{"x": "/", "y": 3}]))

    def looked(times: int) -> int:
        for _ in range(times):
            assert client.ask(traffic.metrics(view, "path")).frame["count"].sum() == 3
        gc.collect()
        return sum(isinstance(item, weakref.ref) for item in gc.get_objects())

    few = looked(10)
    assert looked(4000) - few < 2000
    assert len(server.requests_to("/metrics")) == 1


def test_other_servers_are_asked_a_few_at_a_time(
    server: Faulty, connected: Callable[..., Client], settings: Settings, view: View
) -> None:
    server.decide(lambda seen: late(seen, 0.05))
    client = connected(settings.model_copy(update={"connections": 6}))
    wait(client.ask_all(*many(view)))
    assert server.most_at_once == 6


def test_fifty_who_ask_the_same_ask_once(server: Faulty, client: Client, view: View) -> None:
    server.decide(late)
    question = traffic.metrics(view, "path")
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: client.ask(question), range(50)))
    assert len(answers) == 50
    assert len(server.requests_to("/metrics")) == 1


def test_fifty_who_fail_fail_together(server: Faulty, client: Client, view: View) -> None:
    server.script("/metrics", Act(500, b"", delay=0.3))

    def fails(_: int) -> str:
        with pytest.raises(ServerFault) as raised:
            client.ask(traffic.metrics(view, "path"))
        return str(raised.value)

    with ThreadPoolExecutor(50) as pool:
        assert len(set(pool.map(fails, range(50)))) == 1
    assert len(server.requests_to("/metrics")) == 1


def test_a_page_on_a_dead_server_fails_at_once(
    connected: Callable[..., Client], view: View
) -> None:
    dead = Settings(api=f"http://127.0.0.1:{free_port()}/api", api_key="k", connections=1)
    client = connected(dead)
    problems = [reply.exception() for reply in client.ask_all(*many(view))]
    assert {type(problem) for problem in problems} == {Unreachable}


def test_a_stale_answer_says_how_old_it_is(
    server: Faulty, connected: Callable[..., Client], settings: Settings, view: View
) -> None:
    cache = Cache(
        lifetime=lambda _query, _at: Lifetime(-1, 3600, 3600), single_flight=SingleFlight(0.01)
    )
    client = connected(settings, cache)
    server.script("/metrics", said([{"x": "/", "y": 1}]))
    question = traffic.metrics(view, "path")
    before = datetime.now(UTC)
    client.ask(question)
    server.script("/metrics", Act(500, b""))
    reply = client.submit(question)
    assert reply.done()
    assert reply.stale
    assert reply.answered_at is not None
    assert before <= reply.answered_at <= datetime.now(UTC)
    assert reply.result().frame["count"].tolist() == [1]
    server.script("/metrics", said([{"x": "/", "y": 2}]))
    eventually(lambda: client.ask(question).frame["count"].tolist() == [2])


def test_a_write_lets_go_of_what_it_may_have_changed(
    server: Faulty, client: Client, view: View
) -> None:
    server.decide(late)
    client.ask(traffic.metrics(view, "path"))
    server.script("/reset", said({"ok": True}))
    client.ask(websites.reset_website(SITE))
    client.ask(traffic.metrics(view, "path"))
    assert len(server.requests_to("/metrics")) == 2
    server.script("/reset", Act(500, b""))
    with pytest.raises(ServerFault):
        client.ask(websites.reset_website(SITE))
    client.ask(traffic.metrics(view, "path"))
    assert len(server.requests_to("/metrics")) == 3, "a write that failed may have been done"
    assert len(server.requests_to("/reset")) == 2


def test_forgetting_asks_anew(server: Faulty, client: Client, view: View) -> None:
    server.decide(late)
    client.ask(traffic.metrics(view, "path"))
    client.forget()
    client.ask(traffic.metrics(view, "path"))
    assert len(server.requests_to("/metrics")) == 2


def test_one_that_fails_leaves_the_others_standing(
    server: Faulty, client: Client, view: View
) -> None:
    server.decide(late)
    server.script("/events/series", Act(500, b""))
    good, bad = client.ask_all(traffic.metrics(view, "path"), events.series(view))
    problem = bad.exception()
    assert isinstance(problem, ServerFault)
    assert problem.endpoint == "series"
    assert good.result().frame.empty


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (page(), "web page"),
        (Act(body=b""), "nothing"),
        (Act(body=b"[1,"), "no JSON"),
        (Act(body=b"[NaN]"), "no JSON"),
        (Act(body=b"[" * 100_000), "no JSON"),
        (Act(body=b"\xff\xfe"), "no JSON"),
        (said({"x": 1}), "not"),
        (said(None), "not"),
        (said([{"x": "/", "y": "many"}]), "not"),
    ],
)
def test_answers_that_are_none(
    server: Faulty, client: Client, view: View, answer: Act, sentence: str
) -> None:
    server.script("/metrics", answer)
    with pytest.raises(UnexpectedAnswer, match=sentence) as raised:
        client.ask(traffic.metrics(view, "path"))
    assert raised.value.endpoint == "metrics"
    assert raised.value.__context__ is None


def test_no_website_is_not_found(server: Faulty, client: Client) -> None:
    server.script(f"/websites/{SITE}", said(None))
    with pytest.raises(NotFound):
        client.ask(websites.website(SITE))


def test_what_a_server_is_called(server: Faulty, client: Client, settings: Settings) -> None:
    assert client.server.address == server.url
    assert not client.server.demo
    assert PASSWORD not in repr(client) + repr(client.server) + repr(settings)
    with connect(settings, label="Embedded Umami", demo=True) as other:
        assert (other.server.label, other.server.demo) == ("Embedded Umami", True)
    with connect(Settings(api="https://api.umami.is/v1", api_key="k", cloud=True)) as cloud:
        assert cloud.server.label == "Umami Cloud"


def test_without_a_server_there_is_no_client() -> None:
    with pytest.raises(SettingsError, match="UMAMI_URL"):
        connect(Settings())


def test_a_closed_client_says_so(settings: Settings, server: Faulty, view: View) -> None:
    client = Client(settings)
    server.decide(late)
    with client:
        client.ask(traffic.metrics(view, "path"))
    assert client.ask(traffic.metrics(view, "path")).frame.empty, "what is kept stays"
    for question in (traffic.metrics(view, "title"), websites.reset_website(SITE)):
        with pytest.raises(Unreachable, match="closed"):
            client.ask(question)


def test_closing_lets_nobody_wait(settings: Settings, server: Faulty, view: View) -> None:
    let = threading.Event()
    server.decide(lambda seen: said([], after=let.is_set))
    client = Client(settings.model_copy(update={"connections": 1}))
    replies = client.ask_all(*many(view, 40))
    client.close()
    _, waiting = wait(replies, timeout=60)
    let.set()
    assert not waiting
    assert all(isinstance(reply.exception(), Unreachable | None) for reply in replies)


@pytest.mark.thorough
def test_a_process_ends_while_its_requests_are_pending(settings: Settings, server: Faulty) -> None:
    let = threading.Event()
    server.decide(lambda seen: said([], after=let.is_set))
    program = f"""
from umami.api import websites
from umami.client import Client
from umami.settings import Settings
client = Client(Settings(api={settings.api!r}, api_key="k", timeout=600, connections=2))
for page in range(5):
    client.submit(websites.websites(page=page))
"""
    try:
        ended = subprocess.run([sys.executable, "-c", program], timeout=60, check=False)
    finally:
        let.set()
    assert ended.returncode == 0


def test_nothing_secret_is_ever_shown(
    server: Faulty, client: Client, view: View, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [page(), Act(500, b""), said([TOKEN, PASSWORD]), said({"error": TOKEN}, 400)]
    for number, answer in enumerate(answers, 1):
        server.script("/metrics", answer)
        with pytest.raises(UmamiError) as raised:
            client.ask(traffic.metrics(view, "path", limit=number))
        chained: BaseException | None = raised.value
        shown = "".join(traceback.format_exception(raised.value))
        while chained is not None:
            shown += f"{chained!r} {vars(chained)}"
            chained = chained.__cause__ or chained.__context__
        for secret in (TOKEN, PASSWORD):
            assert secret not in shown
            assert secret not in caplog.text


SEPTEMBER = View(
    SITE, Period(datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 3, tzinfo=UTC), "day", "UTC")
)
QUESTIONS: list[Query[Any]] = [
    websites.websites(),
    websites.website(SITE),
    websites.daterange(SITE),
    websites.create_website("Shop", "shop.example"),
    websites.reset_website(SITE),
    traffic.active(SITE),
    traffic.stats(SEPTEMBER),
    traffic.pageviews(SEPTEMBER),
    traffic.metrics(SEPTEMBER, "path"),
    traffic.values(SEPTEMBER, "path"),
    events.series(SEPTEMBER),
    sessions.weekly(SEPTEMBER),
    realtime.realtime(SITE),
    reports.retention(SEPTEMBER),
    reports.utm(SEPTEMBER),
    sending.send_pageview(SITE, "/", "shop.example"),
]
KEYS = st.sampled_from(
    ["x", "y", "t", "data", "count", "value", "prev", "id", "name", "pageviews", "sessions"]
) | st.text(max_size=5)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["2026-09-01 00:00:00", "2026-09-01T00:00:00Z", "1", "", SITE])
)
JSONS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)
BODIES = JSONS.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60)
STATUSES = st.sampled_from([200] * 8 + [201, 204, 302, 400, 401, 403, 404, 405, 418, 500, 501, 599])
HEADERS = st.lists(
    st.sampled_from(
        [
            ("content-type", "text/html"),
            ("content-encoding", "gzip"),
            ("content-encoding", "deflate"),
            ("location", "/api/elsewhere"),
            ("location", "http://[::"),
            ("retry-after", "soon"),
            ("set-cookie", "a=b; Domain=\x00"),
        ]
    ),
    max_size=2,
    unique=True,
).map(tuple)
ACTS = st.builds(Act, STATUSES, BODIES, HEADERS)
GARBAGE = st.builds(Act, garbage=st.binary(min_size=1, max_size=40))
ABUSE: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}


@pytest.fixture(scope="module")
def abused() -> Iterator[tuple[Faulty, Client]]:
    """A server and a client for a great many answers; nothing is kept, failures neither."""
    with ExitStack() as stack:
        server = stack.enter_context(faulty())
        account = Settings(
            api=f"{server.url}/api",
            username="ada",
            password=PASSWORD,
            timeout=5,
            generation=Generation.V3_1,
        )
        cache = Cache(lifetime=lambda _query, _at: None)
        yield server, stack.enter_context(Client(account, cache))


def outcome(abused: tuple[Faulty, Client], question: Query[Any], act: Act) -> None:
    """A model or an error of ours; anything else fails the test."""
    server, client = abused
    server.decide(lambda seen: SIGNED_IN if seen.path.endswith("/auth/login") else act)
    problem = client.submit(question).exception()
    assert problem is None or isinstance(problem, UmamiError), problem
    if problem is not None:
        assert str(problem)
        assert problem.__context__ is None


@pytest.mark.thorough
@settings(max_examples=200, **ABUSE)
@given(question=st.sampled_from(QUESTIONS), act=ACTS)
def test_whatever_is_answered_is_a_model_or_an_error_of_ours(
    abused: tuple[Faulty, Client], question: Query[Any], act: Act
) -> None:
    outcome(abused, question, act)


@settings(max_examples=10, **ABUSE)
@given(question=st.sampled_from(QUESTIONS), act=GARBAGE)
def test_whatever_is_no_http_is_an_error_of_ours(
    abused: tuple[Faulty, Client], question: Query[Any], act: Act
) -> None:
    outcome(abused, question, act)


def test_the_embedded_server_is_understood(connected: Callable[..., Client]) -> None:
    from umami.embedded.server import serve

    with serve(TABLES) as running:
        client = connected(
            Settings(api=f"{running.url}/api", username=running.username, password=running.password)
        )
        start, end = datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
        view = View(SHOP, Period(start, end, "day", "UTC"))
        sites, stats = client.ask_all(websites.websites(), traffic.stats(view))
        assert SHOP in [site.id for site in sites.result().rows]
        current = stats.result().current
        assert (current.views, current.visitors, current.visits) == (10_797, 2_423, 3_426)
        client.close()
