"""Share links, which open all sections of a website or some of them. The ``shareId`` of a website
is a share too; the id of this share is that of the website."""

import json
import secrets
import uuid
from typing import Annotated, Any

from pydantic import Field

from umami.embedded.http import Call, Nothing, Parameters, Routes, Text, now
from umami.embedded.parameters import Listing
from umami.embedded.refusals import Refusal
from umami.embedded.routes.records import insert, record
from umami.embedded.state import SHARES
from umami.embedded.wire import camel_case, renamed

routes = Routes()

TABLE = f"(SELECT * FROM ({SHARES}) ORDER BY created_at, share_id)"
WEBSITE = 1
"""The type of a share that opens a website."""
COLUMNS = {"id": "share_id", **camel_case("entity_id", "name", "slug", "created_at", "updated_at")}


class Share(Parameters):
    """A share to create; its parameters may name the sections that it opens."""

    name: Annotated[Text, Field(max_length=200)] = ""
    parameters: dict[str, Any] = Field(default_factory=dict)


@routes("GET", "/share/{share}", Nothing, open_to_all=True)
def share(call: Call[Nothing]) -> Any:
    """Return the website that a share opens, and the token to read it."""
    row = record(call, TABLE, slug=call.path["share"])
    return {
        "shareId": row["share_id"],
        "shareType": WEBSITE,
        "parameters": json.loads(row["parameters"]),
        "websiteId": row["entity_id"],
        "token": call.umami.share_token(row["entity_id"], row["slug"]),
    }


@routes("GET", "/websites/{website_id}/shares", Listing)
def shares(call: Call[Listing]) -> Any:
    """Return the shares of a website to accounts only, because a slug opens the website."""
    if call.user is None:
        raise Refusal(401, "Unauthorized")
    rows = call.umami.store.records(
        f"SELECT * FROM {TABLE} WHERE entity_id = ? AND contains(lower(name), ?)",
        [call.id("website_id"), call.params.searched],
    )
    return call.params.answer([_json(row) for row in rows])


@routes("POST", "/websites/{website_id}/shares", Share)
def create(call: Call[Share]) -> Any:
    """Create a share with a random slug."""
    time = now()
    row = {
        "share_id": uuid.uuid4(),
        "entity_id": call.id("website_id"),
        "name": call.params.name,
        "slug": secrets.token_hex(8),
        "parameters": json.dumps(call.params.parameters),
        "created_at": time,
        "updated_at": time,
    }
    with call.umami.store.writing() as cursor:
        insert(cursor, "share", row)
    return _json(row)


@routes("GET", "/share/id/{share_id}", Nothing)
def read(call: Call[Nothing]) -> Any:
    return _json(record(call, TABLE, **call.path))


@routes("DELETE", "/share/id/{share_id}", Nothing)
def delete(call: Call[Nothing]) -> Any:
    """Delete a share, which makes its slug and its tokens invalid."""
    id = record(call, TABLE, **call.path)["share_id"]
    with call.umami.store.writing() as cursor:
        cursor.execute("DELETE FROM share WHERE share_id = ?", [id])
        cursor.execute("UPDATE website SET share_id = NULL WHERE website_id = ?", [id])
    return {"ok": True}


def _json(row: dict[str, Any]) -> dict[str, Any]:
    parameters = json.loads(row["parameters"])
    return {**renamed(row, COLUMNS), "shareType": WEBSITE, "parameters": parameters}
