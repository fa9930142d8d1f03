"""Websites: list, create, read, change, reset, delete; their date range, and who is there."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import duckdb
from pydantic import Field

from umami.embedded.http import Call, Nothing, Parameters, Routes, Text, now, to_iso
from umami.embedded.parameters import MOST_ROWS
from umami.embedded.queries.websites import recorded
from umami.embedded.refusals import BadRequest, Refusal
from umami.embedded.state import ADMIN, SHARES
from umami.embedded.store import COLLECTED, OF_WEBSITE

routes = Routes()

COLUMNS = {
    "id": "website_id",
    "name": "name",
    "domain": "domain",
    "shareId": "share_id",
    "resetAt": "reset_at",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "deletedAt": "deleted_at",
}
ACTIVE = timedelta(minutes=5)

Name = Annotated[Text, Field(max_length=100)]
Domain = Annotated[Text, Field(max_length=500)]
ShareId = Annotated[str, Field(pattern=r"^[\w.-]{1,50}$")]


class Listed(Parameters):
    """Which websites of the list; ``includeTeams`` adds those of the account's teams."""

    search: Text | None = None
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    pageSize: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 20
    includeTeams: Text | None = None
    orderBy: Literal[
        "id", "name", "domain", "shareId", "resetAt", "createdAt", "updatedAt", "deletedAt"
    ] = "name"


class Created(Parameters):
    """A website to be."""

    name: Name
    domain: Domain
    shareId: Annotated[Text, Field(max_length=50)] | None = None
    teamId: UUID | None = None
    id: UUID | None = None


class Changed(Parameters):
    """What changes; what is left out stays, and a ``shareId`` of null closes the public link."""

    name: Name = ""
    domain: Domain = ""
    shareId: ShareId | None = None


@routes("GET", "/websites", Listed)
def listed(call: Call[Listed]) -> Any:
    """A page of the websites whose name or domain holds the search text."""
    if call.params.includeTeams:
        return page(call)
    # The id of a team that was not imported hides no website.
    return page(call, "(team_id IS NULL OR team_id NOT IN (SELECT team_id FROM team))")


def page(call: Call[Any], condition: str = "true", **values: Any) -> dict[str, Any]:
    """A page of the websites that meet an SQL condition, in the order of a column; ``values`` are
    those of its named parameters."""
    asked = call.params
    search = asked.search or ""
    # Umami compares with ILIKE too, but takes the text as it is.
    pattern = "%" + search.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    where = rf"""
        FROM website WHERE deleted_at IS NULL AND {condition}
        AND (name ILIKE $pattern ESCAPE '\' OR domain ILIKE $pattern ESCAPE '\' OR $search = '')
    """
    values |= {"pattern": pattern, "search": search}
    count = call.umami.store.row(f"SELECT count(*) {where}", values)
    rows = call.umami.store.records(
        f"SELECT * {where} ORDER BY {COLUMNS[asked.orderBy]}, website_id LIMIT $size OFFSET $skip",
        {**values, "size": asked.pageSize, "skip": (asked.page - 1) * asked.pageSize},
    )
    assert count
    answer = {
        "data": [
            {**_spelled(row), "user": {"username": ADMIN.username, "id": str(ADMIN.id)}}
            for row in rows
        ],
        "count": count[0],
        "page": asked.page,
        "pageSize": asked.pageSize,
        "orderBy": asked.orderBy,
    }
    return {**answer, "search": search} if search else answer


@routes("POST", "/websites", Created)
def create(call: Call[Created]) -> Any:
    """Makes a website."""
    asked = call.params
    website, present = asked.id or uuid.uuid4(), now()
    with call.umami.store.writing() as cursor:
        if (
            asked.teamId
            and not cursor.execute(
                "SELECT 1 FROM team WHERE team_id = ?", [asked.teamId]
            ).fetchone()
        ):
            raise Refusal(401, "Unauthorized")
        if cursor.execute("SELECT 1 FROM website WHERE website_id = ?", [website]).fetchone():
            raise BadRequest("id: There is such a website already")
        _require_free(cursor, asked.shareId, website)
        cursor.execute(
            "INSERT INTO website "
            "(website_id, name, domain, share_id, team_id, created_at, updated_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                *(website, asked.name, asked.domain, asked.shareId or None, asked.teamId),
                *(present, present),
            ],
        )
    return _one(call, website)


