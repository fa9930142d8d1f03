"""Rules of architecture that import-linter cannot check; its contracts are in pyproject.toml."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("pages", "reports", "components", "access", "umami")
MODULES = sorted(
    [
        ROOT / "asgi.py",
        ROOT / "app.py",
        *(path for top in OURS for path in (ROOT / top).rglob("*.py")),
    ]
)
DIALECTS = (
    "umami.compat.v2",
    "umami.compat.v3",
    "umami.compat.emulation",
    "umami.compat.dialect",
    "umami.compat.generations",
)


def imports(path: Path) -> set[str]:
    """Full names of what a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            names.update({module, *(f"{module}.{alias.name}" for alias in node.names)})
    return names


def layer(path: Path) -> str:
    """The package of a module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return "umami.embedded" if parts[:2] == ("umami", "embedded") else parts[0]


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


FORBIDDEN = {
    "app": ("httpx", "duckdb", "plotly", "umami.transport", "umami.embedded", *DIALECTS),
    "asgi": ("httpx", "duckdb", "plotly", "umami", "pages"),
}


@pytest.mark.parametrize("script", FORBIDDEN)
def test_entry_scripts_import_only_allowed_packages(script: str) -> None:
    names = imports(ROOT / f"{script}.py")
    assert not {name for name in names if within(name, *FORBIDDEN[script])}


def test_no_module_imports_plotly_express() -> None:
    """It takes long to import, and every start would wait for it."""
    assert not [path for path in MODULES if "plotly.express" in imports(path)]


def test_no_page_reads_the_generation_of_its_server() -> None:
    """Capabilities and answers say what a server offers."""
    for path in MODULES:
        if layer(path) in ("app", "pages", "components"):
            assert ".generation" not in path.read_text(), path


def test_pages_use_the_authorized_client_only() -> None:
    """Only the modules that create the authorized client know the other one."""
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


@pytest.mark.thorough
def test_reports_are_made_without_streamlit() -> None:
    """``python -m reports`` loads no Streamlit; only the dialog and the forms of pages do."""
    loading = "import sys, reports.__main__; sys.exit('streamlit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loading], cwd=ROOT, check=False).returncode == 0
    drawing = {
        path.parent.name if path.parent.name == "forms" else path.name
        for path in MODULES
        if layer(path) == "reports" and "streamlit" in imports(path)
    }
    assert drawing == {"dialog.py", "forms"}


@pytest.mark.slow
def test_the_authenticator_is_loaded_before_the_first_run() -> None:
    """Concurrent imports of it fail: see ``asgi.py``."""
    loading = "import sys, asgi; sys.exit('extra_streamlit_components' not in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loading], cwd=ROOT, check=False).returncode == 0
