"""Fill a store with the demo: a year at once, and new rows as time passes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

import duckdb
import pyarrow as pa

from umami.embedded import http
from umami.embedded.demo.tables import generate, saved, websites
from umami.embedded.store import Store

HISTORY = timedelta(days=400)
"""A year, and the month before it for comparison."""
DAY = timedelta(days=1)
STRETCH = timedelta(days=62)
SECOND = timedelta(seconds=1)
FITS = {
    "session": "session_id NOT IN (SELECT session_id FROM session) "
    "QUALIFY row_number() OVER (PARTITION BY session_id ORDER BY created_at) = 1",
    "website_event": "session_id IN (SELECT session_id FROM session)",
    "event_data": "website_event_id IN (SELECT event_id FROM website_event)",
    "session_data": "session_id IN (SELECT session_id FROM session)",
    "revenue": "event_id IN (SELECT event_id FROM website_event)",
}
"""By generated table, in an order in which each row follows the row that it refers to: the due rows
that are inserted. Several days can have a row of the same session, and rows of a session that a
reset deleted are dropped."""
TABLES = tuple(FITS)


class Demo:
    """Fills a store with a year up to now, and adds rows when called. Thread-safe. Tables ``due_…``
    contain the rest of today and tomorrow. Later days are generated then."""

    def __init__(self, store: Store, now: Callable[[], datetime] = http.now) -> None:
        self._store = store
        self._now = now
        self._guard = threading.Lock()
        start = self._due = now()
        self._today = start.date()
        self._until = self._today + DAY
        with store.writing() as cursor:
            for table in TABLES:
                cursor.execute(f"CREATE TABLE due_{table} AS FROM {table} LIMIT 0")
            _insert(cursor, "website", websites(self._today))
            for table, saved_rows in saved(self._today).items():
                _insert(cursor, table, pa.Table.from_pylist(saved_rows))
        for first, last in _stretches(self._today - HISTORY, self._until):
            rows = generate(first, last, self._today)
            # DuckDB compresses rows once they are committed.
            with store.writing() as cursor:
                for table in TABLES:
                    _insert(cursor, table, rows[table], f"created_at <= TIMESTAMP '{start}'")
                    if last >= self._today:
                        _insert(
                            cursor, f"due_{table}", rows[table], f"created_at > TIMESTAMP '{start}'"
                        )

    def catch_up(self) -> None:
        """Insert the rows that have become due, at most once a second; cheap otherwise."""
        if self._now() >= self._due and self._guard.acquire(blocking=False):
            try:
                self._advance()
            finally:
                self._guard.release()

    def _advance(self) -> None:
        now = self._now()
        with self._store.writing() as cursor:
            until = max(self._until, now.date() + DAY)
            if until > self._until:
                rows = generate(self._until + DAY, until, self._today)
                for table in TABLES:
                    _insert(cursor, f"due_{table}", rows[table])
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
    """Split a range into a few months each, which limits the memory besides the store."""
    while first <= last:
        until = min(last, (first.replace(day=1) + STRETCH).replace(day=1) - DAY)
        yield first, until
        first = until + DAY


def _insert(
    cursor: duckdb.DuckDBPyConnection, table: str, rows: pa.Table, where: str = "true"
) -> None:
    cursor.register("generated", rows)
    cursor.execute(f"INSERT INTO {table} BY NAME SELECT * FROM generated WHERE {where}")
    cursor.unregister("generated")
