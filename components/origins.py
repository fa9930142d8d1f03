"""Which web pages may talk to the dashboard: its own, and those of ``DASHBOARD_ORIGINS``.

A browser names the page that a request comes from in the ``Origin`` header, which no page can
change. Streamlit accepts every origin of this machine, whatever its port, and looks up the
machine's public address on another host when it meets any other origin. Here, only an origin that
is the ``Host`` of the request is accepted, and no other host is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import streamlit as st
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config, net_util

from access.settings import parse_origin as parsed
from components import viewer
from components.base import base
from umami.errors import SettingsError

SAFE: Final = ("GET", "HEAD")
"""Methods for which a browser leaves out ``Origin`` where a page asks its own host."""
OPEN_TO_ALL: Final = "/collect/"
"""Where pages of every website may send to."""
POLICY_VIOLATION: Final = 1008
"""The code that a refused WebSocket is closed with; the browser sees an HTTP status of 403."""
_REFUSED: Final = PlainTextResponse("Only pages of the dashboard may ask this.\n", status_code=403)


def allowed(origin: str, host: str, named: Collection[str] = (), *, https: bool = False) -> bool:
    """Whether a page of ``origin`` may talk to the dashboard at ``host``, a ``Host`` header.

    ``named`` are further origins that may. ``https`` says that the request is known to have come
    over TLS: a page that came without is refused then.
    """
    asking = parsed(origin)
    if asking is None:
        return False
    if asking in map(parsed, named):
        return True
    scheme = asking[0]
    return asking == parsed(f"{scheme}://{host}") and not (https and scheme == "http")


class SameOrigin:
    """Middleware that refuses, before Streamlit sees them, WebSockets and HTTP requests of other
    origins, and those without an origin where browsers send one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, or refuse."""
        if scope["type"] not in ("http", "websocket") or self._passes(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await _REFUSED(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})

    def _passes(self, scope: Scope) -> bool:
        websocket = scope["type"] == "websocket"
        if not websocket and scope["path"].startswith(base() + OPEN_TO_ALL):
            return True
        origins, hosts = (_values(scope["headers"], name) for name in (b"origin", b"host"))
        if not origins and not websocket and scope["method"] in SAFE:
            return True
        if len(origins) != 1 or len(hosts) != 1:
            return False
        return allowed(origins[0], hosts[0], _named(), https=scope["scheme"] in ("https", "wss"))


def session_refused() -> str:
    """Why this session is refused, where ``asgi.py`` does not refuse it earlier; empty where it is
    not. A session begins with its WebSocket, whose headers it keeps.

    Behind the proxy of a hosting service, the name of the dashboard may be in
    ``X-Forwarded-Host`` only, a header that no web page can add to a WebSocket.
    """
    headers = st.context.headers
    if not headers.to_dict():
        # Streamlit's test tool has no WebSocket.
        return ""
    origin = headers.get("Origin") or ""
    hosts = [headers.get(name) or "" for name in ("Host", "X-Forwarded-Host")]
    if any(allowed(origin, host, _named()) for host in hosts):
        return ""
    return (
        f"This page was opened by {origin or 'no page'}, which is not the address of the dashboard."
    )


def configure() -> None:
    """Have Streamlit accept the named origins as well, and keep it from asking another host for
    this machine's public address, which it would accept. May be called again."""
    net_util.get_external_ip = lambda: None
    config.set_option("server.corsAllowedOrigins", list(_named()))


def _values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in headers if key == name]


def _named() -> Collection[str]:
    try:
        return viewer.running().origins
    except SettingsError:
        # The page says what is wrong with the settings.
        return ()
