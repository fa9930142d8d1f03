"""Read the text of exported tables from a folder, a zip or tar archive, or a single file.

Text is streamed as UTF-8, without writing to disk; positions are bytes of the packed files. Refused
are archives that unpack to far more than a table, links, devices, and names that lead out of the
folder or archive.
"""

from __future__ import annotations

import codecs
import gzip
import io
import lzma
import os
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from umami.embedded.tables import POSTGRES, ImportRefused

UNPACKED_FREELY = 64 * 2**20
LARGEST_RATIO = 250
"""The text of a table is compressed to about a tenth; a far larger ratio is an attack."""
LONGEST_HEADER = 100_000
SAMPLE = 512 * 1024
"""Bytes at the beginning of a table from which its format is detected."""
FAULTS = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
    NotImplementedError,
)
ZIP_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""The default methods of archivers, whose decompression takes little memory."""
OTHER_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
LARGEST_TAR_HEADER = 2**20
_QUOTED = re.compile(rb'"[^"]*"')


class Text:
    """The unpacked content of a file. Raises ``ImportRefused`` if it is larger than a table."""

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
        self._ahead = b""
        self.at = at
        """Returns the position in the packed file, in bytes."""
        self.length = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most ``size``; empty at the end. Raises ``ImportRefused``."""
        if self._ahead and size >= 0:
            piece, self._ahead = self._ahead[:size], self._ahead[size:]
            return piece
        ahead, self._ahead = self._ahead, b""
        return ahead + self._next(size)

    def peek(self, size: int) -> bytes:
        """The next ``size`` bytes, or all if there are fewer, without consuming them."""
        pieces, length = [self._ahead], len(self._ahead)
        while length < size and (piece := self._next(size - length)):
            pieces.append(piece)
            length += len(piece)
        self._ahead = b"".join(pieces)
        return self._ahead[:size]

    def _next(self, size: int) -> bytes:
        try:
            piece: bytes = self._stream.read(size)
        except FAULTS as error:
            raise ImportRefused(self._fault.format(_reason(error)), self._name) from None
        self.length += len(piece)
        if self.length > max(UNPACKED_FREELY, self._packed() * LARGEST_RATIO):
            raise ImportRefused("It unpacks to far more than a table would.", self._name)
        return piece


class _Recoded:
    """A stream that is converted to UTF-8 with the line end ``\\n``."""

    def __init__(self, text: Text, encoding: str, name: str) -> None:
        # Invalid UTF-8 is passed through, because the import reports its line and column.
        self._errors = "surrogateescape" if encoding == "utf-8" else "strict"
        decoder = codecs.getincrementaldecoder(encoding)(self._errors)
        self._decoder = io.IncrementalNewlineDecoder(decoder, translate=True)
        self._text = text
        self._encoding = encoding.upper()
        self._name = name
        self._ended = False

    def read(self, size: int) -> bytes:
        result = b""
        while not result and not self._ended:
            piece = self._text.read(size)
            self._ended = not piece
            try:
                text = self._decoder.decode(piece, final=self._ended)
                result = text.encode(errors=self._errors)
            except UnicodeError:
                raise ImportRefused(
                    f"It begins like {self._encoding}, but is not. Save it as UTF-8.", self._name
                ) from None
        return result


