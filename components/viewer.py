"""Who looks at this session, and what they may see.

Looked up at the start of every run, and again by whatever runs between (callbacks, fragments):
a session that has ended sees nothing more, in whichever tab. Nobody is a viewer without
permissions.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from access import accounts, claims, database, settings
from access.accounts import Account
from access.authentication import Authentication
from access.permissions import ALL, NONE, Permissions, ViewFilters
from access.share_links import ShareLink
from components import local_access, page_registry, runtime, umami_server
from umami.endpoints import websites
from umami.errors import SettingsError, UmamiError, Unreachable
from umami.models.websites import Website
from umami.view import parse

How = Literal["nobody", "open", "password", "provider", "share"]
SHARE: Final = "share"
"""URL parameter of a share link."""
_NOW: Final = "the viewer"
_TOKEN: Final = "what opens the session of this tab"
_LINK: Final = "share link that this tab was opened with"
_LINK_TOKEN: Final = "what opens the share link of this tab"
_AWAY: Final = "What the dashboard knows of sessions cannot be reached."
_LOOKED: Final = 1.0
"""Seconds for which what was looked up in this run need not be looked up again."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who looks; ``account`` is how the audit log calls them."""

    how: How
    name: str = ""
    account: str = ""
    permissions: Permissions = NONE
    share: ShareLink | None = None
    problem: str = ""
    """Why they are not let in, where there is more to say than that they should sign in."""
    looked: float = field(default_factory=time.monotonic, compare=False)

    @property
    def inside(self) -> bool:
        """Whether they are let in at all."""
        return self.how != "nobody"


NOBODY: Final = Viewer("nobody")


class Private(SettingsError):
    """There are no accounts, and this browser did not bring the one-time code."""


@dataclass(frozen=True, slots=True)
class _Brought:
    """What a tab brings with it to be let in; ``repr`` shows none of it."""

    link: str | None = field(repr=False)
    link_token: str | None = field(repr=False)
    token: str | None = field(repr=False)
    provided: Mapping[str, Any] | None = field(repr=False)


@st.cache_resource(show_spinner=False)
def running() -> settings.DashboardSettings:
    """How this process is run. Raises ``SettingsError``."""
    return settings.load(secrets=runtime.secrets_file())


@st.cache_resource(show_spinner=False)
def desk() -> Authentication:
    """Where people are let in, once a process. Raises ``SettingsError``."""
    return Authentication(database.open_engine(running().store), _accounts)


def _accounts() -> accounts.Accounts:
    return accounts.load(running().users, page_registry.ENDPOINTS.keys())


def forget() -> None:
    """Read everything about accounts anew; for a process whose settings have changed."""
    running.clear()
    desk.clear()


def accounts_stand_in_secrets() -> bool:
    """Whether accounts are read from the secrets, and not from a file of their own."""
    return running().users == runtime.secrets_file()


def signs_in() -> bool:
    """Whether there are accounts, so that people sign in. Raises ``SettingsError``."""
    return bool(_accounts().users)


def announced() -> str:
    """Print where the dashboard is, as it starts; returns the address, which holds the one-time
    code where nobody signs in."""
    with suppress(SettingsError):
        if not signs_in():
            local_access.CODES.announce()
            return local_access.CODES.link()
    print(f"\n  The dashboard is at {local_access.here()}\n", flush=True)
    return local_access.here()


def current() -> Viewer:
    """Who looks in this run; nobody before ``resolve``."""
    found = st.session_state.get(_NOW, NOBODY)
    return found if isinstance(found, Viewer) else NOBODY


def still() -> Viewer:
    """Who looks at this moment: what ended since the run began is noticed."""
    now = current()
    if now.inside and time.monotonic() - now.looked > _LOOKED:
        return resolve()
    return now


