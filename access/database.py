"""The database of sessions, failed sign-in attempts, share links, the audit log, settings, notes,
saved views and rules of websites, their groups, costs of campaigns, and subscriptions and alerts
with what was sent for them.

``DASHBOARD_STORE`` names it: SQLite or PostgreSQL. Of passwords and tokens of people it holds only
hashes. It does hold the addresses of webhooks, and the key that signs what is sent to them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Column, Connection, Engine, Table
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from access import migrations
from umami.errors import SettingsError, Unreachable
from umami.texts import N_

Opening = Callable[[bool], Engine | None]
"""Opens the database, or returns ``None`` where there is none yet and the argument is false."""
METADATA: Final = sa.MetaData()
CONNECT_TIMEOUT: Final = 5
"""Seconds to wait for a connection to a database server."""
PREFIX: Final = "dashboard_"
"""Starts the names of all tables, which may share a database with those of other programs."""
_LOCK: Final = 7_246_101
"""Key of PostgreSQL's advisory lock that ``exclusive`` holds."""


class Moment(sa.TypeDecorator[datetime]):
    """An aware UTC datetime, stored without a time zone, since databases differ in storing one."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Return the naive UTC datetime to store."""
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Return the stored datetime as an aware one."""
        return value.replace(tzinfo=UTC) if value else None


SESSIONS: Final = Table(
    "dashboard_session",
    METADATA,
    Column("token", sa.String(64), primary_key=True),
    Column("account", sa.String(200), nullable=False, index=True),
    Column("fingerprint", sa.String(64), nullable=False),
    Column("begun", Moment, nullable=False),
    Column("ends", Moment, nullable=False, index=True),
)
SIGNED_OUT: Final = Table(
    "dashboard_signed_out",
    METADATA,
    Column("account", sa.String(200), primary_key=True),
    Column("at", Moment, nullable=False),
)
ATTEMPTS: Final = Table(
    "dashboard_attempt",
    METADATA,
    Column("about", sa.String(64), primary_key=True),
    Column("failures", sa.Integer, nullable=False),
    Column("last", sa.Float, nullable=False, index=True),
)
SHARES: Final = Table(
    "dashboard_share",
    METADATA,
    Column("id", sa.String(64), primary_key=True),
    Column("name", sa.String(200), nullable=False),
    Column("maker", sa.String(200), nullable=False),
    Column("made", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("revoked", Moment),
    Column("password", sa.String(100)),
    Column("locked", sa.Boolean, nullable=False),
    Column("sections", sa.JSON, nullable=False),
    Column("view", sa.JSON, nullable=False),
)
AUDIT: Final = Table(
    "dashboard_audit",
    METADATA,
    Column("id", sa.Integer, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("who", sa.String(200), nullable=False),
    Column("what", sa.String(100), nullable=False),
    Column("about", sa.String(500), nullable=False),
    Column("done", sa.Boolean, nullable=False),
    sa.Index("dashboard_audit_at", "at"),
)
REFUSED: Final = Table(
    "dashboard_refused",
    METADATA,
    Column("who", sa.String(200), primary_key=True),
    Column("what", sa.String(100), primary_key=True),
    Column("hour", Moment, primary_key=True),
    Column("count", sa.Integer, nullable=False),
    Column("line", sa.Integer),
)
"""Numbers of refused attempts in an hour; ``line`` is the id of the audit line with their sum."""


WEBSITES: Final = Table(
    "dashboard_website",
    METADATA,
    Column("website", sa.String(36), primary_key=True),
    Column("conversion", sa.String(510), nullable=False),
    Column("currency", sa.String(100), nullable=False),
)
NOTES: Final = Table(
    "dashboard_note",
    METADATA,
    Column("id", sa.String(36), primary_key=True),
    Column("website", sa.String(36), nullable=False, index=True),
    Column("text", sa.String(500), nullable=False),
    Column("first", sa.Date, nullable=False),
    Column("last", sa.Date, nullable=False),
    Column("at", Moment),
    Column("audience", sa.String(20), nullable=False),
    Column("author", sa.String(200), nullable=False),
    Column("created", Moment, nullable=False),
    Column("annotation", sa.String(36)),
)
"""Notes; ``at`` is the instant of a note on an hour, ``annotation`` the id of the annotation in
Umami that has the same text."""

SAVED_VIEWS: Final = Table(
    "dashboard_saved_view",
    METADATA,
    Column("id", sa.String(36), primary_key=True),
    Column("website", sa.String(36), nullable=False, index=True),
    Column("name", sa.String(100), nullable=False),
    Column("page", sa.String(40), nullable=False),
    Column("params", sa.JSON, nullable=False),
    Column("audience", sa.String(20), nullable=False),
    Column("owner", sa.String(200), nullable=False),
    Column("created", Moment, nullable=False),
    Column("starts", sa.Boolean, nullable=False),
)
"""Saved views; ``starts`` marks the one with which the website opens for its audience."""
NOTIFICATIONS: Final = Table(
    "dashboard_notification",
    METADATA,
    Column("id", sa.String(36), primary_key=True),
    Column("kind", sa.String(20), nullable=False),
    Column("owner", sa.String(200), nullable=False, index=True),
    Column("address", sa.String(500), nullable=False),
    Column("spec", sa.JSON, nullable=False),
    Column("state", sa.JSON, nullable=False),
    Column("created", Moment, nullable=False),
    Column("since", Moment, nullable=False),
    Column("paused", sa.Boolean, nullable=False),
    Column("ended", Moment),
    Column("why", sa.String(500), nullable=False),
)
"""Subscriptions and alerts (``access.notifications``); ``spec`` is what their owner chose, and
``state`` what the last check of an alert found."""
DELIVERIES: Final = Table(
    "dashboard_delivery",
    METADATA,
    Column("id", sa.String(36), primary_key=True),
    Column("notification", sa.String(36), nullable=False),
    Column("occasion", sa.String(100), nullable=False),
    Column("due", Moment, nullable=False, index=True),
    Column("status", sa.String(20), nullable=False),
    Column("attempts", sa.Integer, nullable=False),
    Column("next_attempt", Moment, nullable=False),
    Column("lease", Moment),
    Column("worker", sa.String(36), nullable=False),
    Column("content", sa.JSON, nullable=False),
    Column("why", sa.String(500), nullable=False),
    Column("ended", Moment),
    sa.UniqueConstraint("notification", "occasion"),
)
"""What is to be sent or was sent (``access.deliveries``), once for each occasion."""
RECEIPTS: Final = Table(
    "dashboard_receipt",
    METADATA,
    Column("delivery", sa.String(36), primary_key=True),
    Column("recipient", sa.String(500), primary_key=True),
    Column("status", sa.String(20), nullable=False),
    Column("at", Moment, nullable=False),
    Column("why", sa.String(500), nullable=False),
)
"""What became of a delivery for each recipient."""
UNSUBSCRIBED: Final = Table(
    "dashboard_unsubscribed",
    METADATA,
    Column("notification", sa.String(36), primary_key=True),
    Column("recipient", sa.String(64), primary_key=True),
    Column("at", Moment, nullable=False),
)
"""Hashes of the addresses that get no more mails of a subscription or alert."""
KEYS: Final = Table(
    "dashboard_key",
    METADATA,
    Column("name", sa.String(40), primary_key=True),
    Column("value", sa.String(100), nullable=False),
)
"""Keys that this dashboard made for itself, for links in mails and signatures of webhooks."""
WEBSITE_GROUPS: Final = Table(
    "dashboard_website_group",
    METADATA,
    Column("id", sa.String(36), primary_key=True),
    Column("name", sa.String(100), nullable=False),
    Column("websites", sa.JSON, nullable=False),
    Column("author", sa.String(200), nullable=False),
    Column("created", Moment, nullable=False),
)
"""Groups of websites; ``websites`` are their ids."""
RULES: Final = Table(
    "dashboard_rule",
    METADATA,
    Column("id", sa.String(36), primary_key=True),
    Column("website", sa.String(36), nullable=False, index=True),
    Column("kind", sa.String(20), nullable=False),
    Column("position", sa.Integer, nullable=False),
    Column("name", sa.String(100), nullable=False),
    Column("spec", sa.JSON, nullable=False),
    Column("author", sa.String(200), nullable=False),
    Column("created", Moment, nullable=False),
)
"""Rules by which a website's values are grouped or merged where they are shown; of one ``kind``,
the first by ``position`` that matches applies."""
COST_UPLOADS: Final = Table(
    "dashboard_cost_upload",
    METADATA,
    Column("id", sa.String(36), primary_key=True),
    Column("website", sa.String(36), nullable=False, index=True),
    Column("name", sa.String(200), nullable=False),
    Column("author", sa.String(200), nullable=False),
    Column("created", Moment, nullable=False),
)
COSTS: Final = Table(
    "dashboard_cost",
    METADATA,
    Column("website", sa.String(36), primary_key=True),
    Column("day", sa.Date, primary_key=True),
    Column("campaign", sa.String(200), primary_key=True),
    Column("source", sa.String(200), primary_key=True),
    Column("currency", sa.String(3), primary_key=True),
    Column("micros", sa.BigInteger, nullable=False),
    Column("clicks", sa.BigInteger),
    Column("impressions", sa.BigInteger),
    Column("upload", sa.String(36), nullable=False, index=True),
)
"""What a campaign cost on a day, in millionths of a currency; ``upload`` is the latest upload that
named it."""


def is_missing(url: str) -> bool:
    """Whether a URL names a file of SQLite that does not exist, so that nothing is stored yet."""
    name = sa.make_url(url).database if url.startswith("sqlite") else None
    return bool(name) and name != ":memory:" and not Path(str(name)).exists()


def open_engine(url: str, *, migrate: bool = True) -> Engine:
    """Open the database at an SQLAlchemy URL and bring it to this program's revision, unless
    ``migrate`` is false. Raises ``SettingsError``."""
    try:
        # Only psycopg 3 is installed, so every spelling of a PostgreSQL URL uses it.
        address = sa.make_url(url.replace("postgres://", "postgresql://", 1))
        if address.drivername == "postgresql":
            address = address.set(drivername="postgresql+psycopg")
        backend = address.get_backend_name()
        if backend not in ("sqlite", "postgresql"):
            raise SettingsError(
                "DASHBOARD_STORE is not the URL of an SQLite or PostgreSQL database."
            )
        engine = (
            _sqlite(address)
            if backend == "sqlite"
            else sa.create_engine(
                address,
                pool_pre_ping=True,
                pool_size=8,
                hide_parameters=True,
                connect_args={"connect_timeout": CONNECT_TIMEOUT},
            )
        )
        if migrate:
            with engine.connect() as connection:
                if migrations.current(connection) != migrations.REVISIONS[-1]:
                    # A slow import, which the lock need not wait for.
                    import_module("alembic.command")
        # The lock makes one of several replicas that start together migrate the database.
        with exclusive(engine) as connection:
            if migrate:
                migrations.migrate(connection)
    except (ArgumentError, SQLAlchemyError, OSError, ImportError):
        # The database's own message may contain the password in the URL, so it is not chained.
        problem = "DASHBOARD_STORE cannot be opened: check the URL, and that it is writable."
    else:
        return engine
    raise SettingsError(problem)


def ping(engine: Engine) -> None:
    """Check that the database answers. Raises SQLAlchemy's errors if it does not."""
    with engine.connect() as connection:
        connection.execute(sa.select(1))


