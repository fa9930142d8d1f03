"""Sign-in and sign-out, with a password, an identity provider or a share link."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt
from itsdangerous import BadSignature, Signer
from sqlalchemy import Engine

from access import passwords, secrets_file
from access.accounts import Account, Accounts, canonical, is_address
from access.audit import SOMEBODY, Audit
from access.database import digest
from access.login_throttle import LoginThrottle
from access.sessions import Sessions
from access.share_links import ShareLink, ShareLinks
from umami.normal_forms import normalized
from umami.texts import N_, Message

ALGORITHM: Final = "HS256"
MAX_AGE: Final = timedelta(days=31)
"""How long a sign-in at an identity provider is valid; Streamlit forgets it after 30 days."""
CLOCK_AHEAD: Final = timedelta(minutes=5)
"""How far the clock of an identity provider may be ahead of ours."""
CLOCK_DELAY: Final = timedelta(minutes=1)
"""How far the clock of an identity provider may be behind ours."""


INVITATION: Final = timedelta(days=7)
"""How long the link of an invitation is valid."""
_INVITED: Final = "invited "
"""Starts the account of the session that the link of an invitation holds; no user name has it."""


class InvalidClaims(Exception):
    """A claim is missing or invalid; the message says which, for the viewer."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The e-mail address of a viewer, when the token was issued (aware), and whether the provider
    has verified that the address is theirs."""

    email: str
    issued: datetime
    verified: bool


def parse_claims(user: Mapping[str, Any], now: datetime | None = None) -> Claims:
    """Parse the claims of an ID token. Raises ``InvalidClaims``.

    ``email_verified`` may be absent, since many providers have no such claim. Any value but true
    and ``"true"`` means that the address is not verified.
    """
    email, issued = user.get("email"), user.get("iat")
    if not isinstance(email, str) or not is_address(email):
        raise InvalidClaims(N_("The identity provider sent no usable e-mail address."))
    now = now or datetime.now(UTC)
    if isinstance(issued, bool) or not isinstance(issued, int | float):
        raise InvalidClaims(N_("The identity provider does not say when you signed in."))
    # Compared as numbers, since NaN, infinite and huge ones cannot become a datetime.
    if not (now - MAX_AGE).timestamp() <= issued <= (now + CLOCK_AHEAD).timestamp():
        raise InvalidClaims(N_("You signed in at the provider too long ago, or in the future."))
    verified = user.get("email_verified", True)
    return Claims(
        email, datetime.fromtimestamp(issued, UTC), verified is True or verified == "true"
    )


class SignInRefused(Exception):
    """A sign-in was refused. The message is for the viewer and never says which part was wrong."""


@dataclass(frozen=True, slots=True)
class Authentication:
    """Signs viewers in and out. ``accounts`` returns the current content of the accounts file."""

    engine: Engine = field(repr=False)
    accounts: Callable[[], Accounts] = field(repr=False)

    @property
    def audit(self) -> Audit:
        """The audit log."""
        return Audit(self.engine)

    @property
    def shares(self) -> ShareLinks:
        """The share links, signed with the key of the cookies."""
        return ShareLinks(self.engine, self.accounts().key)

    def sign_in(self, username: str, password: str, address: str | None) -> str:
        """Sign in with a password and return the session's token. Raises ``SignInRefused``.

        A user name that does not exist gets the same message after the same time.
        """
        username = canonical(username)
        account = self.accounts().users.get(username)
        who = username if account else SOMEBODY
        known = account.password if account else None
        with self._attempt("sign in", who, username, address):
            if not passwords.matches(password, known, self._cost):
                raise SignInRefused(N_("User name or password is wrong."))
        assert account is not None
        return self._start(account.username, known or "")

    def start_session(self, account: Account) -> str:
        """Sign in the account that has just set up the dashboard; returns the session's token."""
        self.audit.record(account.username, "sign in", "set up")
        return self._start(account.username, account.password or "")

    def account_of(self, token: str) -> Account | None:
        """Return the account of a session; ``None`` once the session has ended."""
        session = self._sessions.account(token)
        account = self.accounts().users.get(session[0]) if session else None
        if session is None or account is None or account.password is None:
            return None
        same = session[1] == digest(account.username, account.password)
        return account if same else None

    def sign_out(self, token: str) -> None:
        """End a session in every tab of its browser and for every copy of its cookie."""
        account = self.account_of(token)
        self._sessions.end(token)
        if account:
            self.audit.record(account.username, "sign out")

    def sign_out_everywhere(self, account: Account) -> None:
        """End every session of an account, in all browsers and however it was started."""
        self._sessions.end_all(account.username)
        self._sessions.sign_out(_provider_account(account.username))
        self.audit.record(account.username, "sign out everywhere")

    def change_password(self, account: Account, old: str, new: str, address: str | None) -> str:
        """Change a password and end every session of the account; returns a new session's token.

        Raises ``SignInRefused``, and ``SettingsError`` if the accounts file cannot be written.
        """
        weakness = passwords.weakness(new, account.username)
        if weakness:
            raise SignInRefused(weakness)
        if normalized("NFC", new) == normalized("NFC", old):
            raise SignInRefused(N_("The new password is the password you have."))
        name = account.username
        with self._attempt("change password", name, name, address):
            if not passwords.matches(old, account.password, self._cost):
                raise SignInRefused(N_("The present password is wrong."))
        secrets_file.change_password(self.accounts().path, name, passwords.hashed(new))
        self._sessions.end_all(name)
        return self._start(name, self.accounts().users[name].password or "")

    def invite(self, account: Account) -> str:
        """Return the token of a link with which an account chooses its password, once, within
        ``INVITATION``. Earlier links of the account end."""
        name = _INVITED + account.username
        self._sessions.end_all(name)
        token = self._sessions.start(name, account.password or "", INVITATION)
        return self._invitations.sign(token).decode()

    def invited(self, link: str) -> Account | None:
        """Return the account that an invitation's token is for; ``None`` if we did not sign it, and
        once it was used, has expired, or the account got another password."""
        try:
            token = self._invitations.unsign(link).decode()
        except (BadSignature, UnicodeError):
            return None
        name, fingerprint = self._sessions.account(token) or ("", "")
        account = self.accounts().users.get(name.removeprefix(_INVITED))
        if account is None or not name.startswith(_INVITED):
            return None
        return account if fingerprint == digest(name, account.password or "") else None

    def accept(self, link: str, password: str, address: str | None) -> str:
        """Use an invitation: set the password of its account, end the account's other sessions, and
        return a new session's token.

        Raises ``SignInRefused``, and ``SettingsError`` if the accounts file cannot be written; the
        invitation stays valid then.
        """
        account = self.invited(link)
        name = account.username if account else SOMEBODY
        if account and (weakness := passwords.weakness(password, name)):
            raise SignInRefused(weakness)
        with self._attempt("accept invitation", name, f"{_INVITED}{name}", address):
            if account is None:
                raise SignInRefused(N_("This link was used before, or is no longer valid."))
        hashed = passwords.hashed(password)
        with self._sessions.ending(self._invitations.unsign(link).decode()) as valid:
            if not valid:
                raise SignInRefused(N_("This link was used before."))
            secrets_file.change_password(self.accounts().path, name, hashed)
        self._sessions.end_all(name)
        return self._start(name, hashed)

    def account_from_provider(
        self, email: str, issued: datetime, *, verified: bool = True
    ) -> Account | None:
        """Return the account that an identity provider signed in at ``issued`` (aware), or ``None``
        if there is none or it has signed out since.

        Each sign-in is recorded once in the audit log, whether it succeeds or not.
        """
        account = self.accounts().by_email(email) if verified else None
        who = account.username if account else SOMEBODY
        name = _provider_account(who)
        seen = self._sessions.record(name, _provider_token(name, email, issued), MAX_AGE)
        left = self._sessions.signed_out(name) if account else None
        # ``seen.at`` is of our clock, ``issued`` of the provider's, which may be behind.
        ended = seen.ended or (
            left is not None and (seen.at <= left or issued <= left - CLOCK_DELAY)
        )
        if seen.first:
            write = self.audit.refused if ended or not account else self.audit.record
            write(who, "sign in", f"as {email}, by an identity provider")
        return None if ended else account

    def sign_out_of_provider(self, account: Account, email: str, issued: datetime) -> None:
        """Sign out a viewer of an identity provider in one browser: the provider's sign-in of this
        moment is not valid any more."""
        self._sessions.end_recorded(
            _provider_token(_provider_account(account.username), email, issued)
        )
        self.audit.record(account.username, "sign out")

    def unlock_share(self, share: ShareLink, password: str, address: str | None) -> str:
        """Open a share link that has a password; returns a token. Raises ``SignInRefused``."""
        name = _share_account(share)
        with self._attempt("open share link", name, name, address):
            if not self.shares.password_matches(share, password):
                raise SignInRefused(N_("That is not the password of this link."))
        return self._sessions.start(name, share.id, timedelta(days=1))

    def share_is_open(self, share: ShareLink, token: str | None) -> bool:
        """Return whether this token, if one is needed, opens a share link."""
        if share.closed:
            return False
        session = self._sessions.account(token) if token else None
        return not share.password or (session is not None and session[0] == _share_account(share))

    def encode_cookie(self, token: str) -> str:
        """Return a signed cookie with a token, so that no other token is ever looked up."""
        accounts = self.accounts()
        ends = datetime.now(UTC) + timedelta(days=accounts.days)
        return jwt.encode({"session": token, "exp": ends}, accounts.key, ALGORITHM)

    def decode_cookie(self, cookie: str) -> str | None:
        """Return the token in a cookie; ``None`` if we did not sign the cookie or it expired."""
        try:
            token = jwt.decode(cookie, self.accounts().key, [ALGORITHM]).get("session")
        except jwt.PyJWTError:
            return None
        return token if isinstance(token, str) else None

    @property
    def _cost(self) -> int:
        """The bcrypt cost of every comparison, whichever account it is about."""
        hashes = (account.password for account in self.accounts().users.values())
        return max(map(passwords.cost, filter(None, hashes)), default=passwords.DEFAULT_COST)

    @property
    def _invitations(self) -> Signer:
        return Signer(self.accounts().key, salt="invitation")

    @property
    def _sessions(self) -> Sessions:
        return Sessions(self.engine)

    def _start(self, username: str, password: str) -> str:
        return self._sessions.start(username, password, timedelta(days=self.accounts().days))

    @contextmanager
    def _attempt(self, what: str, who: str, name: str, address: str | None) -> Iterator[None]:
        """Throttle the comparison of a password by name and address, and record its result in the
        audit log. The comparison fails by raising ``SignInRefused``.

        The throttle counts the attempt before the comparison. Raises ``SignInRefused``.
        """
        throttle = LoginThrottle(self.engine)
        attempt = throttle.reserve(name, address)
        if attempt.wait > 0:
            if attempt.first:
                self.audit.refused(who, what, "too early")
            seconds = math.ceil(attempt.wait)
            wait = (
                Message("{seconds} seconds", seconds=seconds)
                if seconds < 90
                else Message("{minutes} minutes", minutes=math.ceil(seconds / 60))
            )
            raise SignInRefused(Message("Too many attempts. Try again in {wait}.", wait=wait))
        try:
            yield
        except passwords.Busy:
            throttle.take_back(attempt)
            raise SignInRefused(N_("Many people are signing in. Try again in a moment.")) from None
        except SignInRefused:
            self.audit.refused(who, what)
            raise
        throttle.succeed(attempt)
        self.audit.record(who, what)


def _provider_account(username: str) -> str:
    return f"vouched {username}"


def _provider_token(account: str, email: str, issued: datetime) -> str:
    """Return a text that identifies a sign-in at an identity provider."""
    return f"{account} {email} {issued.isoformat()}"


def _share_account(share: ShareLink) -> str:
    return f"share {share.id}"
