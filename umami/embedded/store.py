"""The tables of an Umami database in DuckDB, in memory or in a file. Columns have the names that
Umami gives them in PostgreSQL, so that a table exported from there can be imported. Times are UTC
without a zone, to the millisecond; ids are UUIDs."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from umami.embedded.refusals import BadRequest

VERSION = 2
"""The version of the tables below. A file of an earlier version is upgraded; a file of a later
version is refused."""
MEMORY = "1 GiB"
"""DuckDB's memory limit for a database in a file; it spills the rest into a folder beside it."""
MEMORY_ONLY = "4 GiB"
"""DuckDB's memory limit for a database in memory, which includes the data."""
LONGEST_QUERY = 120.0
"""Seconds that a query that reads may take. A regular expression of a few characters can take
hours, whatever the client waits for."""
CHECKED_EVERY = 1.0
"""Seconds between two checks of how long queries take."""
RESERVE = 2**20
"""Bytes that an import frees at its end, so that DuckDB can repair its file on a full disk."""
_OPEN: Counter[Path] = Counter()
"""How many stores of this process have a file open: they share one database and its settings."""
_OPENING = threading.Lock()
_UMASK = threading.Lock()
_ALONE = threading.Lock()
"""Held by imports, which rely on the rows that exist, and by deletions of visitors' rows."""
Values = Sequence[Any] | dict[str, Any]
"""The values of a query's parameters, by position or by name."""

TABLES: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("schema.toml").read_text("utf-8")
)
"""Each table's columns with their DuckDB types."""
OF_WEBSITE = tuple(table for table, columns in TABLES.items() if "website_id" in columns)
"""The tables whose rows belong to a website, including ``website``."""
COLLECTED = tuple(
    table for table in OF_WEBSITE if table not in ("website", "report", "segment", "annotation")
)
"""The tables of visitors' activity, which a reset of the website empties."""
INTERNAL_TABLES = {
    "umami_store": {"version": "INTEGER", "secret": "BLOB"},
    "umami_imported": {"fingerprint": "VARCHAR"},
}
"""Tables that Umami does not have: the store's version and secret, and the imported sources."""
STORAGE_ERRORS = (
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.FatalException,
    duckdb.TransactionException,
)
"""DuckDB errors that do not depend on the imported rows."""


class StoreRefused(Exception):
    """The file cannot hold the data, or another program uses it; ``str()`` is a sentence."""


