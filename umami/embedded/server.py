"""Run the embedded server on a loopback socket, in a thread or in the foreground."""

from __future__ import annotations

import logging
import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from umami.embedded.application import application
from umami.embedded.collector import collector
from umami.embedded.definitions import NEWEST, Definitions
from umami.embedded.state import USERNAME, Accounts, Umami
from umami.embedded.store import Store, StoreRefused

if TYPE_CHECKING:
    from umami.embedded.replica.worker import Replica

_log = logging.getLogger(__name__)

HOST = "127.0.0.1"
KEEP_ALIVE = 75
"""Seconds; longer than in clients, so that clients close idle connections."""


class PortTaken(Exception):
    """Another program listens on the requested port."""

    def __init__(self, port: int) -> None:
        super().__init__(f"Port {port} of {HOST} is not free.")


class _Server(uvicorn.Server):
    """A uvicorn server with an event that is set when it accepts connections."""

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
    """The collect routes with limits for the public, as an ASGI application of this process."""
    password: str = field(repr=False)
    username: str = field(default=USERNAME, kw_only=True)
    replica: Replica | None = field(default=None, kw_only=True, repr=False)
    """Follows the database whose replica is served, if any."""
    _server: _Server = field(kw_only=True, repr=False)
    _thread: threading.Thread = field(kw_only=True, repr=False)
    _umami: Umami = field(kw_only=True, repr=False)

    def tell(self, changed: Callable[[str | None], None]) -> None:
        """From now on, call ``changed`` with the id of each website whose rows change; with
        ``None`` if any may have changed."""
        self._umami.changed = changed

    def stop(self) -> None:
        """Finish the requests in progress, stop, and close the store. Can be called twice."""
        self._server.should_exit = True
        self._thread.join()
        if self.replica:
            self.replica.stop()
        self._umami.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


def serve(
    data: Path | None = None,
    store: Path | None = None,
    *,
    replica_of: str | None = None,
    port: int = 0,
    definitions: Definitions = NEWEST,
    build: Callable[[Umami], Starlette] = application,
    password: str | None = None,
) -> Running:
    """Start an embedded Umami in a thread; returns when it answers.

    ``data`` is a folder, zip or file of Umami's tables as CSV; ``store`` is a DuckDB file for them
    and for later changes. ``replica_of`` is the address of a PostgreSQL database of Umami, which is
    replicated into the store, or into memory. Without all three the server has demo data. ``port``
    0 selects a free port; ``build`` creates the application. Other users of the machine can connect
    to the server: without a ``password``, the account has a random one, which is
    ``Running.password``.

    Raises ``PortTaken`` if the port is in use, ``ImportRefused`` if the data cannot be read,
    ``StoreRefused`` if the file cannot be opened or written, or does not exist without data, and
    ``ReplicaRefused`` if the database cannot be read and was not copied before.
    """
    with ExitStack() as on_error:
        listener = on_error.enter_context(bound(port))
        umami = opened(data, store, definitions, replica_of=replica_of)
        umami.accounts = Accounts(password or secrets.token_urlsafe(32))
        on_error.callback(umami.store.close)
        replica = _replica(replica_of, umami)
        listen(listener)
        on_error.pop_all()
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
        replica=replica,
        _server=server,
        _thread=thread,
        _umami=umami,
    )


def run(
    data: Path | None,
    store: Path | None,
    *,
    replica_of: str | None = None,
    port: int,
    definitions: Definitions = NEWEST,
    build: Callable[[Umami], Starlette] = application,
) -> None:
    """Serve in this thread until Ctrl-C or SIGTERM; raises as ``serve`` does."""
    with bound(port) as listener:
        umami = opened(data, store, definitions, replica_of=replica_of)
        with closing(umami.store), ExitStack() as stopping:
            if replica := _replica(replica_of, umami):
                stopping.callback(replica.stop)
            listen(listener)
            # After its shutdown, uvicorn raises the signal again.
            with suppress(KeyboardInterrupt):
                _Server(build(umami)).run(sockets=[listener])


def bound(port: int) -> socket.socket:
    """A socket that is bound to the port, but refuses connections until the server listens."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise PortTaken(port) from None
    return listener


def listen(listener: socket.socket) -> None:
    """Accept connections. Raises ``PortTaken`` if another program listens on the port by now."""
    try:
        listener.listen()
    except OSError:
        raise PortTaken(listener.getsockname()[1]) from None


def _replica(url: str | None, umami: Umami) -> Replica | None:
    """Start to replicate a database into the store of a server. Raises ``ReplicaRefused``."""
    if url is None:
        return None
    # Imported here, so that servers of other data do not load the database's library.
    from umami.embedded.replica.worker import Replica, described, guard

    replica = Replica(url, umami)
    umami.refusal, umami.replica = guard(replica), lambda: described(replica.status)
    replica.start()
    return replica


def opened(
    data: Path | None,
    store_path: Path | None = None,
    definitions: Definitions = NEWEST,
    *,
    replica_of: str | None = None,
) -> Umami:
    """The state of a server: imported tables, the data of a store's file, or the demo. Data that
    were imported into the file before are imported again only if their files changed. The store of
    a replica is created, without data."""
    if not (data or replica_of) and store_path is not None and not store_path.exists():
        raise StoreRefused(f"There is no {store_path.name}: import tables into it first.")
    with ExitStack() as on_error:
        store = on_error.enter_context(closing(Store(store_path)))
        umami = Umami(store, definitions=definitions)
        if data is not None:
            from umami.embedded.importing import load, unchanged

            if store_path is None or not unchanged(store, data):
                for note in load(store, data).notes:
                    _log.warning("%s", note)
        elif store_path is None and replica_of is None:
            from umami.embedded.demo.demo import Demo

            umami.demo, umami.catch_up = True, Demo(store).catch_up
        on_error.pop_all()
    return umami
