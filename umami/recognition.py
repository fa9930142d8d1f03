"""Which Umami a server is: told by what it answers to those who are not signed in.

No header and no endpoint names a generation, so a few small questions are asked at once, and
their answers compared with what each generation answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json

from umami.errors import (
    NotFound,
    NotOffered,
    Rejected,
    ServerFault,
    UmamiError,
    Unauthorised,
    UnexpectedAnswer,
)
from umami.generations import Generation
from umami.question import Request

NOWHERE: Final = "00000000-0000-0000-0000-000000000000"
CONFIG: Final = Request("GET", "/config")
ANALYSIS: Final = Request("POST", "/reports/retention", (), "{}")
"""Refused by who knows it, since it says nothing; not there from some 3.3 on."""
QUESTIONS: Final[dict[str, Request]] = {
    "config": CONFIG,
    "heartbeat": Request("GET", "/heartbeat"),
    "version": Request("GET", "/scripts/telemetry"),
    "segments": Request("GET", f"/websites/{NOWHERE}/segments"),
    "event_stats": Request("GET", f"/websites/{NOWHERE}/events/stats"),
    "analysis": ANALYSIS,
}
MARKS: Final = frozenset({"privateMode", "currentVersion", "sessionDeletionEnabled"})
"""Settings that came with 3.0, 3.1 and 3.3."""
VERSION: Final = re.compile(rb"[?&]v=(\d+\.\d+\.\d+[\w.+-]{0,20})")

Ask = Callable[[Request, str], bytes]
"""Asks without signing in; the second argument names the question in errors."""
Answer = bytes | UmamiError


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a server is."""

    generation: Generation
    version: str | None = None
    """The exact version, where the server tells it: ``3.1.0``."""
    mark: frozenset[str] = frozenset()
    """What of its settings a later look is compared with."""


def recognise(ask: Ask, address: str) -> Recognised:
    """Ask a self-hosted server what it is. Raises an ``UmamiError``."""
    with ThreadPoolExecutor(len(QUESTIONS), "recognising") as pool:
        waiting = {
            name: pool.submit(_answer, ask, request, name) for name, request in QUESTIONS.items()
        }
        answers = {name: one.result() for name, one in waiting.items()}
    config = _config(answers["config"])
    if config is None:
        _require_heart(answers["heartbeat"], address)
        segments = _known(answers["segments"])
        generation = Generation.V2_20 if segments else Generation.V2_18
    elif "currentVersion" not in config and not _known(answers["event_stats"]):
        generation = Generation.V3_0
    else:
        generation = Generation.V3_1 if _known(answers["analysis"]) else Generation.V3_4
    return Recognised(generation, _version(answers["version"]), _mark(config))


def recognise_cloud(ask: Ask) -> Recognised:
    """Find out how Umami Cloud, which is always the newest, wants analyses asked."""
    known = _known(_answer(ask, ANALYSIS, "analysis"))
    return Recognised(Generation.V3_1 if known else Generation.V3_4)


def looks_the_same(ask: Ask, found: Recognised) -> bool:
    """Whether one small answer is still what it was: it tells 2.x, 3.0, 3.1 and 3.3 apart."""
    return _mark(_config(_answer(ask, CONFIG, "config"))) == found.mark


def _mark(config: Mapping[str, Any] | None) -> frozenset[str]:
    return MARKS & set(config or ())


def _answer(ask: Ask, request: Request, name: str) -> Answer:
    try:
        return ask(request, name)
    except UmamiError as problem:
        return problem


def _known(answer: Answer) -> bool:
    """Whether a server that answers like this has the endpoint; raises what keeps it from saying.

    Parameters are looked at before the account is, so any of these refusals will do; some fail
    without parameters.
    """
    if isinstance(answer, NotOffered | NotFound):
        return False
    if isinstance(answer, Rejected | Unauthorised | bytes):
        return True
    if isinstance(answer, ServerFault) and answer.status == 500:
        return True
    raise answer


def _config(answer: Answer) -> Mapping[str, Any] | None:
    """The settings that 3.x shows to everybody; ``None`` for a 2.x, which has none or others."""
    if isinstance(answer, NotOffered | NotFound):
        return None
    if isinstance(answer, Unauthorised):
        raise Unauthorised(
            "Something in front of the server does not let us ask which Umami it is: let "
            "/api/config through, or set UMAMI_GENERATION.",
            endpoint="config",
        )
    if not isinstance(answer, bytes):
        raise answer
    try:
        found = from_json(answer)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UnexpectedAnswer(
            "What answers at this address is no Umami; it may be a login page in front of one.",
            endpoint="config",
        )
    return found if "privateMode" in found else None


def _require_heart(answer: Answer, address: str) -> None:
    try:
        beats = isinstance(answer, bytes) and from_json(answer)["ok"] is True
    except (ValueError, TypeError, LookupError):
        beats = False
    if not beats:
        if isinstance(answer, UmamiError) and not isinstance(answer, NotOffered | NotFound):
            raise answer
        raise NotFound(f"At {address} is no Umami.", endpoint="heartbeat")


def _version(answer: Answer) -> str | None:
    found = VERSION.search(answer) if isinstance(answer, bytes) else None
    return found[1].decode() if found else None
