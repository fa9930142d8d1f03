"""Deployment files: the image, compose.yaml, the proxies, the systemd unit."""

from __future__ import annotations

import fnmatch
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from ruamel.yaml import YAML

from access import settings
from tests.test_architecture import imports
from tests.test_docs import tracked
from umami import settings as umami

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = YAML(typ="safe").load((ROOT / "compose.yaml").read_text())
REPLICAS = ("dashboard-one", "dashboard-two")


def let_in(name: str) -> bool:
    """Whether a file is part of the image: the last matching line decides."""
    verdict = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        if pattern and not pattern.startswith("#") and fits(name, pattern):
            verdict = line.startswith("!")
    return verdict


def fits(name: str, pattern: str) -> bool:
    parts = name.split("/")
    if pattern.startswith("**/"):
        return pattern[3:] in parts
    here = ("/".join(parts[: number + 1]) for number in range(len(parts)))
    return any(fnmatch.fnmatchcase(prefix, pattern) for prefix in here)


def module(name: str) -> str | None:
    """The file of one of our modules."""
    path = name.replace(".", "/")
    return next(
        (file for file in (f"{path}.py", f"{path}/__init__.py") if (ROOT / file).is_file()), None
    )


def needed(*starts: str) -> set[str]:
    """The files that these need: their imports, recursively, and the packages around them."""
    files: set[str] = set()
    waiting = [*starts]
    while waiting:
        name = waiting.pop()
        if name in files:
            continue
        files.add(name)
        around = [f"{folder}/__init__.py" for folder in Path(name).parents if str(folder) != "."]
        imported = [module(name) for name in imports(ROOT / name)]
        waiting += [file for file in (*around, *imported) if file and (ROOT / file).is_file()]
    return files


def test_image_contains_every_module_that_runs() -> None:
    starts = [
        "app.py",
        "asgi.py",
        *(f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py")),
    ]
    commands = [f"{package}/__main__.py" for package in ("people", "access")]
    files = needed(*starts, *commands)
    assert "umami/embedded/server.py" in files
    # Alembic finds the migrations by their folder.
    files |= {file for file in tracked() if file.startswith(("static/", "access/migrations/"))}
    files |= {"requirements.txt", "constraints.txt", ".streamlit/config.toml"}
    assert {file for file in files if not let_in(file)} == set()


@pytest.mark.parametrize(
    "name",
    [
        *(
            ".streamlit/secrets.toml",
            ".streamlit/dashboard.sqlite",
            ".streamlit/dashboard.sqlite-wal",
        ),
        *(
            ".env",
            "users.yaml",
            ".git/config",
            ".venv/pyvenv.cfg",
            "tests/test_docs.py",
            "compose.yaml",
        ),
        *("access/__pycache__/store.cpython-311.pyc", "deploy/nginx.conf", "docs/access.md"),
    ],
)
def test_image_contains_no_secrets_or_unused_files(name: str) -> None:
    assert not let_in(name)


def test_image_runs_unprivileged_with_a_health_check() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    steps = [line.split(maxsplit=1) for line in lines if re.match(r"[A-Z]+ ", line)]
    assert steps[-1] == ["CMD", '["python", "-m", "streamlit", "run", "asgi.py"]']
    users = [number for number, step in enumerate(steps) if step[0] == "USER"]
    assert users
    assert not [step for step in steps[users[-1] :] if step[0] in ("RUN", "COPY", "ADD")]
    assert 'CMD ["python", "-m", "access", "health"]' in "\n".join(lines)


def environment(service: str) -> dict[str, str]:
    variables: dict[str, str] = COMPOSE["services"][service].get("environment", {})
    return variables


def test_both_replicas_are_the_same() -> None:
    first, second = (COMPOSE["services"][name] for name in REPLICAS)
    assert first == second
    assert first["read_only"] is True


def test_compose_sets_only_known_settings() -> None:
    variables = {
        name: re.sub(r"\$\{\w+:(?:-(\w+)|\?)\}", lambda default: default[1] or "given", value)
        for name, value in environment("dashboard-one").items()
    }
    server = umami.read(variables, Path("none"))
    assert server.address == "http://umami:3000"
    assert server.redis == "redis://redis:6379/0"
    run = settings.load(variables, Path("none"))
    assert run.store == "postgresql://umami:given@postgres:5432/dashboard"
    assert run.monitor == ("0.0.0.0", 9100)
    ours = {name for name in variables if name.startswith(("UMAMI_", "DASHBOARD_"))}
    assert ours <= {*umami.Settings.declared(), "DASHBOARD_STORE", "DASHBOARD_MONITOR"}


def test_compose_publishes_ports_of_the_proxy_only() -> None:
    services = COMPOSE["services"]
    assert {name for name, service in services.items() if "ports" in service} == {"caddy"}
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= set(services), name
    for secret in COMPOSE["secrets"].values():
        ignored = subprocess.run(["git", "check-ignore", "-q", secret["file"]], cwd=ROOT)
        assert ignored.returncode == 0


def test_variables_of_compose_are_documented() -> None:
    wanted = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))
    document = (ROOT / "docs" / "deployment.md").read_text()
    assert {name for name in wanted if f"\n{name}=" not in document} == set()


