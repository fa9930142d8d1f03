"""Imported folders and archives cannot disclose other files or exhaust memory."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from umami.embedded.archives import UNPACKED_FREELY
from umami.embedded.importing import ImportRefused, load
from umami.embedded.store import TABLES, Store

SECRET = "root:x:0:0:root:/root:/bin/bash"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "passwd"
    path.write_text(f"{SECRET}\n")
    return path


def refused(source: Path, reason: str) -> None:
    """The import is refused for this reason, without quoting the file."""
    with pytest.raises(ImportRefused) as caught:
        load(Store(), source)
    assert reason in str(caught.value)
    assert "root" not in str(caught.value)


def made_fifo(path: Path, _: Path) -> None:
    os.mkfifo(path)


def loop(path: Path, _: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path, secret: path.symlink_to(secret), "link that leads out"),
        (lambda path, secret: path.symlink_to("../passwd"), "link that leads out"),
        (lambda path, secret: path.symlink_to("/dev/zero"), "link that leads out"),
        (made_fifo, "not a file"),
        (loop, "cannot be unpacked"),
        (lambda path, secret: path.write_bytes(secret.read_bytes()), "no session"),
    ],
    ids=["link", "relative link", "device", "fifo", "link to itself", "copy"],
)
@pytest.mark.parametrize("alone", [False, True], ids=["folder", "file"])
def test_files_outside_the_folder_are_not_imported(
    tmp_path: Path, secret: Path, make: Callable[[Path, Path], None], reason: str, alone: bool
) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    path = folder / "website_event.csv"
    make(path, secret)
    refused(path if alone else folder, reason)


def test_symlink_within_the_folder_is_followed(tmp_path: Path) -> None:
    """Kubernetes mounts files in this way."""
    (tmp_path / "..data").mkdir()
    for table in ("session", "website_event"):
        header = ",".join(TABLES[table])
        (tmp_path / "..data" / f"{table}.csv").write_text(f"{header}\n")
        (tmp_path / f"{table}.csv").symlink_to(f"..data/{table}.csv")
    assert load(Store(), tmp_path).added.total() == 0


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_tar_members_other_than_files_are_refused(
    tmp_path: Path, secret: Path, kind: bytes
) -> None:
    member = tarfile.TarInfo("website_event.csv")
    member.type, member.linkname = kind, str(secret)
    with tarfile.open(tmp_path / "export.tar", "w") as archive:
        archive.addfile(member)
    refused(tmp_path / "export.tar", "not a file")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_zip_members_other_than_files_are_refused(tmp_path: Path, secret: Path, kind: int) -> None:
    member = zipfile.ZipInfo("website_event.csv")
    member.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr(member, str(secret))
    refused(tmp_path / "export.zip", "not a file")


@pytest.mark.parametrize(
    "name", ["../{}", "export/../../{}", "/tmp/{}", "..\\..\\{}", "C:\\export\\{}"]
)
def test_archive_members_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    name = name.format("website_event.csv")
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as zipped:
        zipped.writestr(name, "event_id\n")
    refused(tmp_path / "export.zip", "leads out of the archive")
    if "\\" not in name:
        with tarfile.open(tmp_path / "export.tar", "w") as tarred:
            tarred.addfile(tarfile.TarInfo(name))
        refused(tmp_path / "export.tar", "leads out of the archive")


@pytest.mark.thorough
def test_tar_bombs_are_refused(tmp_path: Path) -> None:
    """In a table, in a member before it, and in a header that would be held in memory."""
    end = io.BytesIO()
    with tarfile.open(fileobj=end, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("website_event.csv"))
    size = UNPACKED_FREELY + 512
    zeros = gzip.compress(bytes(size))
    for name, kind in (
        ("website_event.csv", tarfile.REGTYPE),
        ("other.bin", tarfile.REGTYPE),
        ("x", tarfile.XHDTYPE),
        ("x", tarfile.GNUTYPE_LONGNAME),
    ):
        member = tarfile.TarInfo(name)
        member.type, member.size = kind, size
        path = tmp_path / "export.tar.gz"
        path.write_bytes(gzip.compress(member.tobuf()) + zeros + gzip.compress(end.getvalue()))
        tracemalloc.start()
        with pytest.raises(ImportRefused, match=r"far more|cannot be unpacked|neither"):
            load(Store(), path)
        assert tracemalloc.get_traced_memory()[1] < UNPACKED_FREELY / 4
        tracemalloc.stop()


def test_gnu_sparse_files_are_refused(tmp_path: Path) -> None:
    member = tarfile.TarInfo("website_event.csv")
    member.type = tarfile.GNUTYPE_SPARSE
    with tarfile.open(tmp_path / "export.tar", "w", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(member)
    with pytest.raises(ImportRefused):
        load(Store(), tmp_path / "export.tar")
