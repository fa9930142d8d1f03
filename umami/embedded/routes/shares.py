"""Share links of websites, which open all sections of a website or some of them.

A website's own ``shareId`` is a share too, whose id is that of the website.
"""

from __future__ import annotations

import json
import secrets
import uuid
from typing import Annotated, Any

from pydantic import Field

from umami.embedded.http import Call, Nothing, Parameters, Routes, Text, now, to_iso
from umami.embedded.listing import Listing
from umami.embedded.refusals import Refusal
from umami.embedded.state import SHARES

routes = Routes()

WEBSITE = 1
"""The type of a share that opens a website."""


class Share(Parameters):
    """A share to create; its parameters may name the sections that it opens."""

    name: Annotated[Text, Field(max_length=200)] = ""
    parameters: dict[str, Any] = Field(default_factory=dict)


@routes("GET", "/share/{share}", Nothing, open_to_all=True)
def share(call: Call[Nothing]) -> Any:
    """The website that a share opens, and the token that reads it."""
    found = _shares(call, "slug = ?", call.path["share"])
    if not found:
        raise Refusal(404, "Not found")
    row = found[0]
    return {
        "shareId": str(row["share_id"]),
        "shareType": WEBSITE,
        "parameters": json.loads(row["parameters"]),
        "websiteId": str(row["entity_id"]),
        "token": call.umami.share_token(row["entity_id"], row["slug"]),
    }


@routes("GET", "/websites/{website_id}/shares", Listing)
def shares(call: Call[Listing]) -> Any:
    """The shares of a website. Their slugs open it, so they are shown to accounts only."""
    if call.user is None:
        raise Refusal(401, "Unauthorized")
    rows = _shares(call, "entity_id = ?", call.id("website_id"))
    searched = call.params.searched
    return call.params.answer([_spelled(row) for row in rows if searched in row["name"].lower()])


@routes("POST", "/websites/{website_id}/shares", Share)
def create_share(call: Call[Share]) -> Any:
    """Create a share, which has a slug of its own."""
    asked, id, at = call.params, uuid.uuid4(), now()
    with call.umami.store.writing() as cursor:
        cursor.execute(
            "INSERT INTO share VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                *(id, call.id("website_id"), asked.name, secrets.token_hex(8)),
                *(json.dumps(asked.parameters), at, at),
            ],
        )
    return _spelled(_shares(call, "share_id = ?", id)[0])


@routes("GET", "/share/id/{share_id}", Nothing)
def read_share(call: Call[Nothing]) -> Any:
    """One share."""
    return _spelled(_found(call))


@routes("DELETE", "/share/id/{share_id}", Nothing)
def delete_share(call: Call[Nothing]) -> Any:
    """Delete a share: its slug and its tokens open nothing any more."""
    _found(call)
    with call.umami.store.writing() as cursor:
        cursor.execute("DELETE FROM share WHERE share_id = ?", [call.id("share_id")])
        cursor.execute(
            "UPDATE website SET share_id = NULL WHERE website_id = ?", [call.id("share_id")]
        )
    return {"ok": True}


def _found(call: Call[Any]) -> dict[str, Any]:
    rows = _shares(call, "share_id = ?", call.id("share_id"))
    if not rows:
        raise Refusal(404, "Not found")
    return rows[0]


def _shares(call: Call[Any], condition: str, value: object) -> list[dict[str, Any]]:
    return call.umami.store.records(
        f"SELECT * FROM ({SHARES}) WHERE {condition} ORDER BY created_at, share_id", [value]
    )


def _spelled(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(row["share_id"]),
        "entityId": str(row["entity_id"]),
        "name": row["name"],
        "shareType": WEBSITE,
        "slug": row["slug"],
        "parameters": json.loads(row["parameters"]),
        "createdAt": to_iso(row["created_at"]),
        "updatedAt": to_iso(row["updated_at"]),
    }
