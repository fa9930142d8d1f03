"""Messages of trackers (page views, events with data, identities, web vitals), and the tracker."""

from __future__ import annotations

import time
from collections import defaultdict
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from uuid import UUID, uuid4

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
"""The types of messages that are stored; other types are accepted, so that trackers continue."""
IDENTIFYING: Final = frozenset({"website", "id", "ip", "userAgent"})
"""The fields of a payload that determine the visit."""
MOST_PROPERTIES: Final = 100
"""The number of properties of a message that are stored; Umami's documentation allows 50."""
TOGETHER: Final = 50
"""The number of messages of a batch that are written in one transaction."""
TRACKER: Final = Path(__file__).parents[1] / "tracker.js"
CONDITIONS: Final = {
    "session": "session_id NOT IN (SELECT session_id FROM session WHERE session_id IN "
    "(SELECT session_id FROM sent))",
    **dict.fromkeys(("website_event", "event_data", "revenue", "session_data"), "true"),
    "session_link": "(website_id, session_id) IN (SELECT website_id, session_id FROM session "
    "WHERE session_id IN (SELECT session_id FROM sent)) "
    "AND NOT EXISTS (SELECT 1 FROM session_link l WHERE l.website_id = sent.website_id "
    "AND l.session_id = sent.session_id AND l.distinct_id = sent.distinct_id)",
}
"""The tables of messages in the order of writing, with the SQL condition on a row of ``sent`` that
is to be inserted."""

Rows = defaultdict[str, dict[Any, dict[str, Any]]]
"""The rows of messages by table and key."""


def _cut(longest: int) -> AfterValidator:
    """Return a validator that shortens a text as Umami does; refusing it would lose the event."""
    return AfterValidator(lambda text: collect.clean(text)[:longest])


Seconds = Annotated[int, Field(ge=0, le=4_102_444_800)]
"""Unix seconds, up to the year 2100."""
Vital = Annotated[float, Field(ge=0, le=60_000)]
"""A web vital in milliseconds."""


