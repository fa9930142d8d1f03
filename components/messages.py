"""What a browser may send over its WebSocket: no more than the dashboard's pages need.

Streamlit does as every message says, whoever sent it: somebody who has not signed in could clear
the caches of all viewers, or fill the memory with uploads, which no page here asks for.
"""

from __future__ import annotations

from typing import Final

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

from components.base import base

NEEDED: Final = ("rerun_script", "stop_script", "app_heartbeat", "backend_operation_request")
"""Kinds of messages that are passed on; the last one asks for files that are made on demand."""
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


def _is_needed(content: bytes | None) -> bool:
    try:
        return BackMsg.FromString(content or b"").WhichOneof("type") in NEEDED
    except DecodeError:
        return False
