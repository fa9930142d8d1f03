"""Find the CSV files of exported tables in a folder, an archive or a single file, and unpack them.
Refused are archives that unpack to far more than a table, links, devices, and names that lead out
of the folder or archive."""

import codecs
import gzip
import io
import os
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import IO, Any, Self

from umami.embedded.tables import POSTGRES, ImportRefused

UNPACKED_FREELY = 64 * 2**20
LARGEST_RATIO = 250
"""The text of a table is compressed to about a tenth; a far larger ratio is an attack."""
LONGEST_HEADER = 100_000
SAMPLE = 512 * 1024
"""Bytes at the beginning of a table from which its format is detected."""
FAULTS = (OSError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError, NotImplementedError)
ZIP_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""The default methods of archivers, whose decompression takes little memory."""
OTHER_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
LARGEST_TAR_HEADER = 2**20


class _Limited(io.RawIOBase):
    """A stream that refuses to unpack to more than a table of ``packed`` bytes does."""

    def __init__(self, stream: Any, packed: int, name: str) -> None:
        self._stream = stream
        self._left = max(UNPACKED_FREELY, packed * LARGEST_RATIO)
        self._name = name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._stream.read(len(buffer))
        self._left -= len(piece)
        if self._left < 0:
            raise ImportRefused("It unpacks to far more than a table would.", self._name)
        buffer[: len(piece)] = piece
        return len(piece)


@dataclass(frozen=True, slots=True)
class Packed:
    """A CSV file, alone or in an archive."""

    name: str
    """The file's name, such as ``website_event.csv.gz``."""
    path: Path
    """The file, or the archive that contains it."""
    member: zipfile.ZipInfo | tarfile.TarInfo | None = None

    @property
    def size(self) -> int:
        """The file's packed size in bytes; in a tar archive, its unpacked size."""
        match self.member:
            case None:
                return self.path.stat().st_size
            case zipfile.ZipInfo():
                return self.member.compress_size
        return self.member.size

    def check(self) -> None:
        """Raise ``ImportRefused`` if this is a link, a device or the like, or cannot be read."""
        member, problem = self.member, ""
        if member is None:
            folder = os.path.realpath(self.path.parent)
            real = Path(os.path.realpath(self.path))
            if self.path.is_symlink() and not real.is_relative_to(folder):
                problem = "It is a link that leads out of its folder. Copy the file itself there."
            regular = stat.S_ISREG(self.path.stat().st_mode)
        elif isinstance(member, tarfile.TarInfo):
            regular = member.isreg() and not member.issparse()
        else:
            regular = stat.S_IFMT(member.external_attr >> 16) in (0, stat.S_IFREG)
            if member.flag_bits & 1:
                problem = "It is encrypted. Unpack it with its password first."
            elif (method := member.compress_type) not in ZIP_METHODS:
                method_name = OTHER_METHODS.get(method, f"method {method}")
                problem = (
                    f"It is packed with {method_name}; only Deflate can be read. Unpack it first."
                )
        path = PurePosixPath(self.name)
        if member and (
            path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", self.name)
        ):
            problem = "Its name leads out of the archive. Pack the files again."
        elif not regular and not problem:
            problem = (
                "It is not a file but a link, a device or the like. Put the file itself there."
            )
        if problem:
            raise ImportRefused(problem, self.name)

    def pieces(self, size: int = 2**20) -> Generator[tuple[bytes, int]]:
        """The text as UTF-8 in pieces of ``size`` bytes, each with the bytes of the packed file
        that were read by then. Raises ``ImportRefused``."""
        gzipped = self.name.lower().endswith(".gz")
        with ExitStack() as stack:
            try:
                file = stack.enter_context(self.path.open("rb"))
                # An archive can declare any size.
                packed = min(self.size, self.path.stat().st_size)
                stream: Any = _Limited(self._opened(stack, file), packed, self.name)
                begins = file.tell()
                if gzipped:
                    stream = _Limited(gzip.GzipFile(fileobj=stream), packed, self.name)
                text = io.BufferedReader(stream, LONGEST_HEADER)
                pieces = iter(partial(text.read, size), b"")
                if encoding := _encoding(text.peek(LONGEST_HEADER)):
                    pieces = _recoded(pieces, encoding, self.name)
                for piece in pieces:
                    yield piece, min(file.tell() - begins, self.size)
            except FAULTS as error:
                reason = "It is not gzip, or damaged." if gzipped else _not_unpacked(error)
                raise ImportRefused(reason, self.name) from None

    def _opened(self, stack: ExitStack, file: IO[bytes]) -> Any:
        """The file, or the archive's member."""
        if not self.member:
            return file
        if isinstance(self.member, zipfile.ZipInfo):
            archive = stack.enter_context(zipfile.ZipFile(file))
            return stack.enter_context(archive.open(self.member))
        tar = tarfile.TarFile(fileobj=_ungzipped(file))
        return stack.enter_context(tar).extractfile(self.member)

    def sample(self) -> bytes:
        """The first records. Raises ``ImportRefused``."""
        with closing(self.pieces(SAMPLE)) as pieces:
            head = next(pieces, (b"", 0))[0]
            return head[: head.rfind(b"\n") + 1] if next(pieces, None) else head


