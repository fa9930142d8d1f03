"""The desk: where people are let in, recognised and let out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import jwt
from sqlalchemy import Engine

from people import accounts as files
from people import passwords
from people.accounts import Account, Accounts
from people.attempts import Attempts
from people.audit import SOMEBODY, Audit
from people.sessions import Sessions, fingerprint
from people.shares import Share, Shares

ALGORITHM: Final = "HS256"
VOUCHED: Final = timedelta(days=31)
"""Longer than the platform believes what a provider said."""


class Refused(Exception):
    """Somebody is not let in; the message tells them why, and never which part was wrong."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that signing in needs. ``accounts`` gives them as they stand now."""

    engine: Engine = field(repr=False)
    accounts: Callable[[], Accounts] = field(repr=False)

    @property
    def audit(self) -> Audit:
        """The audit log."""
        return Audit(self.engine)

    @property
    def shares(self) -> Shares:
        """The share links, signed with the key of the cookies."""
        return Shares(self.engine, self.accounts().key)

    def enter(self, username: str, password: str, address: str | None) -> str:
        """Sign in; returns the session's token. Raises ``Refused``.

        Whoever does not exist is refused in the same words, and after the same time.
        """
        username = username.strip().casefold()
        account = self.accounts().users.get(username)
        who = username if account else SOMEBODY
        known = account.password if account else None
        hashes = (one.password for one in self.accounts().users.values())
        usual = max((passwords.cost(one) for one in hashes if one), default=passwords.USUAL)
        self._tried(
            who,
            username,
            address,
            "sign in",
            lambda: passwords.matches(password, known, usual),
        )
        assert account is not None
        return self._begin(account.username, known or "")

    def begin(self, account: Account) -> str:
        """Let somebody in who has just set up their account, and with it the dashboard; returns
        the session's token."""
        self.audit.record(account.username, "sign in", "set up")
        return self._begin(account.username, account.password or "")

    def whose(self, token: str) -> Account | None:
        """The account whose session a token opens, as long as nothing has ended it."""
        found = self._sessions.account(token)
        account = self.accounts().users.get(found[0]) if found else None
        if found is None or account is None or account.password is None:
            return None
        same = found[1] == fingerprint(account.username, account.password)
        return account if same else None

    def leave(self, token: str) -> None:
        """Sign out: the session ends in every tab, and every copy of its cookie with it."""
        account = self.whose(token)
        self._sessions.end(token)
        if account:
            self.audit.record(account.username, "sign out")

    def change_password(self, account: Account, old: str, new: str, address: str | None) -> str:
        """Change a password, which ends every session of the account; returns a new one's token.

        Raises ``Refused``, and ``SettingsError`` where the accounts cannot be written.
        """
        weakness = passwords.weakness(new, account.username)
        if weakness:
            raise Refused(weakness)
        if new == old:
            raise Refused("That is the password you have.")
        name = account.username
        self._tried(
            name,
            name,
            address,
            "change password",
            lambda: passwords.matches(old, account.password),
            otherwise="The present password is another one.",
        )
        files.change_password(self.accounts().path, name, new)
        self._sessions.end_all(name)
        return self._begin(name, self.accounts().users[name].password or "")

    def vouched(self, email: str, issued: datetime, *, verified: bool = True) -> Account | None:
        """The account an identity provider vouched for at a moment, unless it has signed out since.

        Each time somebody is vouched for is written down, once, whether it lets them in or not.
        """
        account = self.accounts().by_email(email) if verified else None
        known = _vouched(account.username if account else SOMEBODY)
        left = self._sessions.signed_out(known) if account else None
        if left is not None and issued <= left:
            return None
        if self._sessions.first(known, f"{known} {email} {issued.isoformat()}", VOUCHED):
            who = account.username if account else SOMEBODY
            about = f"as {email}, by an identity provider"
            self.audit.record(who, "sign in", about, done=account is not None)
        return account

    def leave_vouched(self, account: Account) -> None:
        """Sign out somebody whom a provider vouched for: in every browser."""
        self._sessions.sign_out(_vouched(account.username))
        self.audit.record(account.username, "sign out")

    def open_share(self, share: Share, password: str, address: str | None) -> str:
        """Open a link that has a password; returns a token for it. Raises ``Refused``."""
        name = _of_share(share)
        self._tried(
            name,
            name,
            address,
            "open share link",
            lambda: self.shares.opened_by(share, password),
            otherwise="That is not the password of this link.",
        )
        return self._sessions.begin(name, share.id, timedelta(days=1))

    def opens_share(self, share: Share, token: str | None) -> bool:
        """Whether a link may be looked at with this token."""
        if share.over:
            return False
        found = self._sessions.account(token) if token else None
        return not share.password or (found is not None and found[0] == _of_share(share))

    def sealed(self, token: str) -> str:
        """A token as a cookie holds it: signed, so that only ours are ever looked up."""
        accounts = self.accounts()
        ends = datetime.now(UTC) + timedelta(days=accounts.days)
        return jwt.encode({"session": token, "exp": ends}, accounts.key, ALGORITHM)

    def unsealed(self, cookie: str) -> str | None:
        """The token in a cookie of ours; ``None`` for anything else."""
        try:
            held = jwt.decode(cookie, self.accounts().key, [ALGORITHM])
        except jwt.PyJWTError:
            return None
        token = held.get("session")
        return token if isinstance(token, str) else None

    @property
    def _sessions(self) -> Sessions:
        return Sessions(self.engine)

    def _begin(self, username: str, password: str) -> str:
        return self._sessions.begin(username, password, timedelta(days=self.accounts().days))

    def _tried(
        self,
        who: str,
        name: str,
        address: str | None,
        what: str,
        right: Callable[[], bool],
        otherwise: str = "User name or password is wrong.",
    ) -> None:
        """Let one attempt be made, count it, and write it down."""
        attempts = Attempts(self.engine)
        wait = attempts.wait(name, address)
        if wait > 0:
            self.audit.record(who, what, "too early", done=False)
            seconds = math.ceil(wait)
            spelled = f"{seconds} seconds" if seconds < 90 else f"{math.ceil(seconds / 60)} minutes"
            raise Refused(f"Too many attempts. Try again in {spelled}.")
        if not right():
            attempts.failed(name, address)
            self.audit.record(who, what, done=False)
            raise Refused(otherwise)
        attempts.succeeded(name, address)
        self.audit.record(who, what)


def _vouched(username: str) -> str:
    return f"vouched {username}"


def _of_share(share: Share) -> str:
    return f"share {share.id}"
