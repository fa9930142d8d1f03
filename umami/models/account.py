"""Who is signed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from umami.errors import SecondFactor
from umami.wire import Row


class _Account(Row):
    id: str
    username: str
    role: str
    isAdmin: bool = False


class _SignedIn(Row):
    token: str
    user: _Account


_ACCOUNT, _SIGNED_IN = TypeAdapter(_Account), TypeAdapter(_SignedIn)


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
