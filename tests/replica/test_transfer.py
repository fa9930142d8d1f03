"""Rows are read from a database in files of bounded size, ahead of what is inserted."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from umami.embedded.replica.refusals import ReplicaRefused
from umami.embedded.replica.source import Source
from umami.embedded.replica.transfer import AHEAD, AT_ONCE, Stopped, Transfer
from umami.embedded.store import StoreRefused

BATCH = 100_000


def test_files_have_whole_rows_and_each_condition_ends(filled: str, tmp_path: Path) -> None:
    source = Source(filled)
    with closing(source), source.snapshot() as snapshot:
        table = snapshot.schema.tables["session"]
        with snapshot.copy(table.select) as copied:
            rows = [bytes(row) for row in copied]
        most = BATCH + AT_ONCE * max(map(len, rows))
        wanted = [(table, "true"), (table, "false"), (table, "true")]
        with closing(Transfer(lambda: False, BATCH).read(snapshot, wanted, tmp_path)) as files:
            read, content, ends = 0, b"", []
            for file in files:
                written = file.path.read_bytes()
                assert len(written) == file.size <= most
                assert file.is_last or file.size >= BATCH
                read, content = read + 1, content + written
                if file.is_last:
                    ends.append(content)
                    content = b""
                # No more files are written than are soon needed.
                file.path.unlink()
                assert len(list(tmp_path.iterdir())) <= AHEAD
        assert read > 5
        assert ends == [b"".join(rows), b"", b"".join(rows)]
        # Nothing of it runs any more.
        assert snapshot.rows("SELECT 1") == [(1,)]


def test_reading_that_is_given_up_leaves_a_source_that_can_be_read(
    filled: str, tmp_path: Path
) -> None:
    source = Source(filled)
    with closing(source):
        with source.snapshot() as snapshot:
            table = snapshot.schema.tables["website_event"]
            wanted = [(table, "true")]
            with closing(Transfer(lambda: False, 1000).read(snapshot, wanted, tmp_path)) as read:
                assert next(read).size
        stops = iter([False, True])
        with pytest.raises(Stopped), source.snapshot() as snapshot:
            list(Transfer(lambda: next(stops), 1000).read(snapshot, wanted, tmp_path))
        with pytest.raises(StoreRefused, match="No such file"), source.snapshot() as snapshot:
            list(Transfer(lambda: False, 1000).read(snapshot, wanted, tmp_path / "missing"))
        with source.snapshot() as snapshot:
            assert snapshot.rows(f"SELECT count(*) > 1000 FROM {table.relation}") == [(True,)]


def test_rows_that_end_with_a_failure_are_not_taken_for_all(filled: str) -> None:
    source = Source(filled)
    failing = "SELECT 1 / (2000 - n) FROM generate_series(1, 3000) n"
    with (
        closing(source),
        pytest.raises(ReplicaRefused),
        source.snapshot() as snapshot,
        snapshot.copy(failing) as rows,
    ):
        assert len(list(islice(rows, 3000))) < 2000
