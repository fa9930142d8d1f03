"""The dashboard as a web application of its own, with what a script alone cannot send: security
headers, and a cookie that no script can read. ``streamlit run asgi.py`` serves it; where only
``app.py`` can be run (Streamlit Community Cloud), all else is the same."""

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from components.asking import fault
from components.headers import Headers
from people import tickets

tickets.SERVED = True
app = st.App(
    "app.py",
    middleware=[Middleware(Headers)],
    on_script_error=fault,
    routes=[Route(tickets.PATH, tickets.cookie, methods=["POST"])],
)
