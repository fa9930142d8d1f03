"""The tables of a real Umami database, in DuckDB: in memory, or kept in a file.

Columns bear the names that Umami gives them in PostgreSQL, so that a table exported there is
read here. Times are UTC without a zone, to the millisecond; ids are UUIDs.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

VERSION = 2
"""Of the tables below. A file of an earlier version gets what it lacks; one of a later version is
refused."""
MEMORY = "1 GiB"
"""The most memory that DuckDB may take for a file; what does not fit is written to a folder beside
it."""
MEMORY_ONLY = "4 GiB"
"""The most that it may take for data without a file, which are in this memory, too."""
RESERVE = 2**20
"""Bytes."""
_OPEN: Counter[Path] = Counter()
"""How many stores of this process have a file open: they share one database, and its settings."""
_OPENING = threading.Lock()
_ALONE = threading.Lock()
"""Held by who appends much, going by what is there, and by who takes away what is there."""

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
        "team_id": "UUID",
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
        "lcp": "DECIMAL(10,1)",
        "inp": "DECIMAL(10,1)",
        "cls": "DECIMAL(10,4)",
        "fcp": "DECIMAL(10,1)",
        "ttfb": "DECIMAL(10,1)",
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
    "session_link": {
        "website_id": "UUID",
        "session_id": "UUID",
        "distinct_id": "VARCHAR",
        "created_at": "TIMESTAMP",
    },
    "annotation": {
        "annotation_id": "UUID PRIMARY KEY",
        "website_id": "UUID",
        "user_id": "UUID",
        "date": "TIMESTAMP",
        "all_day": "BOOLEAN",
        "note": "VARCHAR",
        "created_at": "TIMESTAMP",
        "updated_at": "TIMESTAMP",
    },
    "team": {
        "team_id": "UUID PRIMARY KEY",
        "name": "VARCHAR",
        "created_at": "TIMESTAMP",
        "updated_at": "TIMESTAMP",
    },
    "team_user": {
        "team_user_id": "UUID PRIMARY KEY",
        "team_id": "UUID",
        "user_id": "UUID",
        "role": "VARCHAR",
        "created_at": "TIMESTAMP",
        "updated_at": "TIMESTAMP",
    },
    "link": {
        "link_id": "UUID PRIMARY KEY",
        "name": "VARCHAR",
        "url": "VARCHAR",
        "slug": "VARCHAR",
        "team_id": "UUID",
        "created_at": "TIMESTAMP",
        "updated_at": "TIMESTAMP",
        "deleted_at": "TIMESTAMP",
    },
    "pixel": {
        "pixel_id": "UUID PRIMARY KEY",
        "name": "VARCHAR",
        "slug": "VARCHAR",
        "team_id": "UUID",
        "created_at": "TIMESTAMP",
        "updated_at": "TIMESTAMP",
        "deleted_at": "TIMESTAMP",
    },
    "share": {
        "share_id": "UUID PRIMARY KEY",
        "entity_id": "UUID",
        "name": "VARCHAR",
        "slug": "VARCHAR",
        "parameters": "VARCHAR",
        "created_at": "TIMESTAMP",
        "updated_at": "TIMESTAMP",
    },
}
"""Column and DuckDB type of every table; ``parameters`` are JSON text, and the ``entity_id`` of a
share is a website. New columns go to the end of a table, where an upgraded file has them."""
OF_WEBSITE = tuple(table for table, columns in TABLES.items() if "website_id" in columns)
"""The tables whose rows belong to a website, and ``website`` itself."""
COLLECTED = tuple(
    table for table in OF_WEBSITE if table not in ("website", "report", "segment", "annotation")
)
"""The tables of what visitors did, which a reset of the website deletes."""


OWN: dict[str, dict[str, str]] = {
    "umami_store": {"version": "INTEGER", "secret": "BLOB"},
    "umami_imported": {"fingerprint": "VARCHAR"},
}
"""What Umami has no table for: what the file is, and which sources were imported as they are."""


FAULTS_OF_THE_PLACE = (
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.FatalException,
    duckdb.TransactionException,
)
"""What DuckDB raises whatever the rows are."""


class StoreRefused(Exception):
    """The file cannot hold the data, or another program has it; ``str()`` is a sentence."""


class Store:
    """One DuckDB database. Reads run side by side; writes take turns.

    ``path`` is the database file, which is made where there is none; without a path the data live
    in memory. A file belongs to one process at a time, which may open it more than once. Nobody but
    its user can read it, or what is written beside it.

    SQL can reach no file but those in ``import_folder``, load no extension and change no setting.

    Raises ``StoreRefused`` for a file that cannot be opened, or holds something else.
    """

    def __init__(self, path: Path | None = None) -> None:
        # DuckDB compares real paths with those that it may read.
        self.path = path and path.parent.resolve() / path.name
        self._writing = threading.RLock()
        self._closed = False
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
                self._prepare()
            self.secret = self._made()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        """Make the folder for what does not fit into memory, and lock the settings; once a
        database."""
        row = self._connection.execute("SELECT current_setting('lock_configuration')").fetchone()
        if row == (True,):
            return
        if self.path is not None:
            for file in (self.path, self.path.with_name(f"{self.path.name}.wal")):
                with suppress(OSError):
                    file.chmod(0o600)
            # What is there was left by a process that was killed, as no other has the file.
            shutil.rmtree(self._spill, ignore_errors=True)
            with suppress(OSError):
                self._spill.mkdir(0o700)
        lock_down(
            self._connection,
            memory=MEMORY if self.path else MEMORY_ONLY,
            spill=self._spill,
            readable=self.import_folder,
        )

    def _made(self) -> bytes:
        """Create the tables, or add those that an earlier version did not have; returns the secret
        that the store signs with."""
        with self.writing() as cursor:
            there: dict[str, set[str]] = {}
            for table, column in cursor.execute(
                "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = "
                "current_database() AND NOT internal"
            ).fetchall():
                there.setdefault(table, set()).add(column)
            if there and "umami_store" not in there:
                raise StoreRefused(f"{self._name} is a database of something else.")
            if not there:
                _add_missing(cursor, TABLES | OWN, there)
                cursor.execute(
                    "INSERT INTO umami_store VALUES (?, ?)", [VERSION, secrets.token_bytes(32)]
                )
            row = cursor.execute("SELECT version, secret FROM umami_store").fetchone()
            assert row
            if row[0] > VERSION:
                raise StoreRefused(f"{self._name} was made by a later version of this dashboard.")
            if row[0] < VERSION:
                try:
                    _add_missing(cursor, TABLES | OWN, there)
                    cursor.execute("UPDATE umami_store SET version = ?", [VERSION])
                except duckdb.Error as error:
                    raise StoreRefused(
                        f"{self._name} cannot be upgraded to this version of the dashboard"
                        f"{_reason(error)}; it was left as it is."
                    ) from None
        return bytes(row[1])

    @property
    def _name(self) -> str:
        return self.path.name if self.path else "The database"

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
            with _private_files():
                cursor.execute("COMMIT")

    @contextmanager
    def erasing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """As ``writing``, for what takes rows of visitors away; waits until nobody is appending."""
        with _ALONE, self.writing() as cursor:
            yield cursor

    @contextmanager
    def appending(self) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
        """As ``writing``, but others go on writing meanwhile: for what takes long. One at a time.

        Gives a cursor, which sees the data as they were when it began, and a folder to write into.
        Raises ``StoreRefused`` where there is no room, or where others changed what it changed too.
        """
        with _ALONE, self._connection.cursor() as cursor:
            folder = self._folder()
            try:
                cursor.execute("BEGIN")
                yield cursor, folder
                with _private_files():
                    cursor.execute("COMMIT")
                return
            except duckdb.OutOfMemoryException:
                problem = "needs more memory, or more room beside it, than there is"
            except (*FAULTS_OF_THE_PLACE, duckdb.ConstraintException) as error:
                reason = _reason(error)
                problem = f"cannot be written{reason}" if reason else "was changed meanwhile"
            except RuntimeError as error:
                # What DuckDB makes of Ctrl-C while it is at work.
                if "interrupted" in str(error):
                    raise KeyboardInterrupt from None
                raise
            finally:
                shutil.rmtree(folder, ignore_errors=True)
                # Where it ended well, or failed to, there is no transaction.
                with suppress(duckdb.Error):
                    cursor.execute("ROLLBACK")
        raise StoreRefused(f"{self._name} {problem}; nothing was added.")

    def _folder(self) -> Path:
        """The folder for imports, beside the file, where there is room for what is going to be in
        it."""
        folder = self.import_folder
        try:
            # What is there was left by a process that was killed, as no other has the store.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(0o700)
            # Where the disk is full in the end, there is still room to put the file in order.
            (folder / "reserve").write_bytes(bytes(RESERVE))
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise StoreRefused(
                f"There is no room beside {self._name} ({error.strerror})."
            ) from None
        return folder

    def close(self) -> None:
        """Give the database up; every later call fails. May be called twice."""
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


def _add_missing(
    cursor: duckdb.DuckDBPyConnection,
    tables: dict[str, dict[str, str]],
    there: dict[str, set[str]],
) -> None:
    """Create the tables and columns that a database does not have yet."""
    for table, columns in tables.items():
        if table not in there:
            spelled = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            cursor.execute(f"CREATE TABLE {table} ({spelled})")
            continue
        for name, kind in columns.items():
            if name not in there[table]:
                cursor.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")


def lock_down(
    connection: duckdb.DuckDBPyConnection, *, memory: str, spill: Path, readable: Path
) -> None:
    """Set what a database may do, for good.

    It takes no more than ``memory``, or what DuckDB finds right if that is less, and puts what does
    not fit into ``spill``. Of all files, SQL reaches those in ``readable`` alone.
    """
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
        # A path is checked as it is written and as it is found.
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
    """A path as SQL names it where it takes patterns, too."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


