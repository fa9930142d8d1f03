"""Random rows of every kind that Umami 3 may have stored, and a client of a server over a store."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID, uuid4, uuid5

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from umami.embedded.application import application
from umami.embedded.definitions import NEWEST, Definitions
from umami.embedded.state import PASSWORD, USERNAME, Umami
from umami.embedded.store import Store

Row = dict[str, Any]
SITE = UUID("5a0b8f4e-6d0a-4b7e-8a55-0d5a6b9d7c11")
FIRST = datetime(2026, 3, 20)
DAYS = 16
"""Over the change to summer time."""

CHOICES: dict[str, tuple[str | None, ...]] = {
    "url_path": ("/", "/a", "/A/b", "/docs/Start", "/100%", "/a_b", ""),
    "url_query": ("", "", "q=1", "utm_source=Google&x=1", "gclid=z", "ad1id=3", "aid=7"),
    "page_title": ("Home", "Docs", "Ünï", None, ""),
    "hostname": ("a.test", "www.a.test", "www.b.test", None),
    "referrer_domain": (
        *(None, None, "", "a.test", "www.a.test", "b.test", "google.de", "t.co", "microsoft.com"),
        *("amazon.de", "youtube.com", "mail.yahoo.com", "partner.example", "target.com"),
        "chatgpt.com",
    ),
    "tag": (None, "t1", "T2", ""),
    "utm_source": (None, None, "Google", "sms-blast", ""),
    "utm_medium": (
        *(None, None, "cpc", "Paid", "push", "email", "organic", "referral", "AFFILIATE"),
        *("shop", "video", "sms", "retargeting-x"),
    ),
    "utm_campaign": (None, "spring", "Spring,Sale"),
    "utm_content": (None, "hero"),
    "utm_term": (None, "lamp", "desk lamp"),
}
ATTRIBUTES: dict[str, tuple[str | None, ...]] = {
    "browser": ("chrome", "firefox", "Safari", None),
    "os": ("Windows 10", "Linux", None),
    "device": ("mobile", "laptop", "desktop"),
    "screen": ("1920x1080", "390x844", None),
    "language": ("de-CH", "DE", "en-US", "EN-gb", "fr", None, ""),
    "country": ("CH", "DE", "US", None),
    "region": ("CH-ZH", "DE-BE", "US-CA", None, ""),
    "city": ("Zürich", "Berlin", "Springfield", None),
    "distinct_id": (None, None, "user-1", "User-2"),
}
EVENTS = ("signup", "purchase", "Video <play>", "save")


def traffic(seed: int) -> tuple[Store, list[Row]]:
    """A store of random rows of one website, and the rows with their sessions' attributes."""
    chance = random.Random(seed)
    store = Store()
    rows: list[Row] = []
    sessions: list[Row] = []
    for number in range(40):
        chosen = {name: chance.choice(values) for name, values in ATTRIBUTES.items()}
        sessions.append({"session_id": uuid5(SITE, f"session {number}"), **chosen})
    for visit in range(140):
        visitor = chance.choice(sessions)
        time = FIRST + timedelta(seconds=chance.randrange(DAYS * 86_400))
        for _ in range(chance.choice((1, 1, 2, 3, 6))):
            kind = chance.choices((1, 2, 3, 4, 5), (12, 4, 1, 1, 1))[0]
            row = {
                "event_id": uuid5(SITE, f"row {len(rows)}"),
                "website_id": SITE,
                "session_id": visitor["session_id"],
                "visit_id": uuid5(SITE, f"visit {visit}"),
                "created_at": time,
                "event_type": kind,
                "event_name": chance.choice(EVENTS) if kind == 2 else None,
                **{name: chance.choice(values) for name, values in CHOICES.items()},
            }
            rows.append(row)
            time += timedelta(milliseconds=chance.choice((400, 1000, 61_500, 700_000)))
    with store.writing() as cursor:
        cursor.execute(
            "INSERT INTO website (website_id, name, domain) VALUES (?, 'A', 'a.test')", [SITE]
        )
        for visitor in sessions:
            _insert(cursor, "session", {"website_id": SITE, "created_at": FIRST, **visitor})
        for row in rows:
            _insert(cursor, "website_event", row)
    attributes = {session["session_id"]: session for session in sessions}
    whole = [{**attributes[row["session_id"]], **row} for row in rows]
    return store, [{**row, "at": row["created_at"].replace(tzinfo=UTC)} for row in whole]


def purchases(store: Store, rows: list[Row], seed: int) -> dict[UUID, tuple[str, Decimal]]:
    """Store an amount of money for every purchase; returns event id to currency and amount."""
    chance = random.Random(seed)
    money = {}
    with store.writing() as cursor:
        for row in rows:
            if row["event_name"] != "purchase":
                continue
            currency = chance.choice(("EUR", "usd"))
            amount = Decimal(chance.randrange(-500, 9999)) / 100
            money[row["event_id"]] = currency.upper(), amount
            _insert(
                cursor,
                "revenue",
                {
                    **{name: row[name] for name in ("session_id", "event_id", "event_name")},
                    "revenue_id": uuid4(),
                    "website_id": SITE,
                    "currency": currency,
                    "revenue": amount,
                    "created_at": row["created_at"],
                },
            )
    return money


class Client:
    """Asks an embedded server over a store, signed in and without a socket."""

    def __init__(self, store: Store, portal: BlockingPortal, definitions: Definitions) -> None:
        umami = Umami(store, definitions=definitions)
        transport = httpx.ASGITransport(application(umami))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
        self._portal = portal
        known = {"username": USERNAME, "password": PASSWORD}
        token = self.ask("POST", "/api/auth/login", json=known).json()["token"]
        self._client.headers["authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer to a request."""
        return self._portal.call(partial(self._client.request, method, path, **options))

    def get(self, path: str, params: Mapping[str, Any]) -> httpx.Response:
        """The answer to a question."""
        return self.ask("GET", path, params=params)


@contextmanager
def asking(store: Store, definitions: Definitions = NEWEST) -> Iterator[Client]:
    """A client of a server over a store, which answers by these definitions."""
    with start_blocking_portal() as portal:
        yield Client(store, portal, definitions)


def _insert(cursor: Any, table: str, row: Row) -> None:
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
        list(row.values()),
    )
