"""Proxies before the app that change the head of every request."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

FOREIGN = re.compile(rb"\r\ncookie:[^\r]*", re.IGNORECASE)


def without_cookies(head: bytes) -> bytes:
    """Forward no cookies but Streamlit's, as some hosts do."""
    return FOREIGN.sub(b"", head)


def adding(**headers: str) -> Callable[[bytes], bytes]:
    """Set these headers (``X_Real_IP`` for ``X-Real-IP``), as the configuration of a proxy does."""

    def edit(head: bytes) -> bytes:
        for name, value in headers.items():
            line = f"{name.replace('_', '-')}: {value}\r\n".encode()
            present = re.compile(
                rb"(?<=\r\n)" + line.split(b":")[0] + rb":[^\r]*\r\n", re.IGNORECASE
            )
            head = present.sub(b"", head)
            head = head.replace(b"\r\n", b"\r\n" + line, 1)
        return head

    return edit


@contextmanager
def proxy(behind: str, edit: Callable[[bytes], bytes]) -> Iterator[str]:
    """Run a proxy before the app at ``behind`` until the block ends; yields its address. ``edit``
    changes the head of each request."""
    target = urlsplit(behind)
    assert target.hostname
    assert target.port
    listening = socket.create_server(("127.0.0.1", 0))

    def carry(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while part := source.recv(65_536):
                sink.sendall(part)
        for connection in (source, sink):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def serve(client: socket.socket) -> None:
        with client, socket.create_connection((target.hostname, target.port)) as app:
            head = b""
            while b"\r\n\r\n" not in head and (part := client.recv(65_536)):
                head += part
            # One request a connection, so that every head is seen.
            head = edit(head)
            if b"upgrade: websocket" not in head.lower():
                head = re.sub(rb"\r\nconnection:[^\r]*", b"", head, flags=re.IGNORECASE)
                head = head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
            app.sendall(head)
            back = threading.Thread(target=carry, args=(app, client), daemon=True)
            back.start()
            carry(client, app)
            back.join()

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.close()
