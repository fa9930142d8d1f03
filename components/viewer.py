"""The viewer of a session and their permissions.

The viewer is resolved at the start of every run, and again by callbacks and fragments. So a session
that has ended shows nothing more in any tab. ``NOBODY`` is a viewer without permissions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

import streamlit as st
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from access import accounts, authentication, database, settings, website_settings
from access.accounts import Account
from access.authentication import Authentication
from access.permissions import ALL, NONE, Permissions, ViewFilters
from access.share_links import ShareLink
from components import local_access, page_registry, runtime, texts, umami_server
from components.loading import every_website
from components.render_lock import released
from components.texts import N_, _
from umami.api.websites import Website
from umami.errors import SettingsError, UmamiError, Unreachable
from umami.view_parsing import parse

Claims = Mapping[str, Any]
How = Literal["nobody", "open", "password", "provider", "share"]
SHARE: Final = "share"
"""URL parameter of a share link."""
_NOW: Final = "the viewer"
_TOKEN: Final = "what opens the session of this tab"
_LINK: Final = "share link that this tab was opened with"
_LINK_TOKEN: Final = "what opens the share link of this tab"
_AWAY: Final = N_("The store of accounts and sessions cannot be reached.")
_LOOKED: Final = 1.0
"""Seconds for which a resolved viewer remains valid within a run."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """A viewer; ``account`` is their name in the audit log."""

    how: How
    name: str = ""
    account: str = ""
    permissions: Permissions = NONE
    share: ShareLink | None = None
    problem: str = ""
    """The reason why they have no access, unless they only have to sign in."""
    looked: float = field(default_factory=time.monotonic, compare=False)

    @property
    def inside(self) -> bool:
        """Whether they have access to the dashboard."""
        return self.how != "nobody"


NOBODY: Final = Viewer("nobody")


class Private(SettingsError):
    """There are no accounts, and this browser has not redeemed the one-time code."""


@st.cache_resource(show_spinner=False)
def running() -> settings.DashboardSettings:
    """The settings of this process. Raises ``SettingsError``."""
    return settings.load(secrets=runtime.secrets_file())


@st.cache_resource(show_spinner=False)
def store() -> Engine:
    """The database, one per process, with accounts or without. The first call opens it, and creates
    its file, so call it only to read or write something. Raises ``SettingsError``."""
    return database.open_engine(running().store)


def opening(create: bool) -> Engine | None:
    """The database, or ``None`` where there is none yet and ``create`` is false. Raises
    ``SettingsError``."""
    missing = not create and database.is_missing(running().store)
    return None if missing else store()


@st.cache_resource(show_spinner=False)
def desk() -> Authentication:
    """The authentication service, one per process. Raises ``SettingsError``."""
    return Authentication(store(), _accounts)


def _accounts() -> accounts.Accounts:
    return accounts.load(running().users, page_registry.ENDPOINTS.keys())


@st.cache_data(show_spinner=False, ttl=10)
def saved_conversions() -> dict[str, website_settings.Texts]:
    """The conversions and currencies that were saved, by website; none if the database cannot be
    reached."""
    return website_settings.conversions(opening)


def saved_conversion(website: str) -> website_settings.Texts | None:
    """The conversion and currency that were saved for a website; ``None`` if nothing was."""
    return saved_conversions().get(website)


def save_conversion(website: str, saved: website_settings.Texts | None) -> None:
    """Save, or forget, the conversion of a website for everybody. Raises ``UmamiError``."""
    try:
        website_settings.save_conversion(store(), website, saved)
    except SQLAlchemyError:
        raise Unreachable(_(_AWAY)) from None
    saved_conversions.clear()
    record(current(), "save conversion", website)


def forget() -> None:
    """Clear the cached settings and accounts after a change of the settings."""
    running.clear()
    store.clear()
    desk.clear()


def accounts_stand_in_secrets() -> bool:
    """Whether accounts are stored in the secrets instead of a separate file."""
    return running().users == runtime.secrets_file()


def signs_in() -> bool:
    """Whether there are accounts to sign in to. Raises ``SettingsError``."""
    return bool(_accounts().users)


def _check_settings() -> None:
    settings.load(secrets=runtime.secrets_file())
    signs_in()


def _check_store() -> None:
    # Without accounts the store is not used.
    if signs_in():
        database.ping(store())


CHECKS: Final = {
    "settings": _check_settings,
    "store": _check_store,
    "server": umami_server.reach,
}
"""What must work before viewers are let in."""


def announced() -> str:
    """Print and return the URL of the dashboard at its start.

    Without accounts, the URL contains the one-time code.
    """
    with suppress(SettingsError):
        if not signs_in():
            local_access.CODES.announce()
            return local_access.CODES.link()
    print(f"\n  The dashboard is at {local_access.here()}\n", flush=True)
    return local_access.here()


def current() -> Viewer:
    """The viewer of this run; ``NOBODY`` before ``resolve``."""
    viewer: Viewer = st.session_state.get(_NOW, NOBODY)
    return viewer


def still() -> Viewer:
    """The viewer at this moment, resolved again if the last check is too old."""
    now = current()
    if now.inside and time.monotonic() - now.looked > _LOOKED:
        return resolve()
    return now


def apart() -> Callable[[], Viewer]:
    """Return a function that resolves the viewer outside of script runs on each call.

    The function returns ``NOBODY`` if the viewer cannot be resolved.
    """
    looking = current()
    credentials = None if looking.how == "open" else _credentials()

    def now() -> Viewer:
        try:
            return _viewer_of(*credentials) if credentials else looking
        except (SQLAlchemyError, UmamiError):
            return NOBODY

    return now


def resolve() -> Viewer:
    """Resolve the viewer of this session.

    Raises ``SettingsError`` for invalid settings and ``Unreachable`` if the store is unavailable;
    the viewer is ``NOBODY`` then.
    """
    if SHARE in st.session_state:
        # Streamlit drops parameters in the first of the two steps of a page change.
        st.session_state[_LINK] = st.session_state[SHARE] or st.session_state.get(_LINK)
    viewer = NOBODY
    try:
        viewer = _viewer_of(*_credentials()) if signs_in() else _open()
    except SQLAlchemyError:
        # The message of a database error may contain its address.
        raise Unreachable(_(_AWAY)) from None
    finally:
        # Set only once, so that a concurrent fragment never reads an intermediate viewer.
        st.session_state[_NOW] = viewer
    return viewer


def link_input() -> None:
    """Draw the input bound to the share link of the URL. Call once per run."""
    st.text_input(SHARE, key=SHARE, bind="query-params", label_visibility="collapsed")


def enter(token: str) -> None:
    """Use the session of this token in this tab."""
    st.session_state[_TOKEN] = token


def token() -> str | None:
    """The session token of this tab: from signing in here, else from the browser's cookie."""
    if _TOKEN in st.session_state:
        token: str | None = st.session_state[_TOKEN]
        return token
    cookie = st.context.cookies.get(_accounts().cookie)
    return desk().decode_cookie(cookie) if cookie else None


