"""A real server between two others: it hands on what is asked, late or broken where told to."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from umami.embedded.state import PASSWORD

CARRIED = (
    *("content-type", "authorization", "accept"),
    *("x-umami-share-token", "x-umami-share-context", "x-umami-api-key"),
)
LOST = 0
"""The status of what was not answered."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One request that came by; moments are of ``time.monotonic``."""

    target: str
    came: float
    answered: float
    status: int
    method: str = "GET"
    body: bytes | None = None
    answer: bytes = b""


@dataclass(slots=True)
class Between:
    """``delay`` is added to every answer, in seconds; ``breaks`` says what is answered with 500,
    ``lacks`` what with a page that there is no such thing, ``cuts`` whose answer is lost: it was
    done, but the connection ends. So does every connection while there is no server behind."""

    url: str
    behind: str
    """The server that is asked; may be changed at any time."""
    password: str = ""
    """What opens the server to those who come this way, in the place of its own password."""
    delay: float = 0.0
    breaks: Callable[[str], bool] = field(default=lambda _target: False)
    lacks: Callable[[str], bool] = field(default=lambda _target: False)
    cuts: Callable[[str], bool] = field(default=lambda _target: False)
    passed: list[Passed] = field(default_factory=list)


@contextmanager
def between(behind: str) -> Iterator[Between]:
    """Stand before the server at ``behind`` until the block is left."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            came = time.monotonic()
            size = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(size) if size else None
            if here.breaks(self.path):
                answer = b"out of order: " + str(self.headers).encode() + (body or b"")
                status, kind = 500, "text/plain"
            elif here.lacks(self.path):
                status, kind, answer = 404, "text/html", b"<html>404</html>"
            else:
                try:
                    status, kind, answer = self.hand_on(body)
                except (OSError, http.client.HTTPException):
                    status, kind, answer = LOST, "", b""
            if here.cuts(self.path):
                status = LOST
            time.sleep(here.delay)
            if status != LOST and not self.answered(status, kind, answer):
                status = LOST
            self.close_connection = self.close_connection or status == LOST
            here.passed.append(
                Passed(self.path, came, time.monotonic(), status, self.command, body, answer)
            )

        def answered(self, status: int, kind: str, answer: bytes) -> bool:
            try:
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            except OSError:  # whoever asked is gone
                return False
            return True

        do_GET = do_POST = do_DELETE = handle_any

        def hand_on(self, body: bytes | None) -> tuple[int, str, bytes]:
            if here.password and self.path.endswith("/auth/login") and body:
                body = body.replace(here.password.encode(), PASSWORD.encode())
            headers = {name: self.headers[name] for name in CARRIED if name in self.headers}
            host = urlsplit(here.behind).netloc
            connection = http.client.HTTPConnection(host, timeout=30)
            try:
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                return answer.status, answer.getheader("content-type", ""), answer.read()
            finally:
                connection.close()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    here = Between(f"http://127.0.0.1:{server.server_port}", behind)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