@contextmanager
def exclusive(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that excludes all others opened here, in every thread and replica."""
    lock = "BEGIN IMMEDIATE"
    if engine.dialect.name == "postgresql":
        lock = f"SELECT pg_advisory_xact_lock({_LOCK})"
    with engine.begin() as connection:
        connection.exec_driver_sql(lock)
        yield connection


def reading(engine: Opening, query: sa.Select[Any]) -> Sequence[sa.RowMapping]:
    """All rows of a query; none where there is no database yet, and while it cannot be reached."""
    with suppress(SQLAlchemyError, SettingsError):
        opened = engine(False)
        if opened is not None:
            with opened.connect() as store:
                return store.execute(query).mappings().all()
    return ()


@contextmanager
def writing(engine: Opening, problem: str) -> Iterator[Connection]:
    """Open an exclusive transaction in a database that exists from then on. Raises ``Unreachable``
    with the sentence ``problem``."""
    try:
        opened = engine(True)
        assert opened is not None
        with exclusive(opened) as store:
            yield store
    except SQLAlchemyError:
        # The message of a database error may contain its address.
        raise Unreachable(problem, remedy=N_("Try again in a moment.")) from None


def _sqlite(address: sa.URL) -> Engine:
    if not address.database or address.database == ":memory:":
        return sa.create_engine(
            "sqlite://",
            # The one connection holds the database; threads take turns to use it.
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            connect_args={"check_same_thread": False},
            hide_parameters=True,
        )
    path = Path(address.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    engine = sa.create_engine(address, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        for pragma in ("busy_timeout=5000", "journal_mode=WAL", "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def digest(*parts: str) -> str:
    """Return the SHA-256 hash that the database stores instead of a secret."""
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()
