"""What trackers send: page views, events with data, and who somebody is; and a tracker."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import duckdb
from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    IPvAnyAddress,
    RootModel,
    ValidationInfo,
    field_validator,
)
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from umami.embedded import collect, user_agent
from umami.embedded.http import Call, Parameters, Routes, moment, validated
from umami.embedded.refusals import BadRequest, Refusal, error_object
from umami.embedded.scope import CUSTOM_EVENT, PAGEVIEW, PERFORMANCE

routes = Routes()

STORED: Final = ("event", "identify", "performance")
"""Types of messages that are kept; the others are accepted, so that a tracker goes on."""
IDENTIFYING: Final = frozenset({"website", "id", "ip", "userAgent"})
"""Fields of a payload from which the visit follows."""
TRACKER: Final = Path(__file__).parents[1] / "tracker.js"


def _cut(longest: int) -> AfterValidator:
    """A validator that shortens a text to what Umami keeps: refusing it would lose the event."""
    return AfterValidator(lambda text: collect.clean(text)[:longest])


Seconds = Annotated[int, Field(ge=0, le=4_102_444_800)]
"""Unix seconds, up to the year 2100."""


Vital = Annotated[float, Field(ge=0, le=60_000)]
"""Milliseconds of a web vital."""


class Payload(Parameters):
    """One message of a tracker. Fields that only a later version knows are ignored."""

    model_config = ConfigDict(extra="ignore")

    website: UUID
    hostname: Annotated[str, _cut(100)] | None = None
    url: str | None = None
    referrer: str | None = None
    title: str | None = None
    language: Annotated[str, _cut(35)] | None = None
    screen: Annotated[str, _cut(11)] | None = None
    name: Annotated[str, _cut(50)] | None = None
    tag: Annotated[str, _cut(50)] | None = None
    data: dict[str, Any] | None = None
    id: Annotated[str, _cut(50)] | None = None
    ip: IPvAnyAddress | None = None
    userAgent: str | None = None
    timestamp: Seconds | None = None
    lcp: Vital | None = None
    inp: Vital | None = None
    cls: Annotated[float, Field(ge=0, le=100)] | None = None
    fcp: Vital | None = None
    ttfb: Vital | None = None


class Message(Parameters):
    """What happened: an event (a page view, if it has no name), that a visitor is known, or how
    fast a page was.

    Trackers of 3.5 and later also send how long a page was read and which script failed; the server
    has no tables for these.
    """

    model_config = ConfigDict(extra="ignore")

    type: Literal["event", "identify", "performance", "engagement", "error"]
    payload: Payload

    @field_validator("payload", mode="before")
    @classmethod
    def _identifying(cls, payload: Any, message: ValidationInfo) -> Any:
        """Of a message that is not kept only what identifies the visit: the other fields have
        rules of their own (the time of an error is in milliseconds, for one)."""
        if message.data.get("type") in STORED or not isinstance(payload, dict):
            return payload
        return {name: value for name, value in payload.items() if name in IDENTIFYING}

    @field_validator("payload")
    @classmethod
    def _addresses(cls, payload: Payload) -> Payload:
        try:
            collect.page(payload.url, payload.hostname, payload.referrer)
        except ValueError:
            raise ValueError("Invalid URL") from None
        return payload


class Batch(RootModel[Annotated[list[Any], Field(max_length=500)]]):
    """Messages, each of which is accepted or refused by itself."""


Write = Callable[[duckdb.DuckDBPyConnection], None]


@routes("POST", "/send", Message, open_to_all=True)
def send(call: Call[Message]) -> Any:
    """Keeps a message; answers which session and visit it belongs to, and a token to go on.

    No places: the server has no table of addresses.
    """
    answer, write = _accepted(call, call.asked)
    _keep(call, [write])
    return answer


@routes("POST", "/batch", Batch, open_to_all=True)
def batch(call: Call[Batch]) -> Any:
    """Keeps up to 500 messages of ``/send``; answers how many, and why the others were refused."""
    details, writes = [], []
    for index, sent in enumerate(call.asked.root):
        try:
            writes.append(_accepted(call, validated(Message, sent))[1])
        except Refusal as refusal:
            details.append({"index": index, "response": error_object(refusal)})
    _keep(call, writes)
    return {
        "size": len(call.asked.root),
        "processed": len(writes),
        "errors": len(details),
        "details": details,
    }


def _keep(call: Call[Any], writes: Sequence[tuple[UUID, Write] | None]) -> None:
    """Do what messages want written, in one transaction."""
    wanted = [one for one in writes if one]
    if not wanted:
        return
    with call.umami.store.writing() as cursor:
        for _, write in wanted:
            write(cursor)
    for website in {website for website, _ in wanted}:
        call.umami.changed(str(website))


def _accepted(
    call: Call[Any], message: Message
) -> tuple[dict[str, str], tuple[UUID, Write] | None]:
    """What a message is answered, and what is to be written for which website, if anything.

    Raises ``BadRequest``.
    """
    umami, sent = call.umami, message.payload
    known = umami.store.row(
        "SELECT 1 FROM website WHERE website_id = ? AND deleted_at IS NULL", [sent.website]
    )
    if not known:
        raise BadRequest("Website not found.")
    agent = collect.clean(sent.userAgent or call.headers.get("user-agent", "")).strip()
    if not agent:
        raise BadRequest("User-Agent: Required")
    if user_agent.is_machine(agent):
        return {"beep": "boop"}, None
    try:
        found = list(collect.properties(sent.data or {}))
    except ValueError as problem:
        raise BadRequest(f"payload.data.{problem}") from None
    sent_at = int(time.time() * 1000)
    at = moment(sent.timestamp * 1000 if sent.timestamp else sent_at)
    browser = (_address(call, sent), agent)
    visit = collect.visit_of(
        sent.website,
        sent.id or browser,
        at,
        now=sent_at // 1000,
        earlier=collect.of_token(call.headers.get("x-umami-cache", ""), umami.sign),
        backdated=bool(sent.timestamp),
        sign=umami.sign,
    )
    answer = {
        "cache": visit.token(umami.sign),
        "sessionId": str(visit.session),
        "visitId": str(visit.visit),
    }
    if message.type not in STORED:
        return answer, None

    def write(cursor: duckdb.DuckDBPyConnection) -> None:
        _keep_session(cursor, sent, visit, agent, at)
        if message.type == "event":
            _keep_event(cursor, sent, visit, found, at)
        elif message.type == "identify":
            _keep_person(cursor, sent, visit, found, at)
            if sent.id:
                anonymous = collect.session_of(sent.website, browser, at, umami.sign)
                _link_sessions(cursor, sent.id, visit, anonymous, at)
        else:
            _keep_vitals(cursor, sent, visit, at)

    return answer, (sent.website, write)


def _address(call: Call[Any], sent: Payload) -> str:
    if sent.ip:
        return str(sent.ip)
    forwarded = call.headers.get("x-forwarded-for", "").split(",")[0]
    return forwarded.strip() or call.headers.get("x-real-ip", "")


async def _tracker(_request: Request) -> Response:
    return Response(
        TRACKER.read_bytes(),
        media_type="text/javascript",
        headers={"cache-control": "public, max-age=86400, must-revalidate"},
    )


script = Route("/script.js", _tracker, methods=["GET"])
"""Serves the tracker that a website's pages load."""


