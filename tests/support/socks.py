"""A SOCKS 5 proxy that reaches one server under any name."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

NO_ACCOUNT, ACCOUNT, DOMAIN = 0, 2, 3


@dataclass(slots=True)
class Socks:
    """A running proxy."""

    port: int = 0
    account: tuple[str, str] | None = None
    """User name and password, where it wants any."""
    hosts: list[str] = field(default_factory=list)
    """The hosts it was asked for."""


@contextmanager
def socks_to(url: str) -> Iterator[Socks]:
    """A proxy on loopback until the block ends."""
    here = Socks()
    behind = urlsplit(url)

    class Handler(socketserver.BaseRequestHandler):
        def _take(self, size: int) -> bytes:
            taken = b""
            while len(taken) < size:
                piece = self.request.recv(size - len(taken))
                if not piece:
                    raise ConnectionError
                taken += piece
            return taken

        def _text(self) -> str:
            return self._take(self._take(1)[0]).decode()

        def handle(self) -> None:
            with suppress(OSError), socket.create_connection((behind.hostname, behind.port)) as on:
                self._greet()
                threading.Thread(target=_pump, args=(on, self.request), daemon=True).start()
                _pump(self.request, on)

        def _greet(self) -> None:
            offered = self._take(self._take(2)[1])
            wanted = NO_ACCOUNT if here.account is None else ACCOUNT
            self.request.sendall(bytes([5, wanted if wanted in offered else 255]))
            if wanted == ACCOUNT:
                self._take(1)
                right = (self._text(), self._text()) == here.account
                self.request.sendall(bytes([1, not right]))
            assert self._take(4)[3] == DOMAIN
            here.hosts.append(self._text())
            self._take(2)
            self.request.sendall(bytes([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Log nothing."""

    server = Server(("127.0.0.1", 0), Handler)
    here.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
