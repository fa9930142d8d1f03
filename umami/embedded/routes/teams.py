"""Teams with their members and websites, as they were imported, and the lists of the account.

The server has one account, which is an administrator and therefore sees every team. The names of
members are unknown, because the importer does not read users.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from umami.embedded.http import Call, Nothing, Routes
from umami.embedded.parameters import Listing
from umami.embedded.routes import websites
from umami.embedded.routes.records import Row, record
from umami.embedded.state import ADMIN
from umami.embedded.wire import camel_case, renamed

routes = Routes()

TEAM = {"id": "team_id", **camel_case("name", "created_at", "updated_at")}
UNSET = {"accessCode": None, "logoUrl": None, "twoFactorRequired": False, "deletedAt": None}
MEMBER = {
    "id": "team_user_id",
    **camel_case("team_id", "user_id", "role", "created_at", "updated_at"),
}


def teams(call: Call[Listing]) -> Any:
    """Return the teams, by name, with their members."""
    rows = call.umami.store.records(
        "SELECT * FROM team WHERE contains(lower(name), ?) ORDER BY name, team_id",
        [call.params.searched],
    )
    page = call.params.answer(rows)
    return {**page, "data": [_team(call, row) for row in page["data"]]}


@routes("GET", "/teams/{team_id}", Nothing)
def team(call: Call[Nothing]) -> Any:
    """Return a team with its members."""
    return _team(call, record(call, "team", **call.path))


@routes("GET", "/teams/{team_id}/users", Listing)
def members(call: Call[Listing]) -> Any:
    """Return the members of a team."""
    rows = _members(call, call.id("team_id"))
    searched = call.params.searched
    return call.params.answer([row for row in rows if searched in row["user"]["username"]])


@routes("GET", "/teams/{team_id}/websites", websites.Listed)
def team_websites(call: Call[websites.Listed]) -> Any:
    """Return the websites of a team."""
    return websites.page(call, "team_id = $team", team=call.id("team_id"))


@routes("GET", "/users/{user_id}/websites", websites.Listed)
def user_websites(call: Call[websites.Listed]) -> Any:
    """Return the websites of an account; only the administrator has any."""
    if call.id("user_id") != ADMIN.id:
        return websites.page(call, "false")
    return websites.websites(call)


routes("GET", "/teams", Listing)(teams)
routes("GET", "/me/teams", Listing)(teams)
routes("GET", "/me/websites", websites.Listed)(websites.websites)


def _team(call: Call[Any], row: Row) -> Row:
    members = _members(call, row["team_id"])
    count = call.umami.store.rows(
        "SELECT count(*) FROM website WHERE team_id = ? AND deleted_at IS NULL", [row["team_id"]]
    )[0][0]
    counts = {"websites": count, "members": len(members)}
    return {**renamed(row, TEAM), **UNSET, "members": members, "_count": counts}


def _members(call: Call[Any], team: UUID) -> list[Row]:
    rows = call.umami.store.records(
        "SELECT * FROM team_user WHERE team_id = ? ORDER BY created_at, team_user_id", [team]
    )
    return [
        {**renamed(row, MEMBER), "user": {"id": row["user_id"], "username": _name(row["user_id"])}}
        for row in rows
    ]


def _name(user: UUID) -> str:
    return ADMIN.username if user == ADMIN.id else f"user-{str(user)[:8]}"
