"""What the server says about itself to everybody: its version, in two places."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from umami.embedded.http import Call, Json, Nothing, Routes

routes = Routes()


@routes("GET", "/scripts/telemetry", Nothing, open_to_all=True)
def telemetry(call: Call[Nothing]) -> Any:
    """The script that tells Umami's makers about an installation; clients read the version off it.
    This one does nothing."""
    return Response(
        f"/* An embedded Umami; it reports to nobody. a.png?v={call.umami.version} */\n",
        media_type="text/javascript",
    )


async def _openapi(request: Request) -> Response:
    paths: dict[str, dict[str, Any]] = {}
    for route in request.app.routes:
        if isinstance(route, Route) and route.path.startswith("/api/"):
            methods = sorted((route.methods or set()) - {"HEAD"})
            paths.setdefault(route.path, {}).update({one.lower(): {} for one in methods})
    version = request.app.state.umami.version
    return Json(
        {
            "info": {"title": "Umami API", "version": version},
            "openapi": "3.1.0",
            "paths": dict(sorted(paths.items())),
        }
    )


openapi = Route("/openapi.json", _openapi, methods=["GET"])
"""Names the version and the routes; it stands beside the API, not under it."""
