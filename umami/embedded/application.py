"""The Starlette application: routes over one state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from umami.embedded.cors import Cors
from umami.embedded.http import Json
from umami.embedded.refusals import Refusal, error_object
from umami.embedded.routes import ROUTES, collect
from umami.embedded.state import Umami


async def _http_error(request: Request, error: Any) -> Response:
    """Like Umami, answer an unknown path with a web page and a wrong method with an empty body;
    redirect a trailing slash."""
    path = request.url.path
    if error.status_code == 404 and path.endswith("/") and path.strip("/"):
        # One leading slash: with two, a browser would take the path for a host.
        url = request.url.replace(scheme="", netloc="", path="/" + path.strip("/"))
        return RedirectResponse(str(url), status_code=308)
    page = "<!DOCTYPE html><title>404</title>" if error.status_code == 404 else ""
    return HTMLResponse(page, status_code=error.status_code, headers=error.headers)


async def _disconnected(_request: Request, _error: Any) -> Response:
    """The client disconnected before it sent the whole request; nobody reads this response."""
    return Response(status_code=400)


def application(
    umami: Umami,
    routes: Sequence[Route] = ROUTES,
    error_body: Callable[[Refusal], Any] = error_object,
    *,
    hosts: Sequence[str] = ("127.0.0.1", "localhost"),
) -> Starlette:
    """The embedded server's application; ``error_body`` returns the JSON of a refusal.

    Only ``hosts`` are accepted as host names, so that a website cannot read the API by a domain
    that resolves to this machine.
    """

    async def refuse(_request: Request, refusal: Any) -> Response:
        return Json(error_body(refusal), status_code=refusal.status)

    app = Starlette(
        routes=[*routes, collect.script],
        exception_handlers={
            Refusal: refuse,
            HTTPException: _http_error,
            ClientDisconnect: _disconnected,
        },
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts), Middleware(Cors)],
    )
    app.router.redirect_slashes = False
    app.state.umami = umami
    return app
