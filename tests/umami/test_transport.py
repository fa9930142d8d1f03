"""The wire: patience, repetition, bounds, and what failures become, over a real socket."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.support.faults import RESET, TOKEN, Act, Faulty, page, said
from tests.support.ports import free_port
from tests.umami.conftest import PASSWORD
from umami import scheduling
from umami.compat.http_errors import reasons
from umami.endpoint import Request
from umami.errors import (
    NotFound,
    NotOffered,
    RateLimited,
    Rejected,
    ServerFault,
    SettingsError,
    TimedOut,
    UmamiError,
    Unauthorised,
    UnexpectedAnswer,
    Unreachable,
)
from umami.settings import Settings
from umami.transport import Transport

pytestmark = pytest.mark.slow

STATS = Request("GET", "/stats", (("startAt", "1"), ("path", "/a b?c&d=é")))
RECORDED = Path(__file__).parents[1] / "contract" / "data"


@pytest.fixture
def made() -> Iterator[Callable[[Settings], Transport]]:
    transports: list[Transport] = []

    def make(settings: Settings) -> Transport:
        transports.append(Transport(settings))
        return transports[-1]

    yield make
    for transport in transports:
        transport.close()


@pytest.fixture
def transport(made: Callable[[Settings], Transport], settings: Settings) -> Transport:
    return made(settings)


def ask(transport: Transport, request: Request = STATS, *, repeatable: bool = True) -> bytes:
    return transport.send(request, endpoint="stats", repeatable=repeatable)


def failure(transport: Transport, kind: type[UmamiError], **more: bool) -> UmamiError:
    with pytest.raises(kind) as raised:
        ask(transport, **more)
    assert type(raised.value) is kind
    return raised.value


def test_a_question_arrives_as_it_was_asked(server: Faulty, transport: Transport) -> None:
    server.script("/stats", said([1]))
    assert json.loads(ask(transport)) == [1]
    (seen,) = server.requests_to("/stats")
    assert (seen.method, seen.path) == ("GET", "/api/stats")
    assert seen.query == dict(STATS.params)
    assert seen.headers["authorization"] == f"Bearer {TOKEN}"
    assert "Mozilla" in seen.headers["user-agent"]
    transport.send(Request("POST", "/x", (), '{"é":1}'), endpoint="x", repeatable=False)
    (seen,) = server.requests_to("/x")
    assert json.loads(seen.body) == {"é": 1}
    assert seen.headers["content-type"] == "application/json"


@pytest.mark.parametrize("fault", [RESET, page(502), page(503), page(504), said({}, 429)])
def test_what_passes_is_asked_again(server: Faulty, transport: Transport, fault: Act) -> None:
    server.script("/stats", fault, fault, said("there"))
    assert json.loads(ask(transport)) == "there"
    assert len(server.requests_to("/stats")) == 3


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (RESET, Unreachable),
        (Act(body=b"[1", cut=True), Unreachable),
        (Act(garbage=b"SSH-2.0-OpenSSH_9.9\r\n"), Unreachable),
        (page(503), ServerFault),
        (said({}, 429), RateLimited),
    ],
)
def test_three_attempts_are_enough(
    server: Faulty, transport: Transport, fault: Act, kind: type[UmamiError]
) -> None:
    server.script("/stats", fault)
    assert failure(transport, kind).endpoint == "stats"
    assert len(server.requests_to("/stats")) == 3


@pytest.mark.parametrize("fault", [RESET, page(503), said({}, 429)])
def test_what_writes_is_sent_once(server: Faulty, transport: Transport, fault: Act) -> None:
    server.script("/stats", fault)
    failure(transport, _kind(fault), repeatable=False)
    assert len(server.requests_to("/stats")) == 1


def _kind(fault: Act) -> type[UmamiError]:
    if fault.reset:
        return Unreachable
    return RateLimited if fault.status == 429 else ServerFault


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Act(500, b""), ServerFault),
        (said({"error": "Bad request"}, 400), Rejected),
        (Act(405, b""), NotOffered),
        (page(404), NotOffered),
        (said({"error": "Not found"}, 404), NotFound),
    ],
)
def test_what_stays_is_asked_once(
    server: Faulty, transport: Transport, fault: Act, kind: type[UmamiError]
) -> None:
    server.script("/stats", fault)
    problem = failure(transport, kind)
    assert "stats" in str(problem)
    assert len(server.requests_to("/stats")) == 1


@pytest.mark.parametrize("spelled", ["1", "date"])
def test_the_server_says_how_long_to_wait(
    server: Faulty, transport: Transport, spelled: str
) -> None:
    # A date has whole seconds: between one and two of them lie ahead.
    begun = datetime.now(UTC)
    until = (begun + timedelta(seconds=2)).replace(microsecond=0)
    spelled_out = "1" if spelled == "1" else format_datetime(until, usegmt=True)
    server.script("/stats", said({}, 429, headers=(("retry-after", spelled_out),)), said(1))
    ask(transport)
    earliest = begun + timedelta(seconds=1) if spelled == "1" else until
    assert datetime.now(UTC) >= earliest - timedelta(seconds=0.1)
    assert len(server.requests_to("/stats")) == 2


@pytest.mark.parametrize("hours", [-7, 7])
def test_a_clock_that_is_off_changes_no_pause(
    server: Faulty, transport: Transport, hours: int
) -> None:
    now = datetime.now(UTC) + timedelta(hours=hours)
    dates = (
        ("date", format_datetime(now, usegmt=True)),
        ("retry-after", format_datetime(now + timedelta(seconds=1), usegmt=True)),
    )
    server.script("/stats", said({}, 429, headers=dates), said(1))
    begun = time.monotonic()
    ask(transport)
    assert time.monotonic() - begun >= 0.9
    assert len(server.requests_to("/stats")) == 2


@pytest.mark.parametrize(
    "after", ["3600", "99999999999999999999999", "Fri, 31 Dec 2100 23:59:59 GMT"]
)
def test_no_pause_is_too_long_to_say_no(server: Faulty, transport: Transport, after: str) -> None:
    server.script("/stats", said({}, 429, headers=(("retry-after", after),)))
    assert "pause of more than an hour" in str(failure(transport, RateLimited))
    assert len(server.requests_to("/stats")) == 1


@pytest.mark.parametrize("after", ["-5", "soon", "nan", "", "Fri, 99 Dec 2026 00:00:00 GMT"])
def test_a_nonsensical_pause_is_none(server: Faulty, transport: Transport, after: str) -> None:
    server.script("/stats", said({}, 429, headers=(("retry-after", after),)), said(1))
    if after == "nan":
        failure(transport, RateLimited)
    else:
        ask(transport)


def test_an_answer_is_not_waited_for_for_ever(
    server: Faulty, made: Callable[[Settings], Transport], settings: Settings
) -> None:
    transport = made(_with(settings, timeout=0.5))
    server.script("/stats", said(1, delay=30))
    failure(transport, TimedOut)
    assert len(server.requests_to("/stats")) == 1


def test_a_dripping_answer_is_not_waited_for_for_ever(
    server: Faulty, made: Callable[[Settings], Transport], settings: Settings
) -> None:
    transport = made(_with(settings, timeout=0.5))
    server.script("/stats", Act(body=b"x" * 10_000, drip=0.05))
    failure(transport, TimedOut)


def test_an_endless_answer_is_cut(server: Faulty, transport: Transport) -> None:
    server.script("/stats", Act(body=b"1," * 500_000, endless=True))
    assert "too large" in str(failure(transport, UnexpectedAnswer))


def test_an_endless_refusal_is_cut(server: Faulty, transport: Transport) -> None:
    server.script("/stats", Act(400, b"1," * 500_000, endless=True))
    failure(transport, Rejected)


def test_an_answer_may_be_packed_but_not_badly(server: Faulty, transport: Transport) -> None:
    packed = (("content-encoding", "gzip"),)
    server.script("/stats", Act(body=gzip.compress(b"[1]"), headers=packed))
    assert ask(transport) == b"[1]"
    server.script("/stats", Act(body=b"[1]", headers=packed))
    failure(transport, UnexpectedAnswer)


def test_a_dead_server_is_found_out_once(
    made: Callable[[Settings], Transport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduling, "TRIAL_PAUSE", 600.0)
    port = free_port()
    # With a key there is no sign-in whose failure would be remembered.
    transport = made(Settings(api=f"http://127.0.0.1:{port}/api", api_key="k"))
    failure(transport, Unreachable)
    with socket.create_server(("127.0.0.1", port)) as listening:
        for _ in range(50):
            failure(transport, Unreachable)
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_one_broken_endpoint_leaves_the_others_standing(
    server: Faulty, transport: Transport
) -> None:
    server.script("/stats", RESET)
    failure(transport, Unreachable)
    assert transport.send(Request("GET", "/x"), endpoint="x", repeatable=True) == b"{}"


@pytest.mark.parametrize(
    ("status", "path", "followed"),
    [
        (308, "/api/stats/", True),
        (307, "/api/stats/", True),
        (301, "/api/stats/", True),
        (308, "/api/other", False),
        (308, "https://evil.example/api/stats/", False),
        (308, "//evil.example/api/stats/", False),
        (302, "http://127.0.0.1:1/api/stats/", False),
        (302, "http://[", False),
        (302, "/login", False),
    ],
)
def test_only_a_slash_is_followed(
    server: Faulty, transport: Transport, status: int, path: str, followed: bool
) -> None:
    server.script("/stats", Act(status, b"", headers=(("location", path),)))
    server.script("/stats/", said(7))
    if followed:
        assert ask(transport) == b"7"
        assert server.requests_to("/stats/")[0].query == dict(STATS.params)
    else:
        failure(transport, UnexpectedAnswer)
        assert len(server.seen) == 2  # the sign-in and the question


def test_a_circle_is_left(server: Faulty, transport: Transport) -> None:
    server.script("/stats", Act(308, b"", headers=(("location", "/api/stats/"),)))
    server.script("/stats/", Act(308, b"", headers=(("location", "/api/stats"),)))
    failure(transport, UnexpectedAnswer)


def test_a_server_that_wants_https_says_which_setting_to_change(
    server: Faulty, transport: Transport
) -> None:
    server.script("/stats", Act(308, b"", headers=(("location", "https://127.0.0.1/api/stats"),)))
    problem = failure(transport, SettingsError)
    assert "UMAMI_URL" in str(problem)
    assert "https://" in str(problem)


def test_a_proxy_is_never_between_us_and_this_machine(
    server: Faulty,
    made: Callable[[Settings], Transport],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert ask(made(settings)) == b"{}"


def test_a_proxy_is_used_for_other_machines(
    server: Faulty,
    made: Callable[[Settings], Transport],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, server.url)
    for name in ("no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert ask(made(_with(settings, api="http://umami.invalid/api"))) == b"{}"
    assert server.requests_to("/stats")[0].headers["host"] == "umami.invalid"


def test_a_text_that_cannot_be_sent_is_refused(transport: Transport) -> None:
    with pytest.raises(UmamiError):
        ask(transport, Request("GET", "/stats", (("path", "\ud800"),)))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            b'{"error":["startAt: Expected number", "unit: Required"]}',
            ("startAt: Expected number", "unit: Required"),
        ),
        (b'{"error":"Bad request"}', ("Bad request",)),
        (
            b'{"error":{"message":"Bad request","code":"bad-request","status":400,"errors":[],'
            b'"properties":{"unit":{"errors":["Invalid unit"]},"steps":{"errors":[],"items":['
            b'{"errors":[],"properties":{"type":{"errors":["Required"]}}}]}}}}',
            ("unit: Invalid unit", "steps[0].type: Required"),
        ),
        (
            b'{"error":{"message":"Unauthorized","code":"unauthorized","status":401}}',
            ("Unauthorized",),
        ),
        (b"<html>", ()),
        (b"", ()),
        (b"[]", ()),
        (b'{"error":{"properties":[],"items":{},"errors":7}}', ()),
        (b'{"error":[1,null,"  a\\n b "]}', ("a b",)),
    ],
)
def test_reasons_of_every_generation_are_read(body: bytes, expected: tuple[str, ...]) -> None:
    assert reasons(body) == expected


def test_recorded_refusals_become_the_right_errors(server: Faulty, transport: Transport) -> None:
    refused = []
    for name in ("v2.18.1", "v2.20.2", "v3.0.3", "v3.1.0"):
        with gzip.open(RECORDED / f"{name}.jsonl.gz", "rt") as lines:
            refused += [
                recorded for recorded in map(json.loads, lines) if recorded["status"] >= 400
            ]
    assert len(refused) > 15
    kinds = {400: Rejected, 404: NotOffered, 500: ServerFault}
    for recorded in refused:
        body = b"" if recorded["answer"] is None else json.dumps(recorded["answer"]).encode()
        server.script("/stats", Act(recorded["status"], body))
        problem = failure(transport, kinds[recorded["status"]])
        if isinstance(problem, Rejected):
            stated = recorded["answer"]["error"]
            if isinstance(stated, dict):
                placed = stated.get("properties", {}).items()
                stated = [
                    *stated.get("errors", ()),
                    *(f"{name}: {text}" for name, at in placed for text in at["errors"]),
                ] or stated["message"]
            assert problem.reasons == ((stated,) if isinstance(stated, str) else tuple(stated))
            assert all(reason in str(problem) for reason in problem.reasons)


@pytest.mark.parametrize(
    "fault",
    [
        RESET,
        page(404),
        Act(500, b""),
        Act(body=b"x", cut=True),
        said({"error": f"Bearer {TOKEN} of {PASSWORD}"}, 400),
        said({"error": [TOKEN, PASSWORD]}, 401),
        Act(308, b"", headers=(("location", "https://evil.example/"),)),
    ],
)
def test_nothing_secret_is_ever_shown(
    server: Faulty, transport: Transport, fault: Act, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script("/stats", fault)
    with pytest.raises(UmamiError) as raised:
        ask(transport, Request("POST", "/stats", (), json.dumps({"password": PASSWORD})))
    shown = [caplog.text, repr(transport), *everything(raised.value)]
    for secret in (TOKEN, PASSWORD):
        assert not [text for text in shown if secret in text]


def everything(problem: BaseException) -> Iterator[str]:
    """Whatever an error shows, and whatever hangs on it."""
    yield "".join(traceback.format_exception(problem))
    chained: BaseException | None = problem
    while chained is not None:
        yield f"{chained!r} {vars(chained)!r} {chained.args!r}"
        request = getattr(chained, "_request", None)
        assert request is None, "a request, with its headers, hangs on the error"
        chained = chained.__cause__ or chained.__context__


def test_a_closed_transport_says_so(transport: Transport) -> None:
    transport.close()
    assert "closed" in str(failure(transport, Unreachable))


def test_who_may_not_see_something_is_told(server: Faulty, transport: Transport) -> None:
    server.script("/stats", said({"error": "Unauthorized"}, 401))
    failure(transport, Unauthorised)


def _with(settings: Settings, **more: object) -> Settings:
    return settings.model_copy(update=more)  # type: ignore[arg-type]