def leave(*, everywhere: bool = False) -> None:
    """Sign out in this browser, or ``everywhere``. Call it in a callback."""
    now = resolve()
    if now.how in ("password", "provider"):
        if everywhere:
            desk().sign_out_everywhere(_accounts().users[now.account])
        desk().sign_out(token() or "")
        # Also end a second session with an identity provider, which would sign them in again.
        user = provided()
        other = _vouched(user)
        if user and other.inside:
            said = authentication.parse_claims(user)
            desk().sign_out_of_provider(_accounts().users[other.account], said.email, said.issued)
    # The browser may keep sending the cookie until this tab is closed.
    st.session_state[_TOKEN] = None
    st.session_state[_NOW] = NOBODY


def linked() -> bool:
    """Whether this tab was opened with a share link."""
    return bool(st.session_state.get(_LINK))


def account() -> Account | None:
    """The account that is signed in with a password, if any."""
    now = still()
    return _accounts().users.get(now.account) if now.how == "password" else None


def providers() -> list[str]:
    """The names of the identity providers in the secrets; an unnamed provider is ``""``."""
    try:
        table = st.secrets.get("auth")
    except FileNotFoundError:
        return []
    if not isinstance(table, Mapping):
        return []
    named = [str(name) for name, entry in table.items() if isinstance(entry, Mapping)]
    return [*([""] if "client_id" in table else []), *named]


def leave_link() -> None:
    """Close the share link of this tab."""
    st.session_state[_LINK] = None
    st.session_state[SHARE] = ""