class Store:
    """A DuckDB database. Reads run concurrently; writes run one after another.

    ``path`` is the database file, which is created if it does not exist; without a path the data
    live in memory. A file belongs to one process at a time, which may open it more than once. Only
    the current user can read the file and what is written beside it.

    SQL can read files in ``import_folder`` only, and cannot load extensions or change settings.

    Raises ``StoreRefused`` if the file cannot be opened, or is not a store.
    """

    def __init__(self, path: Path | None = None) -> None:
        # DuckDB compares resolved paths with those that it may read.
        self.path = path and path.parent.resolve() / path.name
        self._writing = threading.RLock()
        self._closed = False
        self._closing = threading.Event()
        self._queries: dict[duckdb.DuckDBPyConnection, float] = {}
        with _OPENING:
            with _private_files():
                self._connection = _connected(self.path)
            if self.path is None:
                self._spill = Path(tempfile.mkdtemp(prefix="umami-")).resolve()
                self.import_folder = self._spill / "import"
            else:
                self._spill = self.path.with_name(f"{self.path.name}.tmp")
                self.import_folder = self.path.with_name(f"{self.path.name}.import")
                _OPEN[self.path] += 1
        try:
            with _OPENING:
                self._configure()
            self.secret = self._create_tables()
        except BaseException:
            self.close()
            raise
        watched = self._queries, self._closing
        threading.Thread(target=_interrupt_slow_queries, args=watched, daemon=True).start()

    def _configure(self) -> None:
        """Create the spill folder and lock the settings, unless another store of this process has
        done so for the same file."""
        if self.row("SELECT current_setting('lock_configuration')") == (True,):
            return
        if self.path is not None:
            for file in (self.path, self.path.with_name(f"{self.path.name}.wal")):
                with suppress(OSError):
                    file.chmod(0o600)
            # No other process has the file: a killed process left these files.
            shutil.rmtree(self._spill, ignore_errors=True)
            with suppress(OSError):
                self._spill.mkdir(0o700)
        lock_down(
            self._connection,
            memory=MEMORY if self.path else MEMORY_ONLY,
            spill=self._spill,
            readable=self.import_folder,
        )

    def _create_tables(self) -> bytes:
        """Create the tables, or upgrade those of an earlier version; returns the secret that the
        store signs with."""
        with self.writing() as cursor:
            tables = {
                table
                for (table,) in cursor.execute(
                    "SELECT table_name FROM duckdb_columns() "
                    "WHERE database_name = current_database() AND NOT internal"
                ).fetchall()
            }
            if tables and "umami_store" not in tables:
                raise StoreRefused(f"{self._name} is a database of another program.")
            stored = cursor.execute("FROM umami_store").fetchone() if tables else None
            version, secret = stored or (0, secrets.token_bytes(32))
            if version > VERSION:
                raise StoreRefused(f"{self._name} was made by a later version of this dashboard.")
            if version < VERSION:
                try:
                    _add_missing(cursor, tables)
                    cursor.execute("DELETE FROM umami_store")
                    cursor.execute("INSERT INTO umami_store VALUES (?, ?)", [VERSION, secret])
                except duckdb.Error as error:
                    raise StoreRefused(
                        f"{self._name} cannot be upgraded to this version of the dashboard"
                        f"{_reason(error)}; it was left as it is."
                    ) from None
        return bytes(secret)

    @property
    def _name(self) -> str:
        return self.path.name if self.path else "The database"

    def rows(self, sql: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """All rows of a query's result. Raises ``BadRequest`` for a query that takes too long."""
        with self._reading() as cursor:
            return cursor.execute(sql, values).fetchall()

    def row(self, sql: str, values: Values = ()) -> tuple[Any, ...] | None:
        """The first row of a query's result, or ``None``. Raises as ``rows`` does."""
        with self._reading() as cursor:
            return cursor.execute(sql, values).fetchone()

    def records(self, sql: str, values: Values = ()) -> list[dict[str, Any]]:
        """All rows of a query's result, as dictionaries by column name. Raises as ``rows`` does."""
        with self._reading() as cursor:
            result = cursor.execute(sql, values)
            names = [column[0] for column in result.description]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor for one query, which is interrupted after ``LONGEST_QUERY`` seconds."""
        with self._connection.cursor() as cursor:
            self._queries[cursor] = time.monotonic()
            try:
                yield cursor
            except duckdb.InterruptException:
                raise BadRequest(
                    f"It takes longer than {LONGEST_QUERY:g} seconds. Choose a shorter period or "
                    "simpler filters"
                ) from None
            finally:
                del self._queries[cursor]

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor in a transaction, which an exception rolls back."""
        with self._writing, self._connection.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            with _private_files():
                cursor.execute("COMMIT")

    @contextmanager
    def erasing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Like ``writing``, for deleting visitors' rows; waits until no import is running."""
        with _ALONE, self.writing() as cursor:
            yield cursor

    @contextmanager
    def appending(self) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
        """Like ``writing``, for long imports: other writes go on, but no second import starts.
        Yields a cursor, which sees the data as of its beginning, and a folder for the files to
        import. Raises ``StoreRefused`` if there is no room, or if another transaction changed the
        same rows."""
        with _ALONE, self._connection.cursor() as cursor:
            folder = self._create_folder(self.import_folder)
            try:
                cursor.execute("BEGIN")
                yield cursor, folder
                with _private_files():
                    cursor.execute("COMMIT")
                return
            except duckdb.OutOfMemoryException:
                problem = "needs more memory or disk space than is available"
            except (*STORAGE_ERRORS, duckdb.ConstraintException) as error:
                reason = _reason(error)
                problem = f"cannot be written{reason}" if reason else "was changed meanwhile"
            finally:
                shutil.rmtree(folder, ignore_errors=True)
                # After a commit, successful or not, there is no transaction.
                with suppress(duckdb.Error):
                    cursor.execute("ROLLBACK")
        raise StoreRefused(f"{self._name} {problem}; nothing was added.")

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A folder for files that wait for their import, which moves them into its own. It exists
        across imports; only one at a time. Raises ``StoreRefused`` if there is no room."""
        folder = self._create_folder(self.import_folder.with_suffix(".staging"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _create_folder(self, folder: Path) -> Path:
        try:
            # No other process has the store: a killed process left this folder.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(0o700)
            (folder / "reserve").write_bytes(bytes(RESERVE))
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise StoreRefused(
                f"No file can be written beside {self._name} ({error.strerror})."
            ) from None
        return folder

    def close(self) -> None:
        """Close the database; every later call fails. Can be called twice."""
        self._closing.set()
        with _OPENING:
            with _private_files():
                self._connection.close()
            if self._closed:
                return
            self._closed = True
            if self.path is None:
                shutil.rmtree(self._spill, ignore_errors=True)
                return
            _OPEN[self.path] -= 1
            if not _OPEN[self.path]:
                with suppress(OSError):
                    self._spill.rmdir()


def _interrupt_slow_queries(
    queries: dict[duckdb.DuckDBPyConnection, float], closing: threading.Event
) -> None:
    """Interrupt the ``queries``, by the time when they began, that take too long, until
    ``closing``."""
    while not closing.wait(CHECKED_EVERY):
        latest = time.monotonic() - LONGEST_QUERY
        for cursor, began in tuple(queries.items()):
            if began < latest:
                # It may just have ended.
                with suppress(duckdb.Error):
                    cursor.interrupt()


def _add_missing(cursor: duckdb.DuckDBPyConnection, existing: set[str]) -> None:
    """Create the tables that do not exist, and the columns that existing tables do not have."""
    for table, columns in (TABLES | INTERNAL_TABLES).items():
        definitions = [f"{name} {kind}" for name, kind in columns.items()]
        if table not in existing:
            cursor.execute(f"CREATE TABLE {table} ({', '.join(definitions)})")
            continue
        for definition in definitions:
            # DuckDB cannot add a primary key, and every version of a table has its key.
            if "PRIMARY KEY" not in definition:
                cursor.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {definition}")


def lock_down(
    connection: duckdb.DuckDBPyConnection, *, memory: str, spill: Path, readable: Path
) -> None:
    """Set a database's limits, and lock its configuration. The memory limit is ``memory``, or
    DuckDB's default if that is lower; what does not fit is written to the folder ``spill``. SQL can
    read files in the folder ``readable`` only."""
    row = connection.execute(
        "SELECT least(parse_formatted_bytes(?), "
        "parse_formatted_bytes(current_setting('memory_limit')))",
        [memory],
    ).fetchone()
    assert row
    for name, value in {
        "TimeZone": "UTC",
        "memory_limit": f"{row[0]} B",
        "temp_directory": str(spill),
        # DuckDB checks a path both with and without its escapes.
        "allowed_directories": [f"{readable}{os.sep}", f"{escape_globs(readable)}{os.sep}"],
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "allow_persistent_secrets": False,
        "enable_external_access": False,
        "lock_configuration": True,
    }.items():
        connection.execute(f"SET GLOBAL {name} = ?", [value])


def escape_globs(path: Path) -> str:
    """A path with its wildcards escaped, for SQL that accepts patterns."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


@contextmanager
def _private_files() -> Iterator[None]:
    """Create files that only the current user can read, in one thread at a time. DuckDB has no
    setting for the mode of its files, and can create its log at any commit."""
    with _UMASK:
        umask = os.umask(0o077)
        try:
            yield
        finally:
            os.umask(umask)


def _connected(path: Path | None) -> duckdb.DuckDBPyConnection:
    if path is None:
        return duckdb.connect(":memory:")
    try:
        return duckdb.connect(str(path))
    except duckdb.Error as error:
        reasons = {
            "lock on file": "is in use by another program",
            "not a valid DuckDB database": "is not a DuckDB file",
            "version number": "was made by another version of DuckDB",
            "": f"cannot be opened{_reason(error)}",
        }
        reason = next(reason for text, reason in reasons.items() if text in str(error))
    raise StoreRefused(f"{path.name} {reason}.")


def _reason(error: duckdb.Error) -> str:
    """The operating system's reason for an error of a file, in brackets; empty for other errors."""
    match = re.search(r"\": ([A-Z][a-z -]+)$", str(error).split("\n")[0])
    return f" ({match[1]})" if match else ""
