"""What one embedded server holds: its store, its accounts, and demo traffic still to come."""

from __future__ import annotations

import hmac
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from umami.embedded.http import Refusal
from umami.embedded.store import Store

USERNAME, PASSWORD = "admin", "umami"
"""The account of a new Umami server; the embedded one is bound to loopback and has no other."""


@dataclass(frozen=True, slots=True)
class User:
    """An account of this server."""

    id: UUID
    username: str
    role: str = "admin"


ADMIN = User(uuid.UUID("41e2b680-648e-4b09-bcd7-3e2b10c06264"), USERNAME)


@dataclass(slots=True)
class Accounts:
    """Signs in, and tells by the token who asks."""

    _tokens: dict[str, User] = field(default_factory=dict, repr=False)

    def sign_in(self, username: str, password: str) -> tuple[User, str]:
        """The user and a new token; ``Refusal`` 401 for wrong credentials."""
        right = hmac.compare_digest(
            f"{username}\n{password}".encode(), f"{USERNAME}\n{PASSWORD}".encode()
        )
        if not right:
            raise Refusal(401, "message.incorrect-username-password")
        token = secrets.token_urlsafe(32)
        self._tokens[token] = ADMIN
        return ADMIN, token

    def identify(self, headers: Mapping[str, str]) -> User | None:
        """Who the request's bearer token belongs to, if to anybody."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return self._tokens.get(token) if scheme.lower() == "bearer" else None


@dataclass(slots=True)
class Umami:
    """Everything a request may need."""

    store: Store
    accounts: Accounts = field(default_factory=Accounts)
    demo: bool = False
    catch_up: Callable[[], None] = lambda: None
    """Inserts the demo traffic that has become due; cheap, called before each answer."""

    def admit(self, user: User | None, path: Mapping[str, UUID | str]) -> None:
        """Refuse who is not signed in (401), and a website that is not there (404)."""
        if user is None:
            raise Refusal(401, "Unauthorized")
        if "website_id" in path:
            self.require_website(path["website_id"])

    def require_website(self, website: UUID | str) -> None:
        """Refuse (404) a website that does not exist or was deleted."""
        found = self.store.row(
            "SELECT 1 FROM website WHERE website_id = ? AND deleted_at IS NULL", [website]
        )
        if not found:
            raise Refusal(404, "Not found")
