"""Moves rows from a database into a store, in batches of bounded size."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

import duckdb

from umami.embedded.replica.schema import LARGE, SourceTable
from umami.embedded.replica.source import Snapshot
from umami.embedded.store import StoreRefused

BATCH: Final = 128 * 2**20
"""Bytes of rows that the store inserts at once."""
AHEAD: Final = 2
"""Batches that are read ahead: the last of a condition is small."""
Rows = tuple[SourceTable, str]
"""The rows of a table that fulfil a condition."""
Batch = bytes | bytearray
"""Rows as CSV."""


class Stopped(Exception):
    """The replica is to stop; nothing of the current step is kept."""


class Transfer:
    """Moves rows in batches of about ``batch`` bytes. ``stopped`` is asked after each batch; if it
    returns true, ``Stopped`` is raised. Not for use by several threads."""

    def __init__(self, stopped: Callable[[], bool], batch: int) -> None:
        self._stopped = stopped
        self._batch = batch
        # Each file has a new name, because DuckDB can cache the content of a name.
        self._numbers = count()

    def read(self, snapshot: Snapshot, wanted: Iterable[Rows]) -> Generator[Batch]:
        """The wanted rows of the source in batches; an empty batch follows the last of each
        table and condition. While one is used, the next ones are read in a thread, also across
        conditions: nothing else may use the snapshot meanwhile. Close it to give up."""
        batches, reader = self._batches(snapshot, wanted), ThreadPoolExecutor(1)
        with closing(batches):
            try:
                following = deque(reader.submit(next, batches, None) for _ in range(AHEAD))
                while (batch := following.popleft().result()) is not None:
                    if batch and self._stopped():
                        raise Stopped
                    following.append(reader.submit(next, batches, None))
                    yield batch
            finally:
                reader.shutdown(cancel_futures=True)

    def _batches(self, snapshot: Snapshot, wanted: Iterable[Rows]) -> Generator[Batch]:
        for table, condition in wanted:
            batch = bytearray()
            with closing(snapshot.copy(f"{table.select} WHERE {condition}")) as rows:
                for row in rows:
                    batch += row
                    if len(batch) >= self._batch:
                        yield batch
                        batch = bytearray()
            if batch:
                yield batch
            yield b""

    def insert(
        self,
        table: SourceTable,
        batches: Iterator[Batch],
        cursor: duckdb.DuckDBPyConnection,
        folder: Path,
        target: str,
    ) -> int:
        """Insert the batches until an empty one, each by a file in a folder; returns the number of
        rows."""
        return sum(
            _insert(table, self._write(folder, batch), cursor, target)
            for batch in iter(partial(next, batches), b"")
        )

    def _write(self, folder: Path, batch: Batch) -> Path:
        path = folder / f"{next(self._numbers)}.csv"
        try:
            path.write_bytes(batch)
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
