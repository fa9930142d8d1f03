"""Who is signed in: their name, their password, the way out."""

from __future__ import annotations

from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components import authorized, session_cookie, signin, viewer
from components.escaping import plain

EVERY: Final = 30
"""Seconds after which a tab that nobody touches notices that its session has ended."""


def unseen() -> DeltaGenerator:
    """A place for what works without being seen."""
    st.html("<style>.st-key-unseen{display:none}</style>")
    return st.container(key="unseen", gap=None)


def watch(looking: viewer.Viewer) -> None:
    """Keep the cookie, and notice the end of the session. Call once a run."""
    if looking.how == "open":
        session_cookie.keep_local_access()
        return
    session_cookie.keep(inside=looking.inside)
    if looking.inside:
        _watched()


@authorized.fragment(run_every=EVERY)
def _watched() -> None:
    """Draw nothing: a fragment notices by itself that the viewer has changed."""


def menu(looking: viewer.Viewer) -> None:
    """The account of who is signed in, at the foot of the navigation."""
    if looking.how in ("open", "nobody"):
        return
    signin.said()
    with st.sidebar.container(key="account"):
        if looking.how == "share":
            st.caption(f":material/link: {plain(looking.name)}")
            st.button("Leave this link", type="tertiary", on_click=viewer.leave_link)
            return
        with st.popover(
            plain(looking.name, 40), icon=":material/account_circle:", key="me", on_change="rerun"
        ) as opened:
            if opened.open:
                _about(looking)


def _about(looking: viewer.Viewer) -> None:
    st.caption(plain(f"Signed in as {looking.account}."))
    if looking.how == "password" and viewer.desk().accounts().writable:
        with st.expander("Change password", icon=":material/key:"):
            signin.change_password()
    for everywhere, label in ((False, "Sign out"), (True, "Sign out everywhere")):
        st.button(
            label,
            key=label.lower().replace(" ", "_"),
            width="stretch",
            icon=":material/logout:",
            on_click=_leave,
            args=(everywhere,),
        )


def _leave(everywhere: bool) -> None:
    session_cookie.leave(everywhere=everywhere)
    if viewer.provided():
        st.logout()