def apart() -> Callable[[], Viewer]:
    """Who looks, for what runs apart from any run: found out anew whenever it is called.

    Nobody is there where it cannot be found out.
    """
    looking = current()
    brought = None if looking.how == "open" else _brought()

    def now() -> Viewer:
        try:
            return _found(brought) if brought else looking
        except (SQLAlchemyError, UmamiError):
            return NOBODY

    return now


def resolve() -> Viewer:
    """Find out who looks. Raises ``SettingsError`` where this cannot be run as it is set up, and
    ``Unreachable`` where the store is away: nobody is in then."""
    if SHARE in st.session_state:
        # Streamlit drops parameters in the first of the two steps of a page change.
        st.session_state[_LINK] = st.session_state[SHARE] or st.session_state.get(_LINK)
    found: Viewer | None = None
    try:
        found = _found(_brought()) if signs_in() else _open()
    except SQLAlchemyError:
        # What a database says may hold its address.
        pass
    finally:
        # Once, when it is known: whoever asks meanwhile, in another fragment, is nobody else.
        st.session_state[_NOW] = found or NOBODY
    if found is None:
        raise Unreachable(_AWAY)
    return found


def link_input() -> None:
    """The share link of the URL, which stays there from page to page. Call once a run."""
    st.text_input(SHARE, key=SHARE, bind="query-params", label_visibility="collapsed")


def begin(username: str) -> str:
    """A session of somebody who was just given an account here; returns what opens it."""
    return desk().start_session(_accounts().users[username])


def enter(token: str) -> None:
    """This tab opens a session from now on."""
    st.session_state[_TOKEN] = token


def token() -> str | None:
    """What opens this tab's session: from signing in here, else from the browser's cookie."""
    if _TOKEN in st.session_state:
        found = st.session_state[_TOKEN]
        return found if isinstance(found, str) else None
    cookie = st.context.cookies.get(_accounts().cookie)
    return desk().decode_cookie(cookie) if cookie else None


def leave(*, everywhere: bool = False) -> None:
    """Sign out: in this browser, or ``everywhere``. A callback's: the run after it is nobody's."""
    now = resolve()
    if now.how in ("password", "provider"):
        if everywhere:
            desk().sign_out_everywhere(_accounts().users[now.account])
        desk().sign_out(token() or "")
        # Whoever is signed in in both ways would be let in by the other one.
        user = provided()
        other = _vouched(user)
        if user and other.inside:
            said = claims.parse(user)
            desk().sign_out_of_provider(_accounts().users[other.account], said.email, said.issued)
    # The browser may send its cookie until this tab is closed.
    st.session_state[_TOKEN] = None
    st.session_state[_NOW] = NOBODY


def linked() -> bool:
    """Whether this tab was opened with a share link."""
    return bool(st.session_state.get(_LINK))


def account() -> Account | None:
    """The account that is signed in with a password at this moment."""
    now = still()
    return _accounts().users.get(now.account) if now.how == "password" else None


def providers() -> list[str]:
    """The identity providers that the secrets name; the one without a name is empty."""
    try:
        table = st.secrets.get("auth")
    except FileNotFoundError:
        return []
    if not isinstance(table, Mapping):
        return []
    named = [str(name) for name, one in table.items() if isinstance(one, Mapping)]
    return [*([""] if "client_id" in table else []), *named]


def leave_link() -> None:
    """Look at a share link no longer."""
    st.session_state[_LINK] = None
    st.session_state[SHARE] = ""


def open_link(share: ShareLink, password: str) -> None:
    """Open a share link with its password. Raises ``Refused``."""
    st.session_state[_LINK_TOKEN] = desk().unlock_share(share, password, address())


def address() -> str | None:
    """Where the viewer is, as far as the connection tells."""
    found = st.context.ip_address
    return found if isinstance(found, str) else None


