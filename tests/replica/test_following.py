"""A replica of a real database: late commits, back-dated rows, deletions, interruptions."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.replica.conftest import MakeDatabase
from tests.replica.equality import differences
from tests.support import umami_database
from umami.embedded.replica import follower, source
from umami.embedded.replica.follower import Follower
from umami.embedded.replica.refusals import ReplicaRefused
from umami.embedded.replica.source import Source
from umami.embedded.replica.transfer import Stopped
from umami.embedded.store import Store

VERSIONS = ("2.18", "2.20", "3.1")
WEBSITE, OTHER = UUID(int=1), UUID(int=2)


class Traffic:
    """Writes into a database of Umami, as Umami does."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection = psycopg.connect(url)

    def event(
        self,
        website: UUID = WEBSITE,
        ago: str = "0 s",
        connection: psycopg.Connection | None = None,
    ) -> UUID:
        """Insert an event, and commit it unless a connection with a transaction is given."""
        event = uuid4()
        (connection or self.connection).execute(
            "INSERT INTO website_event "
            "(event_id, website_id, session_id, visit_id, created_at, url_path, page_title) "
            "VALUES (%s, %s, gen_random_uuid(), gen_random_uuid(), "
            "clock_timestamp() - %s::interval, '/a,\"b\"', E'first\\r\\nsecond\\r\\\\N\\n😀')",
            [event, website, ago],
        )
        if connection is None:
            self.connection.commit()
        return event

    def run(self, sql: str, *values: object) -> None:
        self.connection.execute(sql.encode(), values)
        self.connection.commit()


@pytest.fixture
def traffic(make_database: MakeDatabase) -> Iterator[Traffic]:
    """Traffic in a database of 3.1 with two websites, the first of which has two events."""
    writer = Traffic(make_database("3.1"))
    for website in (WEBSITE, OTHER):
        writer.run("INSERT INTO website (website_id, name) VALUES (%s, 'Shop')", website)
    writer.event(ago="40 days")
    writer.event()
    with closing(writer.connection):
        yield writer


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(Store()) as store:
        yield store


def events(store: Store) -> set[UUID]:
    return {id for (id,) in store.rows("SELECT event_id FROM website_event")}


def following(traffic: Traffic, store: Store) -> Follower:
    """A follower whose first copy is complete."""
    replica = Follower(Source(traffic.url), store)
    for _ in range(2):
        replica.advance()
    assert differences(traffic.connection, store) == []
    return replica


@pytest.mark.parametrize(
    "version", ["2.16", *(pytest.param(v, marks=pytest.mark.thorough) for v in VERSIONS), "3.5"]
)
def test_the_contracts_rows_are_copied_from_each_version(
    make_database: MakeDatabase, version: str, store: Store
) -> None:
    url = make_database(version, rows=True)
    replica = Follower(Source(url), store, batch=200_000)
    replica.advance()
    with psycopg.connect(url) as connection:
        assert differences(connection, store) == []
    assert replica.position.version in (version, "2.19")
    assert store.row("SELECT count(*), sum(revenue)::VARCHAR FROM revenue") == (280, "20274.3500")
    replica.prove_all()
    assert replica.repaired == 0


def test_new_rows_are_followed_without_a_proof(traffic: Traffic, store: Store) -> None:
    replica = following(traffic, store)
    event = traffic.event()
    replica.advance()
    assert event in events(store)
    assert differences(traffic.connection, store) == []
    assert replica.repaired == 0


def test_a_transaction_that_commits_late_is_followed_whatever_began_after_it(
    traffic: Traffic, store: Store
) -> None:
    replica = following(traffic, store)
    with psycopg.connect(traffic.url) as late:
        missing = traffic.event(connection=late)
        for _ in range(3):
            traffic.event()
            replica.advance()
        assert missing not in events(store)
        late.commit()
    replica.advance()
    assert missing in events(store)
    assert differences(traffic.connection, store) == []
    assert replica.repaired == 0


def test_the_window_stays_behind_an_open_transaction(traffic: Traffic, store: Store) -> None:
    replica = following(traffic, store)
    began = replica.position.as_of
    with psycopg.connect(traffic.url) as late:
        traffic.event(connection=late)
        for _ in range(5):
            traffic.event()
            replica.advance()
        assert replica.position.samples[0][0] == began
        late.rollback()
    traffic.event()
    replica.advance()
    assert len(replica.position.samples) == 1


def test_rows_that_a_poll_read_before_are_not_doubled(traffic: Traffic, store: Store) -> None:
    replica = following(traffic, store)
    with psycopg.connect(traffic.url) as late:
        traffic.event(connection=late)
        seen = traffic.event()
        for _ in range(2):
            traffic.event()
            replica.advance()
        late.rollback()
    assert store.row("SELECT count(*) FROM website_event WHERE event_id = ?", [seen]) == (1,)


