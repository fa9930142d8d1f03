"""Compares the rows of a database with those of its replica, one by one."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg

from umami.embedded.store import TABLES, Store


def differences(connection: psycopg.Connection, store: Store) -> list[str]:
    """The rows that only one side has, at most ten of each table; without columns that the database
    does not have. The store writes an empty query of an address as text."""
    differing = []
    for table in TABLES:
        columns = [
            name
            for (name,) in connection.execute(
                "SELECT attname FROM pg_attribute "
                "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
                [table],
            )
            if name in TABLES[table]
        ]
        if not columns:
            continue
        listed = ", ".join(columns)
        listed = listed.replace("url_query", "coalesce(url_query, '')")
        select = f"SELECT {listed} FROM {table}"
        source = Counter(tuple(map(_plain, row)) for row in connection.execute(select.encode()))
        replicated = Counter(tuple(map(_plain, row)) for row in store.rows(select))
        differing += [f"{table} lacks {row}" for row in [*(source - replicated)][:10]]
        differing += [f"{table} has {row}" for row in [*(replicated - source)][:10]]
    connection.rollback()
    return differing


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, Decimal):
        return float(value)
    return value
