"""Security of the app's shell: options, text of data, and installed packages."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pandas as pd
import pytest
import streamlit_authenticator
from streamlit_authenticator.controllers import AuthenticationController

from components import draw_blocks
from components.blocks import EChart
from components.formats import Field

ROOT = Path(__file__).parent.parent
CONSTANT = re.compile(
    r"_[A-Z_]+(\.format\(block\.min_width\))?|[\w.]+\.ROOT( / '[\w.]+')+|_data\(block\)"
)
DRAWING = sorted(
    [
        ROOT / "app.py",
        *(ROOT / "pages").glob("*.py"),
        *ROOT.glob("components/**/*.py"),
        *ROOT.glob("reports/**/*.py"),
    ]
)


def test_streamlit_is_configured_securely() -> None:
    options = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert options["server"]["enableXsrfProtection"] is True
    assert options["server"]["maxUploadSize"] <= 50
    assert options["client"]["showErrorDetails"] == "none"
    assert options["logger"]["enableRich"] is False
    assert options["browser"]["gatherUsageStats"] is False
    assert "cookieSecret" not in options["server"]


@pytest.mark.parametrize("path", DRAWING, ids=lambda path: str(path.relative_to(ROOT)))
def test_markup_is_always_a_literal(path: Path) -> None:
    """Markup is a literal where it is drawn, except for a width in pixels, and the hidden tables of
    diagrams, whose texts are escaped."""
    text = path.read_text()
    assert "unsafe_allow" not in text
    assert "innerHTML" not in text
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.html":
            constant = all(
                isinstance(arg, ast.Constant) or CONSTANT.fullmatch(ast.unparse(arg))
                for arg in node.args
            )
            assert constant, ast.unparse(node)


def test_hidden_tables_of_diagrams_escape_their_texts() -> None:
    hostile = "<script>alert(1)</script>"
    frame = pd.DataFrame({"name": [hostile], "count": [3]})
    fields = [Field("name", "<b>", "text"), Field("count", "Count")]
    markup = draw_blocks._data(EChart("A diagram", "diagram", lambda _: {}, 100, frame, fields))
    assert "<td class='text'>&lt;script&gt;alert(1)&lt;/script&gt;</td>" in markup
    assert "&lt;b&gt;</th>" in markup
    assert "<script" not in markup
    assert "<b>" not in markup


def test_scripts_set_text_as_text() -> None:
    scripts = sorted((ROOT / "components" / "frontend").glob("*.js"))
    assert scripts
    for path in scripts:
        for unsafe in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert unsafe not in path.read_text(), path


def test_external_links_say_noopener() -> None:
    """No page links to another site; a link would need ``noopener``."""
    for path in (*DRAWING, *(ROOT / "components" / "frontend").glob("*.js")):
        for link in re.findall(
            r"<a\b[^>]*>|st\.link_button|createElement\(\"a\"\).*", path.read_text()
        ):
            assert "noopener" in link, path


def test_passwords_and_codes_are_never_mailed() -> None:
    """Only the form of the authenticator library is used."""
    offered = {
        name
        for library_class in (streamlit_authenticator.Authenticate, AuthenticationController)
        for name in vars(library_class)
        if re.search(r"forgot|send_|two_factor|register|guest", name)
    }
    assert "forgot_password" in offered
    for path in [*DRAWING, *ROOT.glob("access/*.py")]:
        assert not [name for name in offered if name in path.read_text()], path


@pytest.mark.thorough
def test_installed_packages_have_no_known_vulnerability() -> None:
    """Queries the advisories of PyPI where they can be reached."""
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pip_audit", "--local", "--format", "json"),
            *("--progress-spinner", "off", "--timeout", "5"),
        ],
        capture_output=True,
        text=True,
        timeout=170,
    )
    if not run.stdout.startswith("{"):
        pytest.skip("the advisories cannot be reached from here")
    packages = json.loads(run.stdout)["dependencies"]
    if not any("vulns" in package for package in packages):
        pytest.skip("the advisories know nothing of what is installed here")
    weak = {
        package["name"]: [bug["id"] for bug in package["vulns"]]
        for package in packages
        if package.get("vulns")
    }
    assert weak == {}
