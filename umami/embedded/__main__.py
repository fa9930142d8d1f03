"""``python -m umami.embedded``: the embedded Umami alone, for anyone's tests."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl-C; 2 for what cannot be served."""
    parser = argparse.ArgumentParser(
        prog="python -m umami.embedded",
        description="An Umami server over DuckDB on 127.0.0.1. Sign in as admin / umami.",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="PATH",
        help="a folder or zip of Umami's tables as CSV, plain or gzipped; without it, a demo",
    )
    parser.add_argument("--port", type=int, default=3000, metavar="N", help="0 takes any free one")
    parser.add_argument(
        "--generation",
        type=int,
        choices=(2, 3),
        default=2,
        help="whose API to speak: that of Umami 2.18 or of Umami 3.1 (default: 2)",
    )
    given = parser.parse_args(arguments)
    if not 0 <= given.port <= 65535:
        parser.error("--port is a number from 0 to 65535.")

    from umami.embedded.server import PortTaken, run
    from umami.embedded.tables import ImportRefused

    try:
        run(given.data, port=given.port, generation=given.generation)
    except (ImportRefused, PortTaken) as refused:
        print(refused, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
