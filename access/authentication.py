"""The desk: where people are let in, recognised and let out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import jwt
from sqlalchemy import Engine

from access import accounts as files
from access import claims, passwords
from access.accounts import Account, Accounts, canonical
from access.audit import SOMEBODY, Audit
from access.login_throttle import LoginThrottle
from access.sessions import Sessions, fingerprint
from access.share_links import ShareLink, ShareLinks
from umami.normal_forms import normalized

ALGORITHM: Final = "HS256"
SLOW: Final = timedelta(minutes=1)
"""How far a provider's clock may be behind ours."""


class SignInRefused(Exception):
    """Somebody is not let in; the message tells them why, and never which part was wrong."""


@dataclass(frozen=True, slots=True)
class Authentication:
    """Everything that signing in needs. ``accounts`` gives them as they stand now."""

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

    def enter(self, username: str, password: str, address: str | None) -> str:
        """Sign in; returns the session's token. Raises ``Refused``.

        Whoever does not exist is refused in the same words, and after the same time.
        """
        username = canonical(username)
        account = self.accounts().users.get(username)
        who = username if account else SOMEBODY
        known = account.password if account else None
        self._tried(
            who,
            username,
            address,
            "sign in",
            lambda: passwords.matches(password, known, self._cost),
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
        """End one session: in every tab of its browser, and for every copy of its cookie."""
        account = self.whose(token)
        self._sessions.end(token)
        if account:
            self.audit.record(account.username, "sign out")

    def leave_everywhere(self, account: Account) -> None:
        """End every session of an account, in every browser, however it was begun."""
        self._sessions.end_all(account.username)
        self._sessions.sign_out(_vouched(account.username))
        self.audit.record(account.username, "sign out everywhere")

    def change_password(self, account: Account, old: str, new: str, address: str | None) -> str:
        """Change a password, which ends every session of the account; returns a new one's token.

        Raises ``Refused``, and ``SettingsError`` where the accounts cannot be written.
        """
        weakness = passwords.weakness(new, account.username)
        if weakness:
            raise SignInRefused(weakness)
        if normalized("NFC", new) == normalized("NFC", old):
            raise SignInRefused("That is the password you have.")
        name = account.username
        self._tried(
            name,
            name,
            address,
            "change password",
            lambda: passwords.matches(old, account.password, self._cost),
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
        seen = self._sessions.seen(known, _word(known, email, issued), claims.LASTING)
        left = self._sessions.signed_out(known) if account else None
        # Seen by our clock, issued by the provider's, which may be somewhat slow.
        over = seen.ended or (left is not None and (seen.at <= left or issued <= left - SLOW))
        if seen.first:
            about = f"as {email}, by an identity provider"
            who = account.username if account else SOMEBODY
            (self.audit.refused if over or not account else self.audit.record)(
                who, "sign in", about
            )
        return None if over else account

    def leave_vouched(self, account: Account, email: str, issued: datetime) -> None:
        """Sign out somebody whom a provider vouched for, in one browser: what the provider said at
        this moment lets in nobody any more."""
        known = _vouched(account.username)
        self._sessions.end_seen(_word(known, email, issued))
        self.audit.record(account.username, "sign out")

    def open_share(self, share: ShareLink, password: str, address: str | None) -> str:
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

    def opens_share(self, share: ShareLink, token: str | None) -> bool:
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
    def _cost(self) -> int:
        """What every comparison costs, whoever it is about."""
        hashes = (one.password for one in self.accounts().users.values())
        return max((passwords.cost(one) for one in hashes if one), default=passwords.USUAL)

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
        """Let one attempt be made, and write it down; it is counted before it is made."""
        attempts = LoginThrottle(self.engine)
        attempt = attempts.reserve(name, address)
        if attempt.wait > 0:
            if attempt.first:
                self.audit.refused(who, what, "too early")
            seconds = math.ceil(attempt.wait)
            spelled = f"{seconds} seconds" if seconds < 90 else f"{math.ceil(seconds / 60)} minutes"
            raise SignInRefused(f"Too many attempts. Try again in {spelled}.")
        try:
            same = right()
        except passwords.Busy:
            attempts.take_back(attempt)
            raise SignInRefused("Many people are signing in. Try again in a moment.") from None
        if not same:
            self.audit.refused(who, what)
            raise SignInRefused(otherwise)
        attempts.succeed(attempt)
        self.audit.record(who, what)


def _vouched(username: str) -> str:
    return f"vouched {username}"


def _word(known: str, email: str, issued: datetime) -> str:
    """What stands for one sign-in at a provider."""
    return f"{known} {email} {issued.isoformat()}"


def _of_share(share: ShareLink) -> str:
    return f"share {share.id}"
