"""The account, and public links to a website."""

from __future__ import annotations

from typing import Any

from umami.embedded.http import Call, Nothing, Routes
from umami.embedded.refusals import Refusal
from umami.embedded.routes.account import user_json

routes = Routes()


@routes("GET", "/me", Nothing)
def me(call: Call[Nothing]) -> Any:
    """The account a token belongs to, and the token."""
    assert call.user
    token = call.headers["authorization"].partition(" ")[2]
    return {"token": token, "user": user_json(call.user)}


@routes("GET", "/share/{share}", Nothing, open_to_all=True)
def share(call: Call[Nothing]) -> Any:
    """The website of a public link, and the token that reads it."""
    row = call.umami.store.row(
        "SELECT website_id, share_id FROM website WHERE share_id = ? AND deleted_at IS NULL",
        [call.path["share"]],
    )
    if row is None:
        raise Refusal(404, "Not found")
    return {"websiteId": str(row[0]), "token": call.umami.share_token(*row)}
