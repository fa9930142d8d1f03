"""The session cookie of a browser, and the sign-out message between its tabs.

An invisible Streamlit component (version 2) is part of every page. A script run cannot set an
HTTP-only cookie; an HTTP response can. So under ``asgi.py`` a run issues a ticket, the browser
sends it to ``TICKET_PATH`` within seconds, and the response sets the cookie, once. A plain
``streamlit run app.py`` has no such route, and a script sets the cookie.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import streamlit as st
from cachetools import TTLCache
from starlette.requests import Request
from starlette.responses import Response

from components import local_access, viewer
from components.runtime import base

TICKET_PATH: Final = "/_session"
TICKET_HEADER: Final = "x-ticket"
TICKET_SECONDS: Final = 30
SERVED: bool = False
"""Whether this process serves ``TICKET_PATH``; ``asgi.py`` sets it."""
KEY: Final = "session_cookie"

_TICKETS: Final[TTLCache[str, tuple[str, str, int, str]]] = TTLCache(10_000, TICKET_SECONDS)
_FRONTEND: Final = Path(__file__).parent / "frontend"
_COMPONENT = st.components.v2.component(
    "session_cookie", js=(_FRONTEND / "session_cookie.js").read_text("utf-8")
)
_CHANGES: Final = "how often this tab changed its cookie"
_VALUE: Final = "what the cookie of this tab holds"
_TICKET: Final = "what this tab gets its cookie for"


def enter(token: str) -> None:
    """Open a session in this tab and set the browser's cookie."""
    viewer.enter(token)
    _change(viewer.desk().encode_cookie(token))


def leave(*, everywhere: bool = False) -> None:
    """Sign out in all tabs of this browser, or ``everywhere``. Call it in a callback."""
    viewer.leave(everywhere=everywhere)
    _change("")


def _change(value: str) -> None:
    st.session_state[_VALUE] = value
    st.session_state[_CHANGES] = st.session_state.get(_CHANGES, 0) + 1


def keep(*, inside: bool) -> None:
    """Synchronise the browser's session cookie. Call it once per run if there are accounts."""
    accounts = viewer.desk().accounts()
    value = st.session_state.get(_VALUE, "")
    changes = st.session_state.get(_CHANGES, 0)
    seconds = int(accounts.days * 86_400)
    session_cookie(
        accounts.cookie,
        inside=inside,
        seen=accounts.cookie in st.context.cookies,
        changes=changes,
        value="" if SERVED else value,
        ticket=_ticket(changes, accounts.cookie, value, seconds) if SERVED and changes else "",
        seconds=seconds,
        at=ticket_url(),
        path=base() or "/",
        on_brought=_brought,
        # A tab that signed in separately has a separate session.
        on_ended=viewer.leave,
    )


def keep_local_access() -> None:
    """Set the cookie of the local access code under plain ``app.py``.

    Call it once per run if there are no accounts.
    """
    token = local_access.received()
    if token and not SERVED:
        name = local_access.cookie_name()
        session_cookie(
            name,
            inside=True,
            seen=name in st.context.cookies,
            changes=1,
            value=token,
            seconds=local_access.SECONDS,
            path=base() or "/",
        )


def _ticket(changes: int, name: str, value: str, seconds: int) -> str:
    """The ticket of a change; the same in every run, so that the browser redeems it once."""
    last, ticket = st.session_state.get(_TICKET, (0, ""))
    if last != changes:
        ticket = issue(name, value, seconds, base() or "/")
        st.session_state[_TICKET] = (changes, ticket)
    return str(ticket)


def _brought(cookie: str) -> None:
    token = viewer.desk().decode_cookie(cookie)
    if token:
        viewer.enter(token)


def session_cookie(
    name: str,
    *,
    inside: bool,
    seen: bool,
    changes: int = 0,
    value: str = "",
    ticket: str = "",
    seconds: int = 0,
    at: str = "",
    path: str = "/",
    on_brought: Callable[[str], None] | None = None,
    on_ended: Callable[[], None] = lambda: None,
) -> None:
    """Draw the component that synchronises the browser's cookie.

    ``changes`` counts the changes of this tab; the browser applies each change once. It stores
    ``value`` for ``seconds``, deletes the cookie if ``value`` is empty, or exchanges ``ticket`` at
    the URL ``at``. The cookie applies to URLs under ``path``. ``inside`` is whether the viewer is
    signed in, ``seen`` whether the browser sent the cookie with the request; ``on_brought``
    receives a cookie that it did not send. ``on_ended`` runs when another tab signs out.
    """

    def brought() -> None:
        cookie: Any = st.session_state[KEY].brought
        if on_brought and isinstance(cookie, str):
            on_brought(cookie)

    _COMPONENT(
        key=KEY,
        data={
            "name": name,
            "inside": inside,
            "seen": seen,
            "changes": changes,
            "value": value,
            "ticket": ticket,
            "seconds": seconds,
            "at": at,
            "path": path,
        },
        height=0,
        on_brought_change=brought,
        on_ended_change=on_ended,
    )


def ticket_url() -> str:
    """The path on this host that exchanges a ticket for its cookie."""
    return base() + TICKET_PATH


def issue(name: str, value: str, seconds: int, path: str = "/") -> str:
    """Issue a ticket for a cookie that lasts ``seconds`` and applies to URLs under ``path``.

    The ticket is valid once, for ``TICKET_SECONDS``.
    """
    ticket = secrets.token_urlsafe(24)
    _TICKETS[ticket] = (name, value, seconds, path)
    return ticket


async def exchange(request: Request) -> Response:
    """Set the cookie of a ticket; an empty value deletes the cookie."""
    ticket = request.headers.get(TICKET_HEADER, "")
    name, value, seconds, path = _TICKETS.pop(ticket, ("", "", 0, "/"))
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
        path=path,
    )
    return response
