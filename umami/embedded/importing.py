"""Import Umami's tables from CSV files into a store, all or nothing.

The source is a folder, a zip or tar archive, or a single file, plain or gzipped: the tables of a
PostgreSQL database, each with its header (``website_event.csv``, …), or the export of Umami Cloud,
in which each event has its session's attributes, ``''`` is NULL, and there is no table of sessions.
All column names of Umami 2 and 3 are accepted. Unknown columns and tables of secrets are not
imported; ``Imported.notes`` lists them. Rows whose primary keys exist are not changed. The rest is
added in one transaction, in batches, which limits the memory and the time between two reports.

DuckDB reads the files at full speed. Only a file that it refuses is read again, slowly, to find
the line and column of the fault.
"""

import hashlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import duckdb

from umami.embedded.archives import LONGEST_HEADER, Packed, contents_of, stem_of
from umami.embedded.faults import explained
from umami.embedded.null_words import with_words
from umami.embedded.store import STORAGE_ERRORS, Store, StoreRefused
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
from umami.embedded.upsert import Imported, Upsert

__all__ = ["ImportRefused", "Imported", "Progress", "import_into", "load", "unchanged"]

BATCH = 128 * 2**20
"""Bytes of text in a batch: half a million events."""
LONGEST = 2_000_000
"""The maximum length of a line and of a record in bytes. DuckDB refuses longer records, and can
skip a line that does not end."""
MOST_NAMED = 10
"""The maximum number of unknown columns that a note lists."""


@dataclass(frozen=True, slots=True)
class Progress:
    done: int
    """Bytes of the source's files whose rows were added; never decreases, and ends at ``total``."""
    total: int
    """Bytes of the source's files."""
    rows: int


OnProgress = Callable[[Progress], object]
"""Receives the progress; an exception cancels the import."""


def import_into(path: Path, source: Path, on_progress: OnProgress = lambda _: None) -> Imported:
    """Import tables into a store's file, which is created if it does not exist.

    A server of this process can serve the file meanwhile; it sees the new rows when the import is
    complete. A second import waits for the first. Another process must not have the file open.
    Raises ``ImportRefused`` if the source cannot be read, and ``StoreRefused`` if the file cannot
    be opened or written; the file is unchanged then.
    """
    with closing(Store(path)) as store:
        return load(store, source, on_progress)


def load(
    store: Store, source: Path, on_progress: OnProgress = lambda _: None, *, batch: int = BATCH
) -> Imported:
    """Import tables into a store, in batches of ``batch`` bytes of text. Calls ``on_progress``
    before the first batch, after each, every ``INTERVAL`` seconds meanwhile, and before the
    transaction is committed. Raises as ``import_into`` does."""
    files, others = contents_of(source)
    tables, notes = _formats(source, files, others)
    total = sum(files[table].size for table in tables)
    done = 0
    progress = Progress(0, total, 0)

    def report() -> None:
        on_progress(progress)

    with store.appending() as (cursor, folder):
        upsert = Upsert(cursor, tables, report)
        report()
        for name, table in tables.items():
            for read in _added(upsert, name, table, files[name], folder, batch):
                # The end is reported when everything is complete.
                progress = Progress(min(done + read, total - 1), total, upsert.read)
                report()
            done += files[name].size
        upsert.complete()
        cursor.execute("INSERT INTO umami_imported VALUES (?)", [_fingerprint(files)])
        on_progress(Progress(total, total, upsert.read))
    upsert.imported.notes[:0] = notes
    return upsert.imported


def unchanged(store: Store, source: Path) -> bool:
    """Whether a source with files of the same names, sizes and modification times was imported
    before. Raises ``ImportRefused`` if the source does not exist."""
    fingerprint = _fingerprint(contents_of(source)[0])
    row = store.row("SELECT 1 FROM umami_imported WHERE fingerprint = ?", [fingerprint])
    return row is not None


def _fingerprint(files: dict[str, Packed]) -> str:
    known = [
        (table, packed.name, packed.size, packed.path.stat().st_mtime_ns)
        for table, packed in sorted(files.items())
    ]
    return hashlib.sha256(repr(known).encode()).hexdigest()


