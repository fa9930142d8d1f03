"""The Starlette application: all routes over one state."""

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


async def _no_route(request: Request, problem: Exception) -> Response:
    """An unknown path is answered with a web page, a wrong method with nothing, as Umami does; a
    trailing slash is redirected."""
    assert isinstance(problem, HTTPException)
    path = request.url.path
    if problem.status_code == 404 and path.endswith("/") and path.strip("/"):
        # One slash in front: two would name another host.
        bare = request.url.replace(scheme="", netloc="", path="/" + path.strip("/"))
        return RedirectResponse(str(bare), status_code=308)
    page = "<!DOCTYPE html><title>404</title>" if problem.status_code == 404 else ""
    return HTMLResponse(page, status_code=problem.status_code, headers=problem.headers)


async def _gone(_request: Request, _problem: Exception) -> Response:
    """The client hung up before its question was complete; nobody reads this answer."""
    return Response(status_code=400)


def application(
    umami: Umami,
    routes: Sequence[Route] = ROUTES,
    error_body: Callable[[Refusal], Any] = error_object,
) -> Starlette:
    """The embedded server's application; ``error_body`` makes the JSON of a refusal."""
    # A page of the web could have its own name point here, and read what the browser may.
    own_name = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    return _built(umami, [*routes, collect.script], error_body, [own_name, Middleware(Cors)])


def collecting(umami: Umami) -> Starlette:
    """The collect routes alone, under whatever host name they are reached."""
    return _built(umami, [*collect.routes.all, collect.script], error_object, [])


def _built(
    umami: Umami,
    routes: Sequence[Route],
    error_body: Callable[[Refusal], Any],
    middleware: Sequence[Middleware],
) -> Starlette:
    async def refuse(_request: Request, refusal: Exception) -> Response:
        assert isinstance(refusal, Refusal)
        return Json(error_body(refusal), status_code=refusal.status)

    handlers: dict[Any, Any] = {
        Refusal: refuse,
        HTTPException: _no_route,
        ClientDisconnect: _gone,
    }
    app = Starlette(routes=list(routes), exception_handlers=handlers, middleware=middleware)
    app.router.redirect_slashes = False
    app.state.umami = umami
    return app
