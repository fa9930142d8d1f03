"""The dashboard as a web application of its own, with what a script alone cannot send: security
headers, and a cookie that no script can read. ``streamlit run asgi.py`` serves it; where only
``app.py`` can be run (Streamlit Community Cloud), all else is the same."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from components import collecting, log, monitor, tab
from components.asking import fault
from components.headers import Headers
from people import tickets


@asynccontextmanager
async def watched(_: st.App) -> AsyncIterator[None]:
    """The monitor answers from the start on; where ``app.py`` is run, from the first viewer on.
    So does a server that collects."""
    monitor.begin()
    collecting.begin()
    yield


log.brief()
tickets.SERVED = collecting.SERVED = True
app = st.App(
    "app.py",
    lifespan=watched,
    middleware=[Middleware(Headers)],
    on_script_error=fault,
    routes=[Route(tab.address(), tickets.cookie, methods=["POST"]), collecting.route()],
)
