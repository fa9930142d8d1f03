"""From a folder or a zip, plain or gzipped, to plain CSV files; damage and bombs are refused."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

from umami.embedded.tables import POSTGRES, ImportRefused

UNPACKED_FREELY = 64 * 2**20
PIECE = 2**18
LARGEST_RATIO = 250
"""Text of tables packs some ten times. What unpacks to much more than that is no table."""


def unpacked(source: Path, scratch: Path) -> dict[str, tuple[str, Path]]:
    """By table: the file's name and a plain CSV of it."""
    try:
        if source.is_dir():
            return _of_folder(source, scratch)
        if source.is_file():
            return _of_zip(source, scratch)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "damaged"
        raise ImportRefused(f"It cannot be unpacked ({reason}).", source.name) from None
    raise ImportRefused(f"There is no folder or file {source}.")


def _of_folder(folder: Path, scratch: Path) -> dict[str, tuple[str, Path]]:
    found: dict[str, tuple[str, Path]] = {}
    for path in sorted(folder.iterdir()):
        table = _table_of(path.name)
        if table is None or not path.is_file():
            continue
        _once(found, table, path.name)
        plain = path
        if path.suffix == ".gz":
            plain = scratch / f"{table}.csv"
            with path.open("rb") as packed:
                _gunzip(packed, path.stat().st_size, plain, path.name)
        found[table] = (path.name, plain)
    return found


def _of_zip(source: Path, scratch: Path) -> dict[str, tuple[str, Path]]:
    if not zipfile.is_zipfile(source):
        raise ImportRefused("It is neither a folder nor a zip.", source.name)
    found: dict[str, tuple[str, Path]] = {}
    with zipfile.ZipFile(source) as archive:
        for member in archive.infolist():
            # Only the name's last part counts, and nothing is written where a zip says.
            table = _table_of(PurePosixPath(member.filename).name)
            if table is None or member.is_dir() or "__MACOSX" in member.filename:
                continue
            _once(found, table, member.filename)
            if member.flag_bits & 1:
                raise ImportRefused("It is encrypted.", member.filename)
            inner, plain = scratch / f"{table}.packed", scratch / f"{table}.csv"
            with archive.open(member) as packed:
                _copy(packed, inner, member.compress_size, member.filename)
            if member.filename.endswith(".gz"):
                with inner.open("rb") as twice:
                    _gunzip(twice, inner.stat().st_size, plain, member.filename)
                inner.unlink()
            else:
                inner.rename(plain)
            found[table] = (member.filename, plain)
    return found


def _table_of(name: str) -> str | None:
    table = name.removesuffix(".gz").removesuffix(".csv")
    return table if table in POSTGRES and name != table and ".csv" in name else None


def _once(found: dict[str, tuple[str, Path]], table: str, name: str) -> None:
    if table in found:
        raise ImportRefused(f"The same table is there as {found[table][0]} too.", name)


def _gunzip(packed: IO[bytes] | gzip.GzipFile, size: int, plain: Path, name: str) -> None:
    try:
        with gzip.GzipFile(fileobj=packed) as unpacking:
            _copy(unpacking, plain, size, name)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise ImportRefused("It is not gzip, or damaged.", name) from None


def _copy(packed: IO[bytes] | gzip.GzipFile, plain: Path, packed_size: int, name: str) -> None:
    limit = max(UNPACKED_FREELY, packed_size * LARGEST_RATIO)
    with plain.open("wb") as file:
        while piece := packed.read(PIECE):
            limit -= len(piece)
            if limit < 0:
                raise ImportRefused("It unpacks to far more than a table would.", name)
            file.write(piece)
