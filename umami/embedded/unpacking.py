"""From a folder, a zip or one file, plain or gzipped, to the text of tables; damage and bombs are
refused.

Nothing is unpacked ahead, and nothing is written: text is read piece by piece, and how far is told
in bytes of the files as they lie there.
"""

from __future__ import annotations

import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from umami.embedded.tables import POSTGRES, ImportRefused

UNPACKED_FREELY = 64 * 2**20
LARGEST_RATIO = 250
"""Text of tables packs some ten times. What unpacks to much more than that is no table."""
LONGEST_HEADER = 100_000
FAULTS = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)


class Text:
    """What a file unpacks to, read on until it is more than a table would be."""

    def __init__(
        self,
        stream: Any,
        name: str,
        fault: str,
        *,
        packed: Callable[[], int],
        at: Callable[[], int],
    ) -> None:
        self._stream = stream
        self._name = name
        self._fault = fault
        self._packed = packed
        self.at = at
        """How far the file was read, in its own bytes."""
        self.length = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes, none at the end. Raises ``ImportRefused``."""
        try:
            piece: bytes = self._stream.read(size)
        except FAULTS as error:
            raise ImportRefused(self._fault.format(_said(error)), self._name) from None
        self.length += len(piece)
        if self.length > max(UNPACKED_FREELY, self._packed() * LARGEST_RATIO):
            raise ImportRefused("It unpacks to far more than a table would.", self._name)
        return piece


@dataclass(frozen=True, slots=True)
class Packed:
    """The file of one table, where it lies."""

    name: str
    """As a person knows it: ``website_event.csv.gz``."""
    size: int
    """Bytes that it takes there."""
    path: Path
    """The file itself, or the zip that holds it."""
    member: zipfile.ZipInfo | None = None

    @property
    def plain(self) -> bool:
        """Whether the file is its text."""
        return not self.member and not self.name.endswith(".gz")

    @contextmanager
    def opened(self) -> Iterator[Text]:
        """Its text, from the beginning. Raises ``ImportRefused``."""
        with ExitStack() as closing:
            try:
                file = closing.enter_context(self.path.open("rb"))
                stream: Any = file
                if self.member:
                    archive = closing.enter_context(zipfile.ZipFile(file))
                    stream = closing.enter_context(archive.open(self.member))
            except FAULTS as error:
                raise _not_unpacked(self.path, error) from None
            begun = file.tell() if self.member else 0

            def at() -> int:
                return min(file.tell() - begun, self.size)

            text = Text(stream, self.name, "It cannot be unpacked ({}).", packed=at, at=at)
            if self.name.endswith(".gz"):
                inner: Any = text
                text = Text(
                    gzip.GzipFile(mode="rb", fileobj=inner),
                    self.name,
                    "It is not gzip, or damaged.",
                    packed=lambda: inner.length,
                    at=at,
                )
            yield text

    def first_line(self) -> bytes:
        """The line of its header, as long as a header can be. Raises ``ImportRefused``."""
        with self.opened() as text:
            line, end, _ = text.read(LONGEST_HEADER).partition(b"\n")
        return line + end


def tables_of(source: Path) -> dict[str, Packed]:
    """The file of each table in a folder or a zip, or the one that ``source`` is itself.

    Raises ``ImportRefused`` where there is none such, or one twice.
    """
    files: Iterable[Packed]
    try:
        if source.is_dir():
            files = (Packed(path.name, path.stat().st_size, path) for path in _files(source))
        elif _table_of(source.name) and source.is_file():
            files = [Packed(source.name, source.stat().st_size, source)]
        elif source.is_file():
            files = _of_zip(source)
        else:
            raise ImportRefused(f"There is no folder or file {source}.")
        found: dict[str, Packed] = {}
        for file in files:
            table = _table_of(file.name)
            if table in found:
                raise ImportRefused(
                    f"The same table is there as {found[table].name} too.", file.name
                )
            if table:
                found[table] = file
    except FAULTS as error:
        raise _not_unpacked(source, error) from None
    return found


def other_tables(source: Path) -> list[str]:
    """The CSV files of a folder or a zip that are no table the importer reads, by name.

    Raises ``ImportRefused`` where they cannot be listed.
    """
    try:
        if source.is_dir():
            names = [path.name for path in _files(source)]
        elif zipfile.is_zipfile(source):
            with zipfile.ZipFile(source) as archive:
                names = [
                    member.filename
                    for member in archive.infolist()
                    if not member.is_dir() and "__MACOSX" not in member.filename
                ]
        else:
            names = []
    except FAULTS as error:
        raise _not_unpacked(source, error) from None
    return sorted(name for name in names if stem_of(name) and not _table_of(name))


def stem_of(path: str) -> str | None:
    """The table that a file stands for by its name, wherever it lies; ``None`` if it is no CSV."""
    stem = PurePosixPath(path).name.removesuffix(".gz")
    return stem.removesuffix(".csv") if stem.endswith(".csv") else None


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.iterdir()) if path.is_file())


def _of_zip(source: Path) -> Iterator[Packed]:
    if not zipfile.is_zipfile(source):
        raise ImportRefused("It is neither a folder nor a zip nor a table.", source.name)
    with zipfile.ZipFile(source) as archive:
        for member in archive.infolist():
            name = member.filename
            if member.is_dir() or "__MACOSX" in name or not _table_of(name):
                continue
            if member.flag_bits & 1:
                raise ImportRefused("It is encrypted.", name)
            yield Packed(name, member.compress_size, source, member)


def _table_of(name: str) -> str | None:
    table = stem_of(name)
    return table if table in POSTGRES else None


def _not_unpacked(path: Path, error: Exception) -> ImportRefused:
    return ImportRefused(f"It cannot be unpacked ({_said(error)}).", path.name)


def _said(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else "damaged"
