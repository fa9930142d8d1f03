"""How the dashboard is run, its store, and the command that makes accounts."""

from __future__ import annotations

import io
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from access import accounts, database, passwords, settings
from access.__main__ import main, prompt_account
from tests.access.conftest import SECTIONS
from tests.support.accounts import KEY
from umami.errors import SettingsError


def test_the_environment_goes_before_the_secrets(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('[dashboard]\nopen = "yes"\nstore = "sqlite:///a.sqlite"\n')
    loaded = settings.load({"DASHBOARD_STORE": "sqlite:///b.sqlite"}, secrets)
    assert (loaded.users, loaded.store, loaded.open) == (secrets, "sqlite:///b.sqlite", True)
    assert "sqlite" not in repr(loaded)


@pytest.mark.parametrize(
    ("monitor", "meant"),
    [
        ("", None),
        ("9100", ("127.0.0.1", 9100)),
        ("0.0.0.0:9100", ("0.0.0.0", 9100)),
        ("localhost:65535", ("localhost", 65_535)),
        ("[::1]:9100", ("::1", 9100)),
    ],
)
def test_where_health_is_told_is_a_port_of_this_machine_or_an_address(
    monitor: str, meant: tuple[str, int] | None, tmp_path: Path
) -> None:
    assert settings.load({"DASHBOARD_MONITOR": monitor}, tmp_path / "none.toml").monitor == meant


def test_a_port_in_the_secrets_need_not_be_text(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text("[dashboard]\nmonitor = 9100\n")
    assert settings.load({}, secrets).monitor == ("127.0.0.1", 9100)


def test_what_is_around_a_setting_is_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "secrets.toml").write_text("\ufeff[dashboard]\r\nopen = true\r\n", "utf-8")
    environ = {"DASHBOARD_MONITOR": ' "9100"\r', "DASHBOARD_MAIL_FROM": '"Shop" <a@b.example>'}
    loaded = settings.load(environ, tmp_path / "secrets.toml")
    assert loaded.open
    assert loaded.monitor == ("127.0.0.1", 9100)
    assert loaded.mail_from == '"Shop" <a@b.example>'
    assert settings.load({"DASHBOARD_OPEN": "'on'\r"}, tmp_path / "none.toml").open


@pytest.mark.parametrize(
    ("environ", "lost"),
    [
        ({}, False),
        ({"DASHBOARD_EPHEMERAL": "yes"}, True),
        ({"DASHBOARD_EPHEMERAL": "yes", "DASHBOARD_STORE": "postgresql://host/name"}, False),
        ({"DASHBOARD_EPHEMERAL": "no", "DASHBOARD_STORE": "sqlite:///a.sqlite"}, False),
    ],
)
def test_a_file_on_a_disk_that_a_restart_empties_is_lost(
    environ: dict[str, str], lost: bool, tmp_path: Path
) -> None:
    assert settings.load(environ, tmp_path / "none.toml").loses_store is lost


def test_community_cloud_is_known_by_where_it_puts_an_app() -> None:
    assert settings.on_community_cloud(Path("/mount/src/umami-dashboard/access/settings.py"))
    for elsewhere in ("/mount/srcs/a.py", "/home/adminuser/mount/src/a.py", settings.__file__):
        assert not settings.on_community_cloud(Path(elsewhere))


@pytest.mark.parametrize(
    "environ",
    [
        {"DASHBOARD_OPEN": "perhaps"},
        {"DASHBOARD_USERS": "/nowhere/users.yaml"},
        *(
            {"DASHBOARD_MONITOR": monitor}
            for monitor in ("yes", "0", "70000", "::1:9100", "a/b:9100")
        ),
        {"DASHBOARD_MONITOR": "user:secret@localhost:9100"},
    ],
)
def test_what_cannot_be_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=next(iter(environ))):
        settings.load(environ, tmp_path / "none.toml")


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "mysql://root:secret@localhost/x",
        "postgresql://someone:secret@127.0.0.1:1/x",
        "sqlite:////proc/nothing/here.sqlite",
    ],
)
def test_a_store_that_cannot_be_opened_is_said_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match="DASHBOARD_STORE") as refusal:
        database.open_engine(url)
    assert "secret" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_the_file_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "dashboard.sqlite"
    database.open_engine(f"sqlite:///{path}").dispose()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.thorough
def test_replicas_that_start_together_make_one_store(url: str) -> None:
    together = threading.Barrier(6)

    def start() -> None:
        together.wait()
        engine = database.open_engine(url)
        database.ping(engine)
        engine.dispose()

    with ThreadPoolExecutor(6) as replicas:
        for started in [replicas.submit(start) for _ in range(6)]:
            started.result()


def test_an_account_is_made_by_answering(tmp_path: Path) -> None:
    answers = iter(
        ["Ann Smith", "Ann", 'Ann "A" Smith', "", "", "viewer", "shop.example, b.example"]
    )
    hidden = iter(["short", "a-good-Passw0rd", "another", "a-good-Passw0rd", "a-good-Passw0rd"])
    with redirect_stderr(io.StringIO()) as said:
        made = prompt_account(lambda _: next(answers), lambda _: next(hidden))
    assert "characters or more" in said.getvalue()
    assert "not the same" in said.getvalue()
    assert "a-good-Passw0rd" not in made
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(f'[cookie]\nkey = "{KEY}"\n\n{made}\n')
    account = accounts.load(secrets, SECTIONS).users["ann"]
    assert account.name == 'Ann "A" Smith'
    assert passwords.matches("a-good-Passw0rd", account.password)
    assert account.roles[0].websites == {"shop.example", "b.example"}


def test_a_password_is_never_an_argument() -> None:
    with redirect_stderr(io.StringIO()) as said:
        assert main(["ann", "password"]) == 2
    assert "Usage" in said.getvalue()


@pytest.mark.thorough
def test_a_key_is_long_and_another_each_time() -> None:
    made = [
        subprocess.run(
            [sys.executable, "-m", "people", "key"], capture_output=True, text=True, check=True
        ).stdout.strip()
        for _ in range(2)
    ]
    assert made[0] != made[1]
    assert all(len(key) >= accounts.SHORTEST_KEY for key in made)


@pytest.fixture
def silent() -> Iterator[None]:
    with redirect_stderr(io.StringIO()):
        yield


@pytest.mark.usefixtures("silent")
def test_leaving_the_questions_makes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main([]) == 1
