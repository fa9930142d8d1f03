"""The Starlette application: routes over one state. Pages of every origin may use the collect
routes, and no other route."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from umami.embedded.http import Json
from umami.embedded.refusals import Refusal, error_object
from umami.embedded.routes import ROUTES, collect
from umami.embedded.state import Umami

COLLECT: Final = frozenset({"/api/send", "/api/batch", "/script.js"})
"""The paths that pages of a website use."""
HEADERS: Final = {
    "access-control-allow-origin": "*",
    # Trackers later than 3.5.0 send the last two, and their preflight fails without them.
    "access-control-allow-headers": (
        "Content-Type, x-umami-cache, x-umami-website-id, x-umami-hostname"
    ),
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-max-age": "86400",
}


class Cors:
    """Middleware that answers preflight requests of the collect routes, and permits pages of every
    origin to read the other responses of these routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request of the collect routes; pass on every other one."""
        if scope["type"] != "http" or scope["path"] not in COLLECT:
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=HEADERS)(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)


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
    """The embedded server's application; ``error_body`` returns the JSON of a refusal. Only
    ``hosts`` are accepted as host names, so that a website cannot read the API by a domain that
    resolves to this machine."""

    async def refuse(_request: Request, refusal: Any) -> Response:
        return Json(error_body(refusal), status_code=refusal.status, headers=refusal.headers)

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
