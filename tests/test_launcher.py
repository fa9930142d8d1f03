"""The wheel's configuration names every package and command that exists.

``tests/test_wheel.py`` builds and installs the wheel; these tests need neither.
"""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import launcher
from tests.test_docs import runs, tracked

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_wheel_includes_every_package() -> None:
    wheel = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    included = {*wheel["only-include"], *wheel["force-include"]}
    assert {name.partition("/")[0] for name in tracked() if runs(name)} <= included
    assert all((ROOT / name).exists() for name in included)


def test_every_command_runs_a_module_that_exists() -> None:
    for target in PYPROJECT["project"]["scripts"].values():
        assert callable(getattr(launcher, target.removeprefix("umami_dashboard:")))
    modules = re.findall(r'_run\("([\w.]+)"\)', Path(launcher.__file__).read_text())
    assert len(modules) == len(PYPROJECT["project"]["scripts"]) - 1
    for module in modules:
        assert importlib.util.find_spec(f"{module}.__main__"), module