def test_caddy_serves_the_services_at_their_path() -> None:
    text = (DEPLOY / "Caddyfile").read_text()
    named = set(re.findall(r"\b([a-z-]+):\d+", text)) - {"localhost"}
    assert named == {*REPLICAS, "umami"}
    path = environment("dashboard-one")["STREAMLIT_SERVER_BASE_URL_PATH"]
    assert f"handle /{path}/*" in text
    # As a handler of its own it goes before the longer list of the others.
    assert re.search(rf"handle /{path}/_stcore/metrics {{\s+respond 404", text)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate with its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return tmp_path


@pytest.mark.skipif(not shutil.which("nginx"), reason="there is no nginx here")
def test_nginx_accepts_its_configuration(certificate: Path) -> None:
    text = (DEPLOY / "nginx.conf").read_text()
    site = certificate / "site.conf"
    site.write_text(re.sub(r"/etc/letsencrypt/live/[^/]+", str(certificate), text))
    whole = certificate / "nginx.conf"
    whole.write_text(
        f"pid {certificate}/pid; error_log stderr; events {{}} http {{ include {site}; }}"
    )
    run = subprocess.run(
        ["nginx", "-t", "-p", str(certificate), "-c", str(whole)], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.skipif(not shutil.which("caddy"), reason="there is no Caddy here")
def test_caddy_accepts_its_configuration(tmp_path: Path) -> None:
    run = subprocess.run(
        ["caddy", "adapt", "--config", str(DEPLOY / "Caddyfile"), "--adapter", "caddyfile"],
        capture_output=True,
        text=True,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert run.returncode == 0, run.stderr


def test_proxies_forward_the_client_address_and_hide_metrics() -> None:
    text = (DEPLOY / "nginx.conf").read_text()
    for directive in (
        "proxy_set_header Host $http_host;",
        "proxy_set_header X-Forwarded-For $remote_addr;",
        "proxy_set_header X-Forwarded-Proto $scheme;",
        "proxy_set_header Upgrade $http_upgrade;",
        "location = /stats/_stcore/metrics { return 404; }",
    ):
        assert directive in text


UNIT = DEPLOY / "dashboard@.service"


def test_systemd_unit_sets_only_known_settings() -> None:
    variables = dict(re.findall(r"^Environment=(\w+)=(.*)$", UNIT.read_text(), flags=re.M))
    run = settings.load({name: value.replace("%i", "8501") for name, value in variables.items()})
    assert run.monitor == ("127.0.0.1", 18_501)
    state = re.search(r"^StateDirectory=(.+)$", UNIT.read_text(), flags=re.M)
    assert state
    assert run.store == f"sqlite:////var/lib/{state[1]}/dashboard.sqlite"
    assert variables["STREAMLIT_SERVER_ADDRESS"] == "127.0.0.1"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    text = UNIT.read_text().replace("/opt/umami-dashboard/.venv/bin/python", sys.executable)
    (tmp_path / "dashboard@8501.service").write_text(text)
    run = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "dashboard@8501.service")],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert "dashboard" not in run.stderr


def test_files_that_the_document_names_exist() -> None:
    text = (ROOT / "docs" / "deployment.md").read_text()
    named = set(re.findall(r"\bdeploy/[\w@.]+\w", text))
    assert named == {f"deploy/{path.name}" for path in DEPLOY.iterdir()}
