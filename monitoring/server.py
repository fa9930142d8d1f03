"""An HTTP server beside the dashboard: ``/live``, ``/ready`` and ``/metrics``."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

import uvicorn
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from access.settings import Address
from monitoring.metrics import Metrics
from umami.errors import UmamiError
from umami.scheduling import SingleFlight, settle

_LOG: Final = logging.getLogger(__name__)
AT_ONCE: Final = 32
"""Requests answered at the same time."""
TIMEOUT: Final = 2.0
"""Seconds that ``/ready`` waits for the checks."""


@dataclass(slots=True)
class Readiness:
    """The checks that must pass before viewers are let in, by the word that ``/ready`` returns if
    one fails. A check fails by raising.

    The checks run in order in a thread, and only once at a time however many requests come.
    """

    checks: Mapping[str, Callable[[], object]]
    timeout: float = TIMEOUT
    _current: str = ""
    _logged: str = "ready"
    _flights: SingleFlight[str] = field(default_factory=SingleFlight, repr=False)

    def missing(self) -> str:
        """Return the word of the first check that fails, or that still runs after ``timeout``;
        empty if all pass.

        The reason is only logged, once, since the answer may be public.
        """
        flight = self._flights.submit("readiness", lambda _: _in_thread(self._first_failure))
        try:
            return flight.result(self.timeout)
        except TimeoutError:
            return self._current

    def _first_failure(self) -> str:
        for word, check in self.checks.items():
            self._current = word
            try:
                check()
            except Exception as problem:
                # Other errors than ours may quote a secret.
                name = f"{type(problem).__name__}."
                reason = str(problem) if isinstance(problem, UmamiError) else name
                self._log(f"not ready, {word}: {reason}")
                return word
        self._log("ready")
        return ""

    def _log(self, state: str) -> None:
        if state != self._logged:
            self._logged = state
            _LOG.warning("The dashboard is %s", state)


def _in_thread(work: Callable[[], str]) -> Future[str]:
    outcome: Future[str] = Future()
    threading.Thread(target=settle, args=(outcome, work), name="readiness", daemon=True).start()
    return outcome


@dataclass(slots=True)
class Monitor:
    """A running server, until ``stop`` is called or the process ends."""

    address: Address
    """Where it listens, with the actual port."""
    _server: uvicorn.Server = field(repr=False)
    _thread: threading.Thread = field(repr=False)

    def stop(self) -> None:
        """Stop the server. May be called twice."""
        self._server.should_exit = True
        self._thread.join()


def serve(address: Address, metrics: Metrics, readiness: Readiness) -> Monitor:
    """Start the server in a thread; it listens when this function returns.

    Port 0 stands for any free port. Raises ``OSError`` if the address is not available.
    """
    listener = socket.create_server(
        (address.host, address.port),
        family=socket.AF_INET6 if ":" in address.host else socket.AF_INET,
    )
    server = uvicorn.Server(
        uvicorn.Config(
            application(metrics, readiness),
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            proxy_headers=False,
            limit_concurrency=AT_ONCE,
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="monitor", daemon=True
    )
    thread.start()
    return Monitor(Address(address.host, listener.getsockname()[1]), server, thread)


def application(metrics: Metrics, readiness: Readiness) -> Starlette:
    """Return the web application of the server."""

    async def live(_: Request) -> Response:
        return PlainTextResponse("live\n")

    def ready(_: Request) -> Response:
        missing = readiness.missing()
        headers = {"cache-control": "no-store"}
        return PlainTextResponse(f"{missing or 'ready'}\n", 503 if missing else 200, headers)

    def exposition(request: Request) -> Response:
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(metrics.registry), media_type=media_type)

    routes = {"/live": live, "/ready": ready, "/metrics": exposition}
    return Starlette(routes=[Route(path, endpoint) for path, endpoint in routes.items()])
