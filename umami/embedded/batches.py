"""A table's text in batches: some whole records at a time, as plain CSV files with its header.

So a table of any size is read in bounded memory and space, and how far it was read is known.
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
"""Bytes of a line, and of a record. DuckDB takes no longer record, and may pass over a line that
does not end."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A file that is there until the next batch is asked for."""

    path: Path
    at: int
    """How much of the packed file, in its own bytes, is in the batches up to this one: rather less
    than more."""


def batches(packed: Packed, folder: Path, size: int) -> Generator[Batch]:
    """A file's records in batches of some ``size`` bytes of text, written into a folder.

    Raises ``ImportRefused`` for a line that is too long and for what cannot be unpacked, and
    ``StoreRefused`` where there is no room in the folder.
    """
    with packed.opened() as text:
        first, end, _ = text.peek(LONGEST_HEADER).partition(b"\n")
        header = first + end
        text.read(len(header))
        records = _Records(text, packed.name, size)
        for number in count(1):
            # Each has a name of its own, as DuckDB may remember what it read under another's.
            path = folder / f"{number}.csv"
            try:
                with path.open("wb") as file:
                    file.write(header)
                    if not records.copy(file):
                        return
            except OSError as error:
                raise StoreRefused(
                    f"There is no room to unpack {packed.name} ({error.strerror})."
                ) from None
            yield Batch(path, records.at)
            path.unlink()


class _Records:
    """The records of a text after its header."""

    def __init__(self, text: Text, name: str, size: int) -> None:
        self.at = 0
        self._text = text
        self._size = size
        self._blocks = _blocks(text, name, min(size, LONGEST))
        self._rest = b""

    def copy(self, file: IO[bytes]) -> bool:
        """Copy some ``size`` bytes, to the end of a record; whether there were any."""
        length = quotes = 0
        while block := self._rest or next(self._blocks, b""):
            self._rest = b""
            length += len(block)
            end = _end(block, quotes) if length >= self._size else 0
            if not end and length >= self._size + 2 * LONGEST:
                # No record is that long: a value that is not quoted holds a quote. Where that is
                # wrong, DuckDB refuses the batch, as its last value does not end.
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
    """Where the last record that ends in a block does, after so many quotes before it; 0 where
    none does. Within a quoted value the quotes so far are odd."""
    within = (quotes + block.count(b'"')) % 2
    end = len(block)
    while (at := block.rfind(b"\n", 0, end)) >= 0:
        within ^= block.count(b'"', at, end) % 2
        if not within:
            return at + 1
        end = at
    return 0
