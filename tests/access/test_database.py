"""The revisions of the database, and the commands that back it up, restore and migrate it.

Another release is a copy of the program with one more revision, run as a process of its own.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from access import backup, database, deliveries, migrations, notifications, website_settings
from access.__main__ import main
from access.audit import Audit
from access.database import exclusive
from access.login_throttle import LoginThrottle
from access.notifications import Notifications, Subscription
from access.permissions import ALL
from access.saved_views import SavedView, SavedViews
from access.sessions import Sessions
from access.share_links import ShareLinks
from tests.support.accounts import KEY
from umami.errors import SettingsError

ROOT: Final = Path(__file__).parents[2]
HEAD: Final = migrations.REVISIONS[-1]
LATER: Final = tuple(
    f"dashboard_{name}"
    for name in (
        "website",
        "note",
        "saved_view",
        "notification",
        "delivery",
        "receipt",
        "unsubscribed",
        "key",
        "website_group",
        "rule",
        "cost_upload",
        "cost",
    )
)
"""Tables that a revision after the first made."""
NEXT: Final = "9000"
"""The revision of a later release."""
ADDS_A_COLUMN: Final = f"""
import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{HEAD}"

def upgrade():
    column = sa.Column("note", sa.String(20), nullable=False, server_default="none")
    op.add_column("dashboard_audit", column)

def downgrade():
    with op.batch_alter_table("dashboard_audit") as table:
        table.drop_column("note")
"""
FAILS: Final = f"""
from alembic import op

revision = "{NEXT}"
down_revision = "{HEAD}"

def upgrade():
    op.drop_table("dashboard_audit")
    op.execute("SELECT * FROM nothing_of_this_name")
"""


@contextmanager
def opened(url: str, *, migrate: bool = True) -> Iterator[Engine]:
    engine = database.open_engine(url, migrate=migrate)
    yield engine
    engine.dispose()


def fill(engine: Engine) -> None:
    """Write rows to every table, as the dashboard does."""
    audit, throttle, sessions = Audit(engine), LoginThrottle(engine), Sessions(engine)
    for number in range(12):
        audit.record("ann", "export", f"“{number}” \n ✓")
        audit.refused("vic", "sign in")
        throttle.reserve(f"name {number}", "192.0.2.1")
    now = datetime.now(UTC)
    sessions.sign_out("vic")
    sessions.start("ann", "fingerprint", timedelta(days=1))
    shares = ShareLinks(engine, KEY)
    for password in ("", "secret"):
        made = shares.make(
            name="A client",
            maker="ann",
            ends=now + timedelta(days=1, microseconds=1),
            view={"website": ["a"], "filter": ["path:“/x”", "é"]},
            sections=("overview", "utm"),
            locked=bool(password),
            password=password,
        )
    shares.revoke(made.id)
    website_settings.save_conversion(engine, "a", ("event.purchase", "EUR"))
    note = {"website": "a", "text": "“Sale” ✓", "audience": "team", "author": "ann", "created": now}
    days = {"first": now.date(), "last": now.date() + timedelta(days=2)}
    with engine.begin() as connection:
        for number, at in enumerate((None, now)):
            row = {"id": str(number), "at": at, **note, **days}
            connection.execute(sa.insert(database.NOTES).values(row))
    weekly = Subscription(
        name="“Weekly” ✓", websites=("a",), pages=("overview",), recipients=("é@example.com",)
    )
    each = Notifications(lambda _create: engine, "ann", ALL).add(
        weekly, "https://stats.example.com"
    )
    SavedViews(lambda _create: engine, "ann", ALL).save(
        SavedView("a", "“Mine” ✓", "utm", {"filter": ["é"]})
    )
    notifications.signing_key(engine)
    who = {"author": "ann", "created": now}
    with engine.begin() as connection:
        for table, row in (
            (database.WEBSITE_GROUPS, {"id": "g", "name": "“Shops” ✓", "websites": ["a"], **who}),
            (
                database.RULES,
                {"id": "r", "website": "a", "kind": "group", "position": 0, "name": "é"}
                | {"spec": {"paths": ["/é*"]}, **who},
            ),
            (database.COST_UPLOADS, {"id": "u", "website": "a", "name": "é.csv", **who}),
            (
                database.COSTS,
                {"website": "a", "day": now.date(), "campaign": "“Sale” ✓", "source": ""}
                | {"currency": "EUR", "micros": 2**40, "clicks": None, "impressions": 0}
                | {"upload": "u"},
            ),
        ):
            connection.execute(sa.insert(table).values(row))
    with exclusive(engine) as store:
        deliveries.plan(store, each.id, "now", now, content={"headline": "✓"})
        notifications.unsubscribe(store, each.id, "bob@example.com")
    delivery = deliveries.claim(engine, "worker", now)
    assert delivery
    deliveries.begin(engine, delivery, ["é@example.com"], now)


def content(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All rows by table."""
    with engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for table in database.METADATA.sorted_tables
        }


