"""The wheel: what it holds, and the commands that it installs into an empty environment.

Only ``make test-all`` runs these tests: installing takes minutes and needs a package index.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement

from access import migrations
from tests.support.ports import free_port
from tests.support.stream import opened
from tests.support.waiting import eventually
from tests.test_docs import tracked

ROOT = Path(__file__).parents[1]
TABLES = ROOT / "tests" / "contract" / "data" / "tables"
PACKAGE = "umami_dashboard"

pytestmark = [pytest.mark.timeout(900), pytest.mark.thorough]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the working tree."""
    directory = tmp_path_factory.mktemp("wheel")
    pip(sys.executable, "wheel", "--no-deps", "--wheel-dir", str(directory), str(ROOT))
    (built,) = directory.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def commands(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of commands of an environment that has the wheel, and strangers beside it:
    packages that have the names of ours and cannot be imported."""
    directory = tmp_path_factory.mktemp("environment")
    venv.create(directory, with_pip=True)
    python = directory / "bin" / "python"
    pip(str(python), "install", "--constraint", str(ROOT / "constraints.txt"), str(wheel))
    (site_packages,) = directory.glob("lib/python*/site-packages")
    for name in ("umami", "components", "pages", "people", "access", "reports"):
        (site_packages / name).mkdir()
        (site_packages / name / "__init__.py").write_text("raise ImportError('a stranger')\n")
    return directory / "bin"


def pip(python: str, *arguments: str) -> None:
    run = subprocess.run([python, "-m", "pip", "-q", *arguments], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


@contextmanager
def serving(command: Path, *options: str, cwd: Path, health: str) -> Iterator[None]:
    """A command that serves, from when ``health`` answers until the end of the block."""
    process = subprocess.Popen([command, *options], cwd=cwd, stdout=subprocess.DEVNULL)

    def healthy() -> bool:
        assert process.poll() is None
        try:
            return httpx.get(health, trust_env=False).is_success
        except httpx.TransportError:
            return False

    try:
        eventually(healthy, within=120)
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_one_package_holds_every_file_that_runs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {PACKAGE}
    expected = {
        f"{PACKAGE}/{name}"
        for name in tracked()
        if name.startswith(("static/", "components/locales/"))
        or (
            name.endswith(".py")
            and not name.startswith(("docs/", "tests/"))
            and name != "launcher.py"
        )
    }
    expected |= {f"{PACKAGE}/.streamlit/config.toml", f"{PACKAGE}/umami/py.typed"}
    assert expected <= names
    assert f"{PACKAGE}/launcher.py" not in names


def test_the_wheel_requires_what_requirements_txt_lists(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    required = message_from_bytes(archive.read(name)).get_all("Requires-Dist", [])
    listed = [
        line
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if not line.startswith(("#", "-"))
    ]
    assert {Requirement(line) for line in required} == {Requirement(line) for line in listed}


def test_the_dashboard_is_served_from_any_directory(commands: Path, tmp_path: Path) -> None:
    address = f"http://localhost:{(port := free_port())}"
    with serving(
        *(commands / "umami-dashboard", "--server.port", str(port), "--server.headless", "true"),
        cwd=tmp_path,
        health=f"{address}/_stcore/health",
    ):
        sent = b"".join(message.SerializeToString() for message in opened(address, "overview"))
        assert b"Fjord & Fern" in sent
        # The configuration of the package allows this.
        world = httpx.get(f"{address}/app/static/topojson/world_110m.json", trust_env=False)
        assert world.is_success


def test_command_prints_its_version(commands: Path, wheel: Path, tmp_path: Path) -> None:
    run = subprocess.run(
        [commands / "umami-dashboard", "--version"], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.stdout.strip() == wheel.name.split("-")[1]


def test_the_embedded_server_answers(commands: Path, tmp_path: Path) -> None:
    port = free_port()
    heartbeat = f"http://127.0.0.1:{port}/api/heartbeat"
    with serving(commands / "umami-embedded", "--port", str(port), cwd=tmp_path, health=heartbeat):
        login = httpx.post(
            f"http://127.0.0.1:{port}/api/auth/login",
            json={"username": "admin", "password": "umami"},
            trust_env=False,
        )
        assert login.json()["user"]["username"] == "admin"


def test_a_report_is_written(commands: Path, tmp_path: Path) -> None:
    run = subprocess.run(
        [
            *(commands / "umami-report", "--data", TABLES, "--website", "Nordlicht Shop"),
            *("--period", "all", "--out", "report.html"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert "Nordlicht Shop" in (tmp_path / "report.html").read_text()


def test_secrets_are_read_from_the_working_directory(commands: Path, tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text('UMAMI_TIMEOUT = "soon"\n')
    run = subprocess.run(
        [commands / "umami-report", "--out", "report.html"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert "UMAMI_TIMEOUT" in run.stderr


def test_the_database_is_migrated(commands: Path, tmp_path: Path) -> None:
    environ = {**os.environ, "DASHBOARD_STORE": f"sqlite:///{tmp_path / 'dashboard.sqlite'}"}
    run = subprocess.run(
        [commands / "umami-accounts", "upgrade"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
    )
    assert run.stdout == f"The database has revision {migrations.REVISIONS[-1]}.\n", run.stderr


def test_a_cookie_key_is_printed(commands: Path, tmp_path: Path) -> None:
    run = subprocess.run(
        [commands / "umami-accounts", "key"], cwd=tmp_path, capture_output=True, text=True
    )
    assert len(run.stdout.strip()) >= 32
