"""Heartbeat, sign-in and out, who am I."""

from __future__ import annotations

from typing import Any

from umami.embedded.http import Call, Nothing, Parameters, Routes, Text
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
    user, token = call.umami.accounts.sign_in(call.asked.username, call.asked.password)
    return {"token": token, "user": spelled_user(user)}


@routes("POST", "/auth/verify", Nothing)
def verify(call: Call[Nothing]) -> Any:
    """The account a token belongs to."""
    assert call.user
    return spelled_user(call.user)


@routes("POST", "/auth/logout", Nothing)
def logout(call: Call[Nothing]) -> Any:
    """Ends a token. (Umami's own goes on working: it deletes the wrong key.)"""
    call.umami.accounts.sign_out(call.headers)
    return {"ok": True}


@routes("GET", "/me", Nothing)
def me(call: Call[Nothing]) -> Any:
    """The account a token belongs to. (Umami's own also echoes the token.)"""
    assert call.user
    return {"user": spelled_user(call.user)}


def spelled_user(user: User) -> dict[str, Any]:
    """An account as it is answered."""
    return {
        "id": str(user.id),
        "username": user.username,
        "role": user.role,
        "createdAt": "2026-01-01T00:00:00.000Z",
        "isAdmin": user.role == "admin",
    }
