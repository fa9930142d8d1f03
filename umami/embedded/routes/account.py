"""The server's health and version, sign-in and sign-out, the account, and its API keys."""

from typing import Annotated, Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from umami.embedded.http import EXTENSIONS, Call, Json, Nothing, Parameters, Routes, Text
from umami.embedded.refusals import Refusal
from umami.embedded.state import User

routes = Routes()


class Credentials(Parameters):
    username: Text
    password: Text


class NewKey(Parameters):
    name: Annotated[Text, Field(min_length=1, max_length=100)]


@routes("GET", "/heartbeat", Nothing, open_to_all=True)
def heartbeat(_call: Call[Nothing]) -> Any:
    """Report that the server is ready."""
    return {"ok": True}


@routes("GET", f"{EXTENSIONS}/replica", Nothing)
def replica(call: Call[Nothing]) -> Any:
    """Return how good the replica is that this server answers from."""
    return call.umami.replica()


@routes("GET", "/scripts/telemetry", Nothing, open_to_all=True)
def telemetry(call: Call[Nothing]) -> Any:
    """Return the telemetry script, from which clients read the version. Umami's script reports an
    installation to its makers; this script does nothing."""
    version = f"{call.umami.version}{'&x=visits' if call.umami.extended else ''}"
    return Response(
        f"/* An embedded Umami; it reports to nobody. a.png?v={version} */\n",
        media_type="text/javascript",
    )


async def _openapi(request: Request) -> Response:
    paths: dict[str, dict[str, Any]] = {}
    for route in request.app.routes:
        if isinstance(route, Route) and route.path.startswith("/api/"):
            methods = sorted((route.methods or set()) - {"HEAD"})
            paths.setdefault(route.path, {}).update({method.lower(): {} for method in methods})
    return Json(
        {
            "info": {"title": "Umami API", "version": request.app.state.umami.version},
            "openapi": "3.1.0",
            "paths": dict(sorted(paths.items())),
        }
    )


openapi = Route("/openapi.json", _openapi, methods=["GET"])
"""Returns the version and the paths of all routes; not under ``/api``."""


@routes("POST", "/auth/login", Credentials, open_to_all=True)
def login(call: Call[Credentials]) -> Any:
    """Return a bearer token for a valid user name and password."""
    user, token = call.umami.accounts.sign_in(call.params.username, call.params.password)
    return {"token": token, "user": user_json(user)}


@routes("POST", "/auth/logout", Nothing)
def logout(call: Call[Nothing]) -> Any:
    """Revoke the token. (In Umami the token stays valid, because Umami deletes the wrong key.)"""
    call.umami.accounts.sign_out(call.headers)
    return {"ok": True}


@routes("POST", "/auth/verify", Nothing)
def verify(call: Call[Nothing]) -> Any:
    """Return the account of a token; API keys are refused."""
    return user_json(_signed_in(call))


@routes("GET", "/me", Nothing)
def me(call: Call[Nothing]) -> Any:
    """Return the account of a token or an API key, and which of them was sent."""
    assert call.user
    user = user_json(call.user)
    del user["createdAt"]
    key = call.umami.accounts.key_of(call.headers)
    if key is None:
        return {"user": user, "authType": "session"}
    return {"user": user, "authType": "api-key", "apiKey": {"id": key.id, "name": key.name}}


@routes("POST", "/me/api-keys", NewKey)
def create_key(call: Call[NewKey]) -> Any:
    """Create an API key. Its text is in this answer only."""
    key, text = call.umami.accounts.make_key(_signed_in(call), call.params.name)
    return {"id": key.id, "name": key.name, "key": text}


@routes("GET", "/me/api-keys", Nothing)
def keys(call: Call[Nothing]) -> Any:
    """Return the account's API keys, without their texts."""
    keys = call.umami.accounts.keys_of(_signed_in(call))
    return [{"id": key.id, "name": key.name} for key in keys]


@routes("DELETE", "/me/api-keys/{key_id}", Nothing)
def delete_key(call: Call[Nothing]) -> Any:
    _signed_in(call)
    if not call.umami.accounts.drop_key(call.id("key_id")):
        raise Refusal(404, "Not found")
    return {"ok": True}


def user_json(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "role": user.role,
        "createdAt": "2026-01-01T00:00:00.000Z",
        "isAdmin": user.role == "admin",
    }


def _signed_in(call: Call[Any]) -> User:
    """Return the user of a token; raise ``Refusal`` 401 for API keys, which must not create API
    keys."""
    if call.user is None or call.umami.accounts.key_of(call.headers):
        raise Refusal(401, "Unauthorized")
    return call.user