def test_a_proof_finds_back_dated_rows_changes_and_deletions(
    traffic: Traffic, store: Store
) -> None:
    replica = following(traffic, store)
    traffic.event(ago="90 days")
    traffic.run(
        "UPDATE website_event SET page_title = 'Other' WHERE created_at < now() - interval '1 day'"
    )
    traffic.run(
        "DELETE FROM website_event WHERE event_id = "
        "(SELECT event_id FROM website_event ORDER BY created_at DESC LIMIT 1)"
    )
    replica.advance()
    assert differences(traffic.connection, store)
    replica.prove_all()
    assert differences(traffic.connection, store) == []
    assert replica.repaired
    assert not replica.advance()


def test_everything_is_proved_once_an_hour(traffic: Traffic, store: Store) -> None:
    replica = following(traffic, store)
    traffic.event(ago="90 days")
    traffic.run("UPDATE website_event SET tag = 'x' WHERE created_at < now() - interval '1 day'")
    assert not replica.advance()
    # As if the last proof had been long ago.
    replica.position.proved = "2020-01-01T00:00:00"
    while replica.advance():
        pass
    assert differences(traffic.connection, store) == []
    assert replica.position.proved > "2021"


def test_an_audit_finds_what_the_source_did_not_change(traffic: Traffic, store: Store) -> None:
    replica = following(traffic, store)
    with store.writing() as cursor:
        cursor.execute("UPDATE website_event SET tag = 'damaged'")
    replica.position.proved = "2020-01-01T00:00:00"
    while replica.advance():
        pass
    assert replica.repaired == 0
    replica.position.audited = "2020-01-01T00:00:00"
    while replica.advance():
        pass
    assert replica.repaired == 2
    assert differences(traffic.connection, store) == []


def test_a_table_with_updates_is_proved_sooner(
    traffic: Traffic, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "SOON", timedelta(0))
    replica = following(traffic, store)
    traffic.run("UPDATE website_event SET tag = 'x' WHERE created_at < now() - interval '1 day'")
    traffic.run("SELECT pg_stat_force_next_flush()")
    while replica.advance():
        pass
    assert differences(traffic.connection, store) == []


@pytest.mark.parametrize(
    "reset",
    [
        "UPDATE website SET reset_at = now() WHERE website_id = %s",
        "DELETE FROM website WHERE website_id = %s",
    ],
)
def test_a_website_that_is_reset_or_deleted_is_empty_at_once(
    traffic: Traffic, store: Store, reset: str
) -> None:
    changed: list[str | None] = []
    replica = Follower(Source(traffic.url), store, changed=changed.append)
    replica.advance()
    traffic.event(OTHER, "40 days")
    replica.prove_all()
    changed.clear()
    traffic.connection.execute("DELETE FROM website_event WHERE website_id = %s", [WEBSITE])
    traffic.run(reset, WEBSITE)
    replica.advance()
    assert differences(traffic.connection, store) == []
    assert changed == [str(WEBSITE)]


def test_an_upgraded_umami_is_followed(traffic: Traffic, store: Store) -> None:
    replica = following(traffic, store)
    for version in ("3.2", "3.3"):
        umami_database.upgrade(traffic.connection, version)
    traffic.run("INSERT INTO session_link VALUES (%s, gen_random_uuid(), 'ann', NULL)", WEBSITE)
    while replica.advance():
        pass
    assert replica.position.version == "3.3"
    assert differences(traffic.connection, store) == []


def test_another_database_at_the_same_address_replaces_the_rows(
    traffic: Traffic, make_database: MakeDatabase, tmp_path: Path
) -> None:
    path = tmp_path / "replica.duckdb"
    with closing(Store(path)) as store:
        following(traffic, store)
    other = Traffic(make_database("3.1"))
    other.event(ago="3 days")
    with closing(Store(path)) as store, closing(other.connection):
        replica = Follower(Source(other.url), store)
        while replica.advance():
            pass
        assert differences(other.connection, store) == []


def test_a_restart_goes_on_where_it_was(traffic: Traffic, tmp_path: Path) -> None:
    path = tmp_path / "replica.duckdb"
    with closing(Store(path)) as store:
        following(traffic, store)
    event = traffic.event()
    with closing(Store(path)) as store:
        replica = Follower(Source(traffic.url), store)
        assert replica.position.complete
        replica.advance()
        assert event in events(store)
        assert replica.repaired == 0


def test_a_first_copy_that_is_stopped_resumes(filled: str, tmp_path: Path) -> None:
    path = tmp_path / "replica.duckdb"
    calls = iter(range(100))
    with closing(Store(path)) as store:
        stopping = Follower(Source(filled), store, stopped=lambda: next(calls) >= 3)
        with pytest.raises(Stopped):
            stopping.advance()
    with closing(Store(path)) as store, psycopg.connect(filled) as connection:
        replica = Follower(Source(filled), store)
        assert len(replica.position.copied) == 3
        while replica.advance():
            pass
        assert replica.position.proved
        assert differences(connection, store) == []


