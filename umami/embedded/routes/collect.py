"""What trackers send: page views, events with data, and who somebody is; and a tracker."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
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
from umami.embedded.http import Call, Parameters, Routes, from_milliseconds, validated
from umami.embedded.refusals import BadRequest, Refusal, error_object
from umami.embedded.scope import CUSTOM_EVENT, PAGEVIEW, PERFORMANCE
from umami.embedded.store import TABLES

routes = Routes()

STORED: Final = ("event", "identify", "performance")
"""Types of messages that are kept; the others are accepted, so that a tracker goes on."""
IDENTIFYING: Final = frozenset({"website", "id", "ip", "userAgent"})
"""Fields of a payload from which the visit follows."""
MOST_PROPERTIES: Final = 100
"""Values of a message's data that are kept; Umami's documentation allows 50."""
TOGETHER: Final = 50
"""Messages of a batch that are written in one transaction."""
Row = dict[str, Any]
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


@dataclass(slots=True)
class _Rows:
    """Rows of messages, which are inserted table by table: row by row takes a hundred times as
    long, and nobody else can write meanwhile."""

    sessions: dict[UUID, Row] = field(default_factory=dict)
    events: list[Row] = field(default_factory=list)
    event_data: list[Row] = field(default_factory=list)
    revenue: list[Row] = field(default_factory=list)
    session_data: dict[tuple[UUID, str], Row] = field(default_factory=dict)
    session_links: dict[tuple[UUID, UUID, str], Row] = field(default_factory=dict)

    def insert(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Insert what is not there yet; properties of a session replace those of the same key."""
        _insert(
            cursor,
            "session",
            self.sessions.values(),
            "session_id NOT IN (SELECT session_id FROM session WHERE session_id IN "
            "(SELECT session_id FROM sent))",
        )
        _insert(cursor, "website_event", self.events)
        _insert(cursor, "event_data", self.event_data)
        _insert(cursor, "revenue", self.revenue)
        if self.session_data:
            cursor.execute(
                "DELETE FROM session_data WHERE (session_id, data_key) IN "
                "(SELECT unnest(?::UUID[]), unnest(?::VARCHAR[]))",
                [list(column) for column in zip(*self.session_data, strict=True)],
            )
        _insert(cursor, "session_data", self.session_data.values())
        _insert(
            cursor,
            "session_link",
            self.session_links.values(),
            "(website_id, session_id) IN (SELECT website_id, session_id FROM session "
            "WHERE session_id IN (SELECT session_id FROM sent)) "
            "AND NOT EXISTS (SELECT 1 FROM session_link l WHERE l.website_id = sent.website_id "
            "AND l.session_id = sent.session_id AND l.distinct_id = sent.distinct_id)",
        )


def _insert(
    cursor: duckdb.DuckDBPyConnection, table: str, rows: Collection[Row], where: str = "true"
) -> None:
    """Insert the rows that pass a condition on ``sent``, as they are called there."""
    if not rows:
        return
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = ", ".join(
        f"unnest(?::{TABLES[table][name].split(' ')[0]}[]) AS {name}" for name in names
    )
    cursor.execute(
        f"WITH sent AS (SELECT {columns}) "
        f"INSERT INTO {table} BY NAME SELECT * FROM sent WHERE {where}",
        [[row.get(name) for row in rows] for name in names],
    )


Write = Callable[[_Rows], None]


@routes("POST", "/send", Message, open_to_all=True)
def send(call: Call[Message]) -> Any:
    """Keeps a message; answers which session and visit it belongs to, and a token to go on.

    No places: the server has no table of addresses.
    """
    answer, write = _accepted(call, call.params)
    _keep(call, [write])
    return answer


@routes("POST", "/batch", Batch, open_to_all=True)
def batch(call: Call[Batch]) -> Any:
    """Keeps up to 500 messages of ``/send``; answers how many, and why the others were refused."""
    details, writes = [], []
    for index, sent in enumerate(call.params.root):
        try:
            writes.append(_accepted(call, validated(Message, sent))[1])
        except Refusal as refusal:
            details.append({"index": index, "response": error_object(refusal)})
    _keep(call, writes)
    return {
        "size": len(call.params.root),
        "processed": len(writes),
        "errors": len(details),
        "details": details,
    }


