"""``python -m umami.embedded``: serve the embedded Umami alone, for tests of any software. The
command ``import`` imports tables into a file, from which it can be served."""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from umami.embedded.definitions import BY_VERSION, NEWEST_VERSION

if TYPE_CHECKING:
    from umami.embedded.importing import Imported, Progress

TABLES_HELP = "a folder or zip of Umami's tables as CSV, plain or gzipped"
STORE_HELP = "a DuckDB file for the tables, and for later events and changes"
MEGABYTE = 1_000_000


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl-C, or import; returns the exit code: 2 for refused data and ports."""
    parser = argparse.ArgumentParser(
        prog="python -m umami.embedded",
        description="An Umami server over DuckDB on 127.0.0.1. Sign in as admin / umami.",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="PATH",
        help=f"{TABLES_HELP}; by default the data of the store, or a demo",
    )
    parser.add_argument("--store", type=Path, metavar="FILE", help=STORE_HELP)
    parser.add_argument(
        "--replica-of",
        metavar="URL",
        help="serve a replica of this PostgreSQL database of Umami, kept in the store",
    )
    parser.add_argument(
        "--definitions",
        choices=BY_VERSION,
        default=NEWEST_VERSION,
        help="the version of Umami whose bounces, channels and revenue under filters are counted "
        "(default: %(default)s)",
    )
    parser.add_argument("--port", type=int, default=3000, metavar="N", help="0 selects a free port")
    commands = parser.add_subparsers(title="instead of serving", dest="command", metavar="import")
    importing = commands.add_parser(
        "import",
        help="add tables to a store and exit",
        description="Add Umami's tables to a store; existing rows are not changed.",
    )
    importing.add_argument("tables", type=Path, metavar="PATH", help=TABLES_HELP)
    importing.add_argument("--store", type=Path, metavar="FILE", required=True, help=STORE_HELP)
    options = parser.parse_args(arguments)
    if options.replica_of and options.data:
        parser.error("--replica-of and --data contradict each other.")
    if not 0 <= options.port <= 65535:
        parser.error("--port is a number from 0 to 65535.")

    from umami.embedded.importing import import_into
    from umami.embedded.replica.refusals import ReplicaRefused
    from umami.embedded.server import PortTaken, run
    from umami.embedded.store import StoreRefused
    from umami.embedded.tables import ImportRefused

    try:
        if options.command == "import":
            start = time.monotonic()
            progress = partial(_print_progress, start)
            _print_summary(start, import_into(options.store, options.tables, progress))
        else:
            definitions = BY_VERSION[options.definitions]
            run(
                options.data,
                options.store,
                replica_of=options.replica_of,
                port=options.port,
                definitions=definitions,
            )
    except (ImportRefused, StoreRefused, ReplicaRefused, PortTaken) as refused:
        print(refused, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped; nothing was added.", file=sys.stderr)
        return 130
    return 0


def _print_progress(start: float, progress: Progress) -> None:
    """Print the progress, on a terminal always in the same line."""
    took = time.monotonic() - start
    line = (
        f"{progress.done / MEGABYTE:,.1f} of {progress.total / MEGABYTE:,.1f} MB read, "
        f"{progress.rows:,} rows"
    )
    # Below 1 %, an estimate would be arbitrary.
    if progress.done * 100 >= progress.total:
        left = took * (progress.total - progress.done) / progress.done
        line += f", {progress.rows / took:,.0f} a second, {left:,.0f} s left"
    last = progress.done == progress.total
    prefix, end = ("\r\x1b[K", "\n" * last) if sys.stderr.isatty() else ("", "\n")
    print(f"{prefix}{line}", end=end, file=sys.stderr, flush=True)


def _print_summary(start: float, imported: Imported) -> None:
    """Print the numbers of rows, in total and by table, and the notes."""
    added, known = imported.added, imported.known
    print(
        f"{added.total():,} rows were added, {known.total():,} existed already "
        f"({time.monotonic() - start:.1f} s)."
    )
    for table in sorted(added | known):
        print(f"  {table:<14}{added[table]:>12,} added{known[table]:>12,} existed already")
    for note in imported.notes:
        print(note)


if __name__ == "__main__":
    sys.exit(main())