def _formats(
    source: Path, files: dict[str, Packed], others: list[str]
) -> tuple[dict[str, Table], list[str]]:
    """The formats of a source's tables, and a sentence about everything that is not imported and
    each file that contains words for NULL."""
    place = source.name or source
    if "website_event" not in files:
        if any(stem_of(name) == "pageview" for name in others):
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
    notes = [_unknown_columns(table) for table in tables.values() if table.unknown]
    for name in others:
        secret = SECRET.fullmatch(stem_of(name) or "")
        reason = (
            "it holds passwords or other secrets"
            if secret
            else ("the dashboard has no use for this table")
        )
        notes.append(f"{name} was not read: {reason}.")
    notes += [
        f"{packed.name} was not read: exports of Umami Cloud do not have this table."
        for table, packed in files.items()
        if table not in tables
    ]
    tables, sentences = with_words(tables, samples)
    return tables, notes + sentences


def _header(table: str, packed: Packed, sample: bytes) -> tuple[tuple[str, ...], str]:
    line, _, _ = sample[:LONGEST_HEADER].partition(b"\n")
    layouts = [layouts[table] for layouts in (POSTGRES, CLOUD_EXPORT) if table in layouts]
    known = [name for layout in layouts for name in (*layout.columns, *layout.renamed)]
    return header(packed.name, line, known)


def _unknown_columns(table: Table) -> str:
    shown = ", ".join(name[:60] or "(no name)" for name in table.unknown[:MOST_NAMED])
    more = len(table.unknown) - MOST_NAMED
    end = f" and {more} more." if more > 0 else "."
    return f"{table.name}: These columns are unknown and were not read: {shown}{end}"


def _added(
    upsert: Upsert, name: str, table: Table, packed: Packed, folder: Path, size: int
) -> Iterator[int]:
    """Add the new rows of a table; yields the bytes of its file that were read by each batch.
    Raises ``ImportRefused`` with the first fault of the file."""
    problem = ""
    try:
        with closing(batches(packed, folder, size)) as parts:
            for path, read in parts:
                upsert.add(name, path)
                yield read
        if upsert.sound(name):
            return
    except STORAGE_ERRORS:
        raise
    except duckdb.Error as error:
        problem = str(error)
    path = folder / "whole.csv"
    try:
        with path.open("wb") as file:
            file.writelines(piece for piece, _ in packed.pieces())
    except OSError:
        # There is no room to search for the fault.
        raise ImportRefused("It cannot be read.", packed.name) from None
    raise explained(table, path, problem, folder)


def batches(packed: Packed, folder: Path, size: int) -> Generator[tuple[Path, int]]:
    """Write a file's records into a folder, as files of about ``size`` bytes, each with the header.
    Yields each file, which exists until the next is requested, and the bytes of the packed file
    that were read by then. This limits the memory and the disk space of an import."""
    pieces = _pieces(packed, min(size, 2**20))
    header = rest = b""
    read = 0
    for number in count():
        # Each batch has a new name, because DuckDB can cache the content of a name.
        path = folder / f"{number}.csv"
        length = quotes = end = 0
        try:
            with path.open("w+b") as file:
                file.write(header)
                while not end:
                    piece, read = (rest, read) if rest else next(pieces, (b"", packed.size))
                    if not piece:
                        break
                    length += len(piece)
                    if length >= size:
                        end = _end_of_records(piece, quotes)
                    if not end and length >= size + 2 * LONGEST:
                        # No record is that long: an unquoted value contains a quote. If that is
                        # wrong, DuckDB refuses the batch, because its last value does not end.
                        end = piece.rfind(b"\n") + 1
                    file.write(memoryview(piece)[: end or None])
                    quotes += piece.count(b'"')
                    rest = piece[end:] if end else b""
                file.seek(0)
                header = file.readline()
        except OSError as error:
            raise StoreRefused(
                f"{packed.name} cannot be unpacked to the disk ({error.strerror})."
            ) from None
        if not length:
            return
        yield path, read
        path.unlink()


def _pieces(packed: Packed, size: int) -> Iterator[tuple[bytes, int]]:
    """The pieces of a file. Raises ``ImportRefused`` if a line is too long."""
    line, length = 1, 0
    for piece, read in packed.pieces(size):
        ended = piece.rfind(b"\n") + 1
        length = len(piece) - ended if ended else length + len(piece)
        line += piece.count(b"\n")
        if length >= LONGEST:
            raise ImportRefused("This line is longer than any row.", packed.name, line)
        yield piece, read


def _end_of_records(piece: bytes, quotes: int) -> int:
    """The end of the last record that ends in a piece, or 0. ``quotes`` is the number of quotes
    before the piece: within a quoted value, the number is odd."""
    within = (quotes + piece.count(b'"')) % 2
    end = len(piece)
    while (at := piece.rfind(b"\n", 0, end)) >= 0:
        within ^= piece.count(b'"', at, end) % 2
        if not within:
            return at + 1
        end = at
    return 0
