"""Import Umami's tables from CSV files into a store, all or nothing.

The source is a folder, a zip or tar archive, or a single file, plain or gzipped, in either layout:

- the tables of a PostgreSQL database, each with its header (``website_event.csv``, …);
- the export of Umami Cloud, in which each event has its session's attributes, ``''`` is NULL, and
  there is no table of sessions.

All column names of Umami 2 and 3 are accepted. Unknown columns and tables of secrets are not
imported; ``Imported.notes`` lists them. Rows whose primary keys exist are not changed. The rest is
added in one transaction, in batches, which limits the memory and the time between two progress
reports.

DuckDB reads the files at full speed. Only a file that it refuses is read again, slowly, to find
the line and column of the fault.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from umami.embedded.archives import LONGEST_HEADER, Contents, Packed, contents_of, stem_of
from umami.embedded.batches import batches
from umami.embedded.faults import explained
from umami.embedded.null_words import words_of
from umami.embedded.store import STORAGE_ERRORS, Store
from umami.embedded.tables import (
    CLOUD,
    CLOUD_EXPORT,
    POSTGRES,
    SECRET,
    ImportRefused,
    Table,
    checked,
    header,
)
from umami.embedded.upsert import Appending, Imported

__all__ = ["ImportRefused", "Imported", "Progress", "import_into", "load", "unchanged"]

BATCH = 128 * 2**20
"""Bytes of text in a batch: half a million events."""
MOST_NAMED = 10
"""The maximum number of unknown columns that a note lists."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of an import."""

    done: int
    """Bytes of the source's files whose rows were added; never decreases, and ends at ``total``."""
    total: int
    """Bytes of the source's files."""
    rows: int
    """Rows that were read."""


OnProgress = Callable[[Progress], object]
"""Receives the progress; an exception cancels the import."""


def import_into(path: Path, source: Path, on_progress: OnProgress = lambda _: None) -> Imported:
    """Import tables into a store's file, which is created if it does not exist.

    A server of this process can serve the file meanwhile; it sees the new rows when the import is
    complete. A second import waits for the first. Another process must not have the file open.

    Raises:
        ImportRefused: if the source cannot be read; the file is unchanged.
        StoreRefused: if the file cannot be opened or written; likewise.
    """
    with closing(Store(path)) as store:
        return load(store, source, on_progress)


def load(
    store: Store, source: Path, on_progress: OnProgress = lambda _: None, *, batch: int = BATCH
) -> Imported:
    """Import tables into a store, in batches of ``batch`` bytes of text.

    Calls ``on_progress`` before the first batch, after each, and before the transaction is
    committed. Raises as ``import_into`` does.
    """
    contents = contents_of(source)
    files = contents.tables
    tables, notes = _checked(source, contents)
    notes = _not_read(contents, tables) + notes
    fingerprint = _fingerprint(files)
    total = sum(files[table].size for table in tables)
    done = 0
    with store.appending() as (cursor, folder):
        appending = Appending(cursor, tables)
        on_progress(Progress(done, total, 0))
        for table in tables:
            for at in _added(appending, table, tables[table], files[table], folder, batch):
                if done + at < total:
                    on_progress(Progress(done + at, total, appending.read))
            done += files[table].size
        appending.complete()
        cursor.execute("INSERT INTO umami_imported VALUES (?)", [fingerprint])
        on_progress(Progress(total, total, appending.read))
    appending.imported.notes[:0] = notes
    return appending.imported


def unchanged(store: Store, source: Path) -> bool:
    """Whether a source with files of the same names, sizes and modification times was imported
    before. Raises ``ImportRefused`` if the source does not exist."""
    fingerprint = _fingerprint(contents_of(source).tables)
    row = store.row("SELECT 1 FROM umami_imported WHERE fingerprint = ?", [fingerprint])
    return row is not None


def _fingerprint(files: dict[str, Packed]) -> str:
    known = [
        (table, packed.name, packed.size, packed.path.stat().st_mtime_ns)
        for table, packed in sorted(files.items())
    ]
    return hashlib.sha256(repr(known).encode()).hexdigest()


def _checked(source: Path, contents: Contents) -> tuple[dict[str, Table], list[str]]:
    """The formats of a source's tables, and a sentence for each that contains words for NULL."""
    place = source.name or source
    files = contents.tables
    if "website_event" not in files:
        if any(stem_of(name) == "pageview" for name in contents.others):
            raise ImportRefused(
                f"{place} holds tables of Umami 1. Upgrade that Umami to version 2 or 3, and "
                "export its tables again."
            )
        raise ImportRefused(f"There is no website_event.csv in {place}.")
    samples = {table: packed.sample() for table, packed in files.items()}
    headers = {table: _header(table, files[table], sample) for table, sample in samples.items()}
    cloud = CLOUD in headers["website_event"][0]
    if not cloud and "session" not in files:
        raise ImportRefused(f"There is no session.csv in {place}.")
    tables = {
        table: checked(table, files[table].name, headers[table][0], layout, headers[table][1])
        for table, layout in (CLOUD_EXPORT if cloud else POSTGRES).items()
        if table in files
    }
    words, notes = words_of([(tables[table], samples[table]) for table in tables])
    return {name: replace(table, words=words) for name, table in tables.items()}, notes


def _header(table: str, packed: Packed, sample: bytes) -> tuple[tuple[str, ...], str]:
    line, _, _ = sample[:LONGEST_HEADER].partition(b"\n")
    layouts = [layouts[table] for layouts in (POSTGRES, CLOUD_EXPORT) if table in layouts]
    known = [name for layout in layouts for name in (*layout.columns, *layout.renamed)]
    return header(packed.name, line, known)


def _not_read(contents: Contents, tables: dict[str, Table]) -> list[str]:
    """A sentence about each column and file that is not imported."""
    notes = []
    for table in tables.values():
        if table.unknown:
            shown = ", ".join(name[:60] or "(no name)" for name in table.unknown[:MOST_NAMED])
            more = len(table.unknown) - MOST_NAMED
            notes.append(
                f"{table.name}: These columns are unknown and were not read: {shown}"
                + (f" and {more} more." if more > 0 else ".")
            )
    for name in contents.others:
        reason = (
            "it holds passwords or other secrets"
            if SECRET.fullmatch(stem_of(name) or "")
            else "the dashboard has no use for this table"
        )
        notes.append(f"{name} was not read: {reason}.")
    notes += [
        f"{packed.name} was not read: exports of Umami Cloud do not have this table."
        for table, packed in contents.tables.items()
        if table not in tables
    ]
    return notes


def _added(
    appending: Appending, name: str, table: Table, packed: Packed, folder: Path, size: int
) -> Iterator[int]:
    """Add the new rows of a table; yields the bytes of its file that are done after each batch."""
    problem = ""
    try:
        with closing(batches(packed, folder, size)) as parts:
            for part in parts:
                appending.add(name, part.path)
                yield part.at
        if appending.sound(name):
            return
    except STORAGE_ERRORS:
        raise
    except duckdb.Error as error:
        problem = str(error)
    path = folder / "whole.csv"
    try:
        with packed.opened() as text, path.open("wb") as file:
            shutil.copyfileobj(text, file)
    except OSError:
        # There is no room to search for the fault.
        raise ImportRefused("It cannot be read.", packed.name) from None
    raise explained(table, path, problem, folder)
