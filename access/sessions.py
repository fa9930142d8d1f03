"""Sessions on the server's side: a cookie is valid only while the database has its session.

A copied cookie is therefore useless after sign-out, and every cookie is after a password change.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, delete, insert, select, update

from access.database import SESSIONS, SIGNED_OUT, digest, exclusive

_ENDED: Final = "ended"
"""The fingerprint of an identity provider's session that was ended here."""


@dataclass(frozen=True, slots=True)
class ProviderSession:
    """A sign-in at an identity provider: when this dashboard first saw it (``at``, UTC), whether
    that was in this call (``first``), and whether it was ended here."""

    at: datetime
    first: bool = False
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions in a database. Safe to use from many threads and processes."""

    engine: Engine

    def start(self, account: str, password: str, lifetime: timedelta) -> str:
        """Start a session of an account and return its token.

        ``password`` is the hash that the account signs in with now; the session is invalid once
        the account has another one.
        """
        token = secrets.token_urlsafe(32)
        with self.engine.begin() as store:
            _insert(store, token, account, digest(account, password), lifetime)
        return token

    def record(self, account: str, token: str, lifetime: timedelta) -> ProviderSession:
        """Return the session of a sign-in at an identity provider, and insert it if it is new."""
        query = select(SESSIONS).where(SESSIONS.c.token == digest(token))
        with self.engine.connect() as store:
            row = store.execute(query).first()
        if row is None:
            with exclusive(self.engine) as store:
                row = store.execute(query).first()
                if row is None:
                    begun = _insert(store, token, account, "", lifetime)
                    return ProviderSession(begun, first=True)
        return ProviderSession(row.begun, ended=row.fingerprint == _ENDED)

    def end_recorded(self, token: str) -> None:
        """Mark a session of ``record`` as ended. Its row stays, so that it cannot start again."""
        ended = update(SESSIONS).where(SESSIONS.c.token == digest(token))
        with self.engine.begin() as store:
            store.execute(ended.values(fingerprint=_ENDED))

    def account(self, token: str) -> tuple[str, str] | None:
        """Return the account of a session that has not expired, and its fingerprint: the digest of
        the account and of the password hash that it had when the session started."""
        query = select(SESSIONS.c.account, SESSIONS.c.fingerprint).where(
            SESSIONS.c.token == digest(token), SESSIONS.c.ends > datetime.now(UTC)
        )
        with self.engine.connect() as store:
            row = store.execute(query).first()
        return (row.account, row.fingerprint) if row else None

    def end(self, token: str) -> None:
        """End a session in every tab and for every copy of its cookie."""
        with self.engine.begin() as store:
            store.execute(delete(SESSIONS).where(SESSIONS.c.token == digest(token)))

    @contextmanager
    def ending(self, token: str) -> Iterator[bool]:
        """End a session when the block is left without an error. Yields whether this call ends it:
        of several at the same time, one does."""
        with exclusive(self.engine) as store:
            yield (
                store.execute(delete(SESSIONS).where(SESSIONS.c.token == digest(token))).rowcount
                == 1
            )

    def end_all(self, account: str) -> None:
        """End every session of an account."""
        with self.engine.begin() as store:
            store.execute(delete(SESSIONS).where(SESSIONS.c.account == account))

    def sign_out(self, account: str) -> None:
        """Invalidate every sign-in of an account at an identity provider before now."""
        with exclusive(self.engine) as store:
            store.execute(delete(SIGNED_OUT).where(SIGNED_OUT.c.account == account))
            store.execute(insert(SIGNED_OUT).values(account=account, at=datetime.now(UTC)))

    def signed_out(self, account: str) -> datetime | None:
        """Return when ``sign_out`` was last called for an account (UTC)."""
        with self.engine.connect() as store:
            return store.scalar(select(SIGNED_OUT.c.at).where(SIGNED_OUT.c.account == account))


def _insert(
    store: Connection, token: str, account: str, fingerprint: str, lifetime: timedelta
) -> datetime:
    now = datetime.now(UTC)
    store.execute(delete(SESSIONS).where(SESSIONS.c.ends < now))
    row = {"token": digest(token), "account": account, "fingerprint": fingerprint}
    store.execute(insert(SESSIONS).values(**row, begun=now, ends=now + lifetime))
    return now
