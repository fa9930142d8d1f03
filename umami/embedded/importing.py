"""Umami's tables as CSV, into the store: all of them, or nothing.

Read are a folder, a zip or tar archive, or a single file, plain or gzipped, of either layout:

- the tables of a PostgreSQL database, each with its header (``website_event.csv``, …);
- the export of Umami Cloud, where every event row carries its session's attributes, ``''`` stands
  for NULL and there is no table of sessions.

Columns are known by the names that any release of Umami 2 and 3 gave them. Those that no known
release has are not read, nor are tables of secrets; ``Imported.notes`` names them.

Rows that are there already, by their primary keys, stay as they are. All else is added in one
transaction, a batch at a time, so that neither memory nor the time between two words about the
progress depends on how much there is.

DuckDB reads at full speed and is only told afterwards to look closer: what it refuses is read a
second time, slowly, to say in which line and column the fault is.
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
"""Bytes of text: half a million events."""
MOST_NAMED = 10
"""How many unknown columns of a file are named."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is."""

    done: int
    """Bytes of the source's files whose rows are in: never fewer than before, ``total`` at last."""
    total: int
    """Bytes of the source's files, as they lie there."""
    rows: int
    """Rows that were read by now."""


Told = Callable[[Progress], object]
"""Hears of the progress; what it raises ends the import, of which then nothing is kept."""


def import_into(path: Path, source: Path, told: Told = lambda _: None) -> Imported:
    """Import tables into a store's file, which is made where there is none.

    A server of this process may be serving the file: it goes on meanwhile, and answers with the
    new rows once all of them are there. A second import waits for the first. Another process must
    not have the file open.

    Raises:
        ImportRefused: for what cannot be read; then the file holds what it held before.
        StoreRefused: for a file that cannot be opened or written; likewise.
    """
    with closing(Store(path)) as store:
        return load(store, source, told)


def load(
    store: Store, source: Path, told: Told = lambda _: None, *, batch: int = BATCH
) -> Imported:
    """Import a folder, a zip or a file of tables; ``batch`` is how many bytes of text at a time.

    ``told`` hears of the progress before the first batch, after each, and when all is in and only
    has to be kept. Raises as ``import_into`` does.
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
        told(Progress(done, total, 0))
        for table, found in tables.items():
            for at in _added(appending, table, found, files[table], folder, batch):
                if done + at < total:
                    told(Progress(done + at, total, appending.read))
            done += files[table].size
        appending.complete()
        cursor.execute("INSERT INTO umami_imported VALUES (?)", [fingerprint])
        told(Progress(total, total, appending.read))
    appending.imported.notes[:0] = notes
    return appending.imported


def unchanged(store: Store, source: Path) -> bool:
    """Whether a source was imported before and its files are the same still, as far as names,
    sizes and times tell. Raises ``ImportRefused`` where there is none."""
    row = store.row(
        "SELECT 1 FROM umami_imported WHERE fingerprint = ?",
        [_fingerprint(contents_of(source).tables)],
    )
    return row is not None


def _fingerprint(files: dict[str, Packed]) -> str:
    known = [
        (table, packed.name, packed.size, packed.path.stat().st_mtime_ns)
        for table, packed in sorted(files.items())
    ]
    return hashlib.sha256(repr(known).encode()).hexdigest()


def _checked(source: Path, contents: Contents) -> tuple[dict[str, Table], list[str]]:
    """The tables of a source whose headers are as they have to be, and a sentence for each that has
    words for NULL."""
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
    layouts = CLOUD_EXPORT if cloud else POSTGRES
    tables = {}
    for table, layout in layouts.items():
        if table in files:
            names, delimiter = headers[table]
            tables[table] = checked(table, files[table].name, names, layout, delimiter)
    words, notes = words_of([(tables[table], samples[table]) for table in tables])
    return {name: replace(table, words=words) for name, table in tables.items()}, notes


def _header(table: str, packed: Packed, sample: bytes) -> tuple[tuple[str, ...], str]:
    line, _, _ = sample[:LONGEST_HEADER].partition(b"\n")
    layouts = [layouts[table] for layouts in (POSTGRES, CLOUD_EXPORT) if table in layouts]
    known = [name for layout in layouts for name in (*layout.columns, *layout.renamed)]
    return header(packed.name, line, known)


def _not_read(contents: Contents, tables: dict[str, Table]) -> list[str]:
    """What the source has that is not imported: a sentence for each file."""
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
    appending: Appending, table: str, found: Table, packed: Packed, folder: Path, size: int
) -> Iterator[int]:
    """Add what is new of a table, batch by batch; how far its file is done after each."""
    problem = ""
    try:
        with closing(batches(packed, folder, size)) as parts:
            for part in parts:
                appending.add(table, part.path)
                yield part.at
        if appending.sound(table):
            return
    except STORAGE_ERRORS:
        raise
    except duckdb.Error as error:
        problem = str(error)
    raise _explained(found, packed, folder, problem)


def _explained(found: Table, packed: Packed, folder: Path, problem: str) -> ImportRefused:
    path = folder / "whole.csv"
    try:
        with packed.opened() as text, path.open("wb") as file:
            shutil.copyfileobj(text, file)
    except OSError:
        # There is no room to look closer.
        return ImportRefused("It cannot be read.", packed.name)
    return explained(found, path, problem, folder)
