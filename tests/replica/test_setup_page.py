"""The dashboard over a replica: the Setup page connects it, and pages say how old it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from components import umami_server
from tests.doubles.umami import serve as serve_version
from tests.pages.conftest import bare, behind, tiles
from tests.pages.test_setup import check, here, opened, press, secrets, step
from tests.replica.conftest import MakeDatabase
from tests.support.waiting import eventually
from umami.embedded.server import serve
from umami.settings import Settings, read

__all__ = ["bare", "behind", "here", "secrets"]


@pytest.mark.usefixtures("here")
def test_a_database_is_checked_before_it_is_used(secrets: Path, filled: str) -> None:
    app = check(opened(), "database", DATABASE_URL=filled)
    assert not app.exception
    assert step(app) == "Check"
    assert "Umami 3.5" not in [element.value for element in app.markdown]
    press(app, "setup_on", "setup_on", "setup_save")
    assert [element.value for element in app.title] == ["Overview"]
    settings = read({}, secrets)
    assert (settings.database, settings.store) == (filled, secrets.with_name("replica.duckdb"))

    def answered() -> bool:
        replica = umami_server.opened(settings).replica
        return replica is not None and replica.status.complete

    eventually(answered)
    app = opened(page="overview")
    app.session_state["period"] = "all"
    assert tiles(app.run())["Views"] != "0"
    umami_server.let_go(settings)
    umami_server.anew()


@pytest.mark.thorough
@pytest.mark.usefixtures("here")
def test_the_server_that_makes_changes_is_checked_too(
    secrets: Path, make_database: MakeDatabase, tables: Path
) -> None:
    database = make_database("3.1", rows=True)
    with serve_version("3.1", tables) as umami:
        account = {"WRITER_URL": umami.url, "WRITER_USERNAME": umami.username}
        app = check(opened(), "database", DATABASE_URL=database, **account)
        assert "Type the password" in app.error[0].value
        assert step(app) == "Choose"
        # The passwords of a form are not sent twice.
        typed = {"DATABASE_URL": database, **account, "WRITER_PASSWORD": umami.password}
        app = check(app, "database", **typed)
        assert step(app) == "Check"
        assert "changes are made by Umami at" in " ".join(element.value for element in app.caption)
        press(app, "setup_on", "setup_on", "setup_save")
        settings = read({}, secrets)
        assert settings.writer
        assert (settings.database, settings.writer.username) == (database, umami.username)
        umami_server.let_go(Settings())
        umami_server.anew()


@pytest.mark.thorough
@pytest.mark.usefixtures("here", "secrets")
def test_a_server_of_another_database_is_refused(make_database: MakeDatabase, behind: str) -> None:
    database = make_database("3.1")
    account = {"WRITER_URL": behind, "WRITER_USERNAME": "admin", "WRITER_PASSWORD": "umami"}
    app = check(opened(), "database", DATABASE_URL=database, **account)
    assert "it uses another database" in app.error[0].value
    assert step(app) == "Choose"


def test_a_dashboard_that_shares_a_replica_knows_its_age(
    bare: pytest.MonkeyPatch, filled: str, behind: str
) -> None:
    bare.setenv("UMAMI_USERNAME", "admin")
    bare.setenv("UMAMI_PASSWORD", "umami")
    with serve(replica_of=filled, password="umami") as running:
        assert running.replica
        assert running.replica.wait(60)
        copied = running.replica.status.as_of
        bare.setenv("UMAMI_URL", running.url)
        eventually(umami_server.replica_status)
        state = umami_server.replica_status()
        # The replica goes on following meanwhile.
        now = running.replica.status.as_of
        assert state
        assert state.as_of
        assert copied
        assert now
        assert copied <= state.as_of <= now
        assert state.problem == ""
    umami_server.umami.clear()
    bare.setenv("UMAMI_URL", behind)
    eventually(umami_server.replica_status)
    state = umami_server.replica_status()
    assert state
    assert state.as_of is None
