"""Websites: list, create, read, change, reset and delete them; their date range and visitors.

Also the teams with their members and websites, as they were imported, and the lists of the account.
The server has one account, which is an administrator and therefore sees every team. The names of
members are unknown, because the importer does not read users.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import duckdb
from pydantic import AfterValidator, Field

from umami.embedded.http import Call, Nothing, Parameters, Routes, Text, now
from umami.embedded.parameters import Listing, Page
from umami.embedded.refusals import BadRequest
from umami.embedded.routes import records
from umami.embedded.state import ADMIN, SHARES
from umami.embedded.store import COLLECTED, OF_WEBSITE
from umami.embedded.wire import camel_case, renamed

routes = Routes()

COLUMNS = {
    "id": "website_id",
    **camel_case(
        *("name", "domain", "share_id", "reset_at", "created_at", "updated_at", "deleted_at")
    ),
}
TEAM = {"id": "team_id", **camel_case("name", "created_at", "updated_at")}
UNSET = {"accessCode": None, "logoUrl": None, "twoFactorRequired": False, "deletedAt": None}
MEMBER = {
    "id": "team_user_id",
    **camel_case("team_id", "user_id", "role", "created_at", "updated_at"),
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
    name: Name
    domain: Domain
    shareId: (
        Annotated[Text, Field(max_length=50), AfterValidator(lambda text: text or None)] | None
    ) = None
    teamId: UUID | None = None
    id: UUID | None = None


class Changed(records.Changes):
    """The changes of a website; a ``shareId`` of null closes the public link."""

    name: Name = ""
    domain: Domain = ""
    shareId: ShareId | None = None


def _require_free(cursor: duckdb.DuckDBPyConnection, params: Changed | Created, id: UUID) -> None:
    query = f"SELECT 1 FROM ({SHARES}) WHERE slug = ? AND share_id <> ?"
    if cursor.execute(query, [params.shareId, id]).fetchone():
        raise BadRequest("shareId: That share id is taken")


def _owner(row: records.Row) -> records.Row:
    team = row["team_id"]
    return {
        "userId": None if team else ADMIN.id,
        "teamId": team,
        "createdBy": ADMIN.id,
        "recorderEnabled": False,
        "replayConfig": None,
    }


WEBSITES = records.Records(
    "website", tuple(COLUMNS.values())[1:], more=_owner, require_free=_require_free
)
routes("POST", "/websites", Created)(WEBSITES.create)
routes("GET", "/websites/{website_id}", Nothing)(WEBSITES.read)
routes("POST", "/websites/{website_id}", Changed)(WEBSITES.change)


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
    rows = call.umami.store.records(
        f"""
        SELECT * FROM website WHERE deleted_at IS NULL AND {condition}
        AND (contains(lower(name), $search) OR contains(lower(domain), $search))
        ORDER BY {COLUMNS[params.orderBy]}, website_id
        """,
        {**values, "search": params.searched},
    )
    user = {"username": ADMIN.username, "id": ADMIN.id}
    answer = params.answer([{**WEBSITES.json(row), "user": user} for row in rows])
    search = {"search": params.search} if params.search else {}
    return {**answer, "orderBy": params.orderBy, **search}


@routes("DELETE", "/websites/{website_id}", Nothing)
def delete(call: Call[Nothing]) -> Any:
    """Delete a website with everything that was collected and saved about it."""
    with call.umami.store.erasing() as cursor:
        for table in OF_WEBSITE:
            cursor.execute(f"DELETE FROM {table} WHERE website_id = $website_id", call.path)
        cursor.execute("DELETE FROM share WHERE entity_id = $website_id", call.path)
    return {"ok": True}


@routes("POST", "/websites/{website_id}/reset", Nothing)
def reset(call: Call[Nothing]) -> Any:
    """Delete everything that was collected about a website."""
    with call.umami.store.erasing() as cursor:
        for table in COLLECTED:
            cursor.execute(f"DELETE FROM {table} WHERE website_id = $website_id", call.path)
        records.update(cursor, "website", call.id("website_id"), reset_at=now())
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
    return call.umami.store.records(
        'SELECT min(created_at) AS "startDate", max(created_at) AS "endDate" FROM website_event '
        "WHERE website_id = ? AND created_at >= TIMESTAMP '2000-01-01'",
        [call.id("website_id")],
    )[0]


def teams(call: Call[Listing]) -> Any:
    """Return the teams, by name, with their members."""
    rows = call.umami.store.records(
        "SELECT * FROM team WHERE contains(lower(name), ?) ORDER BY name, team_id",
        [call.params.searched],
    )
    answer = call.params.answer(rows)
    return {**answer, "data": [_team(call, row) for row in answer["data"]]}


@routes("GET", "/teams/{team_id}", Nothing)
def team(call: Call[Nothing]) -> Any:
    return _team(call, records.record(call, "team", **call.path))


@routes("GET", "/teams/{team_id}/users", Listing)
def members(call: Call[Listing]) -> Any:
    rows = _members(call, call.id("team_id"))
    searched = call.params.searched
    return call.params.answer([row for row in rows if searched in row["user"]["username"]])


@routes("GET", "/teams/{team_id}/websites", Listed)
def team_websites(call: Call[Listed]) -> Any:
    return page(call, "team_id = $team", team=call.id("team_id"))


@routes("GET", "/users/{user_id}/websites", Listed)
def user_websites(call: Call[Listed]) -> Any:
    """Return the websites of an account; only the administrator has any."""
    if call.id("user_id") != ADMIN.id:
        return page(call, "false")
    return websites(call)


routes("GET", "/teams", Listing)(teams)
routes("GET", "/me/teams", Listing)(teams)
routes("GET", "/me/websites", Listed)(websites)


def _team(call: Call[Any], row: records.Row) -> records.Row:
    members = _members(call, row["team_id"])
    count = call.umami.store.rows(
        "SELECT count(*) FROM website WHERE team_id = ? AND deleted_at IS NULL", [row["team_id"]]
    )[0][0]
    counts = {"websites": count, "members": len(members)}
    return {**renamed(row, TEAM), **UNSET, "members": members, "_count": counts}


def _members(call: Call[Any], team: UUID) -> list[records.Row]:
    rows = call.umami.store.records(
        "SELECT * FROM team_user WHERE team_id = ? ORDER BY created_at, team_user_id", [team]
    )
    return [
        {**renamed(row, MEMBER), "user": {"id": row["user_id"], "username": _name(row["user_id"])}}
        for row in rows
    ]


def _name(user: UUID) -> str:
    return ADMIN.username if user == ADMIN.id else f"user-{str(user)[:8]}"
