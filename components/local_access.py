"""A one-time code that authenticates the person who started the dashboard.

A request cannot prove that it is local: its sender chooses the headers, and behind a tunnel every
visitor has a local address. So, without accounts, the dashboard prints a link with a code to its
standard output. The code is valid once. The browser that sends it gets a cookie in exchange, and
may set up the dashboard and see real data until the dashboard restarts.
"""

from __future__ import annotations

import secrets
import threading
from collections import deque
from typing import Final
from urllib.parse import quote, urlencode

import streamlit as st
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.web.server import server_util

from components.runtime import base

PARAMETER: Final = "access_code"
"""URL parameter of the code."""
SECONDS: Final = 30 * 86_400
"""The lifetime of the cookie in seconds. A restart of the dashboard invalidates it earlier."""
BROWSERS: Final = 50
"""The maximum number of valid cookies; a new cookie invalidates the oldest."""
_EVERYWHERE: Final = ("", "0.0.0.0", "::")
_TOKEN: Final = "the cookie that this tab got for the one-time code"
_REFUSED: Final = "whether this tab brought a code that is not good any more"


class Codes:
    """The current code and the valid cookies of one process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._code = secrets.token_urlsafe(24)
        self._printed = ""
        self._tokens: deque[str] = deque(maxlen=BROWSERS)

    def redeem(self, code: str) -> str | None:
        """Exchange a valid code for a cookie value, and generate the next code."""
        with self._lock:
            if not _equal(code, self._code):
                return None
            self._code = secrets.token_urlsafe(24)
            self._tokens.append(secrets.token_urlsafe(24))
            return self._tokens[-1]

    def opens(self, token: str) -> bool:
        """Whether a cookie value is valid."""
        return any(_equal(token, known) for known in tuple(self._tokens))

    def link(self) -> str:
        """The URL that opens the dashboard with the code."""
        return f"{here()}/?{PARAMETER}={self._code}"

    def announce(self) -> None:
        """Print the link to standard output, unless it was printed already."""
        with self._lock:
            printed, self._printed = self._printed, self._code
        if printed != self._code:
            print(
                "\n  Open the dashboard with this link, which works once. The browser that opens it"
                "\n  may set up the dashboard and see data that others have to sign in for."
                f"\n\n  {self.link()}\n",
                flush=True,
            )


CODES: Final = Codes()


def takes_code(app: ASGIApp) -> ASGIApp:
    """Middleware that exchanges the code of a URL for an HTTP-only cookie, and redirects to the
    same URL without it."""

    async def redeem(scope: Scope, receive: Receive, send: Send) -> None:
        query = scope["query_string"] if scope["type"] == "http" else b""
        if PARAMETER.encode() in query and scope["method"] == "GET":
            request = Request(scope)
            token = CODES.redeem(request.query_params.get(PARAMETER, ""))
            if token:
                await _redirect(request, token)(scope, receive, send)
                return
        await app(scope, receive, send)

    return redeem


def _redirect(request: Request, token: str) -> RedirectResponse:
    others = [pair for pair in request.query_params.multi_items() if pair[0] != PARAMETER]
    # Only one leading slash: a URL that begins with two slashes names another host.
    path = "/" + quote(request.scope["path"].lstrip("/"))
    answer = RedirectResponse(path + (f"?{urlencode(others)}" if others else ""), status_code=303)
    answer.headers["cache-control"] = "no-store"
    answer.set_cookie(
        cookie_name(),
        token,
        max_age=SECONDS,
        path=base() or "/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return answer


def here() -> str:
    """The URL of the dashboard for a browser on this machine."""
    address = str(st.get_option("server.address") or "")
    host = "localhost" if address in _EVERYWHERE else address
    return server_util.get_url(f"[{host}]" if ":" in host else host)


def cookie_name() -> str:
    """The name of the cookie, which differs between dashboards on several ports of a host."""
    return f"umami_dashboard_local_{st.get_option('server.port')}"


def receive() -> None:
    """Redeem the code of the URL under plain ``app.py``. Call before ``granted``."""
    code = st.query_params.get(PARAMETER)
    if code is None:
        return
    del st.query_params[PARAMETER]
    token = CODES.redeem(code)
    if token:
        st.session_state[_TOKEN] = token
    st.session_state[_REFUSED] = token is None


def granted() -> bool:
    """Whether the browser of this session has redeemed a code."""
    return any(map(CODES.opens, (received(), str(st.context.cookies.get(cookie_name(), "")))))


def refused() -> bool:
    """Whether this tab sent a code that is invalid or was used before."""
    return bool(st.session_state.get(_REFUSED)) and not granted()


def received() -> str:
    """The cookie value that this session got for the code; ``""`` without one."""
    return str(st.session_state.get(_TOKEN, ""))


def _equal(value: str, expected: str) -> bool:
    return secrets.compare_digest(value.encode(), expected.encode())
