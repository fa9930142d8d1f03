"""The documents are true: links resolve, commands exist, settings are read."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])
NAMES = [path.relative_to(ROOT).as_posix() for path in DOCUMENTS]


def tracked() -> set[str]:
    """Files that a clone has."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(listed.stdout.splitlines())


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_links_resolve(document: Path) -> None:
    text = document.read_text()
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", text)
    missing = [
        link
        for link in links
        if (document.parent / link).resolve().relative_to(ROOT).as_posix() not in tracked()
    ]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_make_commands_exist(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.M))
    named = set(re.findall(r"`?\bmake ([a-z]+)\b`", document.read_text()))
    named |= set(re.findall(r"^make ([a-z]+)$", document.read_text(), flags=re.M))
    assert named <= targets


def test_settings_named_in_the_readme_are_read() -> None:
    documents = "".join(
        (ROOT / name).read_text() for name in ("README.md", "docs/access.md", "docs/reports.md")
    )
    named = set(re.findall(r"\b(?:UMAMI|DASHBOARD)_[A-Z]+\b", documents))
    code = "\n".join(
        path.read_text()
        for top in ("umami", "people", "components")
        for path in (ROOT / top).rglob("*.py")
    )
    assert named
    # Names of the dashboard's own settings are put together where they are read.
    code += "".join(f"DASHBOARD_{name.upper()}" for name in ("users", "store", "open"))
    assert {name for name in named if name not in code} == set()


def test_requirements_are_pinned() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().splitlines():
            if line and not line.startswith(("#", "-")):
                assert re.fullmatch(r"[A-Za-z0-9_.,\[\]-]+==[0-9a-z.]+(; .+)?", line), line
