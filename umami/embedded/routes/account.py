"""Heartbeat, sign-in and out, the account, its API keys, and share links."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from umami.embedded.http import Call, Nothing, Parameters, Routes, Text
from umami.embedded.refusals import Refusal
from umami.embedded.state import User

routes = Routes()


class Credentials(Parameters):
    """What signs in."""

    username: Text
    password: Text


@routes("GET", "/heartbeat", Nothing, open_to_all=True)
def heartbeat(_call: Call[Nothing]) -> Any:
    """Says that the server is ready."""
    return {"ok": True}


@routes("POST", "/auth/login", Credentials, open_to_all=True)
def login(call: Call[Credentials]) -> Any:
    """A bearer token for the right user name and password."""
    user, token = call.umami.accounts.sign_in(call.params.username, call.params.password)
    return {"token": token, "user": spelled_user(user)}


@routes("POST", "/auth/logout", Nothing)
def logout(call: Call[Nothing]) -> Any:
    """Ends a token. (Umami's own goes on working: it deletes the wrong key.)"""
    call.umami.accounts.sign_out(call.headers)
    return {"ok": True}


@routes("GET", "/me", Nothing)
def me(call: Call[Nothing]) -> Any:
    """The account that a token or a key belongs to, and which of both was sent."""
    assert call.user
    user = spelled_user(call.user)
    del user["createdAt"]
    key = call.umami.accounts.key_of(call.headers)
    if key is None:
        return {"user": user, "authType": "session"}
    return {"user": user, "authType": "api-key", "apiKey": {"id": str(key.id), "name": key.name}}


def spelled_user(user: User) -> dict[str, Any]:
    """An account as it is answered."""
    return {
        "id": str(user.id),
        "username": user.username,
        "role": user.role,
        "createdAt": "2026-01-01T00:00:00.000Z",
        "isAdmin": user.role == "admin",
    }


class Named(Parameters):
    """What to call a key."""

    name: Annotated[Text, Field(min_length=1, max_length=100)]


@routes("POST", "/me/api-keys", Named)
def make_key(call: Call[Named]) -> Any:
    """A new key, whose text is answered this once."""
    key, text = call.umami.accounts.make_key(_in_person(call), call.params.name)
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
    if call.user is None or call.umami.accounts.key_of(call.headers):
        raise Refusal(401, "Unauthorized")
    return call.user
