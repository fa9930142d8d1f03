"""Where websites send to, if the embedded server collects: three addresses under ``/collect`` of
the dashboard, which only ``asgi.py`` can serve."""

from __future__ import annotations

import asyncio
import logging
import threading
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from components import umami_server, viewer
from components.runtime import base, public
from umami.errors import SettingsError

PATH: Final = "/collect"
PATIENCE: Final = 10.0
"""Seconds that a message waits for the server to start."""
SERVED: bool = False
"""Whether this process answers under ``PATH``; set by whoever serves it."""
_NOT_FOUND: Final = PlainTextResponse("Not found", status_code=404)
_UNAVAILABLE: Final = PlainTextResponse(
    "Not available", status_code=503, headers={"retry-after": "60"}
)
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tracking:
    """How a website is counted: the address of the tracker, or why there is none.

    Both where the address is of use on this machine only.
    """

    script: str | None = None
    problem: str = ""
    remedy: str = ""


def tracking(pages: str) -> Tracking:
    """How a website is counted; ``pages`` is where the server that is looked at has its pages.

    Raises ``SettingsError``.
    """
    settings = umami_server.set_up()
    if not settings.embedded:
        return Tracking(f"{pages}/script.js")
    if settings.demo:
        return Tracking(
            problem="These are demo data: nothing that a website sends is kept.",
            remedy="Connect your Umami, or a file of your own (UMAMI_STORE), on Setup.",
        )
    if settings.store is None:
        return Tracking(
            problem="The tables are held in memory: what a website sends would be lost.",
            remedy="Set UMAMI_STORE to a file that keeps them, and UMAMI_COLLECT=yes.",
        )
    if not settings.collect:
        return Tracking(
            problem="This dashboard does not accept what websites send.",
            remedy="Set UMAMI_COLLECT=yes and restart it.",
        )
    if not SERVED:
        return Tracking(
            problem="Websites cannot send to a dashboard that runs app.py.",
            remedy="Run it with “streamlit run asgi.py”.",
        )
    script = f"{public()}{PATH}/script.js"
    if viewer.loopback(urlsplit(script).hostname or ""):
        return Tracking(
            script,
            problem="Only pages on this machine reach this address.",
            remedy="Open the dashboard at its public address to get the code for other pages.",
        )
    return Tracking(script)


def route() -> Route:
    """Everything under ``PATH``, for the application that serves the dashboard."""
    return Route(f"{base()}{PATH}/{{path:path}}", _Collect())


def begin() -> None:
    """Start the server as the process does, where it collects: tables may take long to import."""
    threading.Thread(target=_start, name="collecting", daemon=True).start()


def _start() -> None:
    try:
        umami_server.collector()
    except SettingsError as problem:
        _LOG.error("%s", problem)


class _Collect:
    """ASGI application: hands requests to the embedded server of this process; 404 where it does
    not collect, 503 while it cannot."""

    def __init__(self) -> None:
        self._lookup: asyncio.Task[ASGIApp] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        # Requests share a lookup: while the server starts, they take one thread in all.
        if self._lookup is None or self._lookup.done():
            self._lookup = asyncio.create_task(_collector())
        try:
            app = await asyncio.wait_for(asyncio.shield(self._lookup), PATIENCE)
        except TimeoutError:
            app = _UNAVAILABLE
        path = "/" + scope["path_params"]["path"]
        scope = {**scope, "path": path, "root_path": "", "path_params": {}}
        await app(scope, receive, send)


async def _collector() -> ASGIApp:
    try:
        return await to_thread.run_sync(umami_server.collector) or _NOT_FOUND
    except SettingsError:
        return _UNAVAILABLE
