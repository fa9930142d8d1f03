"""The one-time code that shows who sits at this machine.

Nothing that a request says about itself does: headers are its sender's choice, and a tunnel makes
every visitor local. So, where nobody signs in, the dashboard prints a link with a code where it was
started. The code is good once; the browser that brings it gets a cookie instead, and may then set
the dashboard up and see data that is not made up, until the dashboard is restarted.
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
"""How long a browser keeps the cookie. It opens nothing once the dashboard was restarted."""
BROWSERS: Final = 50
"""How many browsers are known at once; the one that came first is forgotten."""
_EVERYWHERE: Final = ("", "0.0.0.0", "::")
_TOKEN: Final = "the cookie that this tab got for the one-time code"
_REFUSED: Final = "whether this tab brought a code that is not good any more"


class Codes:
    """The code and the cookies of one process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._code = secrets.token_urlsafe(24)
        self._printed = ""
        self._tokens: deque[str] = deque(maxlen=BROWSERS)

    def redeem(self, code: str) -> str | None:
        """The content of a browser's cookie, for a code that is good; another one is good then."""
        with self._lock:
            if not _equal(code, self._code):
                return None
            self._code = secrets.token_urlsafe(24)
            self._tokens.append(secrets.token_urlsafe(24))
            return self._tokens[-1]

    def opens(self, token: str | None) -> bool:
        """Whether this is the cookie of a browser that brought a code."""
        return any(_equal(token or "", one) for one in tuple(self._tokens))

    def link(self) -> str:
        """The address that opens the dashboard with the code."""
        return f"{here()}/?{PARAMETER}={self._code}"

    def announce(self) -> None:
        """Print the link where the dashboard was started, unless it was printed already."""
        with self._lock:
            printed, self._printed = self._printed, self._code
        if printed != self._code:
            print(
                "\n  Open the dashboard with this link, which works once. The browser that opens it"
                "\n  may set the dashboard up, and sees data that others have to sign in for."
                f"\n\n  {self.link()}\n",
                flush=True,
            )


CODES: Final = Codes()


class TakesCode:
    """Middleware that changes the code of an address into a cookie that no script can read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an address with a good code by the same address without it."""
        asked = scope["query_string"] if scope["type"] == "http" else b""
        if PARAMETER.encode() in asked and scope["method"] == "GET":
            request = Request(scope)
            token = CODES.redeem(request.query_params.get(PARAMETER, ""))
            if token:
                await _exchanged(request, token)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _exchanged(request: Request, token: str) -> RedirectResponse:
    others = [one for one in request.query_params.multi_items() if one[0] != PARAMETER]
    # The path alone: an address that begins with two slashes would name another host.
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
    """The address of the dashboard for a browser on this machine."""
    address = str(st.get_option("server.address") or "")
    host = "localhost" if address in _EVERYWHERE else address
    return server_util.get_url(f"[{host}]" if ":" in host else host)


def cookie_name() -> str:
    """The name of the cookie: dashboards on several ports of a machine have one each."""
    return f"umami_dashboard_local_{st.get_option('server.port')}"


def receive() -> None:
    """Take the code of the address, where ``asgi.py`` did not. Call before ``granted``."""
    code = st.query_params.get(PARAMETER)
    if code is None:
        return
    del st.query_params[PARAMETER]
    token = CODES.redeem(code)
    if token:
        st.session_state[_TOKEN] = token
    st.session_state[_REFUSED] = token is None


def granted() -> bool:
    """Whether the browser of this session brought the code."""
    tokens = (st.session_state.get(_TOKEN), st.context.cookies.get(cookie_name()))
    return any(CODES.opens(one) for one in tokens if isinstance(one, str))


def refused() -> bool:
    """Whether this tab brought a code that is not good, or was used before."""
    return bool(st.session_state.get(_REFUSED)) and not granted()


def received() -> str:
    """What this session got for the code; ``""`` where it brought none."""
    return str(st.session_state.get(_TOKEN, ""))


def _equal(given: str, expected: str) -> bool:
    return secrets.compare_digest(given.encode(), expected.encode())
