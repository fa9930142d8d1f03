"""What one embedded server holds: its store, its accounts, and demo traffic still to come."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from umami.embedded.refusals import Refusal
from umami.embedded.store import Store

USERNAME, PASSWORD = "admin", "umami"
"""The account of a new Umami server; the embedded one is bound to loopback and has no other."""
SHARE_HEADER = "x-umami-share-token"
MOST_TOKENS = 10_000
"""How many sign-ins are remembered; the oldest end first."""


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
        for oldest in list(self._tokens)[:-MOST_TOKENS]:
            self._tokens.pop(oldest, None)
        return ADMIN, token

    def sign_out(self, headers: Mapping[str, str]) -> None:
        """Forget the request's bearer token."""
        self._tokens.pop(_bearer(headers), None)

    def identify(self, headers: Mapping[str, str]) -> User | None:
        """Who the request's bearer token belongs to, if to anybody."""
        return self._tokens.get(_bearer(headers))


def _bearer(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


@dataclass(slots=True)
class Umami:
    """Everything a request may need."""

    store: Store
    accounts: Accounts = field(default_factory=Accounts)
    demo: bool = False
    catch_up: Callable[[], None] = lambda: None
    """Inserts the demo traffic that has become due; cheap, called before each answer."""
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    """What this server signs its tokens with, as long as it runs."""

    def admit(
        self, user: User | None, headers: Mapping[str, str], website: object, *, reads: bool
    ) -> None:
        """Refuse who may not ask this (401), and to write to a website that is not there (404).

        A share token opens what reads its own website, and nothing else. Where there is no such
        website there is nothing to read, which is an answer, as Umami's is.
        """
        if user is None and not (reads and website and self._shared(headers, website)):
            raise Refusal(401, "Unauthorized")
        if website and not reads:
            self.require_website(website)

    def require_website(self, website: object) -> None:
        """Refuse (404) a website that does not exist or was deleted."""
        found = self.store.row(
            "SELECT 1 FROM website WHERE website_id = ? AND deleted_at IS NULL", [website]
        )
        if not found:
            raise Refusal(404, "Not found")

    def share_token(self, website: UUID, share: str) -> str:
        """The token of a website's share id; void once the website has another or none."""
        return self.sign(f"share {website} {share}")

    def sign(self, text: str) -> str:
        """A signature that only this server can make."""
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()

    def _shared(self, headers: Mapping[str, str], website: object) -> bool:
        token = headers.get(SHARE_HEADER, "")
        if not token:
            return False
        row = self.store.row(
            "SELECT website_id, share_id FROM website WHERE website_id = ? "
            "AND share_id IS NOT NULL AND deleted_at IS NULL",
            [website],
        )
        return row is not None and hmac.compare_digest(
            token.encode(), self.share_token(*row).encode()
        )
