"""The session cookie of a browser, and the sign-out message between its tabs.

An invisible Streamlit component (version 2) is part of every page. A script run cannot set an
HTTP-only cookie; an HTTP response can. So under ``asgi.py`` a run issues a ticket, the browser
sends it to ``TICKET_PATH`` within seconds, and the response sets the cookie, once. A plain
``streamlit run app.py`` has no such route, and a script sets the cookie.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, Final

import streamlit as st
from cachetools import TTLCache
from starlette.requests import Request
from starlette.responses import Response

from access.accounts import Accounts
from components import local_access, viewer
from components.runtime import base, component

TICKET_PATH: Final = "/_session"
TICKET_HEADER: Final = "x-ticket"
TICKET_SECONDS: Final = 30
SERVED: bool = False
"""Whether this process serves ``TICKET_PATH``; ``asgi.py`` sets it."""
KEY: Final = "session_cookie"

_TICKETS: Final[TTLCache[str, tuple[str, str, int]]] = TTLCache(10_000, TICKET_SECONDS)
_COMPONENT: Final = component("session_cookie")
_CHANGE: Final = "number, value and ticket of the last change of this tab's cookie"


def enter(token: str) -> None:
    """Open a session in this tab and set the browser's cookie."""
    viewer.enter(token)
    _change(viewer.desk().encode_cookie(token))


def leave(*, everywhere: bool = False) -> None:
    """Sign out in all tabs of this browser, or ``everywhere``. Call it in a callback."""
    viewer.leave(everywhere=everywhere)
    _change("")


def _change(value: str) -> None:
    number, ticket = st.session_state.get(_CHANGE, (0,))[0] + 1, ""
    if SERVED:
        accounts, ticket = viewer.desk().accounts(), secrets.token_urlsafe(24)
        _TICKETS[ticket] = (accounts.cookie, value, _seconds(accounts))
        value = ""
    st.session_state[_CHANGE] = (number, value, ticket)


def _seconds(accounts: Accounts) -> int:
    return int(accounts.days * 86_400)


def keep(*, inside: bool) -> None:
    """Synchronise the browser's session cookie. Call it once per run if there are accounts."""
    accounts = viewer.desk().accounts()

    def brought() -> None:
        cookie: Any = st.session_state[KEY].brought
        if isinstance(cookie, str) and (token := viewer.desk().decode_cookie(cookie)):
            viewer.enter(token)

    changes, value, ticket = st.session_state.get(_CHANGE, (0, "", ""))
    _draw(
        accounts.cookie,
        value,
        _seconds(accounts),
        changes=changes,
        ticket=ticket,
        inside=inside,
        brought=brought,
        # A tab that signed in separately has a separate session.
        on_ended=viewer.leave,
    )


def keep_local_access() -> None:
    """Set the cookie of the local access code under plain ``app.py``.

    Call it once per run if there are no accounts.
    """
    token = local_access.received()
    if token and not SERVED:
        _draw(local_access.cookie_name(), token, local_access.SECONDS)


def _draw(
    name: str,
    value: str,
    seconds: int,
    *,
    changes: int = 1,
    ticket: str = "",
    inside: bool = True,
    brought: Callable[[], None] = lambda: None,
    on_ended: Callable[[], None] = lambda: None,
) -> None:
    """Draw the component that synchronises the browser's cookie.

    ``changes`` counts the changes of this tab; the browser applies each change once. It stores
    ``value`` for ``seconds``, deletes the cookie if ``value`` is empty, or exchanges ``ticket``.
    ``inside`` is whether the viewer is signed in; ``brought`` runs when the browser has a cookie
    that it did not send with the request, ``on_ended`` when another tab signs out.
    """
    _COMPONENT(
        key=KEY,
        data={
            "name": name,
            "inside": inside,
            "seen": name in st.context.cookies,
            "changes": changes,
            "value": value,
            "ticket": ticket,
            "seconds": seconds,
            "at": ticket_url(),
            "path": base() or "/",
        },
        height=0,
        on_brought_change=brought,
        on_ended_change=on_ended,
    )


def ticket_url() -> str:
    """The path on this host that exchanges a ticket, once, for its cookie."""
    return base() + TICKET_PATH


async def exchange(request: Request) -> Response:
    """Set the cookie of a ticket; an empty value deletes the cookie."""
    ticket = request.headers.get(TICKET_HEADER, "")
    name, value, seconds = _TICKETS.pop(ticket, ("", "", 0))
    if not name:
        return Response(status_code=403)
    forwarded = request.headers.get("x-forwarded-proto", "").split(",")[0].strip()
    response = Response(status_code=204, headers={"cache-control": "no-store"})
    response.set_cookie(
        name,
        value,
        max_age=seconds if value else 0,
        secure="https" in (request.url.scheme, forwarded),
        httponly=True,
        samesite="strict",
        path=base() or "/",
    )
    return response