def test_a_process_that_is_killed_leaves_complete_steps(filled: str, tmp_path: Path) -> None:
    path = tmp_path / "replica.duckdb"
    program = (
        "import os, sys; from pathlib import Path\n"
        "from umami.embedded.store import Store\n"
        "from umami.embedded.replica.source import Source\n"
        "from umami.embedded.replica.follower import Follower\n"
        "calls = iter(range(100))\n"
        "def kill(): next(calls) < 2 or os.kill(os.getpid(), 9)\n"
        "Follower(Source(sys.argv[1]), Store(Path(sys.argv[2])), stopped=kill, batch=1_000_000)"
        ".advance()\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", program, filled, str(path)], env={**os.environ, "PYTHONPATH": "."}
    )
    assert killed.returncode == -9
    with closing(Store(path)) as store, psycopg.connect(filled) as connection:
        replica = Follower(Source(filled), store)
        assert not replica.position.complete
        while replica.advance():
            pass
        assert differences(connection, store) == []


def test_a_step_that_fails_changes_nothing(traffic: Traffic, store: Store) -> None:
    stop = False
    replica = Follower(Source(traffic.url), store, stopped=lambda: stop)
    replica.advance()
    before, position = events(store), replica.position
    missing = traffic.event()
    stop = True
    with pytest.raises(Stopped):
        replica.advance()
    assert events(store) == before
    assert replica.position == position
    stop = False
    replica.advance()
    assert missing in events(store)


FULL = """
import resource, sys
from pathlib import Path
import psycopg
from umami.embedded.replica.follower import Follower
from umami.embedded.replica.source import Source
from umami.embedded.store import Store, StoreRefused
store = Store(Path(sys.argv[2]))
replica = Follower(Source(sys.argv[1]), store)
replica.advance()
with psycopg.connect(sys.argv[1]) as database:
    database.execute(
        "INSERT INTO session (session_id, website_id) "
        "SELECT gen_random_uuid(), gen_random_uuid() FROM generate_series(1, 50000)"
    )
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, most))
try:
    replica.advance()
except StoreRefused as refused:
    print(refused, store.row("SELECT count(*) FROM session")[0])
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
replica.advance()
print(store.row("SELECT count(*) FROM session")[0], replica.repaired)
"""


@pytest.mark.thorough
def test_a_full_disk_is_named_and_followed_later(traffic: Traffic, tmp_path: Path) -> None:
    """A limit on the size of files stands in for the full disk."""
    ran = subprocess.run(
        [sys.executable, "-c", FULL, traffic.url, str(tmp_path / "replica.duckdb")],
        env={**os.environ, "PYTHONPATH": "."},
        capture_output=True,
        text=True,
    )
    first, second, *_ = ran.stdout.split("\n")
    assert "(File too large)" in first
    assert first.endswith(" 0")
    assert second == "50000 0"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Statements may take a tenth of a second, and wait for locks no longer than that."""
    monkeypatch.setitem(source._SETTINGS, "statement_timeout", "100ms")
    monkeypatch.setitem(source._SETTINGS, "lock_timeout", "50ms")


@pytest.mark.usefixtures("impatient")
def test_a_locked_table_is_named_and_followed_later(traffic: Traffic, store: Store) -> None:
    replica = following(traffic, store)
    missing = traffic.event()
    with psycopg.connect(traffic.url) as upgrade:
        upgrade.execute("LOCK TABLE website_event IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(ReplicaRefused, match="is locked"):
            replica.advance()
    assert missing not in events(store)
    replica.advance()
    assert missing in events(store)


@pytest.mark.usefixtures("impatient")
def test_a_slow_statement_is_given_up(traffic: Traffic) -> None:
    database = Source(traffic.url)
    with (
        closing(database),
        pytest.raises(ReplicaRefused, match="took longer"),
        database.snapshot() as snapshot,
    ):
        snapshot.rows("SELECT pg_sleep(10)")


def test_a_connection_that_the_database_ends_is_made_anew(traffic: Traffic, store: Store) -> None:
    replica = following(traffic, store)
    missing = traffic.event()
    traffic.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'umami-dashboard-replica' AND datname = current_database()"
    )
    with pytest.raises(ReplicaRefused, match="ended the connection"):
        replica.advance()
    replica.advance()
    assert missing in events(store)


def test_no_lock_is_stronger_than_a_reader_needs(traffic: Traffic, store: Store) -> None:
    replica = following(traffic, store)
    traffic.event()
    modes = set()
    with replica.source.snapshot() as snapshot:
        replica._follow(snapshot)
        modes = {
            mode
            for (mode,) in snapshot.rows(
                "SELECT mode FROM pg_locks "
                "WHERE pid = pg_backend_pid() AND locktype <> 'virtualxid'"
            )
        }
    assert modes == {"AccessShareLock"}


def test_a_file_with_data_of_its_own_is_refused(traffic: Traffic, store: Store) -> None:
    with store.writing() as cursor:
        cursor.execute("INSERT INTO website (website_id, name) VALUES (uuid(), 'Own')")
    with pytest.raises(ReplicaRefused, match="data of its own"):
        Follower(Source(traffic.url), store)
