"""A proxy before a real server: it forwards requests, late or broken as configured."""

from __future__ import annotations

import http.client
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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
WHOLE = 2**63
"""More than any answer is long."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One forwarded request; moments are of ``time.monotonic``."""

    target: str
    came: float
    answered: float
    status: int
    method: str = "GET"
    body: bytes | None = None
    answer: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; without a ``length`` the end of the connection ends it."""

    status: int
    body: bytes
    kind: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = WHOLE
    """What is promised; the body's own unless told otherwise."""


class Exchange:
    """One request, for a fault to forward, to answer, or neither."""

    def __init__(self, here: Between, handler: BaseHTTPRequestHandler, body: bytes | None) -> None:
        self._here = here
        self._handler = handler
        self.method, self.target, self.body = handler.command, handler.path, body
        self.headers = {name: handler.headers[name] for name in CARRIED if name in handler.headers}
        self.status, self.answer = LOST, b""
        self._came = time.monotonic()
        self._noted = False

    def note(self) -> None:
        """Record once that the request is answered or dropped."""
        if self._noted:
            return
        self._noted = True
        self._here.passed.append(
            Passed(
                self.target,
                self._came,
                time.monotonic(),
                self.status,
                self.method,
                self.body,
                self.answer,
            )
        )

    def hand_on(self) -> Answer:
        """The server's answer. Raises the errors of a connection."""
        key = self.method, self.target, self.body
        known = self._here.known
        if known is not None and key in known:
            return known[key]
        answer = self._ask()
        if known is not None and answer.status == 200 and "/auth/" not in self.target:
            known[key] = answer
        return answer

    def _ask(self) -> Answer:
        body = self.body
        if self._here.password and self.target.endswith("/auth/login") and body:
            body = body.replace(self._here.password.encode(), PASSWORD.encode())
        host = urlsplit(self._here.behind).netloc
        connection = http.client.HTTPConnection(host, timeout=30)
        try:
            connection.request(self.method, self.target, body, self.headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), answer.getheader("content-type", ""))
        finally:
            connection.close()

    def send(self, answer: Answer, pause: float = 0.0) -> None:
        """Answer; with a ``pause`` (seconds) between one byte and the next."""
        if self._here.delay:
            self.wait(self._here.delay)
        self.status, self.answer = answer.status, answer.body
        dated = any(name.lower() == "date" for name, _ in answer.headers)
        if dated:
            self._handler.send_response_only(answer.status)
        else:
            self._handler.send_response(answer.status)
        for name, value in (("content-type", answer.kind), *answer.headers):
            self._handler.send_header(name, value)
        if answer.length is None:
            self._handler.send_header("connection", "close")
            self._handler.close_connection = True
        else:
            promised = len(answer.body) if answer.length == WHOLE else answer.length
            self._handler.send_header("content-length", str(promised))
            self._handler.close_connection |= promised != len(answer.body)
        if not pause:
            # Before it goes: whoever asked may look at what passed as soon as they have all of it.
            self.note()
        self._handler.end_headers()
        if not pause:
            self._handler.wfile.write(answer.body)
            return
        for byte in answer.body:
            self._handler.wfile.write(bytes([byte]))
            self.wait(pause)

    def write(self, raw: bytes) -> None:
        """Send these bytes unchanged."""
        self._handler.close_connection = True
        self._handler.wfile.write(raw)

    def hang_up(self) -> None:
        """End the connection with a reset, as a crash does."""
        at_once = struct.pack("ii", 1, 0)
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self._handler.close_connection = True

    def wait(self, seconds: float) -> None:
        """Wait, but not after the proxy is closed."""
        self._here.over.wait(seconds)


Fault = Callable[[Exchange], None]
"""What becomes of a request instead of its answer."""


def _anything(_target: str) -> bool:
    return True


@dataclass(slots=True)
class Strike:
    """A fault, and the requests that it affects: a ``share`` of those that ``where`` is true of."""

    fault: Fault
    where: Callable[[str], bool] = _anything
    share: float = 1.0
    seed: int = 0
    struck: int = 0
    """Requests that it has befallen so far."""
    _chance: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def befalls(self, target: str) -> bool:
        """Whether the fault affects this request."""
        struck = self.where(target) and (self.share >= 1 or self._chance.random() < self.share)
        self.struck += struck
        return struck


@dataclass(slots=True)
class Between:
    """``delay`` is added to every answer, in seconds; ``breaks`` says what is answered with 500,
    ``lacks`` what with a page that there is no such thing, ``cuts`` whose answer is lost: it was
    done, but the connection ends. So does every connection while there is no server behind. What
    else can go wrong is for ``befall``."""

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
    """What was asked and answered, or given up."""
    targets: list[str] = field(default_factory=list)
    """The target of everything that came by, answered by now or not."""
    strike: Strike | None = None
    known: dict[tuple[str, str, bytes | None], Answer] | None = None
    """Where this is not ``None``, what was answered well is answered again without asking: for
    tests that ask the same very often of a server whose data stay as they are."""
    over: threading.Event = field(default_factory=threading.Event, repr=False)
    _guard: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def befall(
        self,
        fault: Fault,
        where: Callable[[str], bool] = _anything,
        share: float = 1.0,
        seed: int = 0,
    ) -> Strike:
        """Apply this fault to requests until ``heal``."""
        self.strike = Strike(fault, where, share, seed)
        return self.strike

    def heal(self) -> None:
        """Forward all requests from now on."""
        self.strike = None

    def fault(self, target: str) -> Fault:
        """The fault of a request."""
        with self._guard:
            self.targets.append(target)
            if self.strike is not None and self.strike.befalls(target):
                return self.strike.fault
        if self.breaks(target):
            return _breaks
        return _lacks if self.lacks(target) else _cuts if self.cuts(target) else well


def well(exchange: Exchange) -> None:
    """No fault: forward the request."""
    exchange.send(exchange.hand_on())


def _breaks(exchange: Exchange) -> None:
    echoed = str(exchange.headers).encode() + (exchange.body or b"")
    exchange.send(Answer(500, b"out of order: " + echoed, "text/plain"))


def _lacks(exchange: Exchange) -> None:
    exchange.send(Answer(404, b"<html>404</html>", "text/html"))


def _cuts(exchange: Exchange) -> None:
    exchange.hand_on()
    exchange.hang_up()


@contextmanager
def between(behind: str) -> Iterator[Between]:
    """Run a proxy before the server at ``behind`` until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            size = int(self.headers.get("content-length") or 0)
            exchange = Exchange(here, self, self.rfile.read(size) if size else None)
            fault = here.fault(self.path)
            try:
                fault(exchange)
            except (OSError, http.client.HTTPException):
                # Nobody behind, or nobody before us any more.
                self.close_connection, exchange.status = True, LOST
            exchange.note()

        do_GET = do_POST = do_DELETE = handle_any

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def finish_request(self, *arguments: object) -> None:
            # Whoever asked may be gone when the rest of the answer is sent.
            with suppress(OSError):
                super().finish_request(*arguments)  # type: ignore[arg-type]

        def shutdown_request(self, request: object) -> None:
            # Shutting down would end the connection politely before it is reset.
            self.close_request(request)  # type: ignore[arg-type]

    server = Server(("127.0.0.1", 0), Handler)
    here = Between(f"http://127.0.0.1:{server.server_port}", behind)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield here
    finally:
        here.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
