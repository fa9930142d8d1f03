"""Detect the generation of a server from its answers to requests without a sign-in.

No header and no endpoint names the generation, so several small requests are sent at once. Each
answer proves that a route exists, proves that it does not, or proves nothing. The result is the one
generation that fits every proof. Where proofs contradict each other, or leave more than one
generation possible, detection raises an error: a guess would let an older server drop the filters
of a newer request, or the other way round, and show unfiltered numbers as filtered ones.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from pydantic_core import from_json

from umami import errors
from umami.compat.generations import Generation
from umami.endpoint import Request
from umami.scheduling import again

NIL: Final = "00000000-0000-0000-0000-000000000000"
"""A website id that no server has."""
ALL: Final = frozenset(Generation)
NEWEST: Final = max(Generation)

HEARTBEAT: Final = Request("GET", "/heartbeat")
ACCOUNT: Final = Request("GET", "/me")
CONFIG: Final = Request("GET", "/config")
TELEMETRY: Final = Request("GET", "/scripts/telemetry")
ERRORS: Final = Request("GET", f"/websites/{NIL}/errors")
RETENTION: Final = Request("GET", f"/websites/{NIL}/retention")
SEGMENTS: Final = Request("GET", f"/websites/{NIL}/segments")
BOARDS: Final = Request("GET", "/boards")
TWO_FACTOR: Final = Request("GET", "/2fa/status")
ANNOTATIONS: Final = Request("GET", f"/websites/{NIL}/annotations")
ROUTES: Final[dict[Request, Generation]] = {
    SEGMENTS: Generation.V2_20,
    BOARDS: Generation.V3_1,
    Request("GET", f"/websites/{NIL}/event-data-pivot"): Generation.V3_2,
    TWO_FACTOR: Generation.V3_3,
    ANNOTATIONS: Generation.V3_4,
    RETENTION: Generation.V3_4,
    ERRORS: Generation.V3_5,
}
"""Routes that tell generations apart, and the first generation that has each. Umami checks
parameters before the sign-in, so a route that exists answers 400 or 401 with a JSON body; an
unknown path is answered with status 404 and a web page."""
REQUESTS: Final = (HEARTBEAT, ACCOUNT, CONFIG, TELEMETRY, *ROUTES)
DOCUMENT: Final = "/openapi.json"
"""A static document outside ``/api`` that names the exact version, very likely from 3.4 on."""
SCRIPT_VERSION: Final = re.compile(rb"[?&]v=(\d+\.\d+\.\d+[\w.+-]{0,20})")
EXTENDED: Final = re.compile(rb"[?&]x=visits\b")
"""An embedded server's addition to that script."""
DOCUMENT_VERSION: Final = re.compile(
    rb'"info"\s*:\s*\{[^{}]*?"version"\s*:\s*"(\d+\.\d+\.\d+[\w.+-]{0,20})"'
)
MARKS: Final = frozenset({"privateMode", "currentVersion", "sessionDeletionEnabled"})
"""Members of ``/config`` that came with 3.0, 3.1 and 3.3; 3.3 has no ``currentVersion``."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered to a request without a sign-in."""

    status: int
    body: bytes
    problem: errors.UmamiError | None = None
    """What the answer means as an error, where it is no success."""


