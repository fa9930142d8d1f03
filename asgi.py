"""The dashboard as a web application, with what a script alone cannot do: it refuses requests of
other origins, sends security headers, and sets cookies that no script can read.

``streamlit run asgi.py`` runs it; where only ``app.py`` can be run (Streamlit Community Cloud), all
else is the same.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route
from streamlit import cli_util, config

from components import collecting, local_access, monitor, request_security, session_cookie, viewer
from components.elements import show_fault
from components.request_security import Headers


@asynccontextmanager
async def started(_: st.App) -> AsyncIterator[None]:
    """Before the first request: start the monitor and a server that collects, say where the
    dashboard is, and open it in the browser of a desktop."""
    request_security.configure()
    # No page may frame the dashboard, so none may send it messages either.
    config.set_option("client.allowedOrigins", [])
    monitor.begin()
    collecting.begin()
    address = viewer.announced()
    if not st.get_option("server.headless"):
        cli_util.open_browser(address)
    yield


monitor.brief()
session_cookie.SERVED = collecting.SERVED = True
app = st.App(
    "app.py",
    lifespan=started,
    middleware=[
        Middleware(Headers),
        Middleware(request_security.SameOrigin),
        Middleware(local_access.TakesCode),
        Middleware(request_security.NeededMessages),
    ],
    on_script_error=show_fault,
    routes=[
        Route(session_cookie.ticket_url(), session_cookie.exchange, methods=["POST"]),
        collecting.route(),
    ],
)
