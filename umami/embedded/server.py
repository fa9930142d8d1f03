"""The embedded server, running: a real socket on loopback, a thread, an address."""

from __future__ import annotations

import logging
import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from umami.embedded.application import application
from umami.embedded.collector import collector
from umami.embedded.definitions import NEWEST, Definitions
from umami.embedded.state import USERNAME, Accounts, Umami
from umami.embedded.store import Store, StoreRefused

_log = logging.getLogger(__name__)

HOST = "127.0.0.1"
KEEP_ALIVE = 75
"""Seconds; longer than clients keep idle connections, so that it is they who close them."""


class PortTaken(Exception):
    """Another program listens on the port that was asked for."""

    def __init__(self, port: int) -> None:
        super().__init__(f"Port {port} of {HOST} is not free.")


class _Server(uvicorn.Server):
    """A uvicorn server that tells when it answers."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                log_level="warning",
                access_log=False,
                lifespan="off",
                ws="none",
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=2,
            )
        )
        self.answering = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.answering.set()


@dataclass(slots=True)
class Running:
    """A server that answers at ``url`` until ``stop`` is called or the process ends."""

    url: str
    demo: bool
    collector: ASGIApp = field(repr=False)
    """The collect routes, bounded for the public; an ASGI application for the same process."""
    password: str = field(repr=False)
    username: str = field(default=USERNAME, kw_only=True)
    _server: _Server = field(kw_only=True, repr=False)
    _thread: threading.Thread = field(kw_only=True, repr=False)
    _umami: Umami = field(kw_only=True, repr=False)

    def tell(self, changed: Callable[[str | None], None]) -> None:
        """Call this with the id of each website whose rows are changed from now on, by whomever;
        with ``None`` where any may have been."""
        self._umami.changed = changed

    def stop(self) -> None:
        """Answer what was asked, then no more; the data are given up. May be called twice."""
        self._server.should_exit = True
        self._thread.join()
        self._umami.store.close()

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def serve(
    data: Path | None = None,
    store: Path | None = None,
    *,
    port: int = 0,
    definitions: Definitions = NEWEST,
    build: Callable[[Umami], Starlette] = application,
    password: str | None = None,
) -> Running:
    """Start an embedded Umami in this process; returns when it answers.

    ``data`` is a folder, zip or file of Umami's tables as CSV; ``store`` is a DuckDB file, where
    they are kept with all that is sent and edited. Without both the server makes the demo.
    ``port`` 0 takes any free one; ``definitions`` say what is counted; ``build`` makes the
    application over the data. Other users of the machine can reach the server, so without a
    ``password`` the account has a random one, which ``Running.password`` tells.

    Raises:
        PortTaken: the port is in use.
        ImportRefused: the data cannot be read.
        StoreRefused: the file cannot be opened or written, or is not there and there are no data.
    """
    with ExitStack() as undone:
        listener = undone.enter_context(bound(port))
        umami = opened(data, store)
        umami.definitions = definitions
        umami.accounts = Accounts(password or secrets.token_urlsafe(32))
        undone.callback(umami.store.close)
        listen(listener)
        undone.pop_all()
    server = _Server(build(umami))
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="embedded-umami", daemon=True
    )
    thread.start()
    server.answering.wait()
    return Running(
        f"http://{HOST}:{listener.getsockname()[1]}",
        umami.demo,
        collector(umami),
        umami.accounts.password,
        _server=server,
        _thread=thread,
        _umami=umami,
    )


def run(
    data: Path | None,
    store: Path | None,
    *,
    port: int,
    definitions: Definitions = NEWEST,
    build: Callable[[Umami], Starlette] = application,
) -> None:
    """Serve in this thread until Ctrl-C or SIGTERM; raises as ``serve`` does."""
    with bound(port) as listener:
        umami = opened(data, store)
        umami.definitions = definitions
        with closing(umami.store):
            listen(listener)
            # When uvicorn has finished answering, it hands the signal on.
            with suppress(KeyboardInterrupt):
                _Server(build(umami)).run(sockets=[listener])


def bound(port: int) -> socket.socket:
    """A socket that has the port, but refuses connections until the server listens."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise PortTaken(port) from None
    return listener


def listen(listener: socket.socket) -> None:
    """Take connections from now on; a faster one may have taken the port since it was bound."""
    try:
        listener.listen()
    except OSError:
        raise PortTaken(listener.getsockname()[1]) from None


def opened(data: Path | None, kept: Path | None = None) -> Umami:
    """The state to serve: imported tables, what a file holds, or the demo.

    Data that were imported into the file before are not read again until their files change.
    """
    if data is None and kept is not None and not kept.exists():
        raise StoreRefused(f"There is no {kept.name}: import tables into it first.")
    with ExitStack() as undone:
        store = Store(kept)
        undone.callback(store.close)
        umami = Umami(store)
        if data is not None:
            from umami.embedded.importing import load, unchanged

            if kept is None or not unchanged(store, data):
                for note in load(store, data).notes:
                    _log.warning("%s", note)
        elif kept is None:
            from umami.embedded.demo.demo import Demo

            umami.demo, umami.catch_up = True, Demo(store).catch_up
        undone.pop_all()
    return umami
