"""The documents are correct: links resolve, commands exist, settings are used."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

from access.settings import DashboardSettings
from umami.settings import Settings

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])
NAMES = [path.relative_to(ROOT).as_posix() for path in DOCUMENTS]


def tracked() -> set[str]:
    """The files in git."""
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


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_links_lead_to_a_heading(document: Path) -> None:
    text = document.read_text()
    for path, anchor in re.findall(r"\]\((?!https?://)([^)#\s]*)#([^)\s]+)\)", text):
        target = (document.parent / path).resolve() if path else document
        assert anchor in anchors(target.read_text()), f"{path}#{anchor}"


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_python_commands_exist(document: Path) -> None:
    for module in re.findall(r"\bpython3? -m ([\w.]+)", document.read_text()):
        ours = ROOT / module.replace(".", "/")
        if ours.is_dir():
            assert (ours / "__main__.py").is_file(), module
        else:
            assert importlib.util.find_spec(module) is not None, module


def code() -> str:
    """All source code that runs."""
    return "\n".join((ROOT / name).read_text() for name in sorted(tracked()) if runs(name))


def runs(name: str) -> bool:
    return name.endswith(".py") and not name.startswith(("docs/", "tests/"))


def settings() -> set[str]:
    """The names of all settings in the environment."""
    return {*Settings.declared(), *DashboardSettings.declared()}


def test_settings_named_in_the_documents_are_read() -> None:
    documents = "".join(document.read_text() for document in DOCUMENTS)
    named = set(re.findall(r"\b(?:UMAMI|DASHBOARD)_[A-Z]+(?:_[A-Z]+)*\b", documents))
    assert named >= {"UMAMI_URL", "DASHBOARD_STORE"}
    everything = code()
    assert {name for name in named - settings() if name not in everything} == set()


def test_every_setting_is_in_a_document() -> None:
    documents = "".join(
        document.read_text() for document in DOCUMENTS if document.name != "CHANGELOG.md"
    )
    assert {"UMAMI_REDIS_URL", "DASHBOARD_MONITOR"} <= settings()
    assert {name for name in settings() if not re.search(rf"\b{name}\b", documents)} == set()


def test_tables_describe_settings_as_their_declarations_do() -> None:
    declared = {**Settings.declared(), **DashboardSettings.declared()}
    row = re.compile(r"^\| `((?:UMAMI|DASHBOARD)_\w+)` \| (?:`\w+` \| )?(.+) \|$", re.M)
    rows = [
        (name, re.sub(r"\[(.+?)\]\(.+?\)", r"\1", text).replace("`", ""))
        for path in ("README.md", "docs/access.md")
        for name, text in row.findall((ROOT / path).read_text())
    ]
    assert len(rows) == len(DashboardSettings.declared()) + 6
    for name, text in rows:
        description = (declared[name].description or "").replace("`", "")
        start = re.split(r"[.;:]( |$)", description)[0]
        assert text.startswith(start[0].lower() + start[1:].replace("\n", " ")), name


def test_requirements_are_pinned() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().splitlines():
            if line and not line.startswith(("#", "-")):
                assert re.fullmatch(r"[A-Za-z0-9_.,\[\]-]+==[0-9a-z.]+(; .+)?", line), line
