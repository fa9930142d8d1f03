"""Moves rows from a database into a store, through files of bounded size."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count, islice
from pathlib import Path
from typing import Final, NamedTuple

import duckdb

from umami.embedded.replica.schema import LARGE, SourceTable
from umami.embedded.replica.source import Snapshot
from umami.embedded.store import StoreRefused

BATCH: Final = 128 * 2**20
"""Bytes of rows in one file."""
AHEAD: Final = 2
"""Files that are read ahead: the last of some rows is small."""
AT_ONCE: Final = 1000
"""Rows between two looks at the size of a file."""
Rows = tuple[SourceTable, str]
"""The rows of a table that fulfil a condition."""


class Stopped(Exception):
    """The replica is to stop; nothing of the current step is kept."""


class File(NamedTuple):
    """Some rows as CSV."""

    path: Path
    size: int
    """Bytes."""
    is_last: bool
    """Whether it ends the rows of a table that fulfil a condition; then it can be empty."""


class Transfer:
    """Moves rows in files of about ``batch`` bytes. ``stopped`` is asked after each file; if it
    returns true, ``Stopped`` is raised. Not for use by several threads."""

    def __init__(self, stopped: Callable[[], bool], batch: int) -> None:
        self._stopped = stopped
        self._batch = batch
        # Each file has a new name, because DuckDB can cache the content of a name.
        self._numbers = count()

    def read(self, snapshot: Snapshot, wanted: Iterable[Rows], folder: Path) -> Generator[File]:
        """Write the wanted rows of the source into files of a folder. While one file is used, the
        next ones are written in a thread, also across conditions: nothing else may use the snapshot
        meanwhile. Close it to give up."""
        files, reader = self._files(snapshot, wanted, folder), ThreadPoolExecutor(1)
        with closing(files):
            try:
                following = deque(reader.submit(next, files, None) for _ in range(AHEAD))
                while file := following.popleft().result():
                    if file.size and self._stopped():
                        raise Stopped
                    following.append(reader.submit(next, files, None))
                    yield file
            finally:
                reader.shutdown(cancel_futures=True)

    def _files(self, snapshot: Snapshot, wanted: Iterable[Rows], folder: Path) -> Generator[File]:
        for table, condition in wanted:
            with snapshot.copy(f"{table.select} WHERE {condition}") as rows:
                while (file := self._write(folder, rows)).size >= self._batch:
                    yield file
            yield file._replace(is_last=True)

    def _write(self, folder: Path, rows: Iterator[bytes | memoryview]) -> File:
        """Write rows into a file until it has ``batch`` bytes."""
        path = folder / f"{next(self._numbers)}.csv"
        size = 0
        try:
            with path.open("wb", buffering=2**20) as file:
                while size < self._batch:
                    file.writelines(islice(rows, AT_ONCE))
                    if size == file.tell():
                        break
                    size = file.tell()
        except OSError as error:
            raise StoreRefused(f"Rows cannot be written to the disk ({error.strerror}).") from None
        return File(path, size, is_last=False)

    def insert(
        self,
        table: SourceTable,
        files: Iterable[File],
        cursor: duckdb.DuckDBPyConnection,
        folder: Path,
        target: str,
    ) -> int:
        """Insert the rows of files up to the next last one, by the folder of an import; returns
        their number."""
        added = 0
        for file in files:
            path = file.path.rename(folder / file.path.name)
            if file.size:
                added += _insert(table, path, cursor, target)
            path.unlink()
            if file.is_last:
                break
        return added

    def insert_read(
        self,
        table: SourceTable,
        content: bytes,
        cursor: duckdb.DuckDBPyConnection,
        folder: Path,
        target: str,
    ) -> None:
        """Insert rows that were read already."""
        self.insert(table, [self._write(folder, iter([content]))], cursor, folder, target)


def _insert(table: SourceTable, path: Path, cursor: duckdb.DuckDBPyConnection, target: str) -> int:
    """Insert the rows of a file; returns their number."""
    names = ", ".join((*table.columns, *table.derived))
    # Sorted, so that a query of one website and range skips whole blocks of rows.
    order = " ORDER BY website_id, created_at" if table.name in LARGE else ""
    row = cursor.execute(f"INSERT INTO {target} ({names}) {table.reader(path)}{order}").fetchone()
    return int(row[0]) if row else 0
