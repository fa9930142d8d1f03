"""The ``/collect`` routes, to which websites send events when the embedded server collects.

Only ``asgi.py`` can serve them.
"""

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

from components import umami_server
from components.runtime import base, public
from components.texts import _
from umami.addresses import is_loopback
from umami.errors import SettingsError

PATH: Final = "/collect"
PATIENCE: Final = 10.0
"""Seconds that a request waits for the embedded server to start."""
SERVED: bool = False
"""Whether this process serves ``PATH``; ``asgi.py`` sets it."""
_NOT_FOUND: Final = PlainTextResponse("Not found", status_code=404)
_UNAVAILABLE: Final = PlainTextResponse(
    "Not available", status_code=503, headers={"retry-after": "60"}
)
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tracking:
    """The URL of the tracker script, or the reason why there is none.

    Both are set where the URL works only on this machine.
    """

    script: str | None = None
    problem: str = ""
    remedy: str = ""


def tracking(pages: str) -> Tracking:
    """How websites are tracked; ``pages`` is the base URL of the server's web interface.

    Raises ``SettingsError``.
    """
    settings = umami_server.set_up()
    if not settings.embedded:
        return Tracking(f"{pages}/script.js")
    reasons = (
        (
            settings.demo,
            _("This is demo data: events from websites are not stored."),
            _("Connect your Umami, or a file of your own (UMAMI_STORE), on Setup."),
        ),
        (
            settings.store is None,
            _("The tables are held in memory: events from websites would be lost."),
            _("Set UMAMI_STORE to a file that stores them, and UMAMI_COLLECT=yes."),
        ),
        (
            not settings.collect,
            _("This dashboard does not accept events from websites."),
            _("Set UMAMI_COLLECT=yes and restart it."),
        ),
        (
            not SERVED,
            _("Websites cannot send events to a dashboard that runs app.py."),
            _("Run it with “streamlit run asgi.py”."),
        ),
    )
    for applies, problem, remedy in reasons:
        if applies:
            return Tracking(None, problem, remedy)
    script = f"{public()}{PATH}/script.js"
    if is_loopback(urlsplit(script).hostname or ""):
        return Tracking(
            script,
            _("Only pages on this machine reach this address."),
            _("Open the dashboard at its public address to get the code for other pages."),
        )
    return Tracking(script)


def route() -> Route:
    """The route for everything under ``PATH``."""
    return Route(f"{base()}{PATH}/{{path:path}}", _Collect())


def begin() -> None:
    """Start a collecting server in the background at process start, since imports can be slow."""
    threading.Thread(target=_start, name="collecting", daemon=True).start()


def _start() -> None:
    try:
        umami_server.collector()
    except SettingsError as problem:
        _LOG.error("%s", problem)


class _Collect:
    """ASGI application that forwards requests to the embedded server of this process.

    It responds 404 if the server does not collect and 503 while it is unavailable.
    """

    def __init__(self) -> None:
        self._lookup: asyncio.Task[ASGIApp] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward one request."""
        # Requests share one lookup, so that they occupy one thread while the server starts.
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