class _PrivateFiles:
    """While anybody is inside, this process makes files that its user alone can read.

    DuckDB has no setting for the mode of its files, and makes its log anew at any commit.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._inside = 0
        self._before = 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._guard:
            if not self._inside:
                self._before = os.umask(0o077)
            self._inside += 1
        try:
            yield
        finally:
            with self._guard:
                self._inside -= 1
                if not self._inside:
                    os.umask(self._before)


_private_files = _PrivateFiles()


def _connected(path: Path | None) -> duckdb.DuckDBPyConnection:
    if path is None:
        return duckdb.connect(":memory:")
    try:
        return duckdb.connect(str(path))
    except duckdb.Error as error:
        problem = str(error)
    if "lock on file" in problem:
        raise StoreRefused(f"{path.name} is in use by another program.")
    if "not a valid DuckDB database" in problem:
        raise StoreRefused(f"{path.name} is no DuckDB file.")
    if "version number" in problem:
        raise StoreRefused(f"{path.name} was made by another version of DuckDB.")
    raise StoreRefused(f"{path.name} cannot be opened{_reason(problem)}.")


def _reason(problem: Exception | str) -> str:
    """What the system says of a file, in brackets, if that is what went wrong."""
    if isinstance(problem, OSError):
        return f" ({problem.strerror})" if problem.strerror else ""
    found = re.search(r"\": ([A-Z][a-z -]+)$", str(problem).split("\n")[0])
    return f" ({found[1]})" if found else ""
