"""What is said about databases that cannot be replicated."""

from __future__ import annotations

from contextlib import closing

import psycopg
import pytest

from tests.replica.conftest import MakeDatabase
from umami.embedded.replica.refusals import ReplicaRefused
from umami.embedded.replica.schema import definitions_of
from umami.embedded.replica.source import Source
from umami.settings import Settings


def refusal(url: str) -> str:
    """The sentence about a database."""
    with pytest.raises(ReplicaRefused) as refused, Source(url).snapshot():
        pass
    return str(refused.value)


def as_role(url: str, role: str, password: str = "secret") -> str:
    return url.replace("//postgres:@", f"//{role}:{password}@")


@pytest.fixture(scope="module")
def reader(filled: str) -> str:
    """A role that may connect, and read nothing yet."""
    name = "reader_" + filled.rpartition("umami_")[2][:8]
    with psycopg.connect(filled, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'secret'".encode())
        connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    return name


def test_the_role_of_the_documentation_may_read_what_is_needed(filled: str, reader: str) -> None:
    assert "may not read website, session" in refusal(as_role(filled, reader)).replace(
        "event_data, session, session_data, website", "website, session"
    )
    with psycopg.connect(filled, autocommit=True) as connection:
        connection.execute(f"GRANT USAGE ON SCHEMA public TO {reader}".encode())
        connection.execute(f"GRANT SELECT ON website, session, website_event TO {reader}".encode())
        assert "may not read event_data, session_data:" in refusal(as_role(filled, reader))
        connection.execute(f"GRANT SELECT ON event_data, session_data TO {reader}".encode())
    source = Source(as_role(filled, reader))
    with closing(source), source.snapshot() as snapshot:
        # What the role may not read is left out, and the version is known nevertheless.
        assert snapshot.schema.version == "3.1"
        assert "team" not in snapshot.schema.tables
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            snapshot.connection.execute("CREATE TABLE anything (n int)")


def test_a_database_that_is_not_there_is_named(filled: str) -> None:
    assert "no such database or role" in refusal(filled.replace("/umami_", "/umami__"))
    assert "cannot be reached" in refusal("postgresql://reader:secret@127.0.0.1:1/umami")
    assert "host in the address" in refusal("postgresql://reader:secret@umami.invalid/umami")
    assert "is malformed" in refusal(filled + "&anything=1")
    assert "begins with postgresql://" in refusal("mysql://root:secret@host/umami")


def test_no_sentence_contains_the_password() -> None:
    for url in (
        "postgresql://r:s3cret@127.0.0.1:1/u",
        "postgresql://r:s3cret@[bad/u",
        "postgresql://r:s3cret%zz@host/u",
        "r:s3cret@host/u",
    ):
        assert "s3cret" not in refusal(url)
    assert "s3cret" not in repr(Settings(database="postgresql://r:s3cret@host/u"))


def test_a_database_without_umami_is_told_from_one_of_umami_1(make_database: MakeDatabase) -> None:
    url = make_database(empty=True)
    assert "has no tables of Umami" in refusal(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE pageview (n int)")
        connection.execute("CREATE TABLE event (n int)")
        assert "Umami 1" in refusal(url)
        connection.execute("CREATE TABLE website_event (n int)")
        assert "no table website" in refusal(url)


def test_a_table_without_a_column_is_unknown(make_database: MakeDatabase) -> None:
    url = make_database("3.1")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER TABLE website_event DROP COLUMN visit_id")
    assert "website_event has no column visit_id" in refusal(url)


def test_parameters_that_only_prisma_knows_are_accepted(make_database: MakeDatabase) -> None:
    url = make_database("3.1")
    source = Source(url + "&connection_limit=5&schema=public")
    with closing(source), source.snapshot() as snapshot:
        assert snapshot.schema.version == "3.1"
    assert "“other”" in refusal(url + "&schema=other")


def test_definitions_follow_the_version() -> None:
    names = [definitions_of(version)[0] for version in ("2.18", "3.1", "3.2", "3.3", "3.5")]
    assert names == ["3.1", "3.1", "3.2", "3.5", "3.5"]
