"""Fresh processes of the app, without the time that importing takes.

Each is forked from one that has imported what the app stands on, and has run nothing of it.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import Final

STANDS_ON: Final = (
    "babel.dates",
    "duckdb",
    "pandas",
    "access.authentication",
    "plotly.graph_objects",
    "prometheus_client",
    "pyarrow",
    "pycountry",
    "sqlalchemy",
    "streamlit.web.bootstrap",
    "streamlit.web.cli",
    "streamlit_authenticator",
    "umami.client",
    "uvicorn",
    __name__,
)
_FORKS: Final = multiprocessing.get_context("forkserver")


@contextmanager
def forked(arguments: list[str], environment: dict[str, str]) -> Iterator[tuple[int, Connection]]:
    """Run ``streamlit`` with these arguments and this environment until the block ends; yields the
    process id, and a file with its output."""
    _FORKS.set_forkserver_preload(list(STANDS_ON))
    printed, printing = _FORKS.Pipe(duplex=False)
    process = _FORKS.Process(target=_run, args=(arguments, environment, printing))
    # A new process imports the main module, and Streamlit's own tests put a page in its place.
    main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    process.start()
    sys.modules["__main__"] = main
    printing.close()
    try:
        assert process.pid
        yield process.pid, printed
    finally:
        process.terminate()
        process.join(20)


def _run(arguments: list[str], environment: dict[str, str], printing: Connection) -> None:
    from streamlit.web.cli import main

    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(printing.fileno(), stream.fileno())
    printing.close()
    os.chdir(Path(__file__).parents[2])
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["streamlit", *arguments]
    main()
