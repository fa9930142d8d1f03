"""Answers of the embedded server with what an older version does not have taken away."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.doubles.umami.versions import SITE, number
from umami.embedded.http import Json
from umami.embedded.property_filters import NAME as PROPERTY_FILTER
from umami.embedded.refusals import BadRequest
from umami.embedded.routes.traffic import CHANNEL
from umami.embedded.scope import SESSION_COLUMNS

Change = Callable[[Request, Any], Any]
WEBSITES = ("/api/websites", SITE)
ONLY_3_0_LACKS = frozenset(
    {"distinctId", "excludeBounce", "match"}
    | {f"utm{name}" for name in ("Source", "Medium", "Campaign", "Content", "Term")}
)
"""Parameters that came with 3.1."""


def reshaped(version: str, routes: Iterable[Route]) -> list[Route]:
    """The routes with answers and refusals as the version has them."""
    return [_reshaped(version, route) for route in routes]


def _reshaped(version: str, route: Route) -> Route:
    change = _change(number(version), route)

    async def endpoint(request: Request) -> Response:
        _refuse_later_parameters(number(version), request)
        response: Response = await route.endpoint(request)
        if change is None or response.status_code != 200:
            return response
        return Json(change(request, json.loads(bytes(response.body))))

    methods = [method for method in route.methods or () if method != "HEAD"]
    return Route(route.path, endpoint, methods=methods, name=route.name)


def _change(version: tuple[int, ...], route: Route) -> Change | None:
    """What the version's answers of a route differ in, if anything."""
    if route.path in WEBSITES and version < (3, 2) and "DELETE" not in (route.methods or ()):
        return lambda _request, answer: _without_recorder(version, answer)
    if route.path == f"{SITE}/metrics/expanded":
        return _channels_with_y if version < (3, 3) else _pages_without_bounces
    if route.path == f"{SITE}/events" and (3, 3) <= version < (3, 5):
        return _without_visits
    if route.path == f"{SITE}/sessions/{{session_id}}" and (3, 3) <= version < (3, 4):
        return lambda _request, answer: _without(answer, "distinctIds")
    return None


def _refuse_later_parameters(version: tuple[int, ...], request: Request) -> None:
    """Real servers ignore them, so that a client would not notice its mistake."""
    for name in request.query_params:
        if name == "type" and request.query_params[name] == "fullPath" and version < (3, 2):
            raise BadRequest("type: Invalid type")
        by_property = PROPERTY_FILTER.fullmatch(name) and version < (3, 3)
        if by_property or (version == (3, 0) and name in ONLY_3_0_LACKS):
            raise BadRequest(f"{name}: Unknown parameter")


def _without(answer: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in names}


def _without_recorder(version: tuple[int, ...], answer: dict[str, Any]) -> Any:
    if "data" in answer:
        return {**answer, "data": [_without_recorder(version, row) for row in answer["data"]]}
    website = _without(answer, "recorderEnabled", "replayConfig")
    return (
        {**website, "replayEnabled": False, "replayConfig": None} if version >= (3, 1) else website
    )


def _channels_with_y(request: Request, answer: list[dict[str, Any]]) -> Any:
    """3.1 answers a column of another query, too."""
    if request.query_params["type"] != CHANNEL:
        return answer
    return [{**row, "y": None} for row in answer]


def _pages_without_bounces(request: Request, answer: list[dict[str, Any]]) -> Any:
    """From 3.3.1 on, only fields of sessions and channels have bounces and time."""
    if request.query_params["type"] in (*SESSION_COLUMNS, CHANNEL):
        return answer
    return [{**row, "bounces": 0, "totaltime": "0"} for row in answer]


def _without_visits(_request: Request, answer: dict[str, Any]) -> Any:
    return {**answer, "data": [_without(row, "visitId") for row in answer["data"]]}
