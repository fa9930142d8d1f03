"""Whatever happens to a database and its replica: once it settles, both have the same rows."""

from __future__ import annotations

import tempfile
from pathlib import Path
from uuid import UUID, uuid4

import hypothesis
import psycopg
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.replica.conftest import MakeDatabase
from tests.replica.equality import differences
from umami.embedded.replica.follower import Follower
from umami.embedded.replica.source import Source
from umami.embedded.replica.transfer import Stopped
from umami.embedded.store import Store

WEBSITES = (UUID(int=1), UUID(int=2))
SESSIONS = tuple(UUID(int=number) for number in range(10, 16))
TRAFFIC = ("website_event", "session", "session_data")
websites = st.sampled_from(WEBSITES)
sessions = st.sampled_from(SESSIONS)
ages = st.sampled_from(("0 s", "1 minute", "9 minutes", "2 hours", "40 days", "-1 hour"))
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4)


class Both(RuleBasedStateMachine):
    """A database that is written to in several ways, and a replica that is interrupted."""

    url: str
    writer: psycopg.Connection
    late: psycopg.Connection

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.late.rollback()
        self.writer.execute("TRUNCATE website, website_event, session, session_data")
        for website in WEBSITES:
            self.writer.execute("INSERT INTO website (website_id) VALUES (%s)", [website])
        self.stop = False
        self.open()

    def open(self) -> None:
        self.store = Store(Path(self.folder.name) / "replica.duckdb")
        self.follower = Follower(Source(self.url), self.store, stopped=lambda: self.stop, batch=500)

    def close(self) -> None:
        self.follower.source.close()
        self.store.close()

    @rule(website=websites, session=sessions, age=ages, title=texts, is_late=st.booleans())
    def visit(self, website: UUID, session: UUID, age: str, title: str, is_late: bool) -> None:
        connection = self.late if is_late else self.writer
        connection.execute(
            "INSERT INTO website_event "
            "(event_id, website_id, session_id, visit_id, created_at, url_path, page_title) "
            "VALUES (%s, %s, %s, %s, clock_timestamp() - %s::interval, '/', %s)",
            [uuid4(), website, session, session, age, title],
        )
        # Always committed at once, so that no connection waits for the other.
        self.writer.execute(
            "INSERT INTO session (session_id, website_id, created_at) "
            "VALUES (%s, %s, clock_timestamp() - %s::interval) ON CONFLICT DO NOTHING",
            [session, website, age],
        )

    @rule(session=sessions, person=texts)
    def stitch(self, session: UUID, person: str) -> None:
        self.writer.execute(
            "UPDATE session SET distinct_id = %s WHERE session_id = %s", [person, session]
        )

    @rule(website=websites, session=sessions, value=texts)
    def identify(self, website: UUID, session: UUID, value: str) -> None:
        self.writer.execute(
            "INSERT INTO session_data (session_data_id, website_id, session_id, string_value) "
            "VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (session_data_id) DO UPDATE SET string_value = EXCLUDED.string_value",
            [session, website, session, value],
        )

    @rule(table=st.sampled_from(TRAFFIC), session=sessions)
    def erase(self, table: str, session: UUID) -> None:
        self.writer.execute(f"DELETE FROM {table} WHERE session_id = %s".encode(), [session])

    @rule(website=websites, is_deleted=st.booleans())
    def reset(self, website: UUID, is_deleted: bool) -> None:
        with self.writer.transaction():
            for table in TRAFFIC:
                delete = f"DELETE FROM {table} WHERE website_id = %s"
                self.writer.execute(delete.encode(), [website])
            change = "DELETE FROM website" if is_deleted else "UPDATE website SET reset_at = now()"
            self.writer.execute(f"{change} WHERE website_id = %s".encode(), [website])

    @rule(is_kept=st.booleans())
    def end_late_transaction(self, is_kept: bool) -> None:
        if is_kept:
            self.late.commit()
        else:
            self.late.rollback()

    @rule()
    def follow(self) -> None:
        self.follower.advance()
        # Without a proof, what was committed with a recent time is there.
        recent = self.writer.execute(
            "SELECT event_id FROM website_event "
            "WHERE created_at > clock_timestamp() - %s::interval",
            ["30 minutes"],
        ).fetchall()
        stored = {*self.store.rows("SELECT event_id FROM website_event")}
        assert {*recent} <= stored

    @rule()
    def prove(self) -> None:
        # As if the last proof had been long ago.
        self.follower.position.proved = "2020-01-01T00:00:00"
        while self.follower.advance():
            pass
        assert differences(self.writer, self.store) == []

    @rule()
    def interrupt(self) -> None:
        self.stop = True
        try:
            self.follower.advance()
        except Stopped:
            pass
        finally:
            self.stop = False

    @rule()
    def restart(self) -> None:
        self.close()
        self.open()

    @rule()
    def disconnect(self) -> None:
        self.follower.source.close()

    def teardown(self) -> None:
        self.late.commit()
        self.follower.prove_all()
        differing = differences(self.writer, self.store)
        self.follower.prove_all()
        repaired = self.follower.repaired
        self.follower.prove_all()
        again = self.follower.repaired - repaired
        self.close()
        self.folder.cleanup()
        assert differing == []
        assert again == 0, "the replica is repaired though it is equal"


@pytest.mark.parametrize(
    "examples", [3, pytest.param(60, marks=pytest.mark.thorough)], ids=["few", "many"]
)
def test_the_replica_equals_the_database_once_it_settles(
    make_database: MakeDatabase, examples: int
) -> None:
    Both.url = make_database("3.1")
    settings = hypothesis.settings(
        max_examples=examples, stateful_step_count=25, deadline=None, database=None
    )
    with (
        psycopg.connect(Both.url, autocommit=True) as Both.writer,
        psycopg.connect(Both.url) as Both.late,
    ):
        run_state_machine_as_test(Both, settings=settings)