Probe = Callable[[Request], Answer]
"""Sends a request without a sign-in. Raises an ``UmamiError`` where no answer comes back."""
Document = Callable[[str], bytes]
"""Reads the beginning of a document outside ``/api``; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Detected:
    """The generation and version of a server."""

    generation: Generation
    version: str | None = None
    """The exact version, such as ``3.1.0``, where the server names it."""
    mark: str = ""
    """What a later check compares to notice that the server was replaced."""
    extended: bool = False
    """Whether the server is an embedded one, which also answers what no Umami does."""


class _Shape(Enum):
    DATA = "JSON of a success"
    ERROR_OBJECT = "an error as 3.x writes it: an object with a code"
    ERROR_TEXT = "an error as 2.x writes it: a text or a list of texts"
    MISSING = "an unknown path: 404 without JSON"
    UNCLEAR = "nothing that Umami answers"


def detect(probe: Probe, document: Document, address: str) -> Detected:
    """Detect the generation of a self-hosted server. Raises ``WrongAddress`` where no Umami server
    answers, ``UndetectableVersion`` where the answers fit no generation or several, and what
    sending the requests raises."""
    with ThreadPoolExecutor(len(REQUESTS), "detection") as pool:
        pending = {request: pool.submit(probe, request) for request in REQUESTS}
        answers = {request: future.result() for request, future in pending.items()}
    _require_heartbeat(answers[HEARTBEAT], address)
    possible = _possible(answers)
    script_version = _version(SCRIPT_VERSION, answers[TELEMETRY].body)
    version = script_version or _version(DOCUMENT_VERSION, document(DOCUMENT))
    generation = _certain(possible, version)
    mark = _mark(script_version, answers[CONFIG], answers[ERRORS])
    extended = EXTENDED.search(answers[TELEMETRY].body) is not None
    return Detected(generation, version, mark, extended)


def detect_cloud(probe: Probe) -> Detected:
    """Detect the generation of Umami Cloud, which runs the newest code; ``probe`` signs in. Raises
    what sending the requests raises, and ``UndetectableVersion``."""
    for request, generation in ((ERRORS, NEWEST), (RETENTION, Generation.V3_4)):
        answer = probe(request)
        if answer.status >= 500:
            break
        # The gateway answers an unknown path with status 404 and an error that is a text.
        if answer.status != 404 or _shape(answer) is _Shape.ERROR_OBJECT:
            return Detected(generation)
    raise _undetectable("Umami Cloud does not answer as any known version does")


def is_unchanged(probe: Probe, detected: Detected) -> bool:
    """Whether the server still is what it was detected to be; sends one or two small requests. The
    version text decides where the server names it. Otherwise ``/config`` and the route of browser
    errors do, which tell 2.x, 3.0, 3.1, 3.3 and 3.5 apart."""
    if detected.mark.startswith(_VERSION_MARK):
        version = _version(SCRIPT_VERSION, probe(TELEMETRY).body)
        return version is not None and _VERSION_MARK + version == detected.mark
    return _mark(None, probe(CONFIG), probe(ERRORS)) == detected.mark


_VERSION_MARK: Final = "version "
_NEW: Final = Generation.V3_0.and_newer
_OLD: Final = ALL - _NEW


def _possible(answers: Mapping[Request, Answer]) -> frozenset[Generation]:
    """The generations that fit every answer."""
    shapes = {request: _shape(answer) for request, answer in answers.items()}
    new = _Shape.ERROR_OBJECT in shapes.values()
    if not new and _Shape.ERROR_TEXT not in shapes.values():
        return ALL
    old = any(
        shape is _Shape.ERROR_TEXT and (request == ACCOUNT or answers[request].status == 400)
        for request, shape in shapes.items()
    )
    if new and old:
        return frozenset()
    possible = _NEW if new else ALL
    if shapes[CONFIG] is _Shape.MISSING:
        possible &= _OLD | {NEWEST}
    elif shapes[CONFIG] is _Shape.DATA:
        possible &= _by_config(_json(answers[CONFIG]))
    for request, since in ROUTES.items():
        if _exists(request, answers[request], new=new):
            possible &= since.and_newer
        elif shapes[request] is _Shape.MISSING:
            possible -= since.and_newer
    # A proxy in front of a newer server may write errors as 2.x does, so they alone prove nothing;
    # together with a route that only 3.x has, they contradict it.
    return possible if new or possible & _OLD else frozenset()


def _exists(request: Request, answer: Answer, *, new: bool) -> bool:
    """Whether an answer proves that the server has the route."""
    shape = _shape(answer)
    if shape is _Shape.DATA:
        # Only where a proxy signs in for us; the other routes refuse a request without parameters.
        return request in (BOARDS, TWO_FACTOR, ANNOTATIONS)
    if new:
        return shape is _Shape.ERROR_OBJECT
    # A 401 in this form may come from a proxy; the route itself asks for its parameter first.
    return shape is _Shape.ERROR_TEXT and request == SEGMENTS and answer.status == 400


def _by_config(config: Any) -> frozenset[Generation]:
    """The generations whose ``/config`` has these members."""
    if not isinstance(config, dict):
        return ALL
    if "privateMode" not in config:
        return frozenset({Generation.V2_18})
    if "sessionDeletionEnabled" in config:
        return Generation.V3_3.and_newer - {NEWEST}
    first = Generation.V3_1 if "currentVersion" in config else Generation.V3_0
    return first.and_newer - Generation.V3_3.and_newer


def _certain(possible: Iterable[Generation], version: str | None) -> Generation:
    """The only possible generation. Raises ``UndetectableVersion``."""
    candidates = sorted(possible)
    if not candidates:
        raise _undetectable("The answers of this server fit no version of Umami")
    if len(candidates) > 1:
        raise _undetectable("Something in front of this server hides which version of Umami it is")
    if version is not None and _generation_of(version) > candidates[0]:
        raise _undetectable(
            f"This server says that it is Umami {version[:40]}, but answers as an older version"
        )
    return candidates[0]


def _undetectable(sentence: str) -> errors.UndetectableVersion:
    names = ", ".join(map(str, Generation))
    return errors.UndetectableVersion(
        f"{sentence}: set UMAMI_GENERATION to its version ({names}).", endpoint="version"
    )


def _generation_of(version: str) -> Generation:
    """The newest generation that is not newer than a version text."""
    major, minor = (int(part) for part in version.split(".")[:2])
    older = [generation for generation in Generation if generation.value <= (major, minor)]
    return max(older, default=min(Generation))


def _require_heartbeat(answer: Answer, address: str) -> None:
    """Raise unless this is the heartbeat of an Umami server."""
    heartbeat = _json(answer)
    if answer.status == 200 and isinstance(heartbeat, dict) and heartbeat.get("ok") is True:
        return
    if answer.status in (401, 403):
        raise errors.Unauthorised(
            "Something in front of the server requires a sign-in of its own: let requests to /api "
            "through for the dashboard.",
            endpoint="heartbeat",
        )
    if answer.problem is not None and (300 <= answer.status < 400 or answer.status >= 500):
        raise again(answer.problem)
    if answer.status == 200 and heartbeat is None:
        raise errors.UnexpectedAnswer(
            f"A web page answers at {address} instead of Umami; it may be a login page in front "
            "of it.",
            endpoint="heartbeat",
        )
    raise errors.WrongAddress(f"No Umami server answers at {address}.", endpoint="heartbeat")


def _shape(answer: Answer) -> _Shape:
    content = _json(answer)
    if 200 <= answer.status < 300:
        return _Shape.DATA if isinstance(content, dict | list) else _Shape.UNCLEAR
    error = content.get("error") if isinstance(content, dict) else None
    if isinstance(error, dict) and isinstance(error.get("code"), str):
        return _Shape.ERROR_OBJECT
    if isinstance(error, str | list):
        return _Shape.ERROR_TEXT
    if answer.status == 404 and content is None:
        return _Shape.MISSING
    return _Shape.UNCLEAR


def _json(answer: Answer) -> Any:
    try:
        return from_json(answer.body)
    except ValueError:
        return None


def _version(pattern: re.Pattern[bytes], text: bytes) -> str | None:
    match = pattern.search(text)
    return match[1].decode() if match else None


def _mark(version: str | None, config: Answer, browser_errors: Answer) -> str:
    if version is not None:
        return _VERSION_MARK + version
    members = _json(config)
    marks = sorted(MARKS & set(members)) if isinstance(members, dict) else []
    known = _shape(browser_errors) in (_Shape.ERROR_OBJECT, _Shape.DATA)
    return f"config {' '.join(marks)}, errors {known}"
