"""Who is signed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from umami.errors import SecondFactor
from umami.parsing import Row


class _Account(Row):
    id: str
    username: str
    role: str
    isAdmin: bool = False


class _Key(Row):
    name: str


class _Me(Row):
    user: _Account | None
    authType: str | None = None
    apiKey: _Key | None = None


class _SignedIn(Row):
    token: str
    user: _Account


_ACCOUNT, _SIGNED_IN, _ME = TypeAdapter(_Account), TypeAdapter(_SignedIn), TypeAdapter(_Me)


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the server; ``role`` is ``admin``, ``user`` or ``view-only``."""

    id: str
    username: str
    role: str
    admin: bool

    @classmethod
    def read(cls, answer: Any) -> Account:
        """From a user object."""
        row = _ACCOUNT.validate_python(answer)
        return cls(row.id, row.username, row.role, row.isAdmin or row.role == "admin")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in that worked. The token is never shown."""

    account: Account
    token: str = field(repr=False)

    @classmethod
    def read(cls, answer: Any) -> SignedIn:
        """From ``{token, user}``."""
        if isinstance(answer, dict) and answer.get("requiresTwoFactor"):
            raise SecondFactor(
                "This account asks for a second factor, which a dashboard cannot give."
            )
        row = _SIGNED_IN.validate_python(answer)
        return cls(Account.read(row.user.model_dump()), row.token)


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the server takes the client for. ``account`` is ``None`` for a share link; ``kind`` is
    ``session``, ``api-key`` or ``share``, and ``None`` before 3.4; ``key`` is the name of the API
    key."""

    account: Account | None
    kind: str | None
    key: str | None

    @classmethod
    def read(cls, answer: Any) -> Identity:
        """From ``{user, authType, apiKey}``."""
        row = _ME.validate_python(answer)
        account = None if row.user is None else Account.read(row.user.model_dump())
        return cls(account, row.authType, row.apiKey.name if row.apiKey else None)
