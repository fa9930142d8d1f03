"""Seventeen sends whose answers were verified on real servers; times are UTC, November 2026."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from umami.embedded.store import Store

WEBSITE = UUID("0a6e4a0c-2f5e-4a8e-9b57-6d0f5f2c1d10")
START, END = datetime(2026, 11, 10), datetime(2026, 11, 16)
HOST, OWN = "www.demo.test", "demo.test"

SESSIONS = {
    "A": {"country": "DE", "language": "de-DE"},
    "B": {"country": "US", "language": "en-US"},
    "C": {"country": "US", "language": "en-GB"},
    "D": {"country": "FR", "language": "fr-FR"},
    "E": {"country": "FR", "language": "fr", "distinct_id": "user-1"},
}
GOOGLE = "utm_source=google&utm_medium=cpc&utm_campaign=x&gclid=abc"
LETTER = "utm_source=newsletter&utm_medium=email"
# Session, visit, time, path, query, referrer, event, its data as (key, type, text)
Row = tuple[str, int, str, str, str, str | None, str | None, tuple[Any, ...]]
ROWS: list[Row] = [
    ("A", 1, "10 08:00:00", "/", GOOGLE, "google.com", None, ()),
    ("A", 1, "10 08:01:00", "/pricing", "", OWN, None, ()),
    (
        *("A", 1, "10 08:02:00", "/pricing", "", None, "signup"),
        (
            ("plan", 1, "pro"),
            ("seats", 2, "3.0000"),
            ("trial", 3, "true"),
            ("when", 4, "2026-11-10T08:00:00Z"),
            ("tags", 5, '["a","b"]'),
        ),
    ),
    ("A", 1, "10 08:05:30", "/checkout", "", OWN, None, ()),
    (
        *("A", 1, "10 08:06:00", "/checkout", "", None, "purchase"),
        (("revenue", 2, "19.9900"), ("currency", 1, "USD")),
    ),
    ("A", 2, "11 23:30:00", "/docs", "", None, None, ()),
    ("A", 3, "13 09:00:00", "/", "", None, None, ()),
    ("A", 3, "13 09:00:40", "/docs", "", None, None, ()),
    ("B", 1, "10 22:30:00", "/", "", None, None, ()),
    ("C", 1, "11 10:00:00", "/blog", "", "t.co", None, ()),
    ("C", 1, "11 10:10:00", "/pricing", "", OWN, None, ()),
    ("C", 1, "11 10:12:00", "/pricing", "", None, "signup", (("plan", 1, "free"),)),
    (
        *("C", 1, "11 10:12:05", "/pricing", "", None, "purchase"),
        (("revenue", 2, "5.0000"), ("currency", 1, "eur")),
    ),
    ("D", 1, "12 12:00:00", "/", LETTER, None, None, ()),
    ("D", 1, "12 12:00:00", "/blog", "", None, None, ()),
    ("E", 1, "12 13:00:00", "/account", "", None, None, ()),
]
KNOWN = (("email", 1, "someone@demo.test"), ("age", 2, "42.0000"))


def identity(*parts: object) -> UUID:
    """An id that is the same every time."""
    return uuid5(WEBSITE, " ".join(map(str, parts)))


def golden(more: list[Row] | None = None) -> Store:
    """A store of these rows and some more."""
    store = Store()
    with store.writing() as cursor:

        def insert(table: str, **values: Any) -> None:
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(values)}) "
                f"VALUES ({', '.join(['?'] * len(values))})",
                list(values.values()),
            )

        insert("website", website_id=WEBSITE, name="Demo", domain=OWN, created_at=START)
        for name, attributes in SESSIONS.items():
            first = next(row[2] for row in ROWS if row[0] == name)
            insert(
                "session",
                session_id=identity(name),
                website_id=WEBSITE,
                screen="1920x1080",
                created_at=f"2026-11-{first}",
                **attributes,
            )
        for number, (name, visit, time, path, query, domain, event, data) in enumerate(
            [*ROWS, *(more or [])]
        ):
            at = f"2026-11-{time}"
            campaign = dict(
                part.split("=") for part in query.split("&") if part.startswith(("utm_", "gclid="))
            )
            insert(
                "website_event",
                event_id=identity("event", number),
                website_id=WEBSITE,
                session_id=identity(name),
                visit_id=identity(name, visit),
                created_at=at,
                url_path=path,
                url_query=query,
                referrer_domain=domain,
                page_title=path,
                event_type=2 if event else 1,
                event_name=event,
                hostname=HOST,
                tag="t1" if name == "D" else None,
                **campaign,
            )
            for key, kind, text in data:
                insert(
                    "event_data",
                    event_data_id=identity("data", number, key),
                    website_id=WEBSITE,
                    website_event_id=identity("event", number),
                    data_key=key,
                    string_value=text,
                    number_value=text if kind == 2 else None,
                    date_value=text.removesuffix("Z") if kind == 4 else None,
                    data_type=kind,
                    created_at=at,
                )
            if event == "purchase":
                insert(
                    "revenue",
                    revenue_id=identity("revenue", number),
                    website_id=WEBSITE,
                    session_id=identity(name),
                    event_id=identity("event", number),
                    event_name=event,
                    currency=data[1][2],
                    revenue=data[0][2],
                    created_at=at,
                )
        for key, kind, text in KNOWN:
            insert(
                "session_data",
                session_data_id=identity("known", key),
                website_id=WEBSITE,
                session_id=identity("E"),
                data_key=key,
                string_value=text,
                number_value=text if kind == 2 else None,
                data_type=kind,
                created_at="2026-11-12 13:00:00",
                distinct_id="user-1",
            )
    return store
