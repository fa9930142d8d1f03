"""Checks the origin of requests and adds security headers to responses.

Only pages of its own origin and of ``DASHBOARD_ORIGINS`` may send requests.

A browser names the page that a request comes from in the ``Origin`` header, which no page can
change. Streamlit accepts every origin of this machine, whatever its port, and for any other origin
looks up the machine's public address on an external host. This module accepts only an origin that
equals the ``Host`` of the request, and contacts no other host.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection
from functools import wraps
from typing import Final

import streamlit as st
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config, net_util
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.app_session import AppSession

from access import unsubscribing
from access.settings import parse_origin as parsed
from components import first_page, viewer
from components.runtime import base
from components.texts import _
from umami.errors import SettingsError

SAFE: Final = ("GET", "HEAD")
"""Methods for which browsers omit ``Origin`` in same-origin requests."""
OPEN_TO_ALL: Final = "/collect/"
"""The path to which pages of every website may send requests."""
POLICY_VIOLATION: Final = 1008
"""The close code of a refused WebSocket; the browser receives HTTP status 403."""
_REFUSED: Final = PlainTextResponse("Only pages of the dashboard may ask this.\n", status_code=403)


def allowed(origin: str, host: str, named: Collection[str] = (), *, https: bool = False) -> bool:
    """Whether a page of ``origin`` may send requests to ``host``, a ``Host`` header.

    ``named`` are further allowed origins. ``https`` means that the request came over TLS; origins
    without TLS are then refused.
    """
    asking = parsed(origin)
    if asking is None:
        return False
    if asking in map(parsed, named):
        return True
    scheme = asking[0]
    return asking == parsed(f"{scheme}://{host}") and not (https and scheme == "http")


def same_origin(app: ASGIApp) -> ASGIApp:
    """Middleware that refuses, before Streamlit sees them, WebSockets and HTTP requests of other
    origins, and those without an origin where browsers send one."""

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or _passes(scope):
            await app(scope, receive, send)
        elif scope["type"] == "http":
            await _REFUSED(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})

    return checked


def _passes(scope: Scope) -> bool:
    websocket = scope["type"] == "websocket"
    if not websocket and scope["path"].startswith(base() + OPEN_TO_ALL):
        return True
    # Mail providers send no origin. What they may do takes a signed token.
    if not websocket and scope["path"] == base() + unsubscribing.PATH:
        return True
    headers = Headers(scope=scope)
    origins, hosts = headers.getlist("origin"), headers.getlist("host")
    if not origins and not websocket and scope["method"] in SAFE:
        return True
    if len(origins) != 1 or len(hosts) != 1:
        return False
    return allowed(origins[0], hosts[0], _named(), https=scope["scheme"] in ("https", "wss"))


def session_refused() -> str:
    """The reason why this session is refused, or ``""``, for runs without ``asgi.py``.

    A session begins with a WebSocket and keeps its headers.

    Behind the proxy of a hosting service, the name of the dashboard may be in
    ``X-Forwarded-Host`` only, a header that no web page can add to a WebSocket.
    """
    headers = st.context.headers
    if not headers.to_dict():
        # Streamlit's AppTest has no WebSocket.
        return ""
    origin = headers.get("Origin") or ""
    hosts = [headers.get(name) or "" for name in ("Host", "X-Forwarded-Host")]
    if any(allowed(origin, host, _named()) for host in hosts):
        return ""
    return _("This page was opened by {origin}, which is not the address of the dashboard.").format(
        origin=origin or "no page"
    )


def configure() -> None:
    """Allow the configured origins in Streamlit, and disable its lookup of this machine's public
    address, which it would accept as an origin. May be called repeatedly."""
    net_util.get_external_ip = lambda: None
    config.set_option("server.corsAllowedOrigins", list(_named()))


def _named() -> Collection[str]:
    try:
        return viewer.running().origins
    except SettingsError:
        # The page shows the error in the settings.
        return ()


def policy() -> str:
    """The content security policy: own origin only, inline scripts by their hash."""
    inline = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", first_page.page(), re.DOTALL)
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in inline
    )
    parts = (
        "default-src 'self'",
        f"script-src 'self' 'wasm-unsafe-eval' blob: {hashes}".rstrip(),
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws: wss:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
    return "; ".join(parts)


def security_headers(app: ASGIApp) -> ASGIApp:
    """Middleware that adds the headers to every response."""
    added = {
        "content-security-policy": policy(),
        "x-content-type-options": "nosniff",
        # The URL may contain a share link, which no other site may receive.
        "referrer-policy": "same-origin",
        "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        "cross-origin-opener-policy": "same-origin",
    }

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in added.items():
                    headers.setdefault(name, value)
                forwarded = Headers(scope=scope).get("x-forwarded-proto", "")
                if "https" in (scope["scheme"], forwarded.split(",")[0].strip()):
                    headers.setdefault("strict-transport-security", "max-age=31536000")
            await send(message)

        await app(scope, receive, send_with_headers if scope["type"] == "http" else send)

    return respond


NEEDED: Final = ("rerun_script", "stop_script", "app_heartbeat")
"""Kinds of messages that are forwarded, besides requests for deferred files."""
LONGEST: Final = 256 * 1024
"""The maximum size of a message in bytes; pages send at most about 10,000."""
UPLOADS: Final = "/_stcore/upload_file"
_NOT_FOUND: Final = PlainTextResponse("Not Found", status_code=404)


def needed_messages(app: ASGIApp) -> ASGIApp:
    """Middleware that drops all messages that are not ``NEEDED``, and responds 404 to uploads."""

    async def filtered(scope: Scope, receive: Receive, send: Send) -> None:
        async def receive_needed() -> Message:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive" or _is_needed(message.get("bytes")):
                    return message

        if scope["type"] == "http" and scope["path"].startswith(base() + UPLOADS):
            await _NOT_FOUND(scope, receive, send)
        else:
            await app(scope, receive_needed if scope["type"] == "websocket" else receive, send)

    return filtered


def restrict() -> None:
    """Drop the same messages under plain ``app.py``, which has no middleware. May be called
    repeatedly."""
    handle = AppSession.handle_backmsg
    if getattr(handle, "restricted", False):
        return

    @wraps(handle)
    def restricted(session: AppSession, message: BackMsg) -> None:
        if _does_needed(message):
            handle(session, message)

    restricted.restricted = True  # type: ignore[attr-defined]
    AppSession.handle_backmsg = restricted  # type: ignore[method-assign, assignment]


def _is_needed(content: bytes | None) -> bool:
    # Parsing a long message would block the event loop for seconds.
    if not content or len(content) > LONGEST:
        return False
    try:
        return _does_needed(BackMsg.FromString(content))
    except DecodeError:
        return False


def _does_needed(message: BackMsg) -> bool:
    kind = message.WhichOneof("type")
    if kind == "backend_operation_request":
        return message.backend_operation_request.WhichOneof("payload") == "deferred_file"
    return kind in NEEDED
