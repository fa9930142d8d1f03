"""Websites: list, create, read, change, reset and delete them; their date range and visitors."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import duckdb
from pydantic import Field

from umami.embedded.http import Call, Nothing, Parameters, Routes, Text, now, to_iso
from umami.embedded.parameters import Page, json_row
from umami.embedded.queries.websites import time_range
from umami.embedded.refusals import BadRequest
from umami.embedded.routes import records
from umami.embedded.state import ADMIN, SHARES
from umami.embedded.store import COLLECTED, OF_WEBSITE

routes = Routes()

COLUMNS = {
    "id": "website_id",
    **records.camel_case(
        *("name", "domain", "share_id", "reset_at", "created_at", "updated_at", "deleted_at")
    ),
}
ACTIVE = timedelta(minutes=5)

Name = Annotated[Text, Field(max_length=100)]
Domain = Annotated[Text, Field(max_length=500)]
ShareId = Annotated[str, Field(pattern=r"^[\w.-]{1,50}$")]


class Listed(Page):
    """A page of websites; ``includeTeams`` adds those of the account's teams."""

    search: Text | None = None
    includeTeams: Text | None = None
    orderBy: Literal[
        "id", "name", "domain", "shareId", "resetAt", "createdAt", "updatedAt", "deletedAt"
    ] = "name"


class Created(Parameters):
    """A website to create."""

    name: Name
    domain: Domain
    shareId: Annotated[Text, Field(max_length=50)] | None = None
    teamId: UUID | None = None
    id: UUID | None = None


class Changed(Parameters):
    """The changes of a website; omitted fields stay, and a ``shareId`` of null closes the public
    link."""

    name: Name = ""
    domain: Domain = ""
    shareId: ShareId | None = None


@routes("GET", "/websites", Listed)
def websites(call: Call[Listed]) -> Any:
    """Return a page of the websites whose name or domain contains the search text."""
    if call.params.includeTeams:
        return page(call)
    # The id of a team that was not imported hides no website.
    return page(call, "(team_id IS NULL OR team_id NOT IN (SELECT team_id FROM team))")


def page(call: Call[Any], condition: str = "true", **values: Any) -> dict[str, Any]:
    """Return a page of the websites that meet an SQL condition, sorted by a column. ``values`` are
    the named parameters of the condition."""
    params = call.params
    search = params.search or ""
    # Umami compares with ILIKE too, but does not escape the text.
    pattern = "%" + search.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    where = rf"""
        FROM website WHERE deleted_at IS NULL AND {condition}
        AND (name ILIKE $pattern ESCAPE '\' OR domain ILIKE $pattern ESCAPE '\' OR $search = '')
    """
    values |= {"pattern": pattern, "search": search}
    count = call.umami.store.rows(f"SELECT count(*) {where}", values)[0][0]
    rows = call.umami.store.records(
        f"SELECT * {where} ORDER BY {COLUMNS[params.orderBy]}, website_id LIMIT $size OFFSET $skip",
        {**values, "size": params.pageSize, "skip": params.skipped},
    )
    user = {"username": ADMIN.username, "id": str(ADMIN.id)}
    answer = params.response([{**_json(row), "user": user} for row in rows], count)
    return {**answer, "orderBy": params.orderBy, **({"search": search} if search else {})}


@routes("POST", "/websites", Created)
def create(call: Call[Created]) -> Any:
    """Create a website."""
    params, time = call.params, now()
    id = params.id or uuid.uuid4()
    with call.umami.store.writing() as cursor:
        records.require_team(cursor, params.teamId)
        if cursor.execute("SELECT 1 FROM website WHERE website_id = ?", [id]).fetchone():
            raise BadRequest("id: There is such a website already")
        _require_free(cursor, params.shareId, id)
        records.insert(
            cursor,
            "website",
            website_id=id,
            name=params.name,
            domain=params.domain,
            share_id=params.shareId or None,
            team_id=params.teamId,
            created_at=time,
            updated_at=time,
        )
    return _website(call, id)


@routes("GET", "/websites/{website_id}", Nothing)
def website(call: Call[Nothing]) -> Any:
    """Return a website."""
    return _website(call, call.id("website_id"))


@routes("POST", "/websites/{website_id}", Changed)
def change(call: Call[Changed]) -> Any:
    """Change the name, domain and public link of a website."""
    return changed(call)


def changed(call: Call[Any]) -> dict[str, Any]:
    """Change those of ``name``, ``domain`` and ``shareId`` that the request sets, and return the
    website."""
    id = call.id("website_id")
    values = {
        COLUMNS[name]: value for name, value in call.params.model_dump(exclude_unset=True).items()
    }
    with call.umami.store.writing() as cursor:
        _require_free(cursor, call.params.shareId, id)
        records.update(cursor, "website", id, **values, updated_at=now())
    return _website(call, id)


@routes("DELETE", "/websites/{website_id}", Nothing)
def delete(call: Call[Nothing]) -> Any:
    """Delete a website with everything that was collected and saved about it."""
    id = call.id("website_id")
    with call.umami.store.erasing() as cursor:
        for table in OF_WEBSITE:
            cursor.execute(f"DELETE FROM {table} WHERE website_id = ?", [id])
        cursor.execute("DELETE FROM share WHERE entity_id = ?", [id])
    return {"ok": True}


@routes("POST", "/websites/{website_id}/reset", Nothing)
def reset(call: Call[Nothing]) -> Any:
    """Delete everything that was collected about a website."""
    id = call.id("website_id")
    with call.umami.store.erasing() as cursor:
        for table in COLLECTED:
            cursor.execute(f"DELETE FROM {table} WHERE website_id = ?", [id])
        records.update(cursor, "website", id, reset_at=now())
    return {"ok": True}


@routes("GET", "/websites/{website_id}/active", Nothing)
def active(call: Call[Nothing]) -> Any:
    """Count the sessions with an event of any type in the last five minutes."""
    time = now()
    rows = call.umami.store.rows(
        "SELECT count(DISTINCT session_id) FROM website_event "
        "WHERE website_id = ? AND created_at BETWEEN ? AND ?",
        [call.id("website_id"), time - ACTIVE, time],
    )
    return {"visitors": rows[0][0]}


@routes("GET", "/websites/{website_id}/daterange", Nothing)
def daterange(call: Call[Nothing]) -> Any:
    """Return the times of the first and the last event of any type; null without events."""
    first, last = time_range(call.umami.store, call.id("website_id"))
    return {"startDate": to_iso(first), "endDate": to_iso(last)}


def _require_free(cursor: duckdb.DuckDBPyConnection, share: str | None, website: UUID) -> None:
    taken = cursor.execute(
        f"SELECT 1 FROM ({SHARES}) WHERE slug = ? AND share_id <> ?", [share, website]
    ).fetchone()
    if taken:
        raise BadRequest("shareId: That share id is taken")


def _website(call: Call[Any], id: UUID) -> dict[str, Any]:
    return _json(records.record(call, "website", website_id=id))


def _json(row: dict[str, Any]) -> dict[str, Any]:
    team = row["team_id"]
    return {
        **json_row(row, COLUMNS),
        "userId": None if team else str(ADMIN.id),
        "teamId": str(team) if team else None,
        "createdBy": str(ADMIN.id),
        "recorderEnabled": False,
        "replayConfig": None,
    }
