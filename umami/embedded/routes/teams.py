"""Teams, their members and websites, as they were imported; and the lists of the account.

This server has one account, which administers it and therefore sees every team. Members are known
by their ids only, because the importer does not read users.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from umami.embedded.http import Call, Nothing, Routes, to_iso
from umami.embedded.listing import Listing
from umami.embedded.refusals import Refusal
from umami.embedded.routes import websites
from umami.embedded.state import ADMIN

routes = Routes()


@routes("GET", "/teams", Listing)
def teams(call: Call[Listing]) -> Any:
    """The teams, by name, with their members."""
    return _page_of_teams(call)


@routes("GET", "/me/teams", Listing)
def my_teams(call: Call[Listing]) -> Any:
    """The teams that the account sees: all of them."""
    return _page_of_teams(call)


@routes("GET", "/teams/{team_id}", Nothing)
def team(call: Call[Nothing]) -> Any:
    """One team, with its members."""
    rows = call.umami.store.records("SELECT * FROM team WHERE team_id = ?", [call.id("team_id")])
    if not rows:
        raise Refusal(404, "Not found")
    return _team(call, rows[0])


@routes("GET", "/teams/{team_id}/users", Listing)
def members(call: Call[Listing]) -> Any:
    """The members of a team."""
    found = _members(call, call.id("team_id"))
    searched = call.params.searched
    return call.params.answer([row for row in found if searched in row["user"]["username"]])


@routes("GET", "/teams/{team_id}/websites", websites.Listed)
def team_websites(call: Call[websites.Listed]) -> Any:
    """The websites of a team."""
    return websites.page(call, "team_id = $team", team=call.id("team_id"))


@routes("GET", "/me/websites", websites.Listed)
def my_websites(call: Call[websites.Listed]) -> Any:
    """The websites of the account."""
    return websites.listed(call)


@routes("GET", "/users/{user_id}/websites", websites.Listed)
def user_websites(call: Call[websites.Listed]) -> Any:
    """The websites of an account; only the administrator's has any."""
    if call.id("user_id") != ADMIN.id:
        return websites.page(call, "false")
    return websites.listed(call)


def _page_of_teams(call: Call[Listing]) -> dict[str, Any]:
    rows = call.umami.store.records(
        "SELECT * FROM team WHERE contains(lower(name), ?) ORDER BY name, team_id",
        [call.params.searched],
    )
    page = call.params.answer(rows)
    return {**page, "data": [_team(call, row) for row in page["data"]]}


def _team(call: Call[Any], row: dict[str, Any]) -> dict[str, Any]:
    members = _members(call, row["team_id"])
    count = call.umami.store.row(
        "SELECT count(*) FROM website WHERE team_id = ? AND deleted_at IS NULL", [row["team_id"]]
    )
    assert count
    return {
        "id": str(row["team_id"]),
        "name": row["name"],
        "accessCode": None,
        "logoUrl": None,
        "twoFactorRequired": False,
        "createdAt": to_iso(row["created_at"]),
        "updatedAt": to_iso(row["updated_at"]),
        "deletedAt": None,
        "members": members,
        "_count": {"websites": count[0], "members": len(members)},
    }


def _members(call: Call[Any], team: UUID) -> list[dict[str, Any]]:
    rows = call.umami.store.records(
        "SELECT * FROM team_user WHERE team_id = ? ORDER BY created_at, team_user_id", [team]
    )
    return [
        {
            "id": str(row["team_user_id"]),
            "teamId": str(row["team_id"]),
            "userId": str(row["user_id"]),
            "role": row["role"],
            "createdAt": to_iso(row["created_at"]),
            "updatedAt": to_iso(row["updated_at"]),
            "user": {"id": str(row["user_id"]), "username": _username(row["user_id"])},
        }
        for row in rows
    ]


def _username(user: UUID) -> str:
    return ADMIN.username if user == ADMIN.id else f"user-{str(user)[:8]}"
