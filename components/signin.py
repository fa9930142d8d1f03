"""The sign-in form of streamlit-authenticator, and the menu of the signed-in account.

The library draws the form. ``access.authentication`` compares passwords, counts failures, and makes
and ends cookies. Registration, mailed passwords and one-time codes are not offered.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from typing import Any, Final

import streamlit as st

from access.authentication import SignInRefused
from access.share_links import ShareLink
from components import authorized, elements, session_cookie, texts, url_state, viewer
from components.escaping import plain
from components.render_lock import released
from components.texts import N_, _
from umami.errors import SettingsError

# The library imports a cookie manager whose frame discloses all cookies of this host to any page
# that embeds it. Streamlit serves components that are declared during a script run; this thread has
# no script run, about which Streamlit logs warnings.
logging.disable(logging.WARNING)
try:
    with ThreadPoolExecutor(1) as outside:
        Authenticate: Any = (
            outside.submit(import_module, "streamlit_authenticator").result().Authenticate
        )
finally:
    logging.disable(logging.NOTSET)

WORDS: Final = {
    "Form name": N_("Sign in"),
    "Username": N_("User name"),
    "Password": N_("Password"),
    "Login": N_("Sign in"),
}
_CHANGED: Final = "whether the password was just changed"


class _Controller:
    """Replaces the library's controllers, whose cookie manager reruns every page once more."""

    token = ""
    refused = ""

    def get_cookie(self) -> None:
        """Do nothing: a valid cookie signs the viewer in before the form is drawn."""

    def login(self, username: str | None, password: str | None, *_unused: Any, **__: Any) -> bool:
        """Sign in with the exact input. The library would strip the password and normalise the
        user name differently from ``Authentication``."""
        try:
            with released():
                desk, address = viewer.desk(), viewer.address()
                self.token = desk.sign_in(username or "", password or "", address)
        except SignInRefused as refusal:
            self.refused = texts.sentence(refusal)
        return bool(self.token)

    def set_cookie(self) -> None:
        """Open the session in this tab and set the browser's cookie."""
        session_cookie.enter(self.token)


class _Form(Authenticate):  # type: ignore[misc]
    """The library's widgets with our accounts."""

    def __init__(self, controller: _Controller) -> None:
        self.path = None
        self.attrs: dict[str, Any] = {"login_sleep_time": 0}
        self.authentication_controller = self.cookie_controller = controller


INVITATION: Final = "invitation"
"""URL parameter of the link of an invitation."""


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
            st.button(_("Sign in instead"), type="tertiary", on_click=viewer.leave_link)
            return
        if INVITATION in st.query_params and _first_password(st.query_params[INVITATION]):
            return
        _password()
        _providers()


def _first_password(link: str) -> bool:
    """Draw the form of an invitation, unless its link is not valid; returns whether it is."""
    account = viewer.desk().invited(link)
    if account is None:
        st.error(
            _("This link was used before, or is no longer valid. Sign in, or ask for a new link."),
            icon=":material/link_off:",
        )
        return False
    with st.form("first_password"):
        st.header(plain(_("Welcome, {name}").format(name=account.name)), anchor=False)
        st.caption(_("Choose a password. You sign in with it and this user name from now on."))
        st.text_input(_("User name"), account.username, disabled=True, autocomplete="username")
        password, again = elements.new_password("invited")
        pressed = st.form_submit_button(
            _("Set password and sign in"), type="primary", width="stretch"
        )
    if pressed and password != again:
        st.error(_("The two passwords are not the same: type both again."))
    elif pressed:
        try:
            with released():
                token = viewer.desk().accept(link, password, viewer.address())
        except (SignInRefused, SettingsError) as problem:
            st.error(plain(texts.sentence(problem)), icon=":material/block:")
        else:
            session_cookie.enter(token)
            del st.query_params[INVITATION]
            st.rerun()
    return True


def _password() -> None:
    controller = _Controller()
    _Form(controller).login(
        fields={name: _(word) for name, word in WORDS.items()}, key="signin_form"
    )
    if controller.token:
        st.rerun()
    if controller.refused:
        st.error(plain(controller.refused), icon=":material/block:")


def _providers() -> None:
    """Draw a button for each identity provider of ``[auth]`` in the secrets."""
    if viewer.provided() and st.button(_("Use another account"), key="another", width="stretch"):
        st.logout()
    for name in viewer.providers():
        label = (
            _("Continue with {name}").format(name=name.capitalize())
            if name
            else _("Continue with single sign-on")
        )
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
        st.header(_("This link has a password"), anchor=False)
        password = st.text_input(_("Password"), type="password", autocomplete="off")
        if st.form_submit_button(_("Open")):
            try:
                viewer.open_link(share, password)
            except SignInRefused as refusal:
                st.error(plain(texts.sentence(refusal)), icon=":material/block:")
            else:
                st.rerun()


def change_password() -> None:
    """Draw a form that changes the viewer's password and ends their other sessions."""
    with st.form("password_form", border=False, clear_on_submit=True):
        entry = partial(st.text_input, type="password")
        old = entry(_("Current password"), autocomplete="current-password")
        new = entry(_("New password"), autocomplete="new-password")
        again = entry(_("New password again"), autocomplete="new-password")
        if not st.form_submit_button(_("Change password"), width="stretch"):
            return
    account = viewer.account()
    if account is None:
        st.rerun()
        return
    if new != again:
        st.error(_("The new passwords are not the same."))
        return
    try:
        with released():
            desk, address = viewer.desk(), viewer.address()
            token = desk.change_password(account, old, new, address)
        session_cookie.enter(token)
    except (SignInRefused, SettingsError) as problem:
        st.error(plain(texts.sentence(problem)))
    else:
        st.session_state[_CHANGED] = True
        # The next run sends the new cookie to the browser.
        st.rerun()


EVERY: Final = 30
"""Seconds between two checks whether the session of an idle tab has ended."""


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
    if INVITATION in st.query_params:
        del st.query_params[INVITATION]
        url_state.note(_("You are signed in: sign out before you open the link of an invitation."))
    if st.session_state.pop(_CHANGED, False):
        st.toast(
            _("The password was changed. All your other sessions have ended."),
            icon=":material/check:",
        )
    with st.sidebar.container(key="account"):
        if looking.how == "share":
            st.caption(f":material/link: {plain(looking.name)}")
            st.button(_("Leave this link"), type="tertiary", on_click=viewer.leave_link)
            return
        with st.popover(
            plain(looking.name, 40), icon=":material/account_circle:", key="me", on_change="rerun"
        ) as opened:
            if opened.open:
                _about(looking)


def _about(looking: viewer.Viewer) -> None:
    st.caption(plain(_("Signed in as {account}.").format(account=looking.account)))
    if looking.how == "password" and viewer.desk().accounts().writable:
        with st.expander(_("Change password"), icon=":material/key:"):
            change_password()
    for everywhere, label in ((False, _("Sign out")), (True, _("Sign out everywhere"))):
        st.button(
            label,
            key="sign_out_everywhere" if everywhere else "sign_out",
            width="stretch",
            icon=":material/logout:",
            on_click=_leave,
            args=(everywhere,),
        )


def _leave(everywhere: bool) -> None:
    session_cookie.leave(everywhere=everywhere)
    if viewer.provided():
        st.logout()
