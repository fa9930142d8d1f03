"""``python -m umami.embedded``: the embedded Umami alone, for anyone's tests.

``python -m umami.embedded import`` keeps tables in a file, from which it is served.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from umami.embedded.definitions import BY_VERSION, NEWEST_VERSION

if TYPE_CHECKING:
    from umami.embedded.importing import Imported, Progress

TABLES_HELP = "a folder or zip of Umami's tables as CSV, plain or gzipped"
STORE_HELP = "a DuckDB file that keeps them, and all that is sent and edited"
MEGABYTE = 1_000_000


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl-C, or import; 2 for what cannot be served or imported."""
    parser = argparse.ArgumentParser(
        prog="python -m umami.embedded",
        description="An Umami server over DuckDB on 127.0.0.1. Sign in as admin / umami.",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="PATH",
        help=f"{TABLES_HELP}; without it, what the store holds, or a demo",
    )
    parser.add_argument("--store", type=Path, metavar="FILE", help=STORE_HELP)
    parser.add_argument(
        "--definitions",
        choices=BY_VERSION,
        default=NEWEST_VERSION,
        help="the version of Umami whose bounces, channels and revenue under filters are counted "
        "(default: %(default)s)",
    )
    parser.add_argument("--port", type=int, default=3000, metavar="N", help="0 takes any free one")
    commands = parser.add_subparsers(title="instead of serving", dest="command", metavar="import")
    importing = commands.add_parser(
        "import",
        help="add tables to a store and end",
        description="Add Umami's tables to a store; rows that are there already stay as they are.",
    )
    importing.add_argument("tables", type=Path, metavar="PATH", help=TABLES_HELP)
    importing.add_argument("--store", type=Path, metavar="FILE", required=True, help=STORE_HELP)
    given = parser.parse_args(arguments)
    if not 0 <= given.port <= 65535:
        parser.error("--port is a number from 0 to 65535.")

    from umami.embedded.importing import import_into
    from umami.embedded.server import PortTaken, run
    from umami.embedded.store import StoreRefused
    from umami.embedded.tables import ImportRefused

    try:
        if given.command == "import":
            begun = time.monotonic()
            found = import_into(given.store, given.tables, _teller(begun))
            print(*_told(found, time.monotonic() - begun), sep="\n")
        else:
            definitions = BY_VERSION[given.definitions]
            run(given.data, given.store, port=given.port, definitions=definitions)
    except (ImportRefused, StoreRefused, PortTaken) as refused:
        print(refused, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped; nothing was added.", file=sys.stderr)
        return 130
    return 0


def _teller(begun: float) -> Callable[[Progress], None]:
    """Writes the progress in one line of a terminal, or line by line elsewhere."""
    same_line = sys.stderr.isatty()

    def tell(progress: Progress) -> None:
        took = time.monotonic() - begun
        line = (
            f"{progress.done / MEGABYTE:,.1f} of {progress.total / MEGABYTE:,.1f} MB read, "
            f"{progress.rows:,} rows"
        )
        # Of the very first bytes nothing can be told.
        if progress.done * 100 >= progress.total:
            left = took * (progress.total - progress.done) / progress.done
            line += f", {progress.rows / took:,.0f} a second, {left:,.0f} s left"
        last = progress.done == progress.total
        start, end = ("\r\x1b[K", "\n" if last else "") if same_line else ("", "\n")
        print(f"{start}{line}", end=end, file=sys.stderr, flush=True)

    return tell


def _told(found: Imported, took: float) -> list[str]:
    """What became of the rows, in all and by table, and what was not read."""
    lines = [
        f"{found.added.total():,} rows were added, {found.known.total():,} were there already "
        f"({took:.1f} s)."
    ]
    lines += [
        f"  {table:<14}{found.added[table]:>12,} added{found.known[table]:>12,} there already"
        for table in sorted(found.added | found.known)
    ]
    return lines + found.notes


if __name__ == "__main__":
    sys.exit(main())
