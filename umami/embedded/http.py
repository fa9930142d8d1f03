"""HTTP routes: validated parameters, permissions, and JSON responses. A route declares the pydantic
model of its parameters; undeclared parameters are refused, so that mistakes of a client show."""

from __future__ import annotations

import json
import logging
import math
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from umami.embedded.refusals import BadRequest, Refusal

if TYPE_CHECKING:
    from umami.embedded.state import Umami, User

LARGEST_BODY = 1_000_000
WAIT = 5.0
"""Seconds until a request that cannot be answered yet may be sent again."""
DEEPEST = 100
"""The maximum nesting of a JSON body."""

_log = logging.getLogger(__name__)


EXTENSIONS = "/x"
"""Follows ``/api`` in the paths of questions that no Umami answers."""


class Parameters(BaseModel):
    """Base class of the parameters of routes; undeclared ones are refused."""

    by_visit: ClassVar[bool] = False
    """Whether the route also answers under ``EXTENSIONS``, where filters keep whole visits."""
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
"""Text that a database can store."""
Milliseconds = Annotated[int, Field(ge=0, le=4_102_444_800_000)]
"""Unix milliseconds, up to the year 2100."""
Nothing = Parameters
"""The parameters of a route without parameters."""

A = TypeVar("A", bound=BaseModel)


class Range(Parameters):
    """A time range in Unix milliseconds, both ends included."""

    startAt: Milliseconds
    endAt: Milliseconds

    @property
    def start(self) -> datetime:
        """The first instant, naive UTC."""
        return from_milliseconds(self.startAt)

    @property
    def end(self) -> datetime:
        """The last instant, naive UTC."""
        return from_milliseconds(self.endAt)


def from_milliseconds(unix_milliseconds: int) -> datetime:
    """Unix milliseconds as naive UTC, as stored."""
    return datetime(1970, 1, 1) + timedelta(milliseconds=unix_milliseconds)


def to_iso(time: datetime | None) -> str | None:
    """A stored time in Umami's format: ``2026-08-01T00:40:29.000Z``."""
    return None if time is None else f"{time.isoformat(timespec='milliseconds')}Z"


def now() -> datetime:
    """The current time, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Call(Generic[A]):
    """A validated request."""

    umami: Umami
    params: A
    path: Mapping[str, UUID | str]
    headers: Mapping[str, str]
    user: User | None
    whole_visits: bool = False
    """Whether filters keep whole visits instead of single rows."""

    def id(self, name: str) -> UUID:
        """The UUID of this name in the path."""
        id = self.path[name]
        if not isinstance(id, UUID):
            raise KeyError(name)
        return id


Handler = Callable[[Call[A]], Any]


class Routes:
    """A list of routes, and the decorator that adds a handler to it."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def __call__(
        self, method: str, path: str, parameters: type[A], *, open_to_all: bool = False
    ) -> Callable[[Handler[A]], Handler[A]]:
        """Declare a route under ``/api``; path parameters such as ``{website_id}`` are UUIDs.

        The parameters of a GET are in its query, those of other methods in a JSON body. The handler
        runs in a worker thread and returns a ``Response`` or the value of a JSON response. The
        website in the path, or ``websiteId`` in the parameters, exists if the route writes; a route
        that reads can be called with an unknown one.
        """
        # Analyses are POST requests that only read.
        reads = method == "GET" or (path.startswith("/reports/") and "{" not in path)
        writes = not (reads or path.startswith("/auth/"))
        changes = writes and not open_to_all

        def declare(handler: Handler[A]) -> Handler[A]:
            def answer(request: Request, body: bytes) -> Response:
                umami: Umami = request.app.state.umami
                umami.catch_up()
                values = _json(body) if method != "GET" else dict(request.query_params)
                path_params = {name: _id(name, text) for name, text in request.path_params.items()}
                params = validated(parameters, values)
                user = umami.accounts.identify(request.headers)
                website = None
                if not open_to_all:
                    website = path_params.get("website_id") or getattr(params, "websiteId", None)
                    umami.admit(user, request.headers, website, path, reads=reads)
                reads_traffic = website is not None or path.endswith("/charts")
                if reason := umami.refusal(writes, reads_traffic):
                    raise BadRequest(reason) if writes else Refusal(503, reason, wait=WAIT)
                whole_visits = request.url.path.startswith(f"/api{EXTENSIONS}/")
                call = Call(umami, params, path_params, request.headers, user, whole_visits)
                result = handler(call)
                if changes:
                    umami.changed(str(website) if website else None)
                return result if isinstance(result, Response) else Json(result)

            async def endpoint(request: Request) -> Response:
                try:
                    body = await read_body(request, LARGEST_BODY)
                    return await run_in_threadpool(answer, request, body)
                except (Refusal, ClientDisconnect):
                    raise
                except Exception as error:
                    # The error's message can contain parameters, such as a password.
                    _log.error(
                        "%s %s failed with %s\n%s",
                        method,
                        path,
                        type(error).__name__,
                        "".join(traceback.format_tb(error.__traceback__)),
                    )
                    return Json({"error": "Internal server error"}, status_code=500)

            for prefix in (
                ("/api", f"/api{EXTENSIONS}")
                if getattr(parameters, "by_visit", False)
                else ("/api",)
            ):
                self.all.append(Route(prefix + path, endpoint, methods=[method], name=path))
            return handler

        return declare


class Json(Response):
    """A JSON response with the values of a store; text that UTF-8 cannot encode is escaped."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        dump = partial(
            json.dumps, content, allow_nan=False, separators=(",", ":"), default=_as_text
        )
        try:
            return dump(ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return dump(ensure_ascii=True).encode()


def _as_text(value: object) -> str | None:
    """The text of a time or an id, or of a decimal without the zeros of its column's scale."""
    if isinstance(value, datetime):
        return to_iso(value)
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


async def read_body(request: Request, largest: int) -> bytes:
    """The body. Raises ``Refusal`` 413 above ``largest`` bytes, and ``ClientDisconnect``."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise Refusal(413, "Body too large")
    return bytes(body)


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
        value = json.loads(body, parse_constant=_finite, parse_float=_finite)
        if _depth(value) <= DEEPEST:
            return value
    except (ValueError, RecursionError):
        pass
    raise BadRequest("body: Invalid JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _depth(value: Any) -> int:
    """The nesting of a JSON value; 1 for a scalar. Raises ``RecursionError`` if it is extreme."""
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, values), default=0)


def validated(parameters: type[A], values: Any) -> A:
    """Validate decoded JSON or a query. Raises ``BadRequest`` with a reason per parameter."""
    try:
        return parameters.model_validate(values)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False, include_context=False)
    reasons = []
    for details in errors[:20]:
        place = ".".join(str(part)[:60] for part in details["loc"]) or "body"
        message = details["msg"].removeprefix("Value error, ")
        reasons.append(f"{place}: {_MESSAGES.get(details['type'], message)}")
    raise BadRequest(*reasons)


_MESSAGES = {"missing": "Required", "extra_forbidden": "Unknown parameter"}
"""Umami's messages by the type of a validation error."""
