"""Which requests the dashboard accepts, and the security headers of its answers.

Only pages of its own origin and of ``DASHBOARD_ORIGINS`` may send requests.

A browser names the page that a request comes from in the ``Origin`` header, which no page can
change. Streamlit accepts every origin of this machine, whatever its port, and looks up the
machine's public address on another host when it meets any other origin. Here, only an origin that
is the ``Host`` of the request is accepted, and no other host is asked.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection, Iterable
from functools import wraps
from pathlib import Path
from typing import Final

import streamlit
import streamlit as st
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config, net_util
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.app_session import AppSession

from access.settings import parse_origin as parsed
from components import viewer
from components.runtime import base
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


def policy() -> str:
    """The content security policy: everything comes from here, inline scripts by their hash."""
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_bytes()
    inline = re.findall(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", page, re.DOTALL)
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(one).digest()).decode()}'" for one in inline
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


class Headers:
    """Middleware that adds the headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._headers = {
            "content-security-policy": policy(),
            "x-content-type-options": "nosniff",
            # A share link stands in the address: no other site learns it.
            "referrer-policy": "same-origin",
            "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
            "cross-origin-opener-policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, with our headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                forwarded = dict(scope["headers"]).get(b"x-forwarded-proto", b"").decode("latin-1")
                if "https" in (scope["scheme"], forwarded.split(",")[0].strip()):
                    headers.setdefault("strict-transport-security", "max-age=31536000")
            await send(message)

        await self._app(scope, receive, told)


NEEDED: Final = ("rerun_script", "stop_script", "app_heartbeat")
"""Kinds of messages that are passed on, beside those that ask for a file made on demand."""
LONGEST: Final = 256 * 1024
"""Bytes of a message; what a page sends is some ten thousand at most."""
UPLOADS: Final = "/_stcore/upload_file"
_NOT_FOUND: Final = PlainTextResponse("Not Found", status_code=404)


class NeededMessages:
    """Middleware that drops all other messages, and answers uploads with 404."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does."""
        if scope["type"] == "http" and scope["path"].startswith(base() + UPLOADS):
            await _NOT_FOUND(scope, receive, send)
            return

        async def needed() -> Message:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive" or _is_needed(message.get("bytes")):
                    return message

        await self._app(scope, needed if scope["type"] == "websocket" else receive, send)


def restrict() -> None:
    """Drop the same messages where ``app.py`` is run, which has no middleware: from the first
    session on. May be called again."""
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
    # A long one takes seconds to read, in which nothing else runs.
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
