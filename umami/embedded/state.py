"""The state of an embedded server: its store, its accounts and its settings."""

import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from umami.embedded.definitions import NEWEST, Definitions
from umami.embedded.refusals import Refusal
from umami.embedded.store import Store

VERSION = "3.5.0"
"""The version of Umami whose API is served."""
USERNAME, PASSWORD = "admin", "umami"
"""The account of a new Umami server, also used by ``python -m umami.embedded``. Every user of the
machine can sign in with it."""
SHARE_HEADER = "x-umami-share-token"
SHARE_CONTEXT = "x-umami-share-context"
"""The header that 3.1 requires with a share's token."""
KEY_PREFIX = "umami_"
MOST_TOKENS = 10_000
"""The maximum number of valid tokens; the oldest are revoked first."""

SECTIONS = frozenset(
    {
        *("overview", "events", "sessions", "realtime", "performance", "compare", "breakdown"),
        *("goals", "funnels", "journeys", "retention", "utm", "revenue", "attribution"),
    }
)
"""The sections of a website; a share's parameters set those that it shows to true."""
FILTERS = "allowFilter"
"""A parameter of a share; if it is false, the share may not read what filters are chosen from."""
_TOTALS = frozenset({"overview", "compare"})
_SECTIONS_OF_ROUTE = {
    **{section: frozenset({section}) for section in SECTIONS - _TOTALS},
    **dict.fromkeys(("", "active", "daterange"), SECTIONS),
    **dict.fromkeys(("stats", "pageviews"), _TOTALS),
    # The pages of visitors and campaigns have tables of metrics, too.
    "metrics": _TOTALS | {"sessions", "events", "utm"},
    **dict.fromkeys(("event-data", "event-data-pivot"), frozenset({"events"})),
    **dict.fromkeys(("session-data", "session-data-pivot"), frozenset({"sessions"})),
    # The older names of analyses.
    **{name: frozenset({f"{name}s"}) for name in ("funnel", "goal", "journey")},
}
"""For a route's first part below the website, or an analysis's name: the sections each of which
permits reading it. Other routes need a share of all sections."""
_FILTER_ROUTES = frozenset({"values", "segments", "annotations"})


@dataclass(frozen=True, slots=True)
class User:
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
"""SQL of all shares, including each website's ``shareId``, whose id is that of the website."""
ADMIN = User(uuid.UUID("41e2b680-648e-4b09-bcd7-3e2b10c06264"), USERNAME)


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: UUID
    name: str
    user: User


@dataclass(slots=True)
class Accounts:
    """Sign-in, and the users of tokens and API keys. The only account is ``admin``."""

    password: str = field(default=PASSWORD, repr=False)
    _tokens: dict[str, User] = field(default_factory=dict, repr=False)
    _keys: dict[str, ApiKey] = field(default_factory=dict, repr=False)

    def sign_in(self, username: str, password: str) -> tuple[User, str]:
        """Return the user and a new token; raise ``Refusal`` 401 for wrong credentials."""
        credentials = f"{USERNAME}\n{self.password}".encode()
        if not hmac.compare_digest(f"{username}\n{password}".encode(), credentials):
            raise Refusal(401, "message.incorrect-username-password")
        token = secrets.token_urlsafe(32)
        self._tokens[token] = ADMIN
        for oldest in list(self._tokens)[:-MOST_TOKENS]:
            self._tokens.pop(oldest, None)
        return ADMIN, token

    def sign_out(self, headers: Mapping[str, str]) -> None:
        """Revoke the request's bearer token."""
        self._tokens.pop(_bearer(headers), None)

    def identify(self, headers: Mapping[str, str]) -> User | None:
        """The user of the request's bearer token or API key, or ``None``."""
        token = _bearer(headers)
        key = self._keys.get(token)
        return key.user if key else self._tokens.get(token)

    def make_key(self, user: User, name: str) -> tuple[ApiKey, str]:
        """Create an API key; returns it and its text, which the server never shows again."""
        text = KEY_PREFIX + secrets.token_hex(16)
        self._keys[text] = ApiKey(uuid.uuid4(), name, user)
        return self._keys[text], text

    def keys_of(self, user: User) -> list[ApiKey]:
        """The API keys of an account."""
        return [key for key in self._keys.values() if key.user == user]

    def drop_key(self, key: UUID) -> bool:
        """Revoke an API key; returns whether it existed."""
        texts = [text for text, api_key in self._keys.items() if api_key.id == key]
        for text in texts:
            del self._keys[text]
        return bool(texts)

    def key_of(self, headers: Mapping[str, str]) -> ApiKey | None:
        """The API key that a request is signed in with, or ``None``."""
        return self._keys.get(_bearer(headers))


def _bearer(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


@dataclass(slots=True)
class Umami:
    """What the handlers of requests use."""

    store: Store
    accounts: Accounts = field(default_factory=Accounts)
    demo: bool = False
    catch_up: Callable[[], None] = lambda: None
    """Called before each request: inserts the demo traffic that has become due; cheap."""
    definitions: Definitions = NEWEST
    version: str = VERSION
    extended: bool = True
    """Whether the server reports that it also answers what no Umami does."""
    refusal: Callable[[bool, bool], str] = lambda _writes, _reads_traffic: ""
    """Returns why a request cannot be answered, as a sentence, or nothing; called with whether it
    writes and whether it reads the traffic of websites."""
    replica: Callable[[], dict[str, str | None]] = dict
    """Returns the state of the replica that the server answers from; empty for other data."""
    changed: Callable[[str | None], None] = lambda _website: None
    """Called with the id of a website whose rows changed; with ``None`` if any may have."""

    def admit(
        self,
        user: User | None,
        headers: Mapping[str, str],
        website: object,
        path: str,
        *,
        reads: bool,
    ) -> None:
        """Raise ``Refusal``: 401 without the permission, 404 for a write to an unknown website. A
        share token permits reading its website, or some sections of it; ``path`` is the route's.
        Reading an unknown website is permitted and returns no data, as in Umami."""
        if user is None and not (reads and website and self._shared(headers, website, path)):
            raise Refusal(401, "Unauthorized")
        if website and not reads:
            self.require_website(website)

    def require_website(self, website: object) -> None:
        """Raise ``Refusal`` 404 if the website does not exist or was deleted."""
        if not self.store.row(
            "SELECT 1 FROM website WHERE website_id = ? AND deleted_at IS NULL", [website]
        ):
            raise Refusal(404, "Not found")

    def share_token(self, website: UUID, share: str) -> str:
        """The token of a website's share id; invalid once the website has another id or none."""
        return self.sign(f"share {website} {share}")

    def sign(self, text: str) -> str:
        """The signature of a text by the secret of the store."""
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


def readable(path: str, parameters: Mapping[str, Any]) -> bool:
    """Whether a share with these parameters may read the route of a path such as
    ``/websites/{website_id}/stats``."""
    parts = path.strip("/").split("/")
    if parts[0] == "websites":
        name = parts[2] if len(parts) > 2 else ""
    else:
        name = parts[1] if parts[0] == "reports" and len(parts) > 1 else parts[0]
    if name in _FILTER_ROUTES:
        return parameters.get(FILTERS) is not False
    shown = {section for section in SECTIONS if parameters.get(section) is True}
    return not shown or bool(shown & _SECTIONS_OF_ROUTE.get(name, frozenset()))
