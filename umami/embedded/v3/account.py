"""What this server is, keys of an account, and public links to a website."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from umami.embedded.http import Call, Nothing, Parameters, Routes, Text
from umami.embedded.refusals import Refusal
from umami.embedded.routes.account import spelled_user
from umami.embedded.state import User

routes = Routes()


class Named(Parameters):
    """What to call a key."""

    name: Annotated[Text, Field(min_length=1, max_length=100)]


@routes("GET", "/config", Nothing, open_to_all=True)
def config(_call: Call[Nothing]) -> Any:
    """What a browser must know of the server; ``currentVersion`` is a boolean on 3.1, too."""
    return {
        "cloudMode": False,
        "currentVersion": True,
        "privateMode": True,
        "telemetryDisabled": True,
        "updatesDisabled": True,
    }


@routes("GET", "/share/{share}", Nothing, open_to_all=True)
def share(call: Call[Nothing]) -> Any:
    """The website of a public link, and the token that reads it."""
    row = call.umami.store.row(
        "SELECT website_id, share_id FROM website WHERE share_id = ? AND deleted_at IS NULL",
        [call.path["share"]],
    )
    if row is None:
        raise Refusal(404, "Not found")
    return {
        "shareId": str(row[0]),
        "shareType": 1,
        "parameters": {},
        "websiteId": str(row[0]),
        "token": call.umami.share_token(*row),
    }


@routes("POST", "/me/api-keys", Named)
def make_key(call: Call[Named]) -> Any:
    """A new key, whose text is answered this once."""
    key, text = call.umami.accounts.make_key(_in_person(call), call.asked.name)
    return {"id": str(key.id), "name": key.name, "key": text}


@routes("GET", "/me/api-keys", Nothing)
def keys(call: Call[Nothing]) -> Any:
    """The account's keys, without their texts."""
    found = call.umami.accounts.keys_of(_in_person(call))
    return [{"id": str(key.id), "name": key.name} for key in found]


@routes("DELETE", "/me/api-keys/{key_id}", Nothing)
def drop_key(call: Call[Nothing]) -> Any:
    """Ends a key."""
    _in_person(call)
    if not call.umami.accounts.drop_key(call.id("key_id")):
        raise Refusal(404, "Not found")
    return {"ok": True}


@routes("POST", "/auth/verify", Nothing)
def verify(call: Call[Nothing]) -> Any:
    """The account a token belongs to; a key does not do here."""
    return spelled_user(_in_person(call))


def _in_person(call: Call[Any]) -> User:
    """Who asks, where it is with a token: keys make no keys."""
    if call.user is None or call.umami.accounts.by_key(call.headers):
        raise Refusal(401, "Unauthorized")
    return call.user