def differences(engine: Engine) -> Any:
    """Differences between the tables of a database and those that the program declares."""
    with engine.connect() as connection:
        options = {"version_table": migrations.TABLE, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        return compare_metadata(context, database.METADATA)


def release(folder: Path, script: str) -> Path:
    """A copy of the program with one more revision."""
    shutil.copytree(ROOT / "access", folder / "access")
    (folder / "umami").symlink_to(ROOT / "umami")
    (folder / "access" / "migrations" / "versions" / f"rev_{NEXT}.py").write_text(script)
    return folder


def command(url: str, *arguments: str | Path) -> str:
    """What a command of this release prints, which succeeds."""
    status, printed, problem = _run(url, *arguments)
    assert (status, problem) == (0, "")
    return printed


def failing(url: str, *arguments: str | Path) -> str:
    """What a command of this release prints, which fails."""
    status, printed, problem = _run(url, *arguments)
    assert (status, printed) == (1, "")
    return problem


def _run(url: str, *arguments: str | Path) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as environ, redirect_stdout(out), redirect_stderr(err):
        environ.setenv("DASHBOARD_STORE", url)
        return main([str(argument) for argument in arguments]), out.getvalue(), err.getvalue()


def later(release: Path, url: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command of another release."""
    return subprocess.run(
        [sys.executable, "-m", "access", *arguments],
        cwd=release,
        env={**os.environ, "DASHBOARD_STORE": url},
        capture_output=True,
        text=True,
    )


def test_the_revisions_make_the_tables_that_the_program_declares(url: str) -> None:
    with opened(url) as engine:
        assert differences(engine) == []
        with engine.connect() as connection:
            assert migrations.current(connection) == HEAD
    names = [table.name for table in database.METADATA.sorted_tables]
    assert all(name.startswith(database.PREFIX) for name in names)


def test_the_revisions_are_numbered_in_their_order() -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "access" / "migrations"))
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    assert [script.revision for script in scripts] == migrations.REVISIONS[::-1]


@pytest.mark.parametrize("missing", [[], ["dashboard_refused", "dashboard_signed_out"]])
def test_a_database_from_before_the_revisions_keeps_its_rows(url: str, missing: list[str]) -> None:
    with opened(url, migrate=False) as engine:
        database.METADATA.create_all(engine)
        fill(engine)
        missing = [*missing, *LATER]
        with engine.begin() as connection:
            for name in missing:
                connection.exec_driver_sql(f"DROP TABLE {name}")
        remaining = [
            table for table in database.METADATA.sorted_tables if table.name not in missing
        ]
        with engine.connect() as connection:
            before = {table.name: connection.execute(sa.select(table)).all() for table in remaining}
    with opened(url) as engine:
        assert differences(engine) == []
        after = content(engine)
        assert {name: sorted(map(tuple, rows), key=repr) for name, rows in before.items()} == {
            name: rows for name, rows in after.items() if name not in missing
        }
        with engine.connect() as connection:
            assert migrations.current(connection) == HEAD


@pytest.mark.slow
@pytest.mark.sample(2)
def test_a_later_release_upgrades_and_downgrades_without_loss(url: str, tmp_path: Path) -> None:
    new = release(tmp_path, ADDS_A_COLUMN)
    with opened(url) as engine:
        fill(engine)
        before = content(engine)
    upgraded = later(new, url, "upgrade")
    assert (upgraded.returncode, upgraded.stdout) == (0, f"The database has revision {NEXT}.\n")
    with pytest.raises(SettingsError, match=f"has revision {NEXT}") as refusal:
        database.open_engine(url)
    assert f"downgrade {HEAD}" in refusal.value.remedy
    assert failing(url, "upgrade") == f"{refusal.value} {refusal.value.remedy}\n"
    with opened(url, migrate=False) as engine, engine.connect() as connection:
        notes = connection.exec_driver_sql("SELECT DISTINCT note FROM dashboard_audit").scalars()
        assert notes.all() == ["none"]
    downgraded = later(new, url, "downgrade", HEAD)
    assert downgraded.returncode == 0, downgraded.stderr
    with opened(url) as engine:
        assert content(engine) == before
        assert differences(engine) == []


@pytest.mark.thorough
def test_a_migration_that_fails_changes_nothing(url: str, tmp_path: Path) -> None:
    new = release(tmp_path, FAILS)
    with opened(url) as engine:
        fill(engine)
        before = content(engine)
    failed = later(new, url, "upgrade")
    assert failed.returncode == 1
    assert "is unchanged" in failed.stderr
    with opened(url) as engine:
        assert content(engine) == before


def test_a_revision_that_does_not_exist_is_refused(url: str) -> None:
    assert "no revision 0000" in failing(url, "downgrade", "0000")


def test_a_backup_goes_from_sqlite_to_postgresql_and_back(
    empty_postgres: str, tmp_path: Path
) -> None:
    stores = [f"sqlite:///{tmp_path / 'a'}", empty_postgres, f"sqlite:///{tmp_path / 'b'}"]
    with opened(stores[0]) as engine:
        fill(engine)
        before = content(engine)
    assert all(before.values())
    count = sum(map(len, before.values()))
    for number, (source, target) in enumerate(pairwise(stores)):
        file = tmp_path / f"{number}.backup"
        assert command(source, "backup", file) == f"{count} rows are in the backup.\n"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert command(target, "restore", file) == f"{count} rows are restored.\n"
        with opened(target) as engine:
            assert content(engine) == before
            assert differences(engine) == []
    first, second = (
        json.loads(gzip.decompress((tmp_path / f"{number}.backup").read_bytes()))
        for number in (0, 1)
    )
    for name in before:
        assert sorted(first["rows"][name], key=repr) == sorted(second["rows"][name], key=repr)


def test_new_rows_follow_those_of_a_backup(url: str, tmp_path: Path) -> None:
    file = tmp_path / "file.backup"
    with opened(url) as engine:
        fill(engine)
        backup.backup(engine, file)
        backup.restore(engine, file, replace=True)
        before = content(engine)["dashboard_audit"]
        Audit(engine).record("ann", "sign in")
        after = content(engine)["dashboard_audit"]
    assert max(row[0] for row in after) > max(row[0] for row in before)


def test_a_backup_has_nothing_that_was_written_after_it_began(
    empty_postgres: str, tmp_path: Path
) -> None:
    with opened(empty_postgres) as engine, opened(empty_postgres) as another:
        fill(engine)
        before = content(engine)
        written: list[str] = []

        @sa.event.listens_for(engine, "before_cursor_execute")
        def write(_: Any, __: Any, statement: str, *more: Any) -> None:
            if "FROM dashboard_audit" in statement and not written:
                written.append(statement)
                Audit(another).record("late", "sign in")
                Sessions(another).start("late", "fingerprint", timedelta(days=1))

        backup.backup(engine, tmp_path / "file.backup")
        assert written
        backup.restore(engine, tmp_path / "file.backup", replace=True)
        assert content(engine) == before


@pytest.mark.thorough
def test_a_backup_of_an_older_revision_is_upgraded(url: str, tmp_path: Path) -> None:
    new, file = release(tmp_path, ADDS_A_COLUMN), tmp_path / "file.backup"
    with opened(url) as engine:
        fill(engine)
        backup.backup(engine, file)
    replaced = later(new, url, "restore", file, "--replace")
    assert replaced.returncode == 0, replaced.stderr
    with opened(url, migrate=False) as engine, engine.connect() as connection:
        assert migrations.current(connection) == NEXT
    # That release's backup, even of a database of before the revisions, is for it and later ones.
    assert later(new, url, "backup", file).returncode == 0
    assert "one of a newer version" in failing(url, "restore", file, "--replace")


def test_rows_are_replaced_only_if_told(url: str, tmp_path: Path) -> None:
    file = tmp_path / "file.backup"
    with opened(url) as engine:
        fill(engine)
        before = content(engine)
        count = backup.backup(engine, file)
        Audit(engine).record("ann", "sign in")
        assert "already has rows" in failing(url, "restore", file)
        assert content(engine) != before
        assert command(url, "restore", file, "--replace") == f"{count} rows are restored.\n"
        assert content(engine) == before


def damaged(file: Path) -> Iterator[bytes]:
    """Files that are no complete backup."""
    whole = file.read_bytes()
    yield b""
    yield b"\x00\xff"
    for length in (1, 20, len(whole) // 2, len(whole) - 5):
        yield whole[:length]
    yield whole[: len(whole) // 2] + b"x" + whole[len(whole) // 2 + 1 :]
    yield whole + b"x"
    content = json.loads(gzip.decompress(whole))
    others: list[Any] = [[], {}, "text", {"format": backup.FORMAT}, {**content, "format": "x"}]
    for other in others:
        yield gzip.compress(json.dumps(other).encode())


def test_a_damaged_backup_changes_nothing(url: str, tmp_path: Path) -> None:
    file, broken = tmp_path / "file.backup", tmp_path / "broken.backup"
    with opened(url) as engine:
        fill(engine)
        backup.backup(engine, file)
        Audit(engine).record("ann", "sign in")
        before = content(engine)
        for text in damaged(file):
            broken.write_bytes(text)
            with pytest.raises(SettingsError, match="not a complete backup"):
                backup.restore(engine, broken, replace=True)
        assert content(engine) == before


KILLED: Final = """
import os, signal, sys
from sqlalchemy import Engine, event
from access.__main__ import main

@event.listens_for(Engine, "after_cursor_execute")
def end(connection, cursor, statement, *more):
    if statement.startswith("INSERT INTO dashboard_session"):
        os.kill(os.getpid(), signal.SIGKILL)

main(sys.argv[1:])
"""
"""Restores a backup until some of its rows are inserted."""


@pytest.mark.thorough
def test_a_restore_that_is_killed_changes_nothing(url: str, tmp_path: Path) -> None:
    file = tmp_path / "file.backup"
    with opened(url) as engine:
        fill(engine)
        backup.backup(engine, file)
        Audit(engine).record("ann", "sign in")
        before = content(engine)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, "restore", file, "--replace"],
        cwd=ROOT,
        env={**os.environ, "DASHBOARD_STORE": url},
    )
    assert killed.returncode == -signal.SIGKILL
    with opened(url) as engine:
        assert content(engine) == before
        assert differences(engine) == []


@pytest.mark.parametrize("name", ["none.backup", "missing/file.backup"])
def test_a_file_that_is_not_there_is_named_without_a_traceback(name: str, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'dashboard.sqlite'}"
    assert "No such file" in failing(store, "restore", tmp_path / name)


def test_an_empty_database_is_no_backup(url: str, tmp_path: Path) -> None:
    assert "no tables" in failing(url, "backup", tmp_path / "file.backup")
    assert not (tmp_path / "file.backup").exists()


@pytest.mark.parametrize(
    "arguments",
    [["backup"], ["restore"], ["restore", "a", "--force"], ["downgrade"], ["upgrade", HEAD]],
)
def test_a_command_that_does_not_exist_opens_nothing(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DASHBOARD_STORE", f"sqlite:///{tmp_path / 'dashboard.sqlite'}")
    assert main(arguments) == 2
    assert "Usage" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