@dataclass(frozen=True, slots=True)
class Packed:
    """The file of a table, alone or in an archive."""

    name: str
    """The file's name, such as ``website_event.csv.gz``."""
    size: int
    """The file's packed size in bytes; in a tar archive, its unpacked size."""
    path: Path
    """The file, or the archive that contains it."""
    member: zipfile.ZipInfo | tarfile.TarInfo | None = None

    @contextmanager
    def opened(self) -> Iterator[Text]:
        """Open the file as UTF-8 text. Raises ``ImportRefused``."""
        with ExitStack() as stack:
            try:
                text = self._opened(stack)
                if self.name.lower().endswith(".gz"):
                    inner: Any = text
                    text = Text(
                        gzip.GzipFile(mode="rb", fileobj=inner),
                        self.name,
                        "It is not gzip, or damaged.",
                        packed=lambda: inner.length,
                        at=inner.at,
                    )
            except FAULTS as error:
                raise _not_unpacked(self.path, error) from None
            encoding = _encoding(text.peek(LONGEST_HEADER))
            if encoding:
                raw = text
                text = Text(
                    _Recoded(raw, encoding, self.name),
                    self.name,
                    "It cannot be read ({}).",
                    packed=lambda: raw.length,
                    at=raw.at,
                )
            yield text

    def _opened(self, stack: ExitStack) -> Text:
        file = stack.enter_context(self.path.open("rb"))
        if isinstance(self.member, tarfile.TarInfo):
            members = stack.enter_context(closing(_tar(file, self.path.name)))
            offset = self.member.offset
            stream: Any = next((file for member, file in members if member.offset == offset), None)
            if not stream:
                raise EOFError
            text = Text(
                stream,
                self.name,
                "It cannot be unpacked ({}).",
                packed=lambda: self.size,
                at=lambda: min(text.length, self.size),
            )
            return text
        stream = file
        begun = 0
        if self.member:
            archive = stack.enter_context(zipfile.ZipFile(file))
            stream = stack.enter_context(archive.open(self.member))
            begun = file.tell()

        def at() -> int:
            return min(file.tell() - begun, self.size)

        return Text(stream, self.name, "It cannot be unpacked ({}).", packed=at, at=at)

    def sample(self) -> bytes:
        """The first ``SAMPLE`` bytes as UTF-8. Raises ``ImportRefused``."""
        with self.opened() as text:
            return text.peek(SAMPLE)


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of a source."""

    tables: dict[str, Packed]
    """The file of each table."""
    others: list[str]
    """The names of the other CSV files, sorted."""


def contents_of(source: Path) -> Contents:
    """The CSV files of a folder or an archive, or the single file ``source``.

    Raises ``ImportRefused`` if the source does not exist, contains a table twice, or a table is a
    link.
    """
    contents = Contents({}, [])
    try:
        for name, packed in _entries(source):
            table = _table_of(name)
            if not table:
                contents.others.append(name)
                continue
            file = packed()
            if table in contents.tables:
                raise ImportRefused(f"{contents.tables[table].name} contains the same table.", name)
            contents.tables[table] = file
    except FAULTS as error:
        raise _not_unpacked(source, error) from None
    contents.others.sort()
    return contents


def stem_of(path: str) -> str | None:
    """The table's name in the path of a CSV file; ``None`` for other files."""
    name = PurePosixPath(path).name.lower().removesuffix(".gz")
    stem, _, extension = name.rpartition(".")
    return stem if extension in ("csv", "tsv") else None


def _entries(source: Path) -> Iterator[tuple[str, Callable[[], Packed]]]:
    """The CSV files of a source: their names, and functions that return their ``Packed`` or raise
    ``ImportRefused``."""
    if source.is_dir():
        entries = _of_folder(source)
    elif _table_of(source.name) and os.path.lexists(source):
        entries = iter([(source.name, partial(_plain_file, source))])
    elif not source.is_file():
        raise ImportRefused(f"There is no folder or file {source}.")
    elif zipfile.is_zipfile(source):
        entries = _of_zip(source)
    elif _is_tar(source):
        entries = _of_tar(source)
    else:
        raise ImportRefused(
            "It is neither a folder nor a zip, a tar or a table. Unpack it first.", source.name
        )
    for name, packed in entries:
        path = PurePosixPath(name)
        # macOS adds files with the same names to an archive.
        if stem_of(name) and "__MACOSX" not in path.parts and not path.name.startswith("._"):
            yield name, packed


def _of_folder(folder: Path) -> Iterator[tuple[str, Callable[[], Packed]]]:
    for path in sorted(folder.iterdir()):
        if not path.is_dir():
            yield path.name, partial(_plain_file, path)


def _plain_file(path: Path) -> Packed:
    """A file in a folder, or a link to one in the same folder."""
    real = Path(os.path.realpath(path))
    if path.is_symlink() and not real.is_relative_to(os.path.realpath(path.parent)):
        raise ImportRefused(
            "It is a link that leads out of its folder. Copy the file itself there.", path.name
        )
    status = real.stat()
    if not stat.S_ISREG(status.st_mode):
        raise _not_a_file(path.name)
    return Packed(path.name, status.st_size, real)


