"""The demo in a store: the past at once, the present as it comes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import duckdb
import pyarrow as pa

from umami.embedded.demo.tables import generate, websites
from umami.embedded.store import Store

HISTORY = timedelta(days=400)
"""A year, and the month before it that the last month is compared with."""
DAY = timedelta(days=1)
STRETCH = timedelta(days=124)
SECOND = timedelta(seconds=1)
TABLES = ("session", "website_event", "event_data", "session_data", "revenue")
"""What is shown, in this order: each row after the one it belongs to."""
FITS = {
    "session": "session_id NOT IN (SELECT session_id FROM session) "
    "QUALIFY row_number() OVER (PARTITION BY session_id ORDER BY created_at) = 1",
    "website_event": "session_id IN (SELECT session_id FROM session)",
    "event_data": "website_event_id IN (SELECT event_id FROM website_event)",
    "session_data": "session_id IN (SELECT session_id FROM session)",
    "revenue": "event_id IN (SELECT event_id FROM website_event)",
}
"""Which due rows are shown. A visitor who comes back within a month is one session, whichever day
made the row; and what belongs to a session that a reset took away goes with it."""


def present() -> datetime:
    """Now, as naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


class Demo:
    """Fills a store with a year up to now, and goes on for as long as it is asked. Thread-safe.

    What lies in the future waits in memory: the rest of today and all of tomorrow. Later days are
    made when they are near.
    """

    def __init__(self, store: Store, now: Callable[[], datetime] = present) -> None:
        self._store = store
        self._now = now
        self._guard = threading.Lock()
        begun = self._due = now()
        self._today = begun.date()
        self._until = self._today + DAY
        with store.writing() as cursor:
            for table in TABLES:
                cursor.execute(f"CREATE TABLE due_{table} AS FROM {table} LIMIT 0")
            _insert(cursor, "website", websites(self._today))
            for first, last in _stretches(self._today - HISTORY, self._until):
                made = generate(first, last, self._today)
                for table in TABLES:
                    for name, when in ((table, "<="), (f"due_{table}", ">")):
                        _insert(cursor, name, made[table], f"created_at {when} TIMESTAMP '{begun}'")

    def catch_up(self) -> None:
        """Show what has become due; looks once a second at most, and costs nothing otherwise."""
        if self._now() >= self._due and self._guard.acquire(blocking=False):
            try:
                self._advance()
            finally:
                self._guard.release()

    def advance(self) -> None:
        """Show what has become due by now."""
        with self._guard:
            self._advance()

    def _advance(self) -> None:
        now = self._now()
        with self._store.writing() as cursor:
            until = max(self._until, now.date() + DAY)
            if until > self._until:
                made = generate(self._until + DAY, until, self._today)
                for table in TABLES:
                    _insert(cursor, f"due_{table}", made[table])
            for table in TABLES:
                cursor.execute(
                    f"INSERT INTO {table} BY NAME "
                    f"FROM due_{table} WHERE created_at <= ? AND {FITS[table]}",
                    [now],
                )
                cursor.execute(f"DELETE FROM due_{table} WHERE created_at <= ?", [now])
            next_due = cursor.execute("SELECT min(created_at) FROM due_website_event").fetchone()
        self._until = until
        self._due = max(now + SECOND, *(next_due or ()))


def _stretches(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Some whole months at a time, which keeps what is in memory besides the store small."""
    while first <= last:
        until = min(last, (first.replace(day=1) + STRETCH).replace(day=1) - DAY)
        yield first, until
        first = until + DAY


def _insert(
    cursor: duckdb.DuckDBPyConnection, table: str, rows: pa.Table, where: str = "true"
) -> None:
    cursor.register("made", rows)
    cursor.execute(f"INSERT INTO {table} BY NAME SELECT * FROM made WHERE {where}")
    cursor.unregister("made")
