"""The house's rules, read off the code: imports run one way, one file speaks HTTP."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("pages", "reports", "components", "monitoring", "people", "umami")
MODULES = sorted(
    [
        ROOT / "asgi.py",
        ROOT / "app.py",
        *(path for top in OURS for path in (ROOT / top).rglob("*.py")),
    ]
)


def imports(path: Path) -> set[str]:
    """Full names of what a module imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            found.update({module, *(f"{module}.{alias.name}" for alias in node.names)})
    return found


def layer(path: Path) -> str:
    """The room a module lives in."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return "umami.embedded" if parts[:2] == ("umami", "embedded") else parts[0]


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


ABOVE = ("reports", "pages", "app")
FORBIDDEN = {
    "umami": (
        *("people", "monitoring", "components", *ABOVE),
        *("streamlit", "plotly", "umami.embedded"),
    ),
    "umami.embedded": (
        *("people", "monitoring", "components", *ABOVE),
        *("streamlit", "plotly", "httpx"),
    ),
    "people": (
        *("monitoring", "components", *ABOVE),
        *("streamlit", "plotly", "httpx", "umami.embedded"),
    ),
    "monitoring": (
        *("components", *ABOVE),
        *("streamlit", "plotly", "httpx", "duckdb", "umami.embedded"),
    ),
    "components": (*ABOVE, "httpx", "duckdb"),
    "reports": ("pages", "app", "httpx", "duckdb", "umami.transport", "umami.embedded"),
    "pages": ("app", "httpx", "duckdb", "plotly", "umami.transport", "umami.embedded"),
    "app": ("httpx", "duckdb", "plotly", "umami.transport"),
    "asgi": ("httpx", "duckdb", "plotly", "umami", "pages"),
}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_downward(path: Path) -> None:
    wrong = {name for name in imports(path) if within(name, *FORBIDDEN[layer(path)])}
    assert not wrong


def test_only_one_module_imports_httpx() -> None:
    assert [path.name for path in MODULES if "httpx" in imports(path)] == ["exchange.py"]


def test_only_the_start_up_code_knows_the_embedded_server() -> None:
    knowing = {
        path.relative_to(ROOT).as_posix()
        for path in MODULES
        if layer(path) != "umami.embedded"
        and any(within(name, "umami.embedded") for name in imports(path))
    }
    assert len(knowing) == 1, knowing


def test_the_embedded_server_imports_nothing_of_the_client() -> None:
    for path in MODULES:
        if layer(path) == "umami.embedded":
            others = {
                name
                for name in imports(path)
                if within(name, "umami") and not within(name, "umami.embedded") and name != "umami"
            }
            assert not others, path


def test_express_is_not_on_the_start_path() -> None:
    assert not [path for path in MODULES if "plotly.express" in imports(path)]


DIALECTS = ("umami.compat.v2", "umami.compat.v3", "umami.compat.referrers", "umami.compat.dialect")


def test_only_the_connection_knows_a_dialect() -> None:
    knowing = {
        path.relative_to(ROOT).as_posix()
        for path in MODULES
        if any(within(name, "umami.compat.v2", "umami.compat.v3") for name in imports(path))
    }
    assert knowing <= {"umami/connection.py", "umami/documentation.py"}, knowing


def test_no_page_asks_for_the_generation() -> None:
    """What a server can and cannot is in its capabilities and its answers."""
    for path in MODULES:
        if layer(path) in ("app", "pages", "components"):
            found = imports(path)
            assert not any(within(name, *DIALECTS, "umami.compat.generations") for name in found), (
                path
            )
            assert ".generation" not in path.read_text(), path


def test_only_the_viewers_client_is_on_a_page() -> None:
    """The client without permissions is known to those who make the one with them."""
    knowing = {
        path.relative_to(ROOT).as_posix()
        for path in MODULES
        if layer(path) in ("app", "pages", "components") and "server.umami" in path.read_text()
    }
    assert knowing == {"components/page_context.py", "components/viewer.py"}
    asking = {
        path.relative_to(ROOT).as_posix()
        for path in MODULES
        if layer(path) in ("app", "pages", "components")
        and imports(path) & {"umami.client.connect", "umami.client.Client"}
    }
    assert asking == {"components/umami_server.py", "components/embedded_launcher.py"}


def test_reports_are_made_without_the_platform() -> None:
    """``python -m reports`` loads no Streamlit; only the way to a report from a page runs it."""
    loading = "import sys, reports.__main__; sys.exit('streamlit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loading], cwd=ROOT, check=False).returncode == 0
    drawing = [
        path.name for path in MODULES if layer(path) == "reports" and "streamlit" in imports(path)
    ]
    assert drawing == ["dialog.py"]
