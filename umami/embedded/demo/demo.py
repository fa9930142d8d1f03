"""The demo in a store: the past at once, the present as it comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from umami.embedded.demo.tables import generate, websites
from umami.embedded.store import Store

YEAR = timedelta(days=365)
DAY = timedelta(days=1)
CHUNK = timedelta(days=62)
TABLES = ("session", "website_event", "event_data", "session_data", "revenue")
KNOWN = {"session": "AND session_id NOT IN (SELECT session_id FROM session)"}
"""A visitor who comes back within a month is one session, whichever day made the row."""


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
        self._today = now().date()
        self._until = self._today + DAY
        self._guard = threading.Lock()
        self._checked = time.monotonic()
        with store.writing() as cursor:
            cursor.register("made", websites(self._today))
            cursor.execute("INSERT INTO website BY NAME SELECT * FROM made")
            cursor.unregister("made")
            for table in TABLES:
                cursor.execute(f"CREATE TABLE due_{table} AS FROM {table} LIMIT 0")
        self._expect(self._today - YEAR, self._until)

    def catch_up(self) -> None:
        """Show what has become due; looks once a second at most, and costs nothing otherwise."""
        if time.monotonic() - self._checked < 1 or not self._guard.acquire(blocking=False):
            return
        try:
            self._checked = time.monotonic()
            self._advance(self._now())
        finally:
            self._guard.release()

    def advance(self) -> None:
        """Show what has become due by now."""
        with self._guard:
            self._advance(self._now())

    def _expect(self, first: date, last: date) -> None:
        """Make the rows of some days: those of the past are shown, the others wait.

        Some whole months at a time, which keeps what is in memory besides the store small.
        """
        now = self._now()
        while first <= last:
            until = min(last, (first.replace(day=1) + CHUNK).replace(day=1) - DAY)
            made = generate(first, until, self._today)
            with self._store.writing() as cursor:
                for table in TABLES:
                    cursor.register("made", made[table])
                    for name, when in ((table, "<="), (f"due_{table}", ">")):
                        cursor.execute(
                            f"INSERT INTO {name} BY NAME SELECT * FROM made "
                            f"WHERE created_at {when} TIMESTAMP '{now}'"
                        )
                    cursor.unregister("made")
            first = until + DAY

    def _advance(self, now: datetime) -> None:
        while self._until <= now.date():
            self._until += DAY
            self._expect(self._until, self._until)
        with self._store.writing() as cursor:
            for table in TABLES:
                cursor.execute(
                    f"INSERT INTO {table} BY NAME FROM due_{table} "
                    f"WHERE created_at <= ? {KNOWN.get(table, '')}",
                    [now],
                )
                cursor.execute(f"DELETE FROM due_{table} WHERE created_at <= ?", [now])
