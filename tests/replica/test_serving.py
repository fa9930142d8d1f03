"""The embedded server over the replica of a real database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest

from components import embedded_launcher
from tests.conftest import Some
from tests.contract import test_embedded3_events as recorded_events
from tests.contract import test_embedded3_reports as recorded_reports
from tests.contract import test_embedded3_traffic as recorded_traffic
from tests.contract.recordings import answered_lines
from tests.contract.samples import SITE
from tests.contract.test_embedded_traffic import check as check_list
from tests.doubles.umami import serve as serve_version
from tests.embedded.conftest import signed_in
from tests.replica.conftest import MakeDatabase
from tests.support.waiting import eventually
from umami.api import websites
from umami.client import connect
from umami.embedded import __main__
from umami.embedded.definitions import NEWEST, V3_1, V3_2
from umami.embedded.replica.refusals import ReplicaRefused
from umami.embedded.replica.worker import Replica
from umami.embedded.server import Running, serve
from umami.embedded.state import Umami
from umami.embedded.store import Store
from umami.errors import NotFound, ServerFault, SettingsError
from umami.settings import Settings, parse


@pytest.fixture(scope="module")
def recorded(filled: str) -> Iterator[httpx.Client]:
    """A client of a server of 3.1 over the replica of a database of 3.1."""
    with serve_version("3.1", replica_of=filled) as running, signed_in(running) as client:
        assert running.replica
        assert running.replica.wait(60)
        yield client


ROUTES = (*recorded_traffic.ROUTES, *recorded_events.ROUTES, *recorded_reports.ROUTES)


def test_the_replica_answers_as_the_database_did(
    recorded: httpx.Client, subtests: pytest.Subtests, some: Some
) -> None:
    for route in ROUTES:
        for case in some(answered_lines("v3.1.0", route), 10):
            with subtests.test(case["name"]):
                if route in recorded_reports.ROUTES:
                    answer = recorded.post(case["path"], json=case["body"])
                    assert recorded_reports.differences_of(case, answer.json()) == []
                elif route in recorded_events.ROUTES:
                    check_list(recorded, case)
                else:
                    recorded_traffic.check(recorded, case)


@pytest.fixture
def running(filled: str) -> Iterator[Running]:
    with serve(replica_of=filled) as running:
        assert running.replica
        assert running.replica.wait(60)
        yield running


def test_writes_are_refused_in_a_sentence(running: Running) -> None:
    with signed_in(running) as client:
        for path, body in {
            "/api/websites": {"name": "New", "domain": "new.example"},
            f"/api/websites/{SITE}": {"name": "Renamed"},
            f"/api/websites/{SITE}/reset": {},
        }.items():
            answer = client.post(path, json=body)
            assert answer.status_code == 400
            assert "Make the change in Umami" in answer.json()["error"]["errors"][0]
        payload = {"website": SITE, "hostname": "shop.example", "url": "/"}
        sent = client.post("/api/send", json={"type": "event", "payload": payload})
        assert sent.status_code == 400
        # Analyses are POST requests that read.
        case = answered_lines("v3.1.0", "/reports/funnel")[0]
        assert client.post(case["path"], json=case["body"]).status_code != 400


def test_changes_are_made_by_the_server_of_the_database(
    make_database: MakeDatabase, tables: Path
) -> None:
    database = make_database("3.1", rows=True)
    with serve(replica_of=database) as running, serve_version("3.1", tables) as umami:
        assert running.replica
        assert running.replica.wait(60)
        account = {"USERNAME": umami.username, "PASSWORD": umami.password}
        settings = parse({"DATABASE_URL": database, "URL": umami.url, **account})
        assert settings.texts == {"DATABASE_URL": database, "URL": umami.url, **account}
        with embedded_launcher.client_of(running, settings) as client:
            # This server does not write into the database, so the test does.
            with psycopg.connect(database) as connection:
                rename = b"UPDATE website SET name = 'In the database' WHERE website_id = %s"
                connection.execute(rename, (SITE,))
            written = client.ask(websites.update_website(SITE, "Renamed", "renamed.example"))
            assert written.name == "Renamed"
            # The replica has caught up, and the cache has no older answer.
            assert client.ask(websites.website(SITE)).name == "In the database"
            with pytest.raises(NotFound):
                client.ask(websites.update_website(str(UUID(int=1)), "Renamed", "renamed.example"))
        with connect(parse({"URL": umami.url, **account})) as direct:
            assert direct.ask(websites.website(SITE)).name == "Renamed"


def test_a_server_of_another_database_makes_no_changes(
    make_database: MakeDatabase, tables: Path
) -> None:
    database = make_database("3.1")
    with serve(replica_of=database) as running, serve_version("3.1", tables) as umami:
        assert running.replica
        assert running.replica.wait(60)
        account = {"USERNAME": umami.username, "PASSWORD": umami.password}
        settings = parse({"DATABASE_URL": database, "URL": umami.url, **account})
        change = websites.update_website(SITE, "Renamed", "renamed.example")
        with embedded_launcher.client_of(running, settings) as client:
            with pytest.raises(SettingsError, match="uses another database"):
                client.ask(change)
            with psycopg.connect(database) as connection:
                # A website that was made in Umami just now.
                listed = umami_websites(umami.url, account)
                rows = [(site.id, site.name) for site in listed]
                with connection.cursor() as cursor:
                    insert = b"INSERT INTO website (website_id, name) VALUES (%s, %s)"
                    cursor.executemany(insert, rows)
            assert client.ask(change).name == "Renamed"
        assert umami_websites(umami.url, account) != listed


def umami_websites(url: str, account: dict[str, str]) -> list[websites.Website]:
    """The websites of a server."""
    with connect(parse({"URL": url, **account})) as direct:
        return list(direct.ask(websites.websites()).rows)


def test_traffic_is_refused_until_the_first_copy_is_complete(filled: str) -> None:
    with closing(Store()) as store:
        umami = Umami(store)
        # It is not started, so the copy does not begin.
        replica = Replica(filled, umami)
        assert "copied for the first time" in replica.waiting
        assert store.row("SELECT count(*) FROM website") == (3,)
        replica.stop()


def test_a_client_is_told_how_far_the_first_copy_is(running: Running) -> None:
    assert running.replica
    running.replica.stop()
    running.replica._follower.position.complete = False
    account = {"username": running.username, "password": running.password}
    with connect(Settings(api=f"{running.url}/api", **account)) as client:
        assert client.ask(websites.websites()).count == 3
        with pytest.raises(ServerFault) as refused:
            client.ask(websites.daterange(SITE))
    assert "is being copied for the first time: 5 of 5 steps" in str(refused.value)
    assert refused.value.remedy == "Try again in a moment."


@pytest.mark.parametrize(
    ("version", "definitions"), [("2.20", V3_1), ("3.1", V3_1), ("3.2", V3_2), ("3.5", NEWEST)]
)
def test_definitions_are_those_of_the_source(
    make_database: MakeDatabase, version: str, definitions: object
) -> None:
    with closing(Store()) as store:
        umami = Umami(store)
        replica = Replica(make_database(version), umami)
        assert umami.definitions == definitions
        replica.stop()


def test_the_last_state_answers_while_the_source_is_away(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    url, path = make_database("3.1", rows=True), tmp_path / "replica.duckdb"
    with serve(store=path, replica_of=url) as running:
        assert running.replica
        assert running.replica.wait(60)
        as_of = running.replica.status.as_of
    away = url.replace("/umami_", "/away_umami_")
    with serve(store=path, replica_of=away) as running, signed_in(running) as client:
        assert running.replica
        status = running.replica.status
        assert status.complete
        assert status.version == "3.1"
        # Looks at a source that did not change are not written down.
        assert status.as_of
        assert as_of
        assert status.as_of <= as_of
        assert "no such database" in status.problem
        assert len(client.get("/api/websites").json()["data"]) == 3
        params = {"startAt": 0, "endAt": 4_000_000_000_000}
        stats = client.get(f"/api/websites/{SITE}/stats", params=params).json()
        assert stats["pageviews"] > 0


def test_a_source_that_was_never_copied_is_refused(filled: str) -> None:
    with pytest.raises(ReplicaRefused, match="no such database"):
        serve(replica_of=filled.replace("/umami_", "/away_umami_"))


def test_new_events_arrive_by_themselves(make_database: MakeDatabase) -> None:
    url = make_database("3.1")
    with closing(Store()) as store, psycopg.connect(url, autocommit=True) as connection:
        replica = Replica(url, Umami(store), interval=0.01)
        replica.start()
        assert replica.wait(60)
        connection.execute(
            "INSERT INTO session (session_id, website_id) "
            "VALUES (gen_random_uuid(), gen_random_uuid())"
        )
        eventually(lambda: store.row("SELECT count(*) FROM session") == (1,))
        replica.stop()
        replica.stop()


@pytest.mark.thorough
def test_the_command_names_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    url = "postgresql://reader:s3cret@127.0.0.1:1/umami"
    assert __main__.main(["--replica-of", url, "--port", "0"]) == 2
    message = capsys.readouterr().err
    assert "cannot be reached" in message
    assert "s3cret" not in message
