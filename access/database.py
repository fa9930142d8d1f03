"""What has to survive a restart: sessions, failed attempts, share links, the audit log.

In the database that ``DASHBOARD_STORE`` names: SQLite or PostgreSQL. No password, token or key is
ever written: only hashes of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    DateTime,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import TypeDecorator

from umami.errors import SettingsError

METADATA: Final = MetaData()
CONNECTING: Final = 5
"""Seconds until a database server that does not answer counts as away."""
_LOCK: Final = 7_246_101
"""Key of PostgreSQL's advisory lock that ``exclusive`` holds."""


class Moment(TypeDecorator[datetime]):
    """An instant: aware and UTC on our side, as databases differ in how they keep one."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Without a zone, in UTC."""
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """With its zone again."""
        return value.replace(tzinfo=UTC) if value else None


SESSIONS: Final = Table(
    "dashboard_session",
    METADATA,
    Column("token", String(64), primary_key=True),
    Column("account", String(200), nullable=False, index=True),
    Column("fingerprint", String(64), nullable=False),
    Column("begun", Moment, nullable=False),
    Column("ends", Moment, nullable=False, index=True),
)
SIGNED_OUT: Final = Table(
    "dashboard_signed_out",
    METADATA,
    Column("account", String(200), primary_key=True),
    Column("at", Moment, nullable=False),
)
ATTEMPTS: Final = Table(
    "dashboard_attempt",
    METADATA,
    Column("about", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last", Float, nullable=False, index=True),
)
SHARES: Final = Table(
    "dashboard_share",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("maker", String(200), nullable=False),
    Column("made", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("revoked", Moment),
    Column("password", String(100)),
    Column("locked", Boolean, nullable=False),
    Column("sections", JSON, nullable=False),
    Column("view", JSON, nullable=False),
)
AUDIT: Final = Table(
    "dashboard_audit",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("who", String(200), nullable=False),
    Column("what", String(100), nullable=False),
    Column("about", String(500), nullable=False),
    Column("done", Boolean, nullable=False),
    Index("dashboard_audit_at", "at"),
)
REFUSED: Final = Table(
    "dashboard_refused",
    METADATA,
    Column("who", String(200), primary_key=True),
    Column("what", String(100), primary_key=True),
    Column("hour", Moment, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("line", Integer),
)
"""How many refused attempts there were in an hour; ``line`` is the audit line that sums them up."""


def opened(url: str) -> Engine:
    """The database at an SQLAlchemy address, with its tables. Raises ``SettingsError``."""
    try:
        # The driver that comes with us, whichever way the address is written.
        address = make_url(url.replace("postgres://", "postgresql://", 1))
        if address.drivername == "postgresql":
            address = address.set(drivername="postgresql+psycopg")
        if address.get_backend_name() not in ("sqlite", "postgresql"):
            raise SettingsError("DASHBOARD_STORE is an address of SQLite or PostgreSQL.")
        engine = _sqlite(address) if address.get_backend_name() == "sqlite" else _server(address)
        _make(engine)
    except (ArgumentError, SQLAlchemyError, OSError, ImportError):
        # What a database says of an address may hold its password.
        problem = "DASHBOARD_STORE cannot be opened: check the address, and that it can be written."
    else:
        return engine
    raise SettingsError(problem)


def reach(engine: Engine) -> None:
    """Ask the database for nothing. Raises what SQLAlchemy raises where it is away."""
    with engine.connect() as connection:
        connection.execute(select(1))


@contextmanager
def exclusive(engine: Engine) -> Iterator[Connection]:
    """A transaction that runs by itself: no other one opened by this function, in any thread or
    replica, reads or writes before it ends."""
    lock = "BEGIN IMMEDIATE"
    if engine.dialect.name == "postgresql":
        lock = f"SELECT pg_advisory_xact_lock({_LOCK})"
    with engine.begin() as connection:
        connection.exec_driver_sql(lock)
        yield connection


def _make(engine: Engine) -> None:
    """Make the tables that are not there yet; of replicas that start together, one does."""
    with exclusive(engine) as connection:
        METADATA.create_all(connection)


def _server(address: Any) -> Engine:
    return create_engine(
        address,
        pool_pre_ping=True,
        pool_size=8,
        hide_parameters=True,
        connect_args={"connect_timeout": CONNECTING},
    )


def _sqlite(address: Any) -> Engine:
    if not address.database or address.database == ":memory:":
        return create_engine(
            "sqlite://",
            # One connection, which is the database, for one thread at a time.
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            connect_args={"check_same_thread": False},
            hide_parameters=True,
        )
    path = Path(address.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    engine = create_engine(address, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def readers_need_not_wait(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA busy_timeout=5000")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine


def digest(*parts: str) -> str:
    """What stands in the database for a secret."""
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()
