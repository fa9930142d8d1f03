"""What trackers send: page views, events with data, and who somebody is."""

from __future__ import annotations

import time
import uuid
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import duckdb
from pydantic import Field, IPvAnyAddress, field_validator

from umami.embedded import collect, user_agent
from umami.embedded.http import Call, Parameters, Routes, Text, moment
from umami.embedded.refusals import BadRequest
from umami.embedded.scope import CUSTOM_EVENT, PAGEVIEW

routes = Routes()

Seconds = Annotated[int, Field(ge=0, le=4_102_444_800)]
"""Unix seconds, up to the year 2100."""


class Payload(Parameters):
    """One message of a tracker."""

    website: UUID
    hostname: Annotated[Text, Field(max_length=100)] | None = None
    url: Text | None = None
    referrer: Text | None = None
    title: Text | None = None
    language: Annotated[Text, Field(max_length=35)] | None = None
    screen: Annotated[Text, Field(max_length=11)] | None = None
    name: Annotated[Text, Field(max_length=50)] | None = None
    tag: Annotated[Text, Field(max_length=50)] | None = None
    data: dict[Text, Any] | None = None
    id: Annotated[Text, Field(max_length=50)] | None = None
    ip: IPvAnyAddress | None = None
    userAgent: Text | None = None
    timestamp: Seconds | None = None


class Message(Parameters):
    """What happened: an event (a page view, if it has no name), or that a visitor is known."""

    type: Literal["event", "identify"]
    payload: Payload

    @field_validator("payload")
    @classmethod
    def _addresses(cls, payload: Payload) -> Payload:
        try:
            collect.page(payload.url, payload.hostname, payload.referrer)
        except ValueError:
            raise ValueError("Invalid URL") from None
        return payload


@routes("POST", "/send", Message, open_to_all=True)
def send(call: Call[Message]) -> Any:
    """Keeps a message; answers which session and visit it belongs to, and a token to go on.

    No places: the server has no table of addresses.
    """
    umami, sent = call.umami, call.asked.payload
    known = umami.store.row(
        "SELECT 1 FROM website WHERE website_id = ? AND deleted_at IS NULL", [sent.website]
    )
    if not known:
        raise BadRequest("Website not found.")
    agent = collect.clean(sent.userAgent or call.headers.get("user-agent", "")).strip()
    if not agent:
        raise BadRequest("User-Agent: Required")
    if user_agent.is_machine(agent):
        return {"beep": "boop"}
    try:
        found = list(collect.properties(sent.data or {}))
    except ValueError as problem:
        raise BadRequest(f"payload.data.{problem}") from None
    sent_at = int(time.time() * 1000)
    at = moment(sent.timestamp * 1000 if sent.timestamp else sent_at)
    visit = collect.visit_of(
        sent.website,
        sent.id or (_address(call), agent),
        at,
        now=sent_at // 1000,
        earlier=collect.of_token(call.headers.get("x-umami-cache", ""), umami.sign),
        backdated=bool(sent.timestamp),
        sign=umami.sign,
    )
    with umami.store.writing() as cursor:
        _keep_session(cursor, sent, visit, agent, at)
        if call.asked.type == "event":
            _keep_event(cursor, sent, visit, found, at)
        else:
            _keep_person(cursor, sent, visit, found, at)
    umami.changed(str(sent.website))
    return {
        "cache": visit.token(umami.sign),
        "sessionId": str(visit.session),
        "visitId": str(visit.visit),
    }


def _address(call: Call[Message]) -> str:
    if call.asked.payload.ip:
        return str(call.asked.payload.ip)
    forwarded = call.headers.get("x-forwarded-for", "").split(",")[0]
    return forwarded.strip() or call.headers.get("x-real-ip", "")


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
            "page_title": sent.title
            and collect.clean(collect.decoded(sent.title))[: collect.LONGEST],
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
