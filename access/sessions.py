"""Who is signed in: a cookie opens a session that the store knows, and nothing else does.

So a cookie that was copied is worth nothing after log-out, and none is after the password changed.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, delete, insert, select, update

from access.database import SESSIONS, SIGNED_OUT, digest, exclusive

_ENDED: Final = "ended"
"""Stands for the fingerprint of a session that was begun elsewhere and is over here."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A session that was begun elsewhere: when it was first seen here, whether just now, and
    whether it was ended."""

    at: datetime
    first: bool = False
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions in a store. Safe to use from many threads and processes."""

    engine: Engine

    def begin(self, account: str, password: str, lasting: timedelta) -> str:
        """Begin a session of an account; the token opens it.

        ``password`` is what the account signs in with now (its hash, never itself): once that
        is another, the session is over.
        """
        token = secrets.token_urlsafe(32)
        with self.engine.begin() as store:
            _keep(store, token, account, fingerprint(account, password), lasting)
        return token

    def seen(self, account: str, token: str, lasting: timedelta) -> Seen:
        """Keep a session that was begun elsewhere, unless it has been seen before."""
        query = select(SESSIONS).where(SESSIONS.c.token == digest(token))
        with self.engine.connect() as store:
            row = store.execute(query).first()
        if row is None:
            with exclusive(self.engine) as store:
                row = store.execute(query).first()
                if row is None:
                    return Seen(_keep(store, token, account, "", lasting), first=True)
        return Seen(row.begun, ended=row.fingerprint == _ENDED)

    def end_seen(self, token: str) -> None:
        """End a session that was begun elsewhere; whoever brings it again is told so."""
        ended = update(SESSIONS).where(SESSIONS.c.token == digest(token))
        with self.engine.begin() as store:
            store.execute(ended.values(fingerprint=_ENDED))

    def account(self, token: str) -> tuple[str, str] | None:
        """Whose session a token opens, and the fingerprint of what they signed in with."""
        query = select(SESSIONS.c.account, SESSIONS.c.fingerprint).where(
            SESSIONS.c.token == digest(token), SESSIONS.c.ends > datetime.now(UTC)
        )
        with self.engine.connect() as store:
            row = store.execute(query).first()
        return (row.account, row.fingerprint) if row else None

    def end(self, token: str) -> None:
        """End a session: in every tab, and for every copy of its cookie."""
        with self.engine.begin() as store:
            store.execute(delete(SESSIONS).where(SESSIONS.c.token == digest(token)))

    def end_all(self, account: str) -> None:
        """End every session of an account."""
        with self.engine.begin() as store:
            store.execute(delete(SESSIONS).where(SESSIONS.c.account == account))

    def sign_out(self, account: str) -> None:
        """Refuse whatever an identity provider said about an account up to now."""
        with exclusive(self.engine) as store:
            store.execute(delete(SIGNED_OUT).where(SIGNED_OUT.c.account == account))
            store.execute(insert(SIGNED_OUT).values(account=account, at=datetime.now(UTC)))

    def signed_out(self, account: str) -> datetime | None:
        """When an account of an identity provider last signed out."""
        with self.engine.connect() as store:
            return store.scalar(select(SIGNED_OUT.c.at).where(SIGNED_OUT.c.account == account))


def _keep(
    store: Connection, token: str, account: str, fingerprint: str, lasting: timedelta
) -> datetime:
    now = datetime.now(UTC)
    store.execute(delete(SESSIONS).where(SESSIONS.c.ends < now))
    store.execute(
        insert(SESSIONS).values(
            token=digest(token),
            account=account,
            fingerprint=fingerprint,
            begun=now,
            ends=now + lasting,
        )
    )
    return now


def fingerprint(account: str, password: str) -> str:
    """What a session remembers of the password that began it."""
    return digest(account, password)
