"""The dashboard as an ASGI application.

In addition to ``app.py``, it refuses requests of other origins, sends security headers, sets
HTTP-only cookies, and compresses what a browser loads first. Run it with ``streamlit run asgi.py``.
Where only ``app.py`` can run (Streamlit Community Cloud), everything else is the same.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route
from streamlit import cli_util, config

# Loading the authenticator in the first runs fails where several of them do so at once: it declares
# a Streamlit component, which asks ``inspect`` for its module, and that is not thread-safe.
import components.signin  # noqa: F401
from components import (
    collecting,
    first_page,
    local_access,
    log,
    metrics,
    request_security,
    session_cookie,
    unsubscribe,
    viewer,
)
from components.elements import show_fault
from reports import scheduler


@asynccontextmanager
async def started(_: st.App) -> AsyncIterator[None]:
    """Start the monitor and a collecting server, print the URL of the dashboard, and open it in a
    browser unless the server is headless."""
    request_security.configure()
    # No page may embed the dashboard in a frame, so none may send it messages.
    config.set_option("client.allowedOrigins", [])
    metrics.begin(viewer.CHECKS)
    collecting.begin()
    scheduler.begin()
    address = viewer.announced()
    if not st.get_option("server.headless"):
        cli_util.open_browser(address)
    yield


log.shorten()
session_cookie.SERVED = collecting.SERVED = unsubscribe.SERVED = True
app = st.App(
    "app.py",
    lifespan=started,
    middleware=[
        Middleware(request_security.security_headers),
        Middleware(request_security.same_origin),
        Middleware(local_access.takes_code),
        Middleware(unsubscribe.without_streamlit),
        Middleware(request_security.needed_messages),
        Middleware(first_page.served),
    ],
    on_script_error=show_fault,
    routes=[
        Route(session_cookie.ticket_url(), session_cookie.exchange, methods=["POST"]),
        collecting.route(),
        unsubscribe.route(),
    ],
)
