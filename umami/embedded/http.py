"""From an HTTP request to a checked question, and from an answer or a refusal to JSON.

A route declares the pydantic model of its parameters; what is not declared is refused, so that
a client's mistake shows. Refusals are spelled as Umami 2.x spells them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from umami.embedded.state import Umami, User

LARGEST_BODY = 1_000_000


class Refusal(Exception):
    """A request that gets an error answer: a status and one reason or several."""

    def __init__(self, status: int, *reasons: str) -> None:
        super().__init__(*reasons)
        self.status = status
        self.reasons = reasons


class BadRequest(Refusal):
    """400: what is asked cannot be answered, for these reasons."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(400, *reasons)


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
        of the query for a GET and of the JSON body otherwise.
        """

        def declare(handler: Handler[A]) -> Handler[A]:
            async def endpoint(request: Request) -> Response:
                from starlette.concurrency import run_in_threadpool

                body = b""
                if method != "GET":
                    body = await _body(request)
                return await run_in_threadpool(
                    _answer, request, body, method, parameters, handler, open_to_all
                )

            self.all.append(Route("/api" + path, endpoint, methods=[method]))
            return handler

        return declare


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise Refusal(413, "Body too large")
    return body


def _answer(
    request: Request,
    body: bytes,
    method: str,
    parameters: type[A],
    handler: Handler[A],
    open_to_all: bool,
) -> Response:
    umami: Umami = request.app.state.umami
    umami.catch_up()
    path = {name: _id(name, text) for name, text in request.path_params.items()}
    asked = _read(parameters, dict(request.query_params) if method == "GET" else _json(body))
    user = umami.accounts.identify(request.headers)
    if not open_to_all:
        umami.admit(user, path)
    answer = handler(Call(umami, asked, path, request.headers, user))
    return answer if isinstance(answer, Response) else JSONResponse(answer)


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
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest("body: Invalid JSON") from None


def _read(parameters: type[A], given: Any) -> A:
    try:
        return parameters.model_validate(given)
    except ValidationError as refused:
        raise BadRequest(
            *(
                f"{'.'.join(str(part) for part in one['loc']) or 'body'}: {one['msg']}"
                for one in refused.errors(include_url=False, include_input=False)
            )
        ) from None


async def refuse(_request: Request, refusal: Exception) -> Response:
    """The error body of 2.x: a list of reasons for 400, one text otherwise."""
    assert isinstance(refusal, Refusal)
    if refusal.status == 400:
        return JSONResponse({"error": list(refusal.reasons)}, status_code=400)
    return JSONResponse({"error": refusal.reasons[0]}, status_code=refusal.status)