def _of_zip(source: Path) -> Iterator[tuple[str, Callable[[], Packed]]]:
    with zipfile.ZipFile(source) as archive:
        members = archive.infolist()
    for member in members:
        if not member.is_dir():
            # Some archivers use the separators of Windows.
            name = member.filename.replace("\\", "/")
            yield name, partial(_zipped, source, name, member)


def _zipped(source: Path, name: str, member: zipfile.ZipInfo) -> Packed:
    _check_place(name)
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        raise _not_a_file(name)
    if member.flag_bits & 1:
        raise ImportRefused("It is encrypted. Unpack it with its password first.", name)
    if member.compress_type not in ZIP_METHODS:
        method = OTHER_METHODS.get(member.compress_type, f"method {member.compress_type}")
        raise ImportRefused(
            f"It is packed with {method}; only Deflate can be read. Unpack it first.",
            name,
        )
    return Packed(name, member.compress_size, source, member)


class _TarMember(tarfile.TarInfo):
    """A member whose header has a plausible size, because ``tarfile`` loads it into memory."""

    @classmethod
    def frombuf(cls, *args: Any, **options: Any) -> _TarMember:
        member = super().frombuf(*args, **options)
        if not member.isreg() and member.size > LARGEST_TAR_HEADER:
            raise tarfile.ReadError
        return member


def _is_tar(source: Path) -> bool:
    with source.open("rb") as file:
        try:
            with closing(_tar(file, source.name)) as members:
                next(members, None)
        except tarfile.TarError:
            return False
    return True


def _of_tar(source: Path) -> Iterator[tuple[str, Callable[[], Packed]]]:
    with source.open("rb") as file:
        for member, _ in _tar(file, source.name):
            if not member.isdir():
                yield member.name, partial(_tarred, source, member)


def _tarred(source: Path, member: tarfile.TarInfo) -> Packed:
    _check_place(member.name)
    if not member.isreg() or member.issparse():
        raise _not_a_file(member.name)
    return Packed(member.name, member.size, source, member)


def _tar(file: IO[bytes], name: str) -> Generator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """The members of a tar, plain or gzipped, and their streams, each valid until the next."""
    gzipped = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    text: Any = Text(
        gzip.GzipFile(mode="rb", fileobj=file) if gzipped else file,
        name,
        "It cannot be unpacked ({}).",
        packed=file.tell,
        at=file.tell,
    )
    with tarfile.open(fileobj=text, mode="r|", tarinfo=_TarMember) as archive:
        while member := archive.next():
            yield member, archive.extractfile(member) if member.isreg() else None
            # Otherwise, this list grows with the archive.
            archive.members = []  # type: ignore[attr-defined]


def _check_place(name: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name):
        raise ImportRefused("Its name leads out of the archive. Pack the files again.", name)


def _not_a_file(name: str) -> ImportRefused:
    return ImportRefused(
        "It is not a file but a link, a device or the like. Put the file itself there.", name
    )


def _encoding(head: bytes) -> str | None:
    """The encoding that a text must be converted from; ``None`` for UTF-8 whose line ends are all
    ``\\n`` or all ``\\r\\n``."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # A header is ASCII: every other byte of UTF-16 is 0.
    if head[:1] and head[1:4:2] == b"\0\0":
        return "utf-16-le"
    if head[0:3:2] == b"\0\0":
        return "utf-16-be"
    values = _QUOTED.sub(b"", head)
    both = values.count(b"\r\n")
    feeds = values.count(b"\n") - both
    returns = values.count(b"\r") - both
    return "utf-8" if (both and feeds) or (returns and not both and not feeds) else None


def _table_of(name: str) -> str | None:
    table = stem_of(name)
    return table if table in POSTGRES else None


def _not_unpacked(path: Path, error: Exception) -> ImportRefused:
    return ImportRefused(f"It cannot be unpacked ({_reason(error)}).", path.name)


def _reason(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else "damaged"