@routes("GET", "/websites/{website_id}", Nothing)
def read(call: Call[Nothing]) -> Any:
    """One website."""
    return _one(call, call.id("website_id"))


@routes("POST", "/websites/{website_id}", Changed)
def change(call: Call[Changed]) -> Any:
    """Changes name, domain and public link."""
    return changed(call)


def changed(call: Call[Any]) -> dict[str, Any]:
    """The website with what was said of it: ``name``, ``domain``, ``shareId``, or some of them."""
    asked, website = call.params, call.id("website_id")
    columns = {"name": "name", "domain": "domain", "shareId": "share_id"}
    values: dict[str, Any] = {
        column: getattr(asked, name)
        for name, column in columns.items()
        if name in asked.model_fields_set
    }
    values["updated_at"] = now()
    with call.umami.store.writing() as cursor:
        _require_free(cursor, asked.shareId, website)
        spelled = ", ".join(f"{name} = ?" for name in values)
        cursor.execute(
            f"UPDATE website SET {spelled} WHERE website_id = ?", [*values.values(), website]
        )
    return _one(call, website)


@routes("DELETE", "/websites/{website_id}", Nothing)
def delete(call: Call[Nothing]) -> Any:
    """Deletes a website with all that was collected and saved about it."""
    with call.umami.store.erasing() as cursor:
        for table in OF_WEBSITE:
            cursor.execute(f"DELETE FROM {table} WHERE website_id = ?", [call.id("website_id")])
        cursor.execute("DELETE FROM share WHERE entity_id = ?", [call.id("website_id")])
    return {"ok": True}


@routes("POST", "/websites/{website_id}/reset", Nothing)
def reset(call: Call[Nothing]) -> Any:
    """Deletes all that was collected about a website."""
    with call.umami.store.erasing() as cursor:
        for table in COLLECTED:
            cursor.execute(f"DELETE FROM {table} WHERE website_id = ?", [call.id("website_id")])
        cursor.execute(
            "UPDATE website SET reset_at = ? WHERE website_id = ?", [now(), call.id("website_id")]
        )
    return {"ok": True}


@routes("GET", "/websites/{website_id}/active", Nothing)
def active(call: Call[Nothing]) -> Any:
    """How many sessions had an event of any type in the last five minutes."""
    present = now()
    row = call.umami.store.row(
        "SELECT count(DISTINCT session_id) FROM website_event "
        "WHERE website_id = ? AND created_at BETWEEN ? AND ?",
        [call.id("website_id"), present - ACTIVE, present],
    )
    assert row
    return {"visitors": row[0]}


@routes("GET", "/websites/{website_id}/daterange", Nothing)
def daterange(call: Call[Nothing]) -> Any:
    """The times of the first and the last event of any type; null without events."""
    first, last = recorded(call.umami.store, call.id("website_id"))
    return {"startDate": to_iso(first), "endDate": to_iso(last)}


def _require_free(cursor: duckdb.DuckDBPyConnection, share: str | None, website: UUID) -> None:
    taken = cursor.execute(
        f"SELECT 1 FROM ({SHARES}) WHERE slug = ? AND share_id <> ?", [share, website]
    ).fetchone()
    if taken:
        raise BadRequest("shareId: That share id is taken")


def _one(call: Call[Any], website: UUID) -> dict[str, Any]:
    rows = call.umami.store.records("SELECT * FROM website WHERE website_id = ?", [website])
    if not rows:
        raise Refusal(404, "Not found")
    return _spelled(rows[0])


def _spelled(row: dict[str, Any]) -> dict[str, Any]:
    values = {name: row[column] for name, column in COLUMNS.items()}
    return {
        **{
            name: to_iso(value) if isinstance(value, datetime) else value
            for name, value in values.items()
        },
        "id": str(values["id"]),
        "userId": None if row["team_id"] else str(ADMIN.id),
        "teamId": str(row["team_id"]) if row["team_id"] else None,
        "createdBy": str(ADMIN.id),
        "recorderEnabled": False,
        "replayConfig": None,
    }
