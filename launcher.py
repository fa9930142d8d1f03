"""The commands of an installed wheel: ``umami-dashboard``, ``umami-report`` and the others.

A wheel contains all code in one package, ``umami_dashboard``, and this file is its ``__init__``. So
``umami``, ``pages`` and the others cannot conflict with installed packages of the same names. Each
command inserts the package's directory at the start of ``sys.path`` and then runs the same module
as in a clone of the repository. Settings and secrets are read from the working directory.
"""

from __future__ import annotations

import os
import runpy
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

DIRECTORY: Final = Path(__file__).parent


def dashboard() -> None:
    """Serve the dashboard on this machine; takes the options of ``streamlit run``."""
    if sys.argv[1:] == ["--version"]:
        print(version("umami-dashboard"))
        return
    sys.path.insert(0, str(DIRECTORY))
    os.environ.setdefault("STREAMLIT_SERVER_ADDRESS", "localhost")
    os.environ.setdefault("STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE", "true")

    from streamlit.web import cli

    cli.main(["run", str(DIRECTORY / "asgi.py"), *sys.argv[1:]])


def embedded() -> None:
    """Run ``python -m umami.embedded``."""
    _run("umami.embedded")


def report() -> None:
    """Run ``python -m reports``."""
    _run("reports")


def accounts() -> None:
    """Run ``python -m access``."""
    _run("access")


def _run(package: str) -> None:
    sys.path.insert(0, str(DIRECTORY))
    runpy.run_module(package, run_name="__main__")