def open_link(share: ShareLink, password: str) -> None:
    """Open a share link with its password. Raises ``Refused``."""
    with released():
        st.session_state[_LINK_TOKEN] = desk().unlock_share(share, password, address())


def address() -> str | None:
    """The IP address of the viewer's connection, if it is known."""
    ip = st.context.ip_address
    return ip if isinstance(ip, str) else None


def record(who: Viewer, what: str, about: str = "", *, done: bool = True) -> None:
    """Write an entry to the audit log; does nothing without accounts.

    Raises ``Unreachable`` if the store is unavailable.
    """
    if who.how in ("nobody", "open"):
        return
    try:
        desk().audit.record(who.account, what, about, done=done)
    except SQLAlchemyError:
        raise Unreachable(_(_AWAY)) from None


def _credentials() -> tuple[str | None, str | None, str | None, Claims | None]:
    """The share link of this tab, what opens it, the session token, and a provider's claims."""
    link, opened = (st.session_state.get(key) for key in (_LINK, _LINK_TOKEN))
    return link, opened, None if link else token(), None if link else provided()


def _viewer_of(
    link: str | None, opened: str | None, token: str | None, claims: Claims | None
) -> Viewer:
    # Opened for anonymous viewers too, so that its errors appear before the sign-in form.
    open_desk = desk()
    if link:
        return _by_link(link, opened)
    account = open_desk.account_of(token) if token else None
    return _of(account, "password") if account else _vouched(claims)


def _open() -> Viewer:
    """The viewer without accounts: everybody for demo data and ``DASHBOARD_OPEN``, otherwise only
    the person who started the dashboard. Raises ``Private``."""
    if not (running().open or umami_server.set_up().demo or local_access.granted()):
        local_access.CODES.announce()
        problem = Private(
            _("The link that this page was opened with was used before or is no longer valid.")
            if local_access.refused()
            else _("No sign-in yet: only the person who started this dashboard can open it.")
        )
        problem.remedy = _(
            "Open the link that the dashboard printed at its start. To give others access, invite "
            "them on the page Access, or set DASHBOARD_OPEN=yes to let everybody in."
        )
        raise problem
    return Viewer("open", "Everybody", accounts.EVERYBODY, ALL)


def sets_up(who: Viewer) -> bool:
    """Whether a viewer may use the setup: an admin or, without accounts, the person who started
    the dashboard."""
    return who.permissions.admin and (who.how != "open" or local_access.granted())


def _of(account: Account, how: How) -> Viewer:
    def every() -> Iterable[Website]:
        return every_website(umami_server.umami())

    permissions = account.permissions(page_registry.ENDPOINTS, every)
    return Viewer(how, account.name, account.username, permissions)


def _vouched(user: Claims | None) -> Viewer:
    """The viewer according to the identity provider."""
    if user is None:
        return NOBODY
    try:
        said = authentication.parse_claims(user)
    except authentication.InvalidClaims as doubt:
        return Viewer("nobody", problem=texts.sentence(doubt))
    account = desk().account_from_provider(said.email, said.issued, verified=said.verified)
    if account:
        return _of(account, "provider")
    problem = ""
    if not said.verified:
        problem = _("{email} is not confirmed by the identity provider.").format(email=said.email)
    elif _accounts().by_email(said.email) is None:
        problem = _("{email} has no account here.").format(email=said.email)
    return Viewer("nobody", problem=problem)


def provided() -> Claims | None:
    """The claims of the identity provider; ``None`` if the viewer is not signed in with it."""
    return st.user.to_dict() if getattr(st.user, "is_logged_in", False) else None


def _by_link(link: str, opened: str | None) -> Viewer:
    share = desk().shares.by_token(link)
    if share is None:
        return Viewer("nobody", problem=_("This link is not valid."))
    if share.closed:
        return Viewer("nobody", problem=_(share.closed))
    if not desk().share_is_open(share, opened):
        return Viewer("nobody", share=share)
    fixed = ViewFilters()
    if share.locked:
        websites, now = [share.website], datetime.now(UTC)
        parsed = parse(share.view, now=now, websites=websites, timezone="UTC", recorded=None)
        fixed = ViewFilters.of(parsed.view)
    permissions = share.permissions(page_registry.ENDPOINTS, fixed)
    return Viewer("share", share.name, f"link {share.name}", permissions, share)