def record(who: Viewer, what: str, about: str = "", *, done: bool = True) -> None:
    """Write into the audit log; where nobody signs in there is no one to write about.

    Raises ``Unreachable`` where the store is away.
    """
    if who.how in ("nobody", "open"):
        return
    try:
        desk().audit.record(who.account, what, about, done=done)
    except SQLAlchemyError:
        away = Unreachable(_AWAY)
    else:
        return
    raise away


def _brought() -> _Brought:
    link, opened = (st.session_state.get(key) for key in (_LINK, _LINK_TOKEN))
    return _Brought(link, opened, None if link else token(), None if link else provided())


def _found(brought: _Brought) -> Viewer:
    # Opened for strangers, too: they are told that it cannot be, before they type a password.
    open_desk = desk()
    if brought.link:
        return _by_link(brought.link, brought.link_token)
    account = open_desk.account_of(brought.token) if brought.token else None
    return _of(account, "password") if account else _vouched(brought.provided)


def _open() -> Viewer:
    """Everybody, where nobody signs in: to the demo, and to data that is open on purpose; else
    only the person who started the dashboard."""
    if not (running().open or umami_server.demo() or local_access.granted()):
        local_access.CODES.announce()
        problem = Private(
            "The link that this page was opened with was used before, or is not good any more."
            if local_access.refused()
            else "Nobody signs in to this dashboard, so only the person who started it can open it."
        )
        problem.remedy = (
            "Open the link that the dashboard printed where it was started. To let others in, make "
            "accounts with “python -m access”, or set DASHBOARD_OPEN=yes to let everybody in."
        )
        raise problem
    return Viewer("open", "Everybody", "everybody", ALL)


def sets_up(who: Viewer) -> bool:
    """Whether somebody may say which server is looked at, and by whom: an admin; where nobody
    signs in, the person who started the dashboard."""
    return who.permissions.admin and (who.how != "open" or local_access.granted())


def loopback(host: str) -> bool:
    """Whether a host name or address means the machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _of(account: Account, how: How) -> Viewer:
    return Viewer(
        how,
        account.name,
        account.username,
        account.permissions(page_registry.ENDPOINTS, _every_website),
    )


def _every_website() -> Iterable[Website]:
    client = umami_server.umami()
    page = client.ask(websites.websites())
    yield from page.rows
    for number in range(2, -(-page.count // (page.page_size or 1)) + 1):
        yield from client.ask(websites.websites(page=number)).rows


def _vouched(user: Mapping[str, Any] | None) -> Viewer:
    """Who an identity provider says it is."""
    if user is None:
        return NOBODY
    try:
        said = claims.parse(user)
    except claims.InvalidClaims as doubt:
        return Viewer("nobody", problem=str(doubt))
    account = desk().account_from_provider(said.email, said.issued, verified=said.verified)
    if account:
        return _of(account, "provider")
    if not said.verified:
        return Viewer("nobody", problem=f"{said.email} is not confirmed by the identity provider.")
    if _accounts().by_email(said.email) is None:
        return Viewer("nobody", problem=f"{said.email} has no account here.")
    return NOBODY


def provided() -> Mapping[str, Any] | None:
    """What the identity provider says; ``None`` without one, or signed out."""
    return st.user.to_dict() if getattr(st.user, "is_logged_in", False) else None


def _by_link(link: str, opened: str | None) -> Viewer:
    share = desk().shares.by_token(link)
    if share is None:
        return Viewer("nobody", problem="This link is not valid.")
    if share.closed:
        return Viewer("nobody", problem=share.closed)
    if not desk().share_is_open(share, opened):
        return Viewer("nobody", share=share)
    permissions = share.permissions(page_registry.ENDPOINTS, _narrowing(share))
    return Viewer("share", share.name, f"link {share.name}", permissions, share)


def _narrowing(share: ShareLink) -> ViewFilters:
    if not share.locked:
        return ViewFilters()
    parsed = parse(
        share.view, now=datetime.now(UTC), websites=[share.website], timezone="UTC", recorded=None
    )
    return ViewFilters.of(parsed.view)
