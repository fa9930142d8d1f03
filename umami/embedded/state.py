"""What one embedded server holds: its store, its accounts, and demo traffic still to come."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from umami.embedded.definitions import NEWEST, Definitions
from umami.embedded.refusals import Refusal
from umami.embedded.share_sections import readable
from umami.embedded.store import Store

VERSION = "3.5.0"
"""The version of Umami whose API is served."""
USERNAME, PASSWORD = "admin", "umami"
"""The account of a new Umami server, which ``python -m umami.embedded`` has, too. Every user of the
machine can sign in with it."""
SHARE_HEADER = "x-umami-share-token"
SHARE_CONTEXT = "x-umami-share-context"
"""What 3.1 wants to see beside a share's token."""
KEY_PREFIX = "umami_"
MOST_TOKENS = 10_000
"""How many sign-ins are remembered; the oldest end first."""


@dataclass(frozen=True, slots=True)
class User:
    """An account of this server."""

    id: UUID
    username: str
    role: str = "admin"


SHARES = """
    SELECT s.share_id, s.entity_id, s.name, s.slug, s.parameters, s.created_at, s.updated_at
    FROM share s JOIN website w ON w.website_id = s.entity_id AND w.deleted_at IS NULL
    UNION ALL
    SELECT website_id, website_id, name, share_id, '{}', created_at, updated_at
    FROM website WHERE share_id IS NOT NULL AND deleted_at IS NULL
"""
"""SQL of all shares, among them each website's ``shareId``, whose id is that of the website."""

ADMIN = User(uuid.UUID("41e2b680-648e-4b09-bcd7-3e2b10c06264"), USERNAME)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of an account."""

    id: UUID
    name: str
    user: User


@dataclass(slots=True)
class Accounts:
    """Signs in, and tells by the token who asks."""

    password: str = field(default=PASSWORD, repr=False)
    """The password of the only account, ``admin``."""
    _tokens: dict[str, User] = field(default_factory=dict, repr=False)
    _keys: dict[str, ApiKey] = field(default_factory=dict, repr=False)

    def sign_in(self, username: str, password: str) -> tuple[User, str]:
        """The user and a new token; ``Refusal`` 401 for wrong credentials."""
        right = hmac.compare_digest(
            f"{username}\n{password}".encode(), f"{USERNAME}\n{self.password}".encode()
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
        """Who the request's bearer token or key belongs to, if to anybody."""
        token = _bearer(headers)
        key = self._keys.get(token)
        return key.user if key else self._tokens.get(token)

    def make_key(self, user: User, name: str) -> tuple[ApiKey, str]:
        """A new key of an account, and its text, which is never shown again."""
        text = KEY_PREFIX + secrets.token_hex(16)
        self._keys[text] = ApiKey(uuid.uuid4(), name, user)
        return self._keys[text], text

    def keys_of(self, user: User) -> list[ApiKey]:
        """The keys of an account."""
        return [key for key in self._keys.values() if key.user == user]

    def drop_key(self, key: UUID) -> bool:
        """Make a key void; whether there was one."""
        found = [text for text, one in self._keys.items() if one.id == key]
        for text in found:
            del self._keys[text]
        return bool(found)

    def key_of(self, headers: Mapping[str, str]) -> ApiKey | None:
        """The key that a request comes with, instead of a token."""
        return self._keys.get(_bearer(headers))


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
    definitions: Definitions = NEWEST
    """What a bounce, a channel and revenue under filters mean in the answers."""
    version: str = VERSION
    """The version of Umami that it says to be."""
    changed: Callable[[str | None], None] = lambda _website: None
    """Told the id of a website whose rows were changed; ``None`` where any may have been."""

    def admit(
        self,
        user: User | None,
        headers: Mapping[str, str],
        website: object,
        path: str,
        *,
        reads: bool,
    ) -> None:
        """Refuse who may not ask this (401), and to write to a website that is not there (404).

        A share token opens what reads its own website, or some sections of it, and nothing else;
        ``path`` is that of the route. Where there is no such
        website there is nothing to read, which is an answer, as Umami's is.
        """
        if user is None and not (reads and website and self._shared(headers, website, path)):
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
        """A signature that only this server can make, as long as its store is kept."""
        return hmac.new(self.store.secret, text.encode(), hashlib.sha256).hexdigest()

    def _shared(self, headers: Mapping[str, str], website: object, path: str) -> bool:
        token = headers.get(SHARE_HEADER, "")
        if not token or SHARE_CONTEXT not in headers:
            return False
        rows = self.store.rows(
            f"SELECT entity_id, slug, parameters FROM ({SHARES}) WHERE entity_id = ?", [website]
        )
        return any(
            hmac.compare_digest(token.encode(), self.share_token(website_id, slug).encode())
            and readable(path, json.loads(parameters))
            for website_id, slug, parameters in rows
        )