def contents_of(source: Path) -> tuple[dict[str, Packed], list[str]]:
    """The files of a source by table, and the names of its other CSV files, sorted. The source is a
    folder, an archive or a single file. Raises ``ImportRefused`` if it does not exist, contains a
    table twice, or a table is a link."""
    tables: dict[str, Packed] = {}
    others = []
    try:
        for packed in _entries(source):
            path = PurePosixPath(packed.name)
            stem = stem_of(packed.name)
            # macOS adds files with the same names to an archive.
            if not stem or "__MACOSX" in path.parts or path.name.startswith("._"):
                continue
            if stem not in POSTGRES:
                others.append(packed.name)
                continue
            packed.check()
            if stem in tables:
                raise ImportRefused(f"{tables[stem].name} contains the same table.", packed.name)
            tables[stem] = packed
    except FAULTS as error:
        raise ImportRefused(_not_unpacked(error), source.name) from None
    return tables, sorted(others)


def stem_of(path: str) -> str | None:
    """The table's name in the path of a CSV file; ``None`` for other files."""
    name = PurePosixPath(path).name.lower().removesuffix(".gz")
    stem, _, extension = name.rpartition(".")
    return stem if extension in ("csv", "tsv") else None


def _entries(source: Path) -> Iterator[Packed]:
    if source.is_dir():
        for path in sorted(source.iterdir()):
            if not path.is_dir():
                yield Packed(path.name, path)
    elif stem_of(source.name) in POSTGRES and os.path.lexists(source):
        yield Packed(source.name, source)
    elif not source.is_file():
        raise ImportRefused(f"There is no folder or file {source}.")
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for member in archive.infolist():
                if not member.is_dir():
                    # Some archivers use the separators of Windows.
                    yield Packed(member.filename.replace("\\", "/"), source, member)
    else:
        yield from _of_tar(source)


class _TarMember(tarfile.TarInfo):
    """A member whose header has a plausible size, because ``tarfile`` loads it into memory."""

    @classmethod
    def frombuf(cls, *args: Any, **options: Any) -> Self:
        member = super().frombuf(*args, **options)
        if not member.isreg() and member.size > LARGEST_TAR_HEADER:
            raise tarfile.ReadError
        return member


def _of_tar(source: Path) -> Iterator[Packed]:
    with ExitStack() as stack:
        file = stack.enter_context(source.open("rb"))
        stream: Any = _Limited(_ungzipped(file), source.stat().st_size, source.name)
        try:
            archive = stack.enter_context(
                tarfile.open(fileobj=stream, mode="r|", tarinfo=_TarMember)
            )
        except tarfile.TarError:
            raise ImportRefused(
                "It is neither a folder nor a zip, a tar or a table. Unpack it first.", source.name
            ) from None
        while member := archive.next():
            if not member.isdir():
                yield Packed(member.name, source, member)
            # Otherwise, this list grows with the archive.
            archive.members = []  # type: ignore[attr-defined]


def _ungzipped(file: IO[bytes]) -> Any:
    gzipped = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if gzipped else file


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
    values = re.sub(rb'"[^"]*"', b"", head)
    both = values.count(b"\r\n")
    feeds = values.count(b"\n") - both
    returns = values.count(b"\r") - both
    return "utf-8" if (both and feeds) or (returns and not both and not feeds) else None


def _recoded(pieces: Iterator[bytes], encoding: str, name: str) -> Iterator[bytes]:
    """The text as UTF-8 with the line end ``\\n``."""
    # Invalid UTF-8 is passed through, because the import reports its line and column.
    errors = "surrogateescape" if encoding == "utf-8" else "strict"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    lines = io.IncrementalNewlineDecoder(decoder, translate=True)
    try:
        for piece in chain(pieces, [b""]):
            if text := lines.decode(piece, final=not piece):
                yield text.encode(errors=errors)
    except UnicodeError:
        raise ImportRefused(
            f"It begins like {encoding.upper()}, but is not. Save it as UTF-8.", name
        ) from None


def _not_unpacked(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else "damaged"
    return f"It cannot be unpacked ({reason})."
