"""Batches contain every record once and whole, for any text and batch size."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umami.embedded.archives import Packed, contents_of
from umami.embedded.importing import LONGEST, batches
from umami.embedded.tables import ImportRefused

HEADER = "session_id,city\n"


def cut(packed: Packed, folder: Path, size: int) -> list[tuple[bytes, int]]:
    """The text of every batch, and the bytes of the file that were read by then."""
    folder.mkdir(exist_ok=True)
    return [(path.read_bytes(), read) for path, read in batches(packed, folder, size)]


def records(text: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.decode(), newline=""), strict=True))


def plain(folder: Path, text: str) -> Packed:
    path = folder / "session.csv"
    path.write_bytes(text.encode())
    return contents_of(path)[0]["session"]


@given(
    rows=st.lists(
        st.tuples(
            st.text('a,"\né', max_size=9),
            # Unquoted, as the writer has it otherwise, a return would belong to the line's end.
            st.text('b"\r\n,', max_size=30).filter(lambda text: "\r" not in text or "," in text),
        ),
        max_size=12,
    ),
    size=st.integers(1, 60),
    ended=st.booleans(),
)
def test_batches_do_not_split_records(
    tmp_path: Path, rows: list[tuple[str, str]], size: int, ended: bool
) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    text = HEADER + (out.getvalue() if ended else out.getvalue().removesuffix("\n"))
    parts = cut(plain(tmp_path, text), tmp_path / "cut", size)
    assert HEADER + "".join(part.decode().removeprefix(HEADER) for part, _ in parts) == text
    read = [row for part, _ in parts for row in records(part)[1:]]
    assert read == records(text.encode())[1:]
    if rows:
        assert len(parts) >= min(len(rows), len(out.getvalue()) // (size + 90))


@pytest.mark.slow
def test_unquoted_quotation_mark_does_not_stop_batches(tmp_path: Path) -> None:
    lines = [f"{number},{'x' * 90}" for number in range(60_000)]
    lines[10] = '10,a 5" lamp'
    text = HEADER + "\n".join(lines) + "\n"
    assert len(text) > 2 * LONGEST
    parts = cut(plain(tmp_path, text), tmp_path / "cut", 1000)
    assert len(parts) > 2
    assert [row[0] for part, _ in parts for row in records(part)[1:]] == [
        str(number) for number in range(60_000)
    ]


def test_endless_line_is_refused(tmp_path: Path) -> None:
    packed = plain(tmp_path, HEADER + "1,a\n2," + "x" * (LONGEST + 1000) + "\n")
    with pytest.raises(ImportRefused, match="longer") as refused:
        cut(packed, tmp_path / "cut", 1000)
    assert refused.value.line == 3


def zipped(source: Path, compression: int) -> Path:
    path = source.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.write(source, f"export/{source.name}")
    return path


def gzipped(source: Path) -> Path:
    path = source.with_name(f"{source.name}.gz")
    path.write_bytes(gzip.compress(source.read_bytes()))
    return path


@pytest.mark.parametrize(
    "pack",
    [
        lambda path: path,
        gzipped,
        lambda path: zipped(path, zipfile.ZIP_STORED),
        lambda path: zipped(path, zipfile.ZIP_DEFLATED),
        lambda path: zipped(gzipped(path), zipfile.ZIP_DEFLATED),
    ],
    ids=["plain", "gzip", "zip", "deflated", "gzip in a zip"],
)
def test_progress_is_in_bytes_of_the_packed_file(
    tmp_path: Path, tables: Path, pack: Callable[[Path], Path]
) -> None:
    path = tmp_path / "website_event.csv"
    path.write_bytes(gzip.decompress((tables / "website_event.csv.gz").read_bytes()))
    packed = contents_of(pack(path))[0]["website_event"]
    parts = cut(packed, tmp_path / "cut", 100_000)
    header = parts[0][0].index(b"\n") + 1
    length = header
    for part, at in parts:
        length += len(part) - header
        share = length / path.stat().st_size
        # What is read ahead is little; what unpacks is not packed evenly.
        assert share - 0.12 < at / packed.size < share + 0.12
        if packed.path.suffix == ".csv":
            assert length - 200_000 <= at <= length + 200_000
    assert [at for _, at in parts] == sorted(at for _, at in parts)
    assert parts[-1][1] == packed.size
    assert len(parts) > 10
