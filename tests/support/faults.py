"""A server that misbehaves as it is told, over a real socket.

What is answered is decided by a function from a request to an ``Act``; every request is kept, so
that a test can count and read them.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN = "tok-8c1f-secret-of-the-server"
USER = {"id": "1", "username": "ada", "role": "admin", "createdAt": None, "isAdmin": True}


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived; header names in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Act:
    """What to do with a request. ``delay`` and ``pause`` are in seconds."""

    status: int = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)
    delay: float = 0.0
    after: Callable[[], bool] | None = None
    """Wait until this is true."""
    reset: bool = False
    """Close the connection instead of answering."""
    cut: bool = False
    """Promise more bytes than there are, then close."""
    drip: float | None = None
    """Send a byte at a time, with this pause after each."""
    endless: bool = False
    """Send the body again and again."""
    garbage: bytes | None = None
    """Send this instead of HTTP."""


def said(answer: Any, status: int = 200, **more: Any) -> Act:
    """An answer in JSON."""
    return Act(status, json.dumps(answer).encode(), **more)


def page(status: int = 200) -> Act:
    """A web page."""
    return Act(
        status, b"<!DOCTYPE html><html>Not here</html>", headers=(("content-type", "text/html"),)
    )


RESET = Act(reset=True)
SIGNED_IN = said({"token": TOKEN, "user": USER})


@dataclass(slots=True)
class Faulty:
    """A running server. ``acts`` decides; sign-in works unless it decides otherwise."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    most_at_once: int = 0
    _acts: dict[str, list[Act]] = field(default_factory=dict)
    _decide: Callable[[Seen], Act] | None = None
    _now: int = 0

    def script(self, ending: str, *acts: Act) -> None:
        """Answer requests whose path ends like this with these acts in turn; the last one
        repeats."""
        self._acts[ending] = list(acts)

    def decide(self, function: Callable[[Seen], Act]) -> None:
        """Use this function for all requests without a script."""
        self._decide = function

    def requests_to(self, ending: str) -> list[Seen]:
        """Requests so far whose path ends like this."""
        return [request for request in list(self.seen) if request.path.endswith(ending)]

    def _act(self, request: Seen) -> Act:
        for ending, acts in self._acts.items():
            if request.path.endswith(ending):
                return acts.pop(0) if len(acts) > 1 else acts[0]
        if self._decide is not None:
            return self._decide(request)
        return SIGNED_IN if request.path.endswith("/auth/login") else Act()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while (request := await _read(reader)) is not None:
                self.seen.append(request)
                self._now += 1
                self.most_at_once = max(self.most_at_once, self._now)
                try:
                    stays = await _perform(self._act(request), request, writer)
                finally:
                    self._now -= 1
                if not stays:
                    break
        writer.transport.abort()


async def _read(reader: asyncio.StreamReader) -> Seen | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    parts = urlsplit(target)
    return Seen(method, parts.path, dict(parse_qsl(parts.query)), headers, body)


async def _perform(act: Act, request: Seen, writer: asyncio.StreamWriter) -> bool:
    """Perform an act; returns whether the connection may be reused."""
    await asyncio.sleep(act.delay)
    while act.after is not None and not act.after():
        await asyncio.sleep(0.005)
    if act.reset:
        return False
    if act.garbage is not None:
        writer.write(act.garbage)
        await writer.drain()
        return False
    length = len(act.body) + (100 if act.cut else 0)
    framing = [] if act.endless else [("content-length", str(length))]
    writer.write(
        b"".join(
            [
                f"HTTP/1.1 {act.status} Because\r\n".encode(),
                *(f"{name}: {value}\r\n".encode() for name, value in (*act.headers, *framing)),
                b"\r\n",
            ]
        )
    )
    if act.drip is not None:
        for byte in act.body:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(act.drip)
        return True
    writer.write(act.body)
    await writer.drain()
    while act.endless:
        writer.write(act.body)
        await writer.drain()
    return not act.cut


@contextmanager
def faulty(tls: ssl.SSLContext | None = None) -> Iterator[Faulty]:
    """A server on loopback until the block ends; with a certificate it speaks TLS."""
    server = Faulty()
    listening = threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []
    stop = asyncio.Event()

    async def run() -> None:
        loops.append(asyncio.get_running_loop())
        listener = await asyncio.start_server(server._serve, "127.0.0.1", 0, ssl=tls)
        scheme = "https" if tls else "http"
        server.url = f"{scheme}://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        listening.set()
        await stop.wait()
        listener.close()
        # What is still being served is cancelled as the loop ends.

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    listening.wait()
    try:
        yield server
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join()


def as_3_1(server: Faulty) -> None:
    """Let a server answer requests without a sign-in as Umami 3.1 does."""
    refused = {"error": {"message": "Bad request", "code": "bad-request", "status": 400}}
    signed_out = {"error": {"message": "Unauthorized", "code": "unauthorized", "status": 401}}
    server.script("/heartbeat", said({"ok": True}))
    server.script("/config", said({"privateMode": False, "currentVersion": True}))
    server.script("/scripts/telemetry", Act(body=b"/* telemetry disabled */"))
    server.script("/segments", said(refused, 400))
    for path in ("/api/me", "/boards"):
        server.script(path, said(signed_out, 401))
    for path in ("/event-data-pivot", "/2fa/status", "/annotations", "/retention", "/errors"):
        server.script(path, page(404))
    server.script("/openapi.json", page(404))
