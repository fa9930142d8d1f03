"""From an HTTP request to a checked question, and from an answer or a refusal to JSON.

A route declares the pydantic model of its parameters; what is not declared is refused, so that
a client's mistake shows.
"""

from __future__ import annotations

import json
import logging
import math
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from umami.embedded.refusals import BadRequest, Refusal

if TYPE_CHECKING:
    from umami.embedded.state import Umami, User

LARGEST_BODY = 1_000_000
DEEPEST = 100
"""Levels of nesting in a body; deeper ones are nobody's question."""

_log = logging.getLogger(__name__)


class Parameters(BaseModel):
    """Base of all declared parameters; an undeclared one is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _known_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (LookupError, ValueError, OSError):
        raise ValueError("Invalid timezone") from None


def _without_nul(text: str) -> str:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("Invalid text")
    return text


Zone = Annotated[str, AfterValidator(_known_zone)]
"""An IANA time zone."""
Text = Annotated[str, Field(max_length=2000), AfterValidator(_without_nul)]
"""Text that a database can hold."""
Milliseconds = Annotated[int, Field(ge=0, le=4_102_444_800_000)]
"""Unix milliseconds, up to the year 2100."""
Nothing = Parameters
"""The model of a route without parameters."""

A = TypeVar("A", bound=BaseModel)


class Range(Parameters):
    """A time range in Unix milliseconds; both ends count."""

    startAt: Milliseconds
    endAt: Milliseconds

    @property
    def start(self) -> datetime:
        """First instant, naive UTC."""
        return moment(self.startAt)

    @property
    def end(self) -> datetime:
        """Last instant, naive UTC."""
        return moment(self.endAt)


def moment(unix_milliseconds: int) -> datetime:
    """Unix milliseconds as naive UTC, as the store keeps times."""
    return datetime(1970, 1, 1) + timedelta(milliseconds=unix_milliseconds)


def instant(time: datetime | None) -> str | None:
    """A stored time as Umami writes it: ``2026-08-01T00:40:29.000Z``."""
    if time is None:
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


def now() -> datetime:
    """The present as naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Call(Generic[A]):
    """One request, checked: who asks, of which path, and what."""

    umami: Umami
    asked: A
    path: Mapping[str, UUID | str]
    headers: Mapping[str, str]
    user: User | None

    def id(self, name: str) -> UUID:
        """The path's id of this name."""
        found = self.path[name]
        if not isinstance(found, UUID):
            raise KeyError(name)
        return found


Handler = Callable[[Call[A]], Any]


class Routes:
    """A list of routes that fills itself by decoration."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def __call__(
        self, method: str, path: str, parameters: type[A], *, open_to_all: bool = False
    ) -> Callable[[Handler[A]], Handler[A]]:
        """Declare a route under ``/api``; parts such as ``{website_id}`` must be UUIDs.

        The handler returns what is answered as JSON, or a ``Response``; the parameters are those
        of the query for a GET and of the JSON body otherwise. It runs in a thread of its own. A
        website that the path or ``websiteId`` of the parameters names exists by then if the route
        writes; one that is only read may be unknown.
        """
        # An analysis is a POST that only reads.
        reads = method == "GET" or (path.startswith("/reports/") and "{" not in path)
        changes = not (reads or open_to_all or path.startswith("/auth/"))

        def declare(handler: Handler[A]) -> Handler[A]:
            def answer(request: Request, body: bytes) -> Response:
                umami: Umami = request.app.state.umami
                umami.catch_up()
                given = _json(body) if method != "GET" else dict(request.query_params)
                place = {name: _id(name, text) for name, text in request.path_params.items()}
                asked = validated(parameters, given)
                user = umami.accounts.identify(request.headers)
                website = None
                if not open_to_all:
                    website = place.get("website_id") or getattr(asked, "websiteId", None)
                    umami.admit(user, request.headers, website, path, reads=reads)
                found = handler(Call(umami, asked, place, request.headers, user))
                if changes:
                    umami.changed(str(website) if website else None)
                return found if isinstance(found, Response) else Json(found)

            async def endpoint(request: Request) -> Response:
                try:
                    body = await _body(request)
                    return await run_in_threadpool(answer, request, body)
                except (Refusal, ClientDisconnect):
                    raise
                except Exception as error:
                    # The message may hold what was sent, a password for one; where it happened
                    # may not.
                    _log.error(
                        "%s %s failed with %s\n%s",
                        method,
                        path,
                        type(error).__name__,
                        "".join(traceback.format_tb(error.__traceback__)),
                    )
                    return Json({"error": "Internal server error"}, status_code=500)

            self.all.append(Route("/api" + path, endpoint, methods=[method], name=path))
            return handler

        return declare


class Json(Response):
    """An answer in JSON; what is no text in UTF-8 travels escaped."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        try:
            return _dumped(content, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return _dumped(content, ensure_ascii=True).encode()


def _dumped(content: Any, *, ensure_ascii: bool) -> str:
    return json.dumps(content, ensure_ascii=ensure_ascii, allow_nan=False, separators=(",", ":"))


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise Refusal(413, "Body too large")
    return body


def _id(name: str, text: str) -> UUID | str:
    if not name.endswith("_id"):
        return text
    try:
        return UUID(text)
    except ValueError:
        raise BadRequest(f"{name}: Invalid uuid") from None


def _json(body: bytes) -> Any:
    if not body:
        return {}
    try:
        found = json.loads(body, parse_constant=_no_number, parse_float=_finite)
        if _depth(found) <= DEEPEST:
            return found
    except (ValueError, RecursionError):
        pass
    raise BadRequest("body: Invalid JSON")


def _no_number(text: str) -> float:
    raise ValueError(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level and depth <= DEEPEST:
        depth += 1
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return depth


def validated(parameters: type[A], given: Any) -> A:
    """The parameters in decoded JSON or a query; ``BadRequest`` names what is wrong with them."""
    try:
        return parameters.model_validate(given)
    except ValidationError as refused:
        raise BadRequest(
            *(_reason(one["loc"], one["type"], one["msg"]) for one in _first_errors(refused))
        ) from None


def _first_errors(refused: ValidationError) -> list[ErrorDetails]:
    return refused.errors(include_url=False, include_input=False, include_context=False)[:20]


def _reason(place: tuple[int | str, ...], kind: str, message: str) -> str:
    """One reason, in the words of Umami where it has any."""
    where = ".".join(str(part)[:60] for part in place) or "body"
    if kind == "missing":
        message = "Required"
    elif kind == "extra_forbidden":
        message = "Unknown parameter"
    return f"{where}: {message.removeprefix('Value error, ')}"