def _keep(call: Call[Any], writes: Sequence[tuple[UUID, Write] | None]) -> None:
    """Write the rows of messages, some messages in a transaction: others write in between."""
    wanted = [one for one in writes if one]
    for first in range(0, len(wanted), TOGETHER):
        rows = _Rows()
        for _, write in wanted[first : first + TOGETHER]:
            write(rows)
        with call.umami.store.writing() as cursor:
            rows.insert(cursor)
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
        found = list(islice(collect.properties(sent.data or {}), MOST_PROPERTIES))
    except ValueError as problem:
        raise BadRequest(f"payload.data.{problem}") from None
    sent_at = int(time.time() * 1000)
    at = from_milliseconds(sent.timestamp * 1000 if sent.timestamp else sent_at)
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

    def write(rows: _Rows) -> None:
        _keep_session(rows, sent, visit, agent, at)
        if message.type == "event":
            _keep_event(rows, sent, visit, found, at)
        elif message.type == "identify":
            _keep_person(rows, sent, visit, found, at)
            if sent.id:
                anonymous = collect.session_of(sent.website, browser, at, umami.sign)
                _link_sessions(rows, sent.id, visit, anonymous, at)
        else:
            _keep_vitals(rows, sent, visit, at)

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
    rows: _Rows, sent: Payload, visit: collect.Visit, agent: str, at: datetime
) -> None:
    os = user_agent.system(agent)
    row = {
        "session_id": visit.session,
        "website_id": visit.website,
        "browser": user_agent.browser(agent),
        "os": os,
        "device": user_agent.device(sent.screen, os),
        "screen": sent.screen,
        "language": sent.language,
        "created_at": at,
        "distinct_id": sent.id or None,
    }
    rows.sessions.setdefault(visit.session, row)


def _keep_event(
    rows: _Rows,
    sent: Payload,
    visit: collect.Visit,
    data: list[collect.Property],
    at: datetime,
) -> None:
    event = uuid.uuid4()
    name = sent.name or None
    rows.events.append(
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
        }
    )
    rows.event_data += [
        {
            "event_data_id": uuid.uuid4(),
            "website_id": visit.website,
            "website_event_id": event,
            **_value(one),
            "created_at": at,
        }
        for one in data
    ]
    money = collect.revenue(sent.data or {})
    if name and money:
        rows.revenue.append(
            {
                "revenue_id": uuid.uuid4(),
                "website_id": visit.website,
                "session_id": visit.session,
                "event_id": event,
                "event_name": name,
                "currency": money[1],
                "revenue": money[0],
                "created_at": at,
            }
        )


def _keep_vitals(rows: _Rows, sent: Payload, visit: collect.Visit, at: datetime) -> None:
    path = collect.page(sent.url, sent.hostname, None)["url_path"]
    rows.events.append(
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
        }
    )


def _title(sent: Payload) -> str | None:
    return sent.title and collect.clean(collect.decoded(sent.title))[: collect.LONGEST]


def _keep_person(
    rows: _Rows,
    sent: Payload,
    visit: collect.Visit,
    data: list[collect.Property],
    at: datetime,
) -> None:
    for one in data:
        rows.session_data[visit.session, one.key] = {
            "session_data_id": uuid.uuid4(),
            "website_id": visit.website,
            "session_id": visit.session,
            **_value(one),
            "distinct_id": sent.id or None,
            "created_at": at,
        }


def _link_sessions(
    rows: _Rows, distinct_id: str, visit: collect.Visit, anonymous: UUID, at: datetime
) -> None:
    """Link a distinct id to its own session, and to the session that the same browser had before
    it was identified."""
    for session in (visit.session, anonymous):
        row = {
            "website_id": visit.website,
            "session_id": session,
            "distinct_id": distinct_id,
            "created_at": at,
        }
        rows.session_links.setdefault((visit.website, session, distinct_id), row)


def _value(one: collect.Property) -> dict[str, Any]:
    return {
        "data_key": one.key,
        "string_value": one.text,
        "number_value": one.number,
        "date_value": one.date,
        "data_type": one.kind,
    }
