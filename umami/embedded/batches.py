"""Split a table's text into CSV files of whole records, each with the header.

This limits the memory and disk space of an import, and shows its progress.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO

from umami.embedded.archives import LONGEST_HEADER, Packed, Text
from umami.embedded.store import StoreRefused
from umami.embedded.tables import ImportRefused

LONGEST = 2_000_000
"""The maximum length of a line and of a record in bytes. DuckDB refuses longer records, and can
skip a line that does not end."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A part of a table; its file exists until the next batch is requested."""

    path: Path
    at: int
    """The number of bytes of the packed file that the batches up to this one contain, at least."""


def batches(packed: Packed, folder: Path, size: int) -> Generator[Batch]:
    """Write a file's records into a folder, in batches of about ``size`` bytes of text.

    Raises ``ImportRefused`` if a line is too long or the file cannot be unpacked, and
    ``StoreRefused`` if there is no room in the folder.
    """
    with packed.opened() as text:
        first, end, _ = text.peek(LONGEST_HEADER).partition(b"\n")
        header = first + end
        text.read(len(header))
        records = _Records(text, packed.name, size)
        for number in count(1):
            # Each batch has a new name, because DuckDB can cache the content of a name.
            path = folder / f"{number}.csv"
            try:
                with path.open("wb") as file:
                    file.write(header)
                    if not records.copy(file):
                        return
            except OSError as error:
                raise StoreRefused(
                    f"{packed.name} cannot be unpacked to the disk ({error.strerror})."
                ) from None
            yield Batch(path, records.at)
            path.unlink()


class _Records:
    """Reads the records of a text after its header."""

    def __init__(self, text: Text, name: str, size: int) -> None:
        self.at = 0
        self._text = text
        self._size = size
        self._blocks = _blocks(text, name, min(size, LONGEST))
        self._rest = b""

    def copy(self, file: IO[bytes]) -> bool:
        """Copy about ``size`` bytes, up to the end of a record; returns whether there were any."""
        length = quotes = 0
        while block := self._rest or next(self._blocks, b""):
            self._rest = b""
            length += len(block)
            end = _end(block, quotes) if length >= self._size else 0
            if not end and length >= self._size + 2 * LONGEST:
                # No record is that long: an unquoted value contains a quote. If that is wrong,
                # DuckDB refuses the batch, because its last value does not end.
                end = block.rfind(b"\n") + 1
            if end:
                file.write(memoryview(block)[:end])
                self._rest = block[end:]
                break
            file.write(block)
            self.at = self._text.at()
            quotes += block.count(b'"')
        return length > 0


def _blocks(text: Text, name: str, size: int) -> Iterator[bytes]:
    line, length = 2, 0
    while block := text.read(size):
        ended = block.rfind(b"\n") + 1
        length = len(block) - ended if ended else length + len(block)
        line += block.count(b"\n")
        if length >= LONGEST:
            raise ImportRefused("This line is longer than any row.", name, line)
        yield block


def _end(block: bytes, quotes: int) -> int:
    """The end of the last record that ends in a block, or 0. ``quotes`` is the number of quotes
    before the block: within a quoted value, the number is odd."""
    within = (quotes + block.count(b'"')) % 2
    end = len(block)
    while (at := block.rfind(b"\n", 0, end)) >= 0:
        within ^= block.count(b'"', at, end) % 2
        if not within:
            return at + 1
        end = at
    return 0
