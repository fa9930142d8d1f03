"""Rows are read from a database in batches, ahead of what is inserted."""

from __future__ import annotations

from contextlib import closing
from itertools import groupby

import pytest

from umami.embedded.replica.source import Source
from umami.embedded.replica.transfer import Stopped, Transfer

BATCH = 100_000


def test_batches_are_whole_rows_and_each_condition_ends(filled: str) -> None:
    source = Source(filled)
    with closing(source), source.snapshot() as snapshot:
        table = snapshot.schema.tables["session"]
        rows = b"".join(snapshot.copy(table.select))
        wanted = [(table, "true"), (table, "false"), (table, "true")]
        with closing(Transfer(lambda: False, BATCH).read(snapshot, wanted)) as batches:
            read = [bytes(batch) for batch in batches]
        assert len(rows) > 3 * BATCH
        parts = [list(part) for has_rows, part in groupby(read, bool) if has_rows]
        assert [b"".join(part) for part in parts] == [rows, rows]
        assert read.count(b"") == 3
        for batch in [batch for part in parts for batch in part[:-1]]:
            assert BATCH <= len(batch) < BATCH + 10_000
            assert batch.endswith(b"\n")
        # Nothing of it runs any more.
        assert snapshot.rows("SELECT 1") == [(1,)]


def test_reading_that_is_given_up_leaves_a_source_that_can_be_read(filled: str) -> None:
    source = Source(filled)
    with closing(source):
        with source.snapshot() as snapshot:
            table = snapshot.schema.tables["website_event"]
            with closing(Transfer(lambda: False, 1000).read(snapshot, [(table, "true")])) as read:
                assert next(read)
        stops = iter([False, True])
        with pytest.raises(Stopped), source.snapshot() as snapshot:
            list(Transfer(lambda: next(stops), 1000).read(snapshot, [(table, "true")]))
        with source.snapshot() as snapshot:
            assert snapshot.rows(f"SELECT count(*) > 1000 FROM {table.relation}") == [(True,)]
