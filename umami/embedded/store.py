"""The tables of a real Umami database, in DuckDB.

Columns bear the names that Umami gives them in PostgreSQL, so that a table exported there is
read here. Times are UTC without a zone, to the millisecond; ids are UUIDs.
"""

from __future__ import annotations

import tempfile
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

TABLES: dict[str, dict[str, str]] = {
    "website": {
        "website_id": "UUID PRIMARY KEY",
        "name": "VARCHAR",
        "domain": "VARCHAR",
        "reset_at": "TIMESTAMP",
        "created_at": "TIMESTAMP",
        "updated_at": "TIMESTAMP",
        "deleted_at": "TIMESTAMP",
        "share_id": "VARCHAR",
    },
    "session": {
        "session_id": "UUID",
        "website_id": "UUID",
        "browser": "VARCHAR",
        "os": "VARCHAR",
        "device": "VARCHAR",
        "screen": "VARCHAR",
        "language": "VARCHAR",
        "country": "VARCHAR",
        "region": "VARCHAR",
        "city": "VARCHAR",
        "created_at": "TIMESTAMP",
        "distinct_id": "VARCHAR",
    },
    "website_event": {
        "event_id": "UUID",
        "website_id": "UUID",
        "session_id": "UUID",
        "created_at": "TIMESTAMP",
        "url_path": "VARCHAR",
        "url_query": "VARCHAR",
        "referrer_path": "VARCHAR",
        "referrer_query": "VARCHAR",
        "referrer_domain": "VARCHAR",
        "page_title": "VARCHAR",
        "event_type": "INTEGER",
        "event_name": "VARCHAR",
        "visit_id": "UUID",
        "tag": "VARCHAR",
        "fbclid": "VARCHAR",
        "gclid": "VARCHAR",
        "li_fat_id": "VARCHAR",
        "msclkid": "VARCHAR",
        "ttclid": "VARCHAR",
        "twclid": "VARCHAR",
        "utm_campaign": "VARCHAR",
        "utm_content": "VARCHAR",
        "utm_medium": "VARCHAR",
        "utm_source": "VARCHAR",
        "utm_term": "VARCHAR",
        "hostname": "VARCHAR",
    },
    "event_data": {
        "event_data_id": "UUID",
        "website_id": "UUID",
        "website_event_id": "UUID",
        "data_key": "VARCHAR",
        "string_value": "VARCHAR",
        "number_value": "DECIMAL(19,4)",
        "date_value": "TIMESTAMP",
        "data_type": "INTEGER",
        "created_at": "TIMESTAMP",
    },
    "session_data": {
        "session_data_id": "UUID",
        "website_id": "UUID",
        "session_id": "UUID",
        "data_key": "VARCHAR",
        "string_value": "VARCHAR",
        "number_value": "DECIMAL(19,4)",
        "date_value": "TIMESTAMP",
        "data_type": "INTEGER",
        "created_at": "TIMESTAMP",
        "distinct_id": "VARCHAR",
    },
    "revenue": {
        "revenue_id": "UUID",
        "website_id": "UUID",
        "session_id": "UUID",
        "event_id": "UUID",
        "event_name": "VARCHAR",
        "currency": "VARCHAR",
        "revenue": "DECIMAL(19,4)",
        "created_at": "TIMESTAMP",
    },
    "report": {
        "report_id": "UUID PRIMARY KEY",
        "user_id": "UUID",
        "website_id": "UUID",
        "type": "VARCHAR",
        "name": "VARCHAR",
        "description": "VARCHAR",
        "parameters": "VARCHAR",
        "created_at": "TIMESTAMP",
        "updated_at": "TIMESTAMP",
    },
    "segment": {
        "segment_id": "UUID PRIMARY KEY",
        "website_id": "UUID",
        "type": "VARCHAR",
        "name": "VARCHAR",
        "parameters": "VARCHAR",
        "created_at": "TIMESTAMP",
        "updated_at": "TIMESTAMP",
    },
}
"""Column and DuckDB type of every table; the ``parameters`` of ``report`` and ``segment`` are JSON
text."""


class Store:
    """One DuckDB database. Reads run side by side; writes take turns.

    ``path`` is the database file; without one the data live in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._connection = duckdb.connect(str(path) if path else ":memory:")
        self._connection.execute("SET GLOBAL TimeZone = 'UTC'")
        if path is None:
            # Made only when memory runs short; the default is a folder where one stands.
            spill = Path(tempfile.gettempdir()) / f"umami-{uuid.uuid4()}"
            self._connection.execute("SET GLOBAL temp_directory = ?", [str(spill)])
        self._writing = threading.RLock()
        for table, columns in TABLES.items():
            spelled = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            self._connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({spelled})")

    def rows(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        """Every row that a query answers."""
        with self._connection.cursor() as cursor:
            return cursor.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> tuple[Any, ...] | None:
        """The first row that a query answers, if any."""
        with self._connection.cursor() as cursor:
            return cursor.execute(sql, values).fetchone()

    def records(
        self, sql: str, values: Sequence[Any] | dict[str, Any] = ()
    ) -> list[dict[str, Any]]:
        """Every row that a query answers, as a dictionary by column name."""
        with self._connection.cursor() as cursor:
            answer = cursor.execute(sql, values)
            names = [column[0] for column in answer.description]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor in a transaction of its own: all of it is kept, or none."""
        with self._writing, self._connection.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")

    def close(self) -> None:
        """Give the database up; every later call fails."""
        self._connection.close()
