"""A connection to the database that a replica follows, and consistent snapshots of it.

Every transaction is read only, sees one snapshot, takes no lock above ``ACCESS SHARE``, and has a
limit for each statement. Settings are made in each transaction, so that poolers may be in between.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import errors

from umami.embedded.replica.refusals import ReplicaRefused
from umami.embedded.replica.schema import Schema, detected

STATEMENT_TIMEOUT: Final = "10min"
"""The longest that one statement may take in PostgreSQL."""
SCHEMES: Final = ("postgresql", "postgres")
_OF_PRISMA: Final = frozenset(
    {
        *("schema", "connection_limit", "pool_timeout", "pgbouncer", "statement_cache_size"),
        *("socket_timeout", "sslaccept", "sslidentity", "sslpassword"),
    }
)
"""Parameters of addresses that only Umami's database library knows."""
_DEFAULTS: Final = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "tcp_user_timeout": "60000",
    "application_name": "umami-dashboard-replica",
    "client_encoding": "UTF8",
}
_SETTINGS: Final = {
    "statement_timeout": STATEMENT_TIMEOUT,
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "10min",
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    # A policy that hides rows is an error instead.
    "row_security": "off",
}
_SNAPSHOT: Final = """
    SELECT txid_snapshot_xmin(s), txid_snapshot_xmax(s), now() AT TIME ZONE 'UTC',
           CASE WHEN pg_is_in_recovery()
                     AND pg_last_wal_receive_lsn() IS DISTINCT FROM pg_last_wal_replay_lsn()
                THEN now() - pg_last_xact_replay_timestamp() END,
           (SELECT oid FROM pg_database WHERE datname = current_database())::bigint
    FROM txid_current_snapshot() s
"""
_BY_KIND: Final[dict[type[psycopg.Error], str]] = {
    errors.QueryCanceled: f"A query took longer than {STATEMENT_TIMEOUT}, or was cancelled.",
    errors.LockNotAvailable: "A table of Umami is locked, as while Umami is upgraded.",
    errors.InsufficientPrivilege: "The role may not read a table of Umami: grant it SELECT.",
    errors.UndefinedTable: "The tables of Umami changed meanwhile.",
    errors.UndefinedColumn: "The tables of Umami changed meanwhile.",
    errors.SerializationFailure: "The standby cancelled a query, because it has to follow its "
    "primary: set hot_standby_feedback, or use the primary.",
    errors.DiskFull: "The disk of the database is full.",
}
_BY_TEXT: Final = {
    "password authentication failed": "The database does not accept this user and password.",
    "no password supplied": "The address of the database needs a password.",
    "no pg_hba.conf entry": "The database does not accept this user from this machine: its "
    "pg_hba.conf decides, and may require TLS (sslmode=require).",
    "does not exist": "The server has no such database or role: check both in the address.",
    "too many c": "The database has no free connection.",
    "certificate": "The certificate of {place} is not trusted: see sslmode and sslrootcert.",
    "SSL": "{place} does not accept this TLS mode: see sslmode.",
    "resolve": "There is no host {place}.",
    "translate host name": "There is no host {place}.",
    "invalid connection option": "The address of the database has an unknown parameter.",
    "invalid URI query parameter": "The address of the database has an unknown parameter.",
}
"""What failed, by a part of the library's message, which may contain the address."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A consistent state of the source, which exists as long as its transaction."""

    connection: psycopg.Connection = field(repr=False)
    schema: Schema
    horizon: int
    """Every transaction below is visible or rolled back; others may still commit."""
    next: int
    """The transactions from here on had not begun."""
    at: datetime
    """The time of the source, naive UTC."""
    lag: timedelta
    """How far a standby is behind its primary; 0 for a primary."""
    identity: str
    """Differs between databases; transactions have the same numbers in one database only."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a query's result."""
        return self.connection.execute(sql.encode()).fetchall()

    def copy(self, sql: str) -> Generator[bytes]:
        """The rows of a query as CSV without header, in blocks of whole rows. ``NULL`` is an empty
        field without quotes."""
        command = f"COPY ({sql}) TO STDOUT (FORMAT csv)".encode()
        with self.connection.cursor() as cursor, cursor.copy(command) as copy:
            yield from map(bytes, copy)

    def written_since(self, horizon: int) -> str:
        """SQL of the age of the oldest transaction that may have committed since an earlier
        snapshot with this horizon. Rows have the lower 32 bits of the transaction's number."""
        return f"age('{horizon % 2**32}'::xid)"


class Source:
    """A PostgreSQL database, by its address. Connects when first needed."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in SCHEMES:
            raise ReplicaRefused(
                "The address of the database begins with postgresql://. Umami with another "
                "database cannot be replicated."
            )
        query = dict(parse_qsl(parts.query))
        self.namespace = query.get("schema", "public")
        plain = {name: value for name, value in query.items() if name not in _OF_PRISMA}
        self._url = urlunsplit(parts._replace(query=urlencode({**_DEFAULTS, **plain})))
        self.place = f"{parts.hostname or plain.get('host', 'this machine')}"
        self._connection: psycopg.Connection | None = None
        self._cluster = ""

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """A transaction at one snapshot. Raises ``ReplicaRefused`` if the database cannot be
        reached or read, also for errors of statements within."""
        try:
            connection = self._connected()
            with connection.transaction():
                for name, value in _SETTINGS.items():
                    connection.execute(f"SET LOCAL {name} = '{value}'".encode())
                # The first query of the transaction determines its snapshot.
                row = connection.execute(_SNAPSHOT).fetchone()
                assert row
                horizon, next_, at, lag, database = row
                schema = detected(connection, self.namespace)
                yield Snapshot(
                    connection,
                    schema,
                    horizon,
                    next_,
                    at,
                    lag or timedelta(),
                    f"{self._cluster} {database} {self.namespace}",
                )
        except psycopg.Error as error:
            self.close()
            raise ReplicaRefused(self._sentence(error)) from None

    def cancel(self) -> None:
        """Stop the running statement, from another thread."""
        connection = self._connection
        if connection is not None:
            with suppress(psycopg.Error):
                connection.cancel_safe(timeout=5)

    def close(self) -> None:
        """Disconnect; the next snapshot connects again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    def _connected(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._url, prepare_threshold=None)
            self._cluster = _cluster(self._connection)
            self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self._connection.read_only = True
        return self._connection

    def _sentence(self, error: psycopg.Error) -> str:
        """What is wrong, without secrets: messages of the library may contain the address."""
        text = str(error)
        for kind, sentence in _BY_KIND.items():
            if isinstance(error, kind):
                return sentence
        for part, sentence in _BY_TEXT.items():
            if part in text:
                return sentence.format(place=self.place)
        return f"The database at {self.place} cannot be reached, or ended the connection."


def _cluster(connection: psycopg.Connection) -> str:
    """The number of the database's cluster; empty where the role may not read it."""
    try:
        with connection.transaction():
            row = connection.execute("SELECT system_identifier FROM pg_control_system()").fetchone()
    except psycopg.errors.InsufficientPrivilege:
        return ""
    return str(row[0]) if row else ""
