"""Copies a database into a store, follows it, and proves that both are equal.

**Following.** Each snapshot has a horizon: the transactions below it had ended. A row that a later
snapshot shows for the first time was written by a transaction at or above the horizon of the last
one, whenever that transaction committed, and PostgreSQL keeps this number in each row. So the rows
whose number is at or above the horizon are read again, which misses no late commit. ``created_at``
only bounds what PostgreSQL has to search, by the time at which no transaction at or above the
horizon had begun yet, minus ``SLACK``: the bound stays behind a long transaction while it is open.

**Proving.** What this does not find (back-dated rows, deleted rows, changes of old rows) shows in
the number and the checksums of rows by website and day, computed on both sides at one snapshot.
Days that differ are copied anew. Everything is proved every ``PROOF``; a table after ``SOON`` if
PostgreSQL counts updates or deletions in it; a website at once if it was reset or deleted.

Every step is one snapshot of the source and one transaction of the store, which also contains the
position, so that a process that is killed resumes after the last complete step.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from itertools import chain, pairwise
from pathlib import Path
from typing import Final
from uuid import UUID

import duckdb

from umami.embedded.replica.refusals import ReplicaRefused
from umami.embedded.replica.schema import LARGE, SMALL, SourceTable
from umami.embedded.replica.source import Snapshot, Source
from umami.embedded.store import OF_WEBSITE, TABLES, Store, StoreRefused
from umami.embedded.tables import quoted

SLACK: Final = timedelta(minutes=10)
"""The most by which a row's ``created_at`` may be earlier than the beginning of its transaction, as
by a clock that is slow, to be followed without a proof."""
PROOF: Final = timedelta(hours=1)
SOON: Final = timedelta(minutes=10)
BATCH: Final = 32 * 2**20
"""Bytes of rows in one file between both databases."""
ROWS: Final = 500_000
"""About the fewest rows of a step, each of which has its transactions."""
FARTHEST: Final = 2**30
"""The most transactions between two snapshots: then the numbers in rows begin to be reused."""
MOST_SAMPLES: Final = 1000
_EVER: Final = (datetime(1, 1, 2), datetime(9999, 12, 31))
_POSITION: Final = "umami_replica"
"""The table of the store with the position, as JSON in one row."""


class Stopped(Exception):
    """The replica is to stop; nothing of the current step is kept."""


@dataclass(frozen=True, slots=True)
class Step:
    """The rows of one table from a time, included, to another."""

    table: str
    start: datetime
    end: datetime

    @property
    def name(self) -> str:
        return f"{self.table} {self.start:%Y-%m} {self.end:%Y-%m}"


@dataclass(slots=True)
class Position:
    """How far the replica is; times are ISO texts in UTC."""

    identity: str = ""
    version: str = ""
    """The version of Umami that made the tables."""
    columns: str = ""
    """A checksum of the tables and columns of the source."""
    complete: bool = False
    """Whether the first copy is complete."""
    copied: list[str] = field(default_factory=list)
    """The names of the steps of the first copy that are complete."""
    resumed: bool = False
    """Whether the first copy was interrupted, so that its steps are of several snapshots."""
    horizon: int = 0
    samples: list[tuple[str, int]] = field(default_factory=list)
    """Times, and the transactions from which on none had begun at that time; ascending."""
    as_of: str = ""
    """The time of the last snapshot that was followed."""
    proved: str = ""
    """The time of the snapshot at which the last complete proof began."""


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
        self.position = _opened(store)
        self.progress: tuple[int, int] = 0, 0
        """Steps of the first copy that are complete, and all of them."""
        self.repaired = 0
        """Days of websites that proofs had to copy anew since the start."""
        self._store = store
        self._stopped = stopped
        self._changed = changed
        self._batch = batch
        self._files = 0
        self._small: dict[str, str] = {}
        self._to_prove: list[Step] = []
        self._proof_began = ""
        self._seen: dict[str, tuple[int, datetime]] = {}
        """By table: the updates and deletions at its last proof, and the time of that."""

    # What the worker calls.

    def advance(self) -> bool:
        """Copy, or follow the source to its present state and prove one step of a proof that is
        due. Returns whether there is more to do at once. Raises ``ReplicaRefused``,
        ``StoreRefused`` and ``Stopped``."""
        with self.source.snapshot() as snapshot:
            self._refuse_other_rows(snapshot)
            if not self.position.complete:
                self._copy(snapshot)
                return True
            self._follow(snapshot)
            self._plan(snapshot)
            if self._to_prove:
                self._prove(snapshot, self._to_prove[0])
                self._to_prove.pop(0)
        if self._proof_began and not self._to_prove:
            self.position.proved, self._proof_began = self._proof_began, ""
            self._save()
        return bool(self._to_prove)

    def prepare(self) -> None:
        """Connect, and read the websites before anything is copied. Raises ``ReplicaRefused``."""
        with self.source.snapshot() as snapshot:
            self._refuse_other_rows(snapshot)
            if not self.position.complete:
                self._begin(snapshot)

    def prove_all(self) -> None:
        """Follow the source and prove everything now."""
        self._require_proof()
        while self.advance():
            pass

    # The first copy.

    def _refuse_other_rows(self, snapshot: Snapshot) -> None:
        """Begin anew if the rows of the store are those of another database."""
        if self.position.identity not in ("", snapshot.identity):
            self.position = Position()
            self._small.clear()

    def _copy(self, snapshot: Snapshot) -> None:
        """Copy the steps that are missing."""
        self._begin(snapshot)
        position = self.position
        position.resumed = bool(position.copied)
        steps = self._steps(snapshot, snapshot.schema.large)
        for number, step in enumerate(steps):
            self.progress = number, len(steps)
            if step.name not in position.copied:
                self._copy_step(snapshot, step)
        self.progress = len(steps), len(steps)
        position.complete, position.copied = True, []
        position.proved = "" if position.resumed else position.as_of
        self._save()

    def _begin(self, snapshot: Snapshot) -> None:
        """Adopt a snapshot for the first copy, and read the small tables."""
        if self.position.columns != _columns(snapshot):
            self.position.copied = []
        self._adopt(snapshot)
        try:
            with self._store.appending() as (cursor, folder):
                self._read_small(snapshot, cursor, folder)
                self._write_position(cursor)
        except BaseException:
            self._small.clear()
            raise

    def _copy_step(self, snapshot: Snapshot, step: Step) -> None:
        table = snapshot.schema.tables[step.table]
        condition = _between(table, step)
        self.position.copied.append(step.name)
        try:
            with self._store.appending() as (cursor, folder):
                cursor.execute(f"DELETE FROM {table.name} WHERE {_stored_between(table, step)}")
                self._load(snapshot, table, condition, cursor, folder, table.name)
                self._write_position(cursor)
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
            self._require_proof()
        elif position.columns != _columns(snapshot):
            self._require_proof()
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
                        self._repair(snapshot, table, None, suspects, cursor, folder)
                self._adopt(snapshot)
                self._write_position(cursor)
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
        if self._load(snapshot, table, condition, cursor, folder, "incoming"):
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
            content = b"".join(snapshot.copy(table.select))
            digest = hashlib.sha256(content).hexdigest()
            if self._small.get(name) == digest:
                continue
            path = self._file(folder)
            _written(path, [content])
            cursor.execute(f"CREATE OR REPLACE TEMP TABLE incoming AS FROM {name} LIMIT 0")
            self._insert(table, path, cursor, "incoming")
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

    def _require_proof(self) -> None:
        """Prove everything, from the beginning."""
        self.position.proved = self._proof_began = ""
        self._to_prove = []

    def _plan(self, snapshot: Snapshot) -> None:
        """Add the steps of the proofs that are due."""
        if self._to_prove:
            return
        due = not self.position.proved or (
            snapshot.at - datetime.fromisoformat(self.position.proved) >= PROOF
        )
        counts = _rewritten(snapshot, self.source.namespace)
        tables = []
        for table in snapshot.schema.large:
            count = counts.get(table.name, 0)
            before, at = self._seen.setdefault(table.name, (count, snapshot.at))
            if due or (count != before and snapshot.at - at >= SOON):
                self._seen[table.name] = count, snapshot.at
                tables.append(table)
        if due:
            self._proof_began = snapshot.at.isoformat()
        self._to_prove = self._steps(snapshot, tables)

    def _prove(self, snapshot: Snapshot, step: Step) -> None:
        table = snapshot.schema.tables.get(step.table)
        if table is None:
            return
        with self._store.appending() as (cursor, folder):
            websites = self._repair(snapshot, table, step, (), cursor, folder)
        for website in websites:
            self._changed(str(website))

    def _repair(
        self,
        snapshot: Snapshot,
        table: SourceTable,
        step: Step | None,
        websites: Collection[UUID],
        cursor: duckdb.DuckDBPyConnection,
        folder: Path,
    ) -> set[UUID]:
        """Copy the days that differ in a step, or in everything of some websites, anew. Returns
        their websites."""
        condition = "true" if step is None else _between(table, step)
        stored = "true" if step is None else _stored_between(table, step)
        if websites:
            listed = ", ".join(f"'{website}'" for website in websites)
            condition += f" AND t.website_id IN ({listed})"
            stored += f" AND website_id IN ({listed})"
        day = f"({table.time} AT TIME ZONE 'UTC')::date"
        source = snapshot.rows(
            f"SELECT t.website_id, {day}, count(*), sum({table.source_checksum})::bigint "
            f"FROM {table.relation} WHERE {condition} GROUP BY 1, 2"
        )
        replicated = cursor.execute(
            f"SELECT website_id, {table.stored_time}::DATE, count(*), "
            f"sum({table.stored_checksum})::BIGINT FROM {table.name} WHERE {stored} GROUP BY 1, 2"
        ).fetchall()
        differing = sorted({row[:2] for row in {*source} ^ {*replicated}})
        if not differing:
            return set()
        cursor.execute(
            f"DELETE FROM {table.name} "
            f"WHERE (website_id, {table.stored_time}::DATE) IN ({_values(differing)})"
        )
        if missing := sorted({row[:2] for row in source} & {*differing}):
            first, last = (pick(day for _, day in missing) for pick in (min, max))
            ids = ", ".join(sorted({f"'{website}'" for website, _ in missing}))
            chosen = (
                f"t.website_id IN ({ids}) AND {table.time} >= '{first} 00:00+00' "
                f"AND {table.time} < '{last + timedelta(days=1)} 00:00+00' "
                f"AND (t.website_id, {day}) IN ({_values(missing)})"
            )
            self._load(snapshot, table, chosen, cursor, folder, table.name)
        self.repaired += len(differing)
        return {website for website, _ in differing}

    # Moving rows.

    def _load(
        self,
        snapshot: Snapshot,
        table: SourceTable,
        condition: str,
        cursor: duckdb.DuckDBPyConnection,
        folder: Path,
        target: str,
    ) -> int:
        """Insert the rows of the source that fulfil a condition; returns their number. While the
        store inserts one file, the next is written."""
        rows = 0
        running: Future[int] | None = None
        with (
            ThreadPoolExecutor(1) as inserter,
            closing(snapshot.copy(f"{table.select} WHERE {condition}")) as blocks,
        ):
            for block in blocks:
                path = self._file(folder)
                _written(path, chain([block], blocks), self._batch)
                if self._stopped():
                    raise Stopped
                rows += running.result() if running else 0
                running = inserter.submit(self._insert, table, path, cursor, target)
            return rows + (running.result() if running else 0)

    def _insert(
        self, table: SourceTable, path: Path, cursor: duckdb.DuckDBPyConnection, target: str
    ) -> int:
        """Insert the rows of a file, which is deleted; returns their number."""
        names = ", ".join((*table.columns, *table.derived))
        # Sorted, so that a query of one website and range skips whole blocks of rows.
        order = " ORDER BY website_id, created_at" if table.name in LARGE else ""
        row = cursor.execute(
            f"INSERT INTO {target} ({names}) {table.reader(path)}{order}"
        ).fetchone()
        path.unlink()
        return int(row[0]) if row else 0

    def _file(self, folder: Path) -> Path:
        """A new path. Each file has a new name, because DuckDB can cache the content of a name."""
        self._files += 1
        return folder / f"{self._files}.csv"

    # The position.

    def _save(self) -> None:
        with self._store.writing() as cursor:
            self._write_position(cursor)

    def _write_position(self, cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.execute(f"DELETE FROM {_POSITION}")
        cursor.execute(f"INSERT INTO {_POSITION} VALUES (?)", [json.dumps(asdict(self.position))])


def _written(path: Path, blocks: Iterable[bytes], size: int = BATCH) -> None:
    """Write blocks into a file until it has so many bytes."""
    try:
        with path.open("wb", buffering=2**20) as file:
            for block in blocks:
                file.write(block)
                size -= len(block)
                if size <= 0:
                    break
    except OSError as error:
        raise StoreRefused(f"Rows cannot be written to the disk ({error.strerror}).") from None


def _opened(store: Store) -> Position:
    """The position of a store, which is new for an empty one."""
    with store.writing() as cursor:
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {_POSITION} (position VARCHAR)")
        row = cursor.execute(f"FROM {_POSITION}").fetchone()
        if row is None and any(
            cursor.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in OF_WEBSITE
        ):
            raise ReplicaRefused(
                "The file holds data of its own, which the replica of a database would replace: "
                "name another file."
            )
    if row is None:
        return Position()
    position = Position(**json.loads(row[0]))
    position.samples = [(at, next_) for at, next_ in position.samples]
    return position


def _columns(snapshot: Snapshot) -> str:
    """A checksum of the tables and columns that are read."""
    read = {name: dict(table.columns) for name, table in sorted(snapshot.schema.tables.items())}
    return hashlib.sha256(json.dumps(read).encode()).hexdigest()


def _rewritten(snapshot: Snapshot, namespace: str) -> dict[str, int]:
    """The numbers of rows that were updated or deleted, by table, as PostgreSQL counts them."""
    return dict(
        snapshot.rows(
            "SELECT relname, n_tup_upd + n_tup_del FROM pg_catalog.pg_stat_all_tables "
            f"WHERE schemaname = {quoted(namespace)}"
        )
    )


def _between(table: SourceTable, step: Step) -> str:
    return f"{table.time} >= '{step.start}+00' AND {table.time} < '{step.end}+00'"


def _stored_between(table: SourceTable, step: Step) -> str:
    time = table.stored_time
    return f"{time} >= TIMESTAMP '{step.start}' AND {time} < TIMESTAMP '{step.end}'"


def _months(first: datetime, last: datetime) -> Iterator[datetime]:
    """The beginnings of the months from that of ``first`` to the one after ``last``."""
    month = first.year * 12 + first.month - 1
    while True:
        start = datetime(month // 12, month % 12 + 1, 1)
        yield start
        if start > last:
            return
        month += 1


def _values(days: Sequence[tuple[UUID, date]]) -> str:
    """SQL of both databases: a list of websites and days."""
    return "VALUES " + ", ".join(f"('{website}'::uuid, '{day}'::date)" for website, day in days)