def _keep_session(
    cursor: duckdb.DuckDBPyConnection,
    sent: Payload,
    visit: collect.Visit,
    agent: str,
    at: datetime,
) -> None:
    os = user_agent.system(agent)
    _insert(
        cursor,
        "session",
        {
            "session_id": visit.session,
            "website_id": visit.website,
            "browser": user_agent.browser(agent),
            "os": os,
            "device": user_agent.device(sent.screen, os),
            "screen": sent.screen,
            "language": sent.language,
            "created_at": at,
            "distinct_id": sent.id or None,
        },
        "NOT EXISTS (SELECT 1 FROM session WHERE session_id = $session_id)",
    )


def _keep_event(
    cursor: duckdb.DuckDBPyConnection,
    sent: Payload,
    visit: collect.Visit,
    data: list[collect.Property],
    at: datetime,
) -> None:
    event = uuid.uuid4()
    name = sent.name or None
    _insert(
        cursor,
        "website_event",
        {
            "event_id": event,
            "website_id": visit.website,
            "session_id": visit.session,
            "visit_id": visit.visit,
            "created_at": at,
            "page_title": _title(sent),
            "event_type": CUSTOM_EVENT if name else PAGEVIEW,
            "event_name": name,
            "tag": sent.tag,
            **collect.page(sent.url, sent.hostname, sent.referrer),
        },
    )
    for one in data:
        _insert(
            cursor,
            "event_data",
            {
                "event_data_id": uuid.uuid4(),
                "website_id": visit.website,
                "website_event_id": event,
                **_value(one),
                "created_at": at,
            },
        )
    money = collect.revenue(sent.data or {})
    if name and money:
        _insert(
            cursor,
            "revenue",
            {
                "revenue_id": uuid.uuid4(),
                "website_id": visit.website,
                "session_id": visit.session,
                "event_id": event,
                "event_name": name,
                "currency": money[1],
                "revenue": money[0],
                "created_at": at,
            },
        )