class Payload(Parameters):
    """The payload of a message. Unknown fields are ignored, because later versions send more."""

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
    """An event (without a name, a page view), the identity of a visitor, or the web vitals of a
    page. Trackers of 3.5 and later also send how long a page was read and failed scripts; the
    server has no tables for these."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["event", "identify", "performance", "engagement", "error"]
    payload: Payload

    @field_validator("payload", mode="before")
    @classmethod
    def _identifying(cls, payload: Any, message: ValidationInfo) -> Any:
        """Keep only the fields that determine the visit if the message is not stored: its other
        fields have different formats, such as times in milliseconds."""
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
    """Messages that are accepted or refused independently."""


@routes("POST", "/send", Message, open_to_all=True)
def send(call: Call[Message]) -> Any:
    """Store a message, and return its session and visit, and a token for the next message. The
    server has no table of addresses, so sessions have no country."""
    rows = Rows(dict)
    answer = _accept(call, call.params, rows)
    _store(call, rows)
    return answer


@routes("POST", "/batch", Batch, open_to_all=True)
def batch(call: Call[Batch]) -> Any:
    """Store up to 500 messages of ``/send``, and return how many, and why others were refused. A
    few are written in each transaction, so that others can write in between."""
    messages, details = call.params.root, []
    for first in range(0, len(messages), TOGETHER):
        rows = Rows(dict)
        for index, message in enumerate(messages[first : first + TOGETHER], first):
            try:
                _accept(call, validated(Message, message), rows)
            except Refusal as refusal:
                details.append({"index": index, "response": error_object(refusal)})
        _store(call, rows)
    errors = len(details)
    return {
        "size": len(messages),
        "processed": len(messages) - errors,
        "errors": errors,
        "details": details,
    }


async def _tracker(_request: Request) -> Response:
    return Response(
        TRACKER.read_bytes(),
        media_type="text/javascript",
        headers={"cache-control": "public, max-age=86400, must-revalidate"},
    )


script = Route("/script.js", _tracker, methods=["GET"])
"""Returns the tracker, which the pages of a website load."""


def _accept(call: Call[Any], message: Message, rows: Rows) -> dict[str, Any]:
    """Add the rows of a message, and return the answer to it. Raises ``BadRequest`` if it cannot be
    stored."""
    umami, payload = call.umami, message.payload
    if not umami.store.row(
        "SELECT 1 FROM website WHERE website_id = ? AND deleted_at IS NULL", [payload.website]
    ):
        raise BadRequest("Website not found.")
    agent = collect.clean(payload.userAgent or call.headers.get("user-agent", "")).strip()
    if not agent:
        raise BadRequest("User-Agent: Required")
    if user_agent.is_machine(agent):
        return {"beep": "boop"}
    try:
        properties = list(islice(collect.properties(payload.data or {}), MOST_PROPERTIES))
    except ValueError as problem:
        raise BadRequest(f"payload.data.{problem}") from None
    sent_at = int(time.time() * 1000)
    at = from_milliseconds(payload.timestamp * 1000 if payload.timestamp else sent_at)
    browser = (_address(call, payload), agent)
    visit = collect.visit_of(
        payload.website,
        payload.id or browser,
        at,
        now=sent_at // 1000,
        earlier=collect.of_token(call.headers.get("x-umami-cache", ""), umami.sign),
        backdated=bool(payload.timestamp),
        sign=umami.sign,
    )
    if message.type in STORED:
        common = {"website_id": visit.website, "created_at": at}
        of_session = {**common, "session_id": visit.session}
        rows["session"].setdefault(visit.session, of_session | _session(payload, agent))
        if message.type != "identify":
            row = of_session | {"visit_id": visit.visit}
            _add_event(rows, row, message, properties)
        else:
            id = payload.id or None
            for property_ in properties:
                row = {**of_session, **property_, "session_data_id": uuid4(), "distinct_id": id}
                rows["session_data"][visit.session, property_["data_key"]] = row
            # An id is also linked to the session that the browser had before it was identified.
            anonymous = collect.session_of(payload.website, browser, at, umami.sign)
            for session in (visit.session, anonymous) if id else ():
                link = {**common, "session_id": session, "distinct_id": id}
                rows["session_link"].setdefault((visit.website, session, id), link)
    return {"cache": visit.token(umami.sign), "sessionId": visit.session, "visitId": visit.visit}


def _address(call: Call[Any], payload: Payload) -> str:
    if payload.ip:
        return str(payload.ip)
    forwarded = call.headers.get("x-forwarded-for", "").split(",")[0]
    return forwarded.strip() or call.headers.get("x-real-ip", "")


def _session(payload: Payload, agent: str) -> dict[str, Any]:
    os = user_agent.system(agent)
    return {
        "browser": user_agent.browser(agent),
        "os": os,
        "device": user_agent.device(payload.screen, os),
        "screen": payload.screen,
        "language": payload.language,
        "distinct_id": payload.id or None,
    }


def _add_event(
    rows: Rows, row: dict[str, Any], message: Message, properties: list[dict[str, Any]]
) -> None:
    """Add an event, with its properties and its revenue, or the web vitals of a page; ``row`` has
    the columns of the visit."""
    payload, event = message.payload, uuid4()
    page = collect.page(payload.url, payload.hostname, payload.referrer)
    title = payload.title and collect.clean(collect.decoded(payload.title))[: collect.LONGEST]
    rows["website_event"][event] = row | {"event_id": event, "page_title": title}
    if message.type == "performance":
        path = page["url_path"]
        rows["website_event"][event] |= {
            "event_type": PERFORMANCE,
            "url_path": path and path.partition("#")[0],
            **payload.model_dump(include={"lcp", "inp", "cls", "fcp", "ttfb"}),
        }
        return
    name = payload.name or None
    rows["website_event"][event] |= {
        "event_type": CUSTOM_EVENT if name else PAGEVIEW,
        "event_name": name,
        "tag": payload.tag,
        **page,
    }
    of_event = {"website_id": row["website_id"], "created_at": row["created_at"]}
    for property_ in properties:
        ids = {"event_data_id": uuid4(), "website_event_id": event}
        rows["event_data"][ids["event_data_id"]] = {**of_event, **ids, **property_}
    revenue = collect.revenue(payload.data or {})
    if name and revenue:
        rows["revenue"][event] = {
            **of_event,
            "session_id": row["session_id"],
            "revenue_id": uuid4(),
            "event_id": event,
            "event_name": name,
            "revenue": revenue[0],
            "currency": revenue[1],
        }


def _store(call: Call[Any], rows: Rows) -> None:
    if rows:
        with call.umami.store.writing() as cursor:
            _insert(cursor, rows)
    for website in {row["website_id"] for row in rows["session"].values()}:
        call.umami.changed(str(website))


def _insert(cursor: duckdb.DuckDBPyConnection, rows: Rows) -> None:
    """Insert the rows table by table, which is a hundred times faster than row by row; properties
    of a session replace those with the same key."""
    if keys := rows["session_data"]:
        cursor.execute(
            "DELETE FROM session_data WHERE (session_id, data_key) IN "
            "(SELECT unnest(?::UUID[]), unnest(?::VARCHAR[]))",
            [list(column) for column in zip(*keys, strict=True)],
        )
    for table, condition in CONDITIONS.items():
        if not rows[table]:
            continue
        names = list(dict.fromkeys(name for row in rows[table].values() for name in row))
        columns = ", ".join(
            f"unnest(?::{TABLES[table][name].split(' ')[0]}[]) AS {name}" for name in names
        )
        cursor.execute(
            f"WITH sent AS (SELECT {columns}) "
            f"INSERT INTO {table} BY NAME SELECT * FROM sent WHERE {condition}",
            [[row.get(name) for row in rows[table].values()] for name in names],
        )
