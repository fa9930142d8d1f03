"""A running server of a chosen version."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from starlette.applications import Starlette

from tests.doubles.umami import v2, v3
from umami.embedded import server
from umami.embedded.server import Running
from umami.embedded.state import PASSWORD, Umami

BUILDERS: dict[str, Callable[[Umami], Starlette]] = {
    **{version: partial(v2.application, version) for version in ("2.18", "2.20")},
    **{version: partial(v3.application, version) for version in v3.VERSIONS},
}
VERSIONS = tuple(BUILDERS)
"""The versions that can be served."""


def serve(
    version: str,
    data: Path | None = None,
    store: Path | None = None,
    *,
    replica_of: str | None = None,
    port: int = 0,
) -> Running:
    """Start a server of this version over the tables, or over a replica of the database at an
    address; without both, over the demo.

    Raises as ``umami.embedded.serve`` does, and ``KeyError`` for a version that is not served.
    """
    return server.serve(
        data,
        store,
        replica_of=replica_of,
        port=port,
        build=BUILDERS[version],
        password=PASSWORD,
    )


def run(version: str, data: Path | None, *, port: int) -> None:
    """Serve in this thread until Ctrl-C."""
    server.run(data, None, port=port, build=BUILDERS[version])
