"""Copies a database into a store, follows it, and proves that both are equal.

**Following.** Each snapshot has a horizon: the transactions below it had ended. A row that a later
snapshot shows for the first time was written by a transaction at or above the horizon of the last
one, whenever that transaction committed, and PostgreSQL keeps this number in each row. So the rows
whose number is at or above the horizon are read again, which misses no late commit. ``created_at``
only bounds what PostgreSQL has to search, by the time at which no transaction at or above the
horizon had begun yet, minus ``SLACK``: the bound stays behind a long transaction while it is open.

**Proving.** What this does not find (back-dated rows, deleted rows, changes of old rows) shows in
the number of rows by website and day, or in the number of the transaction that wrote a row. Days in
which either differs since the last proof are compared by checksums of their rows, and copied anew
if these differ. Everything is proved every ``PROOF``; a table after ``SOON`` if PostgreSQL counts
updates or deletions in it; a website at once if it was reset or deleted. An audit, which compares
the checksums of all rows, takes the place of a proof every ``AUDIT``.

Every step is one snapshot of the source and one transaction of the store, which also contains the
position, so that a process that is killed resumes after the last complete step.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final
from uuid import UUID

import duckdb

from umami.embedded.replica.position import Position, opened
from umami.embedded.replica.proof import Span, differing_days
from umami.embedded.replica.schema import SMALL, SourceTable
from umami.embedded.replica.source import Snapshot, Source
from umami.embedded.replica.transfer import BATCH, File, Transfer
from umami.embedded.store import TABLES, Store
from umami.embedded.tables import quoted

SLACK: Final = timedelta(minutes=10)
"""The most by which a row's ``created_at`` may be earlier than the beginning of its transaction, as
by a clock that is slow, to be followed without a proof."""
PROOF: Final = timedelta(hours=1)
SOON: Final = timedelta(minutes=10)
AUDIT: Final = timedelta(days=1)
ROWS: Final = 2_000_000
"""About the fewest rows of a step, each of which has its transactions."""
FARTHEST: Final = 2**30
"""The most transactions between two snapshots: then the numbers in rows begin to be reused."""
MOST_SAMPLES: Final = 1000
_EVER: Final = (datetime(1, 1, 2), datetime(9999, 12, 31))


@dataclass(frozen=True, slots=True)
class Step:
    """The rows of one table from a time, included, to another."""

    table: str
    start: datetime
    end: datetime

    @property
    def name(self) -> str:
        return f"{self.table} {self.start:%Y-%m} {self.end:%Y-%m}"

    def span(self, snapshot: Snapshot) -> Span:
        """The rows, of a table that the source has."""
        return Span(snapshot.schema.tables[self.table]).between(self.start, self.end)


@dataclass(frozen=True, slots=True)
class _Proof:
    """A proof of everything: the time and the horizon of the snapshot at which it began."""

    began: str
    horizon: int
    is_audit: bool

    def enter(self, position: Position) -> None:
        """Write down that it is complete."""
        position.proved, position.proved_horizon = self.began, self.horizon
        if self.is_audit:
            position.audited = self.began


class Follower:
    """Follows a source in a store. ``stopped`` is asked between batches; if it returns true, the
    current step is given up with ``Stopped``. Not for use by several threads.

    Raises ``ReplicaRefused`` if the store contains other data than a replica.
    """

    def __init__(
        self,
        source: Source,
        store: Store,
        *,
        stopped: Callable[[], bool] = lambda: False,
        changed: Callable[[str | None], None] = lambda _website: None,
        batch: int = BATCH,
    ) -> None:
        self.source = source
        self.position = opened(store)
        self.progress: tuple[int, int] = 0, 0
        """Steps of the first copy that are complete, and all of them."""
        self.lag = timedelta()
        """How far the source was behind its primary at the last look."""
        self.repaired = 0
        """Days of websites that proofs had to copy anew since the start."""
        self._store = store
        self._transfer = Transfer(stopped, batch)
        self._changed = changed
        self._small: dict[str, str] = {}
        self._to_prove: list[Step] = []
        self._proof: _Proof | None = None
        self._seen: dict[str, tuple[int, datetime]] = {}
        """By table: the updates and deletions at its last proof, and the time of that."""

    # What the worker calls.

    def advance(self) -> bool:
        """Copy, or follow the source to its present state and prove one step of a proof that is
        due. Returns whether there is more to do at once. Raises ``ReplicaRefused``,
        ``StoreRefused`` and ``Stopped``."""
        with self.source.snapshot() as snapshot:
            self.lag = snapshot.lag
            self._refuse_other_rows(snapshot)
            if not self.position.complete:
                self._copy(snapshot)
                return True
            self._follow(snapshot)
            if not self._to_prove:
                self._plan(snapshot)
            if self._to_prove:
                self._prove(snapshot, self._to_prove[0])
                self._to_prove.pop(0)
        if self._proof and not self._to_prove:
            self._proof.enter(self.position)
            self._proof = None
            self._save()
        return bool(self._to_prove)

    def prepare(self) -> None:
        """Connect, and read the websites before anything is copied. Raises ``ReplicaRefused``."""
        with self.source.snapshot() as snapshot:
            self.lag = snapshot.lag
            self._refuse_other_rows(snapshot)
            if not self.position.complete:
                self._begin(snapshot)

    def prove_all(self) -> None:
        """Follow the source and compare every row now."""
        self._require_audit()
        while self.advance():
            pass

    # The first copy.

    def _refuse_other_rows(self, snapshot: Snapshot) -> None:
        """Begin anew if the rows of the store are those of another database."""
        if self.position.identity not in ("", snapshot.identity):
            self.position = Position()
            self._require_audit()
            self._small.clear()

    def _copy(self, snapshot: Snapshot) -> None:
        """Copy the steps that are missing."""
        self._begin(snapshot)
        position = self.position
        resumed = bool(position.copied)
        steps = self._steps(snapshot, snapshot.schema.large)
        missing = {step: step.span(snapshot) for step in steps if step.name not in position.copied}
        wanted = ((span.table, span.source) for span in missing.values())
        with (
            self._store.staging() as staging,
            closing(self._transfer.read(snapshot, wanted, staging)) as files,
        ):
            for number, step in enumerate(steps):
                self.progress = number, len(steps)
                if step in missing:
                    self._copy_step(step.name, missing[step], files)
        self.progress = len(steps), len(steps)
        position.complete, position.copied = True, []
        if not resumed:
            _Proof(position.as_of, snapshot.horizon, is_audit=True).enter(position)
        self._save()

    def _begin(self, snapshot: Snapshot) -> None:
        """Adopt a snapshot for the first copy, and read the small tables."""
        if self.position.columns != _columns(snapshot):
            self.position.copied = []
        self._adopt(snapshot)
        try:
            with self._store.appending() as (cursor, folder):
                self._read_small(snapshot, cursor, folder)
                self.position.save(cursor)
        except BaseException:
            self._small.clear()
            raise

    def _copy_step(self, name: str, span: Span, files: Iterable[File]) -> None:
        self.position.copied.append(name)
        try:
            with self._store.appending() as (cursor, folder):
                self._replace(span, files, cursor, folder)
                self.position.save(cursor)
        except BaseException:
            self.position.copied.pop()
            raise

    def _steps(self, snapshot: Snapshot, tables: Iterable[SourceTable]) -> list[Step]:
        """Steps of whole months, of about ``ROWS`` rows, of the tables that have rows on either
        side. The first and last step of a table have no limit at their outer end."""
        counts = dict(
            snapshot.rows(
                "SELECT c.relname, c.reltuples FROM pg_catalog.pg_class c "
                "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                f"WHERE n.nspname = {quoted(self.source.namespace)}"
            )
        )
        steps = []
        for table in tables:
            first, last = (f"{pick}({table.time}) AT TIME ZONE 'UTC'" for pick in ("min", "max"))
            ends = snapshot.rows(f"SELECT {first}, {last} FROM {table.relation}")[0]
            replicated = self._store.row(
                f"SELECT min({table.stored_time}), max({table.stored_time}) FROM {table.name}"
            )
            times = [time for time in (*ends, *(replicated or ())) if time is not None]
            if not times:
                continue
            months = list(_months(min(times), max(times)))
            # A table that was never analysed has -1 rows.
            few = max(1, int(ROWS * len(months) / max(counts.get(table.name, 0), ROWS)))
            limits = [_EVER[0], *months[few:-1:few], _EVER[1]]
            steps += [Step(table.name, start, end) for start, end in pairwise(limits)]
        return steps

    # Following.

    def _follow(self, snapshot: Snapshot) -> None:
        position = self.position
        gap = snapshot.horizon - position.horizon
        if not 0 <= gap < FARTHEST:
            # The numbers of transactions mean something else by now: only a proof helps.
            position.samples, position.horizon = [], snapshot.horizon
            self._require_audit()
        elif position.columns != _columns(snapshot):
            self._require_audit()
        elif position.horizon == snapshot.horizon == snapshot.next:
            # Nothing was written since, and nothing was open.
            self._adopt(snapshot)
            return
        since, horizon = self._window(), position.horizon
        before = asdict(position)
        try:
            with self._store.appending() as (cursor, folder):
                for name in TABLES.keys() - snapshot.schema.tables.keys():
                    cursor.execute(f"DELETE FROM {name}")
                suspects = self._read_small(snapshot, cursor, folder)
                for table in snapshot.schema.large:
                    self._read_written(snapshot, table, since, horizon, cursor, folder)
                    if suspects:
                        self._repair(snapshot, Span(table).of(suspects), None, cursor, folder)
                self._adopt(snapshot)
                self.position.save(cursor)
        except BaseException:
            self.position = Position(**before)
            self._small.clear()
            raise
        for website in suspects:
            self._changed(str(website))

    def _window(self) -> datetime | None:
        """The earliest ``created_at`` of rows that can be new; ``None`` if it is unknown."""
        at = [time for time, next_ in self.position.samples if next_ <= self.position.horizon]
        return datetime.fromisoformat(at[-1]) - SLACK if at else None

    def _read_written(
        self,
        snapshot: Snapshot,
        table: SourceTable,
        since: datetime | None,
        horizon: int,
        cursor: duckdb.DuckDBPyConnection,
        folder: Path,
    ) -> None:
        """Read the rows of the window that the transactions at or above the horizon wrote."""
        condition = f"age({table.written}) <= {snapshot.written_since(horizon)}"
        stored = "true"
        if since is not None and table.timed:
            condition += f" AND {table.time} >= '{since}+00'"
            stored = f"old.{table.stored_time} >= TIMESTAMP '{since}'"
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE incoming AS FROM {table.name} LIMIT 0")
        with closing(self._transfer.read(snapshot, [(table, condition)], folder)) as files:
            added = self._transfer.insert(table, files, cursor, folder, "incoming")
        if added:
            same = " AND ".join(f"old.{name} = incoming.{name}" for name in table.key)
            cursor.execute(f"DELETE FROM {table.name} old USING incoming WHERE {stored} AND {same}")
            cursor.execute(
                f"INSERT INTO {table.name} FROM incoming ORDER BY website_id, created_at"
            )

    def _read_small(
        self, snapshot: Snapshot, cursor: duckdb.DuckDBPyConnection, folder: Path
    ) -> set[UUID]:
        """Read the small tables whole; returns the websites, links and pixels that were reset or
        deleted."""
        suspects: set[UUID] = set()
        for name in SMALL:
            table = snapshot.schema.tables.get(name)
            if table is None:
                continue
            with snapshot.copy(table.select) as rows:
                content = b"".join(rows)
            digest = hashlib.sha256(content).hexdigest()
            if self._small.get(name) == digest:
                continue
            cursor.execute(f"CREATE OR REPLACE TEMP TABLE incoming AS FROM {name} LIMIT 0")
            self._transfer.insert_read(table, content, cursor, folder, "incoming")
            if name in ("website", "link", "pixel"):
                reset = " OR i.reset_at IS DISTINCT FROM o.reset_at" if name == "website" else ""
                suspects |= {
                    id
                    for (id,) in cursor.execute(
                        f"SELECT o.{name}_id FROM {name} o LEFT JOIN incoming i "
                        f"ON i.{name}_id = o.{name}_id WHERE i.{name}_id IS NULL{reset}"
                    ).fetchall()
                }
            cursor.execute(f"DELETE FROM {name}")
            cursor.execute(f"INSERT INTO {name} FROM incoming")
            self._small[name] = digest
        return suspects

    def _adopt(self, snapshot: Snapshot) -> None:
        """Make a snapshot the position."""
        position = self.position
        position.identity, position.version = snapshot.identity, snapshot.schema.version
        position.columns = _columns(snapshot)
        position.horizon = snapshot.horizon
        position.as_of = (snapshot.at - snapshot.lag).isoformat()
        position.samples.append((snapshot.reached.isoformat(), snapshot.next))
        # The latest sample at or below the horizon is needed, and none before it.
        first = max(
            (at for at, (_, next_) in enumerate(position.samples) if next_ <= position.horizon),
            default=0,
        )
        position.samples = position.samples[first:]
        if len(position.samples) > MOST_SAMPLES:
            # A transaction is open for long: coarser samples are enough.
            position.samples = [*position.samples[:-1:2], position.samples[-1]]

    # Proving.

    def _require_audit(self) -> None:
        """Compare every row, from the beginning."""
        self.position.proved = self.position.audited = ""
        self._proof, self._to_prove = None, []

    def _plan(self, snapshot: Snapshot) -> None:
        """Add the steps of the proofs that are due."""
        is_audit = _is_due(self.position.audited, AUDIT, snapshot)
        is_due = is_audit or _is_due(self.position.proved, PROOF, snapshot)
        counts = _rewritten(snapshot, self.source.namespace)
        tables = []
        for table in snapshot.schema.large:
            rewritten = counts.get(table.name, 0)
            before, at = self._seen.setdefault(table.name, (rewritten, snapshot.at))
            if is_due or (rewritten != before and snapshot.at - at >= SOON):
                self._seen[table.name] = rewritten, snapshot.at
                tables.append(table)
        if is_due:
            self._proof = _Proof(snapshot.at.isoformat(), snapshot.horizon, is_audit)
        self._to_prove = self._steps(snapshot, tables)

    def _prove(self, snapshot: Snapshot, step: Step) -> None:
        if step.table not in snapshot.schema.tables:
            return
        span = step.span(snapshot)
        is_audit = self._proof is not None and self._proof.is_audit
        since = None if is_audit else self.position.proved_horizon
        with self._store.appending() as (cursor, folder):
            websites = self._repair(snapshot, span, since, cursor, folder)
        for website in websites:
            self._changed(str(website))

    def _repair(
        self,
        snapshot: Snapshot,
        span: Span,
        since: int | None,
        cursor: duckdb.DuckDBPyConnection,
        folder: Path,
    ) -> set[UUID]:
        """Copy the days that differ anew, if they changed since a horizon. Returns their
        websites."""
        differing, existing = differing_days(snapshot, cursor, span, since)
        if gone := sorted({*differing} - {*existing}):
            cursor.execute(f"DELETE FROM {span.table.name} WHERE {span.on(gone).stored}")
        if existing:
            days = span.on(existing)
            wanted = [(days.table, days.source)]
            with closing(self._transfer.read(snapshot, wanted, folder)) as files:
                self._replace(days, files, cursor, folder)
        self.repaired += len(differing)
        return {website for website, _ in differing}

    def _replace(
        self,
        span: Span,
        files: Iterable[File],
        cursor: duckdb.DuckDBPyConnection,
        folder: Path,
    ) -> None:
        """Replace some rows of the store by those of the source."""
        cursor.execute(f"DELETE FROM {span.table.name} WHERE {span.stored}")
        self._transfer.insert(span.table, files, cursor, folder, span.table.name)

    def _save(self) -> None:
        with self._store.writing() as cursor:
            self.position.save(cursor)


def _columns(snapshot: Snapshot) -> str:
    """A checksum of the tables and columns that are read."""
    read = {name: dict(table.columns) for name, table in sorted(snapshot.schema.tables.items())}
    return hashlib.sha256(json.dumps(read).encode()).hexdigest()


def _is_due(last: str, interval: timedelta, snapshot: Snapshot) -> bool:
    return not last or snapshot.at - datetime.fromisoformat(last) >= interval


def _rewritten(snapshot: Snapshot, namespace: str) -> dict[str, int]:
    """The numbers of rows that were updated or deleted, by table, as PostgreSQL counts them."""
    return dict(
        snapshot.rows(
            "SELECT relname, n_tup_upd + n_tup_del FROM pg_catalog.pg_stat_all_tables "
            f"WHERE schemaname = {quoted(namespace)}"
        )
    )


def _months(first: datetime, last: datetime) -> Iterator[datetime]:
    """The beginnings of the months from that of ``first`` to the one after ``last``."""
    month = first.year * 12 + first.month - 1
    while True:
        start = datetime(month // 12, month % 12 + 1, 1)
        yield start
        if start > last:
            return
        month += 1
