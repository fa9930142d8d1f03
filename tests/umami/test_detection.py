"""The generation of a server, detected from what it answers without a sign-in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.faults import SIGNED_IN, Act, Faulty, page, said
from umami.client import Client
from umami.compat.detection import (
    ACCOUNT,
    ANNOTATIONS,
    BOARDS,
    CONFIG,
    HEARTBEAT,
    REQUESTS,
    ROUTES,
    TELEMETRY,
    TWO_FACTOR,
    Answer,
    Detected,
    detect,
    detect_cloud,
    is_unchanged,
)
from umami.compat.generations import Generation
from umami.endpoint import Request
from umami.errors import NotFound, Unauthorised, UndetectableVersion, UnexpectedAnswer
from umami.settings import Settings

V = Generation
UNCONDITIONAL = (BOARDS, TWO_FACTOR, ANNOTATIONS)
"""Routes that need no parameter, so that they ask for a sign-in first."""
MISSING = Answer(404, b"<!DOCTYPE html><html>404</html>")
NO_SCRIPT = Answer(200, b"/* telemetry disabled */")
SETTINGS = {"cloudMode": False, "privateMode": False, "telemetryDisabled": False}


def error_object(status: int = 401) -> Answer:
    code = {400: "bad-request", 401: "unauthorized", 503: "service-unavailable"}[status]
    return Answer(status, json.dumps({"error": {"code": code, "status": status}}).encode())


def error_text(status: int = 401) -> Answer:
    error: Any = "Unauthorized" if status == 401 else ["startAt: Required"]
    return Answer(status, json.dumps({"error": error}).encode())


def script(version: str) -> Answer:
    return Answer(200, f"(()=>{{new Image().src='https://i/a.png?v={version}'}})()".encode())


def column(generation: Generation, version: str | None) -> dict[Request, Answer]:
    """What a server of a generation answers, as a column of the table of facts."""
    refusal = error_text if generation.major == 2 else error_object
    answers = dict.fromkeys(REQUESTS, MISSING)
    answers[HEARTBEAT] = Answer(200, b'{"ok":true}')
    answers[ACCOUNT] = refusal(401)
    answers[TELEMETRY] = script(version) if version else NO_SCRIPT
    for request, since in ROUTES.items():
        if generation >= since:
            needs_nothing = (
                not request.path.startswith("/websites") or "annotations" in request.path
            )
            answers[request] = refusal(401 if needs_nothing else 400)
    members = dict(SETTINGS)
    if generation in (V.V3_1, V.V3_2):
        members["currentVersion"] = True
    if generation in (V.V3_3, V.V3_4):
        members["sessionDeletionEnabled"] = True
    if V.V3_0 <= generation < V.V3_5:
        answers[CONFIG] = Answer(200, json.dumps(members).encode())
    return answers


VERSIONS = {
    V.V2_18: "2.18.1",
    V.V2_20: "2.20.2",
    V.V3_0: "3.0.3",
    V.V3_1: "3.1.0",
    V.V3_2: "3.2.0",
    V.V3_3: "3.3.1",
    V.V3_4: "3.4.0",
    V.V3_5: "3.5.0",
}


def detected(answers: dict[Request, Answer], document: bytes = b"") -> Detected:
    return detect(answers.__getitem__, lambda _path: document, "https://a.example")


def outcome(answers: dict[Request, Answer]) -> Detected | str:
    """What is detected, or the sentence that says why nothing is."""
    try:
        return detected(answers)
    except UndetectableVersion as problem:
        return str(problem)


@pytest.mark.parametrize("generation", Generation, ids=str)
def test_each_column_gives_its_generation(generation: Generation) -> None:
    version = VERSIONS[generation]
    detection = detected(column(generation, version))
    assert (detection.generation, detection.version) == (generation, version)
    detection = detected(column(generation, None))
    assert (detection.generation, detection.version) == (generation, None)
    assert is_unchanged(column(generation, None).__getitem__, detection)


@pytest.mark.parametrize("generation", Generation, ids=str)
def test_the_document_names_the_version_where_the_script_does_not(generation: Generation) -> None:
    version = VERSIONS[generation]
    described = json.dumps({"components": {}, "info": {"title": "Umami", "version": version}})
    assert detected(column(generation, None), described.encode()).version == version
    # The web page that some servers answer for an unknown path is no document.
    assert detected(column(generation, None), b"<html>?v=9.9.9</html>").version is None


def test_newer_versions_are_treated_as_the_newest_known() -> None:
    for version in ("3.6.0", "3.12.1", "4.0.0"):
        detection = detected(column(V.V3_5, version))
        assert (detection.generation, detection.version) == (V.V3_5, version)


def test_a_document_of_an_earlier_build_does_not_count_against_the_routes() -> None:
    detection = detected(column(V.V3_4, None), b'{"info":{"version":"3.3.1"}}')
    assert detection.generation is V.V3_4


def test_two_factor_without_its_key_is_a_route_all_the_same() -> None:
    answers = column(V.V3_3, None)
    request = next(route for route in ROUTES if route.path == "/2fa/status")
    answers[request] = error_object(503)
    del answers[CONFIG]
    answers[CONFIG] = Answer(401, b"blocked")
    assert detected(answers).generation is V.V3_3


def test_old_settings_are_those_of_an_old_version() -> None:
    answers = column(V.V2_18, None)
    answers[CONFIG] = Answer(200, b'{"uiDisabled":false,"telemetryDisabled":true}')
    assert detected(answers).generation is V.V2_18


HIDING = {
    "401 as text": Answer(401, b"Unauthorized"),
    "401 as a web page": Answer(401, b"<html>Sign in</html>"),
    "401 as JSON": error_text(401),
    "403": Answer(403, b""),
    "a web page": Answer(200, b"<html>Welcome</html>"),
    "a redirect": Answer(302, b""),
    "a fault": Answer(500, b""),
}


@pytest.mark.parametrize("kind", HIDING)
@pytest.mark.parametrize("generation", Generation, ids=str)
def test_a_proxy_that_hides_unknown_paths_never_makes_a_server_older(
    generation: Generation, kind: str
) -> None:
    answers = {
        request: HIDING[kind] if answer is MISSING else answer
        for request, answer in column(generation, None).items()
    }
    verdict = outcome(answers)
    if isinstance(verdict, str):
        assert "UMAMI_GENERATION" in verdict
        assert generation is not V.V3_5
    else:
        assert verdict.generation is generation


@pytest.mark.parametrize("kind", HIDING)
def test_a_proxy_that_hides_everything_is_an_error(kind: str) -> None:
    answers = dict.fromkeys(REQUESTS, HIDING[kind])
    with pytest.raises((Unauthorised, UnexpectedAnswer, NotFound)):
        detected(answers)
    answers[HEARTBEAT] = Answer(200, b'{"ok":true}')
    with pytest.raises(UndetectableVersion, match="UMAMI_GENERATION"):
        detected(answers)


def test_a_proxy_that_signs_in_for_us_hides_nothing() -> None:
    for generation in (V.V3_0, V.V3_1, V.V3_4, V.V3_5):
        answers = {
            request: Answer(200, b"{}") if answer.status == 401 else answer
            for request, answer in column(generation, None).items()
        }
        assert detected(answers).generation is generation


def test_a_version_text_that_is_newer_than_the_routes_is_an_error() -> None:
    for generation, version in ((V.V2_20, "3.5.0"), (V.V3_1, "3.4.0"), (V.V3_4, "3.5.0")):
        with pytest.raises(UndetectableVersion, match=version.replace(".", r"\.")):
            detected(column(generation, version))


def consistent(answers: dict[Request, Answer]) -> set[Generation]:
    """The generations in whose column every answer stands, or that an unclear answer may hide."""
    known = {id(answer) for answer in HIDING.values()}
    return {
        generation
        for generation in Generation
        if all(
            id(answer) in known
            or request == TELEMETRY
            or answer == column(generation, None)[request]
            # 3.1 and 3.2 may leave ``currentVersion`` out of their settings.
            or (request == CONFIG and answer == PLAIN and generation in (V.V3_1, V.V3_2))
            for request, answer in answers.items()
        )
    }


PLAIN = column(V.V3_0, None)[CONFIG]
COLUMNS = [column(generation, VERSIONS[generation]) for generation in Generation]


@pytest.mark.thorough
@settings(max_examples=500, deadline=None)
@given(
    origin=st.lists(st.sampled_from(COLUMNS), min_size=len(REQUESTS), max_size=len(REQUESTS)),
    same=st.booleans(),
    hidden=st.dictionaries(
        st.sampled_from(REQUESTS[1:]), st.sampled_from(list(HIDING.values())), max_size=6
    ),
)
def test_random_answers_give_what_fits_all_of_them_or_an_error(
    origin: list[dict[Request, Answer]], same: bool, hidden: dict[Request, Answer]
) -> None:
    chosen = [origin[0]] * len(REQUESTS) if same else origin
    answers = {request: source[request] for request, source in zip(REQUESTS, chosen, strict=True)}
    answers |= hidden
    proofs = [since for request, since in ROUTES.items() if answers[request] == error_object(400)]
    verdict = outcome(answers)
    if isinstance(verdict, str):
        assert "UMAMI_GENERATION" in verdict
        return
    assert consistent(answers) == {verdict.generation}
    assert verdict.generation >= max(proofs, default=V.V2_18)
    if verdict.version:
        assert tuple(map(int, verdict.version.split(".")[:2])) <= verdict.generation.value


def test_a_change_of_the_server_is_noticed() -> None:
    for before in Generation:
        for after in Generation:
            detection = detected(column(before, VERSIONS[before]))
            answers = column(after, VERSIONS[after])
            assert is_unchanged(answers.__getitem__, detection) == (before is after)
            # Telemetry that was switched off meanwhile is a change as well.
            assert not is_unchanged(column(after, None).__getitem__, detection)
    silent = [V.V2_20, V.V3_0, V.V3_1, V.V3_4, V.V3_5]
    for before in silent:
        for after in silent:
            detection = detected(column(before, None))
            assert is_unchanged(column(after, None).__getitem__, detection) == (before is after)


def test_a_patch_release_is_a_change() -> None:
    detection = detected(column(V.V3_3, "3.3.0"))
    assert not is_unchanged(column(V.V3_3, "3.3.1").__getitem__, detection)


def test_the_cloud_is_the_newest_that_its_routes_prove() -> None:
    missing = Answer(404, b'{"error":"Not Found: websites/errors"}')
    answers = dict.fromkeys(REQUESTS, missing)
    with pytest.raises(UndetectableVersion):
        detect_cloud(answers.__getitem__)
    retention = next(route for route in ROUTES if route.path.endswith("/retention"))
    errors = next(route for route in ROUTES if route.path.endswith("/errors"))
    answers[retention] = error_object(400)
    assert detect_cloud(answers.__getitem__).generation is V.V3_4
    answers[errors] = error_object(400)
    assert detect_cloud(answers.__getitem__).generation is V.V3_5
    answers[errors] = Answer(500, b"")
    with pytest.raises(UndetectableVersion):
        detect_cloud(answers.__getitem__)


# The same over a real socket


def stand_in(server: Faulty, answers: dict[Request, Answer], base: str = "") -> None:
    """Let a server answer like this under a base path; sign-in works."""

    def act(path: str) -> Act:
        for request, answer in answers.items():
            if path == f"{base}/api{request.path}":
                return Act(answer.status, answer.body)
        return SIGNED_IN if path == f"{base}/api/auth/login" else page(404)

    server.decide(lambda seen: act(seen.path))


@pytest.mark.parametrize("base", ["", "/tools/umami"])
@pytest.mark.parametrize("generation", Generation, ids=str)
def test_each_column_over_a_socket(
    server: Faulty,
    settings: Settings,
    connected: Callable[..., Client],
    generation: Generation,
    base: str,
) -> None:
    stand_in(server, column(generation, None), base)
    document = json.dumps({"a": "x" * 100_000, "info": {"version": VERSIONS[generation]}})
    server.script("/openapi.json", Act(body=document.encode() + b" " * 2_000_000, endless=True))
    client = connected(
        settings.model_copy(update={"api": f"{server.url}{base}/api", "generation": None})
    )
    detection = client.recognise()
    assert (detection.generation, detection.version) == (generation, VERSIONS[generation])
    assert not any("authorization" in seen.headers for seen in server.seen)
    assert [seen.headers["range"] for seen in server.requests_to("/openapi.json")] == [
        "bytes=0-131071"
    ]


def test_the_document_is_not_read_where_the_script_names_the_version(
    server: Faulty, settings: Settings, connected: Callable[..., Client]
) -> None:
    stand_in(server, column(V.V3_5, "3.5.0"))
    client = connected(settings.model_copy(update={"generation": None}))
    assert client.recognise().version == "3.5.0"
    assert not server.requests_to("/openapi.json")


def test_a_document_that_breaks_off_is_none(
    server: Faulty, settings: Settings, connected: Callable[..., Client]
) -> None:
    stand_in(server, column(V.V3_5, None))
    server.script("/openapi.json", Act(reset=True))
    client = connected(settings.model_copy(update={"generation": None}))
    assert client.recognise().generation is V.V3_5
    assert client.server.version is None


def test_a_hidden_version_is_an_error_with_a_remedy(
    server: Faulty, settings: Settings, connected: Callable[..., Client]
) -> None:
    answers = {
        request: Answer(401, b"Unauthorized") if answer is MISSING else answer
        for request, answer in column(V.V3_1, None).items()
    }
    stand_in(server, answers)
    client = connected(settings.model_copy(update={"generation": None}))
    with pytest.raises(UndetectableVersion, match="UMAMI_GENERATION") as raised:
        client.recognise()
    assert raised.value.remedy
    named = connected(settings.model_copy(update={"generation": V.V3_1}))
    assert named.recognise().generation is V.V3_1


def test_another_program_is_not_umami(
    server: Faulty, settings: Settings, connected: Callable[..., Client]
) -> None:
    server.decide(lambda _seen: said({"hello": "world"}))
    with pytest.raises(NotFound, match="No Umami server answers"):
        connected(settings.model_copy(update={"generation": None})).recognise()