def _keep_vitals(
    cursor: duckdb.DuckDBPyConnection, sent: Payload, visit: collect.Visit, at: datetime
) -> None:
    path = collect.page(sent.url, sent.hostname, None)["url_path"]
    _insert(
        cursor,
        "website_event",
        {
            "event_id": uuid.uuid4(),
            "website_id": visit.website,
            "session_id": visit.session,
            "visit_id": visit.visit,
            "created_at": at,
            "event_type": PERFORMANCE,
            "url_path": path and path.partition("#")[0],
            "page_title": _title(sent),
            **sent.model_dump(include={"lcp", "inp", "cls", "fcp", "ttfb"}),
        },
    )


def _title(sent: Payload) -> str | None:
    return sent.title and collect.clean(collect.decoded(sent.title))[: collect.LONGEST]


def _keep_person(
    cursor: duckdb.DuckDBPyConnection,
    sent: Payload,
    visit: collect.Visit,
    data: list[collect.Property],
    at: datetime,
) -> None:
    for one in data:
        cursor.execute(
            "DELETE FROM session_data WHERE session_id = ? AND data_key = ?",
            [visit.session, one.key],
        )
        _insert(
            cursor,
            "session_data",
            {
                "session_data_id": uuid.uuid4(),
                "website_id": visit.website,
                "session_id": visit.session,
                **_value(one),
                "distinct_id": sent.id or None,
                "created_at": at,
            },
        )


def _link_sessions(
    cursor: duckdb.DuckDBPyConnection,
    distinct_id: str,
    visit: collect.Visit,
    anonymous: UUID,
    at: datetime,
) -> None:
    """Link a distinct id to its own session, and to the session that the same browser had before
    it was identified."""
    for session in dict.fromkeys((visit.session, anonymous)):
        _insert(
            cursor,
            "session_link",
            {
                "website_id": visit.website,
                "session_id": session,
                "distinct_id": distinct_id,
                "created_at": at,
            },
            "EXISTS (SELECT 1 FROM session WHERE website_id = $website_id "
            "AND session_id = $session_id) "
            "AND NOT EXISTS (SELECT 1 FROM session_link WHERE website_id = $website_id "
            "AND session_id = $session_id AND distinct_id = $distinct_id)",
        )


def _value(one: collect.Property) -> dict[str, Any]:
    return {
        "data_key": one.key,
        "string_value": one.text,
        "number_value": one.number,
        "date_value": one.date,
        "data_type": one.kind,
    }


def _insert(
    cursor: duckdb.DuckDBPyConnection, table: str, values: dict[str, Any], where: str = "true"
) -> None:
    names = ", ".join(values)
    given = ", ".join(f"${name}" for name in values)
    cursor.execute(f"INSERT INTO {table} ({names}) SELECT {given} WHERE {where}", values)
