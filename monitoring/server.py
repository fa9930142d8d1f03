"""A small HTTP server beside the dashboard: ``/live``, ``/ready`` and ``/metrics``."""

from __future__ import annotations

import socket
import threading
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
from monitoring.readiness import Readiness

AT_ONCE: Final = 32
"""Requests answered at one moment; who watches asks now and then."""


@dataclass(slots=True)
class Monitor:
    """A server that answers until ``stop`` is called or the process ends."""

    address: Address
    """Where it answers; never port 0."""
    _server: uvicorn.Server = field(repr=False)
    _thread: threading.Thread = field(repr=False)

    def stop(self) -> None:
        """Answer no more. May be called twice."""
        self._server.should_exit = True
        self._thread.join()


def serve(address: Address, metrics: Metrics, readiness: Readiness) -> Monitor:
    """Start it in a thread of its own; returns when it listens.

    Port 0 takes any free one. Raises ``OSError`` where the address cannot be had.
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
    """What is answered, as a web application."""

    async def live(_: Request) -> Response:
        return PlainTextResponse("live\n")

    def ready(_: Request) -> Response:
        missing = readiness.missing()
        said, status = (missing, 503) if missing else ("ready", 200)
        return PlainTextResponse(f"{said}\n", status, {"cache-control": "no-store"})

    def read(request: Request) -> Response:
        written, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(written(metrics.registry), media_type=kind)

    return Starlette(
        routes=[
            Route("/live", live),
            Route("/ready", ready),
            Route("/metrics", read),
        ]
    )
