"""What a browser may send over its WebSocket: no more than the dashboard's pages need.

Streamlit does as every message says, whoever sent it: somebody who has not signed in could clear
the caches of all viewers, have files installed beside the dashboard, or fill the memory with
uploads, which no page here asks for.
"""

from __future__ import annotations

from functools import wraps
from typing import Final

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.app_session import AppSession

from components.runtime import base

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
