"""What a browser's tab keeps of being signed in: it is told to hold the cookie, or to let it go."""

from __future__ import annotations

from typing import Final

import streamlit as st

from access import cookie_tickets
from components import viewer
from components.base import base
from components.cookie import session_cookie

_TOLD: Final = "how often this tab was told about its cookie"
_VALUE: Final = "what the cookie of this tab holds"
_TICKET: Final = "what this tab gets its cookie for"


def enter(token: str) -> None:
    """Open a session in this tab, and have the browser keep it."""
    viewer.enter(token)
    st.session_state[_VALUE] = viewer.desk().sealed(token)
    st.session_state[_TOLD] = st.session_state.get(_TOLD, 0) + 1


def leave(*, everywhere: bool = False) -> None:
    """Sign out: in every tab of this browser, or ``everywhere``. A callback's."""
    viewer.leave(everywhere=everywhere)
    st.session_state[_VALUE] = ""
    st.session_state[_TOLD] = st.session_state.get(_TOLD, 0) + 1


def keep(*, inside: bool) -> None:
    """Keep the browser's cookie as it should be. Call once a run where people sign in."""
    accounts = viewer.desk().accounts()
    value = st.session_state.get(_VALUE, "")
    told = st.session_state.get(_TOLD, 0)
    seconds = int(accounts.days * 86_400)
    session_cookie(
        accounts.cookie,
        inside=inside,
        seen=accounts.cookie in st.context.cookies,
        told=told,
        value="" if cookie_tickets.SERVED else value,
        ticket=_ticket(told, accounts.cookie, value, seconds)
        if cookie_tickets.SERVED and told
        else "",
        seconds=seconds,
        at=address(),
        path=base() or "/",
        on_brought=_brought,
        # A tab that was signed in by itself has a session of its own.
        on_ended=viewer.leave,
    )


def _ticket(told: int, name: str, value: str, seconds: int) -> str:
    """The same ticket for the same word, or the page would be told anew in every run."""
    kept, ticket = st.session_state.get(_TICKET, (0, ""))
    if kept != told:
        ticket = cookie_tickets.issue(name, value, seconds, base() or "/")
        st.session_state[_TICKET] = (told, ticket)
    return str(ticket)


def _brought(cookie: str) -> None:
    token = viewer.desk().unsealed(cookie)
    if token:
        viewer.enter(token)


def address() -> str:
    """Where on this host a ticket is changed for its cookie."""
    return base() + cookie_tickets.PATH
