"""The signed-in account, and the identity that a server sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AliasPath, Field

from umami.errors import SecondFactor
from umami.models.records import Record, parse


@dataclass(frozen=True, slots=True)
class Account(Record):
    """An account of the server; ``role`` is ``admin``, ``user`` or ``view-only``."""

    id: str
    username: str
    role: str
    is_admin: bool = False

    @property
    def admin(self) -> bool:
        """Whether the account administers the server."""
        return self.is_admin or self.role == "admin"


@dataclass(frozen=True, slots=True)
class SignedIn(Record):
    """A successful sign-in. The token is not part of the representation."""

    account: Annotated[Account, Field(alias="user")]
    token: str = field(repr=False)

    @classmethod
    def read(cls, answer: Any) -> SignedIn:
        """From ``{token, user}``."""
        if isinstance(answer, dict) and answer.get("requiresTwoFactor"):
            raise SecondFactor(
                "This account asks for a second factor, which a dashboard cannot give."
            )
        return parse(cls, answer)


@dataclass(frozen=True, slots=True)
class Identity(Record):
    """The identity that the server sees.

    ``account`` is ``None`` for a share link; ``kind`` is ``session``, ``api-key`` or ``share``, and
    ``None`` before 3.4; ``key`` is the name of the API key.
    """

    account: Annotated[Account | None, Field(alias="user")]
    kind: Annotated[str | None, Field(alias="authType")] = None
    key: Annotated[str | None, Field(validation_alias=AliasPath("apiKey", "name"))] = None
