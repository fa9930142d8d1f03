"""Messages of trackers (page views, events with data, identities, web vitals), and the tracker."""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
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
    page.

    Trackers of 3.5 and later also send how long a page was read and failed scripts; the server has
    no tables for these.
    """

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


@dataclass(frozen=True, slots=True)
class _Accepted:
    """An accepted message; ``anonymous`` is the session of the same browser without an id, and
    ``time`` is naive UTC."""

    type: str
    payload: Payload
    visit: collect.Visit
    anonymous: UUID
    agent: str
    properties: list[dict[str, Any]]
    time: datetime

    def add_rows(self, rows: Rows) -> None:
        """Add the rows of the message."""
        payload, visit = self.payload, self.visit
        os = user_agent.system(self.agent)
        common = {"website_id": visit.website, "created_at": self.time}
        of_session = {**common, "session_id": visit.session}
        session = {
            **of_session,
            "browser": user_agent.browser(self.agent),
            "os": os,
            "device": user_agent.device(payload.screen, os),
            "screen": payload.screen,
            "language": payload.language,
            "distinct_id": payload.id or None,
        }
        rows["session"].setdefault(visit.session, session)
        if self.type == "identify":
            for property_ in self.properties:
                rows["session_data"][visit.session, property_["data_key"]] = {
                    **of_session,
                    **property_,
                    "session_data_id": uuid.uuid4(),
                    "distinct_id": payload.id or None,
                }
            # An id is also linked to the session that the browser had before it was identified.
            for id in (visit.session, self.anonymous) if payload.id else ():
                link = {**common, "session_id": id, "distinct_id": payload.id}
                rows["session_link"].setdefault((visit.website, id, payload.id), link)
        else:
            self._add_event(rows, of_session)

    def _add_event(self, rows: Rows, of_session: dict[str, Any]) -> None:
        payload, event = self.payload, uuid.uuid4()
        page = collect.page(payload.url, payload.hostname, payload.referrer)
        title = payload.title and collect.clean(collect.decoded(payload.title))[: collect.LONGEST]
        row = {
            **of_session,
            "event_id": event,
            "visit_id": self.visit.visit,
            "page_title": title,
        }
        rows["website_event"][event] = row
        if self.type == "performance":
            path = page["url_path"]
            row |= {"event_type": PERFORMANCE, "url_path": path and path.partition("#")[0]}
            row |= payload.model_dump(include={"lcp", "inp", "cls", "fcp", "ttfb"})
            return
        name = payload.name or None
        row |= {
            "event_type": CUSTOM_EVENT if name else PAGEVIEW,
            "event_name": name,
            "tag": payload.tag,
            **page,
        }
        for property_ in self.properties:
            id = uuid.uuid4()
            rows["event_data"][id] = {
                "event_data_id": id,
                "website_id": self.visit.website,
                "website_event_id": event,
                **property_,
                "created_at": self.time,
            }
        revenue = collect.revenue(payload.data or {})
        if name and revenue:
            rows["revenue"][event] = {
                **of_session,
                "revenue_id": uuid.uuid4(),
                "event_id": event,
                "event_name": name,
                "revenue": revenue[0],
                "currency": revenue[1],
            }


@routes("POST", "/send", Message, open_to_all=True)
def send(call: Call[Message]) -> Any:
    """Store a message, and return its session and visit, and a token for the next message.

    The server has no table of addresses, so sessions have no country.
    """
    answer, accepted = _accept(call, call.params)
    _store(call, [accepted])
    return answer


@routes("POST", "/batch", Batch, open_to_all=True)
def batch(call: Call[Batch]) -> Any:
    """Store up to 500 messages of ``/send``, and return how many, and why others were refused."""
    messages, details, accepted = call.params.root, [], []
    for index, message in enumerate(messages):
        try:
            accepted.append(_accept(call, validated(Message, message))[1])
        except Refusal as refusal:
            details.append({"index": index, "response": error_object(refusal)})
    _store(call, accepted)
    return {
        "size": len(messages),
        "processed": len(accepted),
        "errors": len(details),
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


def _accept(call: Call[Any], message: Message) -> tuple[dict[str, str], _Accepted | None]:
    """Return the answer to a message, and the message if it is to be stored.

    Raises:
        BadRequest: the message cannot be stored.
    """
    umami, payload = call.umami, message.payload
    if not umami.store.row(
        "SELECT 1 FROM website WHERE website_id = ? AND deleted_at IS NULL", [payload.website]
    ):
        raise BadRequest("Website not found.")
    agent = collect.clean(payload.userAgent or call.headers.get("user-agent", "")).strip()
    if not agent:
        raise BadRequest("User-Agent: Required")
    if user_agent.is_machine(agent):
        return {"beep": "boop"}, None
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
    answer = {
        "cache": visit.token(umami.sign),
        "sessionId": str(visit.session),
        "visitId": str(visit.visit),
    }
    if message.type not in STORED:
        return answer, None
    anonymous = collect.session_of(payload.website, browser, at, umami.sign)
    return answer, _Accepted(message.type, payload, visit, anonymous, agent, properties, at)


def _address(call: Call[Any], payload: Payload) -> str:
    if payload.ip:
        return str(payload.ip)
    forwarded = call.headers.get("x-forwarded-for", "").split(",")[0]
    return forwarded.strip() or call.headers.get("x-real-ip", "")


def _store(call: Call[Any], messages: Iterable[_Accepted | None]) -> None:
    """Write messages, a few in each transaction, so that others can write in between."""
    accepted = [message for message in messages if message]
    for first in range(0, len(accepted), TOGETHER):
        rows = Rows(dict)
        for message in accepted[first : first + TOGETHER]:
            message.add_rows(rows)
        with call.umami.store.writing() as cursor:
            _insert(cursor, rows)
    for website in {message.visit.website for message in accepted}:
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
