"""The sign-in form of streamlit-authenticator, and the menu of the signed-in account.

The library draws the form and keeps the state of the tab. ``access.authentication`` compares
passwords, counts failures, and makes and ends cookies. Registration, mailed passwords and one-time
codes are not offered.
"""

from __future__ import annotations

from typing import Any, Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from access.authentication import Authentication, SignInRefused
from access.share_links import ShareLink
from components import authorized, session_cookie, viewer
from components.authenticator import (
    Authenticate,
    AuthenticationController,
    AuthenticationModel,
    CookieController,
    CookieModel,
)
from components.escaping import plain
from components.render_lock import released
from umami.errors import SettingsError

WORDS: Final = {
    "Form name": "Sign in",
    "Username": "User name",
    "Password": "Password",
    "Login": "Sign in",
}
_CHANGED: Final = "whether the password was just changed"
_REFUSED: Final = "why the last attempt was refused"


class _Accounts(AuthenticationModel):  # type: ignore[misc]
    """The library's account model, which lets ``Authentication`` check passwords."""

    def __init__(self, desk: Authentication) -> None:
        users = desk.accounts().users.values()
        known = {user.username: {"name": user.name, "email": user.email or ""} for user in users}
        super().__init__({"usernames": known}, auto_hash=False)
        self._desk = desk
        self.token: str | None = None

    def check_credentials(self, username: str, password: str) -> bool:
        """Check the password with ``Authentication``; the page shows the reason of a refusal."""
        try:
            with released():
                self.token = self._desk.sign_in(username, password, viewer.address())
        except SignInRefused as refusal:
            st.session_state[_REFUSED] = str(refusal)
            return False
        return True


class _Controller(AuthenticationController):  # type: ignore[misc]
    def __init__(self, model: _Accounts) -> None:
        self.authentication_model = model

    def login(
        self, username: str | None = None, password: str | None = None, *_: Any, **__: Any
    ) -> bool:
        """Sign in with the exact input. The library would strip the password and normalise the
        user name differently from ``Authentication``."""
        inside = self.authentication_model.check_credentials(username or "", password or "")
        st.session_state["authentication_status"] = inside
        return inside


class _Cookie(CookieModel):  # type: ignore[misc]
    """The library's cookie model, backed by our session cookie."""

    def __init__(self, model: _Accounts) -> None:
        # Do not call the library's: its cookie manager causes an extra rerun of every page.
        self._model = model

    def get_cookie(self) -> None:
        """Do nothing: a valid cookie signs the viewer in before this form is drawn."""

    def set_cookie(self) -> None:
        """Open the session in this tab and set the browser's cookie."""
        if self._model.token:
            session_cookie.enter(self._model.token)


class _Cookies(CookieController):  # type: ignore[misc]
    def __init__(self, cookie: _Cookie) -> None:
        self.cookie_model = cookie


class _Door(Authenticate):  # type: ignore[misc]
    """The library's widgets with our accounts."""

    def __init__(self, desk: Authentication) -> None:
        model = _Accounts(desk)
        self.path = None
        self.attrs: dict[str, Any] = {"login_sleep_time": 0}
        self.authentication_controller = _Controller(model)
        self.cookie_controller = _Cookies(_Cookie(model))


def draw(looking: viewer.Viewer) -> None:
    """Draw the sign-in form for viewers without access, and the reason for a refusal."""
    with (
        st.container(horizontal_alignment="center"),
        st.container(width=420, key="signin"),
    ):
        if looking.problem:
            with st.container(border=True):
                st.markdown(f":material/lock: {plain(looking.problem)}")
        if looking.share:
            _link_password(looking.share)
            return
        if viewer.linked():
            st.button("Sign in instead", type="tertiary", on_click=viewer.leave_link)
            return
        _password()
        _providers()


def _password() -> None:
    # The library's state of this tab ends with the session.
    st.session_state["authentication_status"] = None
    st.session_state.pop(_REFUSED, None)
    _Door(viewer.desk()).login(fields=WORDS, key="signin_form")
    if st.session_state["authentication_status"]:
        st.rerun()
    if refused := st.session_state.get(_REFUSED):
        st.error(plain(refused), icon=":material/block:")


def _providers() -> None:
    """Draw a button for each identity provider of ``[auth]`` in the secrets."""
    if viewer.provided() and st.button("Use another account", key="another", width="stretch"):
        st.logout()
    for name in viewer.providers():
        label = f"Continue with {name.capitalize()}" if name else "Continue with single sign-on"
        st.button(
            plain(label),
            key=f"provider_{name}",
            width="stretch",
            icon=":material/passkey:",
            on_click=st.login,
            args=(name,) if name else (),
        )


def _link_password(share: ShareLink) -> None:
    with st.form("link_form"):
        st.subheader("This link has a password", anchor=False)
        password = st.text_input("Password", type="password", autocomplete="off")
        if st.form_submit_button("Open"):
            try:
                viewer.open_link(share, password)
            except SignInRefused as refusal:
                st.error(plain(str(refusal)), icon=":material/block:")
            else:
                st.rerun()


def change_password() -> None:
    """Draw a form that changes the viewer's password and ends their other sessions."""
    with st.form("password_form", border=False, clear_on_submit=True):
        old = st.text_input("Current password", type="password", autocomplete="current-password")
        new = st.text_input("New password", type="password", autocomplete="new-password")
        again = st.text_input("New password again", type="password", autocomplete="new-password")
        if not st.form_submit_button("Change password", width="stretch"):
            return
    account = viewer.account()
    if account is None:
        st.rerun()
        return
    if new != again:
        st.error("The new passwords are not the same.")
        return
    try:
        with released():
            token = viewer.desk().change_password(account, old, new, viewer.address())
        session_cookie.enter(token)
    except (SignInRefused, SettingsError) as problem:
        st.error(plain(str(problem)))
    else:
        st.session_state[_CHANGED] = True
        # The next run sends the new cookie to the browser.
        st.rerun()


def said() -> None:
    """Confirm a change of the password."""
    if st.session_state.pop(_CHANGED, False):
        st.toast(
            "The password was changed. All your other sessions have ended.",
            icon=":material/check:",
        )


EVERY: Final = 30
"""Seconds between two checks whether the session of an idle tab has ended."""


def unseen() -> DeltaGenerator:
    """A hidden container for components that show nothing."""
    st.html("<style>.st-key-unseen{display:none}</style>")
    return st.container(key="unseen", gap=None)


def watch(looking: viewer.Viewer) -> None:
    """Synchronise the cookie and detect the end of the session. Call once per run."""
    if looking.how == "open":
        session_cookie.keep_local_access()
        return
    session_cookie.keep(inside=looking.inside)
    if looking.inside:
        _watched()


@authorized.fragment(run_every=EVERY)
def _watched() -> None:
    """Draw nothing; each rerun of the fragment checks the viewer."""


def menu(looking: viewer.Viewer) -> None:
    """Draw the account menu of the viewer at the bottom of the navigation."""
    if looking.how in ("open", "nobody"):
        return
    said()
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
            change_password()
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
