"""Cross-origin requests: pages of every origin may use the collect routes, and no other route."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
