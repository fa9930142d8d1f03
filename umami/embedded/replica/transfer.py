"""Moves rows from a database into a store, through files of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import chain, count
from pathlib import Path
from typing import Final

import duckdb

from umami.embedded.replica.schema import LARGE, SourceTable
from umami.embedded.replica.source import Snapshot
from umami.embedded.store import StoreRefused

BATCH: Final = 32 * 2**20
"""Bytes of rows in one file."""


class Stopped(Exception):
    """The replica is to stop; nothing of the current step is kept."""


class Transfer:
    """Moves rows in files of about ``batch`` bytes. ``stopped`` is asked after each file; if it
    returns true, ``Stopped`` is raised. Not for use by several threads."""

    def __init__(self, stopped: Callable[[], bool], batch: int) -> None:
        self._stopped = stopped
        self._batch = batch
        # Each file has a new name, because DuckDB can cache the content of a name.
        self._numbers = count()

    def load(
        self,
        snapshot: Snapshot,
        table: SourceTable,
        condition: str,
        cursor: duckdb.DuckDBPyConnection,
        folder: Path,
        target: str,
    ) -> int:
        """Insert the rows of the source that fulfil a condition; returns their number. While the
        store inserts one file, the next is written."""
        rows = 0
        running: Future[int] | None = None
        with (
            ThreadPoolExecutor(1) as inserter,
            closing(snapshot.copy(f"{table.select} WHERE {condition}")) as blocks,
        ):
            for block in blocks:
                path = self._write(folder, chain([block], blocks))
                if self._stopped():
                    raise Stopped
                rows += running.result() if running else 0
                running = inserter.submit(_insert, table, path, cursor, target)
            return rows + (running.result() if running else 0)

    def insert(
        self,
        table: SourceTable,
        content: bytes,
        cursor: duckdb.DuckDBPyConnection,
        folder: Path,
        target: str,
    ) -> None:
        """Insert rows that were read already."""
        _insert(table, self._write(folder, [content]), cursor, target)

    def _write(self, folder: Path, blocks: Iterable[bytes]) -> Path:
        """Write blocks into a file until it has ``batch`` bytes."""
        path = folder / f"{next(self._numbers)}.csv"
        size = 0
        try:
            with path.open("wb", buffering=2**20) as file:
                for block in blocks:
                    file.write(block)
                    size += len(block)
                    if size >= self._batch:
                        break
        except OSError as error:
            raise StoreRefused(f"Rows cannot be written to the disk ({error.strerror}).") from None
        return path


def _insert(table: SourceTable, path: Path, cursor: duckdb.DuckDBPyConnection, target: str) -> int:
    """Insert the rows of a file, which is deleted; returns their number."""
    names = ", ".join((*table.columns, *table.derived))
    # Sorted, so that a query of one website and range skips whole blocks of rows.
    order = " ORDER BY website_id, created_at" if table.name in LARGE else ""
    row = cursor.execute(f"INSERT INTO {target} ({names}) {table.reader(path)}{order}").fetchone()
    path.unlink()
    return int(row[0]) if row else 0
