"""A connection to the database that a replica follows, and consistent snapshots of it.

Every transaction is read only, sees one snapshot, takes no lock above ``ACCESS SHARE``, and has a
limit for each statement. Settings are made in each transaction, so that poolers may be in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import ExecStatus

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
           CASE WHEN pg_is_in_recovery()
                THEN coalesce(pg_last_xact_replay_timestamp(), now() - interval '1 day')
                ELSE now() END AT TIME ZONE 'UTC',
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
    "certificate": "The certificate of the database is not trusted: see sslmode and sslrootcert.",
    "SSL": "The database does not accept this TLS mode: see sslmode.",
    "resolve": "The host in the address of the database does not exist.",
    "translate host name": "The host in the address of the database does not exist.",
}
"""What failed, by a part of the library's message, which may contain the address."""


_END: Final = (-1, memoryview(b""))
"""What libpq returns after the last row."""


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
    reached: datetime
    """No transaction from ``next`` on had begun then; earlier than ``at`` for a standby."""
    identity: str
    """Differs between databases; transactions have the same numbers in one database only."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a query's result."""
        return self.connection.execute(sql.encode()).fetchall()

    @contextmanager
    def copy(self, sql: str) -> Iterator[Iterator[memoryview]]:
        """The rows of a query as CSV without header; ``NULL`` is an empty field without quotes. The
        context raises if the query failed after some rows.

        This reads with libpq itself, since the loop of the library's cursor takes as long for a row
        as PostgreSQL does.
        """
        server = self.connection.pgconn
        result = server.exec_(f"COPY ({sql}) TO STDOUT (FORMAT csv)".encode())
        if result.status != ExecStatus.COPY_OUT:
            raise errors.error_from_result(result)
        try:
            yield map(itemgetter(1), iter(partial(server.get_copy_data, 0), _END))
        except BaseException:
            with suppress(psycopg.Error):
                server.get_cancel().cancel()
                while server.get_copy_data(0) != _END:
                    pass
            raise
        finally:
            ended = server.get_result()
            while server.get_result():
                pass
        if ended is None or ended.status != ExecStatus.COMMAND_OK:
            raise errors.error_from_result(ended) if ended else psycopg.OperationalError()

    def written_since(self, horizon: int) -> str:
        """SQL of the age of the oldest transaction that may have committed since an earlier
        snapshot with this horizon. Rows have the lower 32 bits of the transaction's number."""
        return f"age('{horizon % 2**32}'::xid)"


class Source:
    """A PostgreSQL database, by its address. Connects when first needed. Raises ``ReplicaRefused``
    if the address is malformed."""

    def __init__(self, url: str) -> None:
        scheme, _, _ = url.partition("://")
        if scheme not in SCHEMES:
            raise ReplicaRefused(
                "The address of the database begins with postgresql://. Umami with another "
                "database cannot be replicated."
            )
        address, _, query = url.partition("?")
        parameters = parse_qsl(query)
        self.namespace = dict(parameters).get("schema", "public")
        known = [(name, text) for name, text in parameters if name not in _OF_PRISMA]
        try:
            options = conninfo_to_dict(f"{address}?{urlencode(known, quote_via=quote)}")
        except psycopg.Error:
            # The message contains a part of the address.
            raise ReplicaRefused(
                "The address of the database is malformed: it is postgresql://user:password@host/"
                "database, with special characters of the password as in %40 for @."
            ) from None
        self._address = make_conninfo("", **{**_DEFAULTS, **options})
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
                horizon, next_, at, lag, reached, database = row
                schema = detected(connection, self.namespace)
                yield Snapshot(
                    connection,
                    schema,
                    horizon,
                    next_,
                    at,
                    lag or timedelta(),
                    reached,
                    f"{self._cluster} {database} {self.namespace}",
                )
        except psycopg.Error as error:
            self.close()
            raise ReplicaRefused(_sentence(error)) from None

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
            self._connection = psycopg.connect(self._address, prepare_threshold=None)

            self._cluster = _cluster(self._connection)
            self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self._connection.read_only = True
        return self._connection


def _sentence(error: psycopg.Error) -> str:
    """What is wrong, without secrets: messages of the library may contain the address."""
    for kind, sentence in _BY_KIND.items():
        if isinstance(error, kind):
            return sentence
    text = str(error)
    sentences = (sentence for part, sentence in _BY_TEXT.items() if part in text)
    return next(sentences, "The database cannot be reached, or ended the connection.")


def _cluster(connection: psycopg.Connection) -> str:
    """The number of the database's cluster; empty where the role may not read it."""
    try:
        with connection.transaction():
            row = connection.execute("SELECT system_identifier FROM pg_control_system()").fetchone()
    except psycopg.errors.InsufficientPrivilege:
        return ""
    return str(row[0]) if row else ""
