"""``python -m tests.doubles.umami --version 2.18 --data DIR --port N``."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.doubles.umami.server import VERSIONS, run

parser = argparse.ArgumentParser(prog="python -m tests.doubles.umami", description=__doc__)
parser.add_argument("--version", choices=VERSIONS, required=True, help="the version to stand for")
parser.add_argument("--data", type=Path, metavar="DIR", help="exported tables; default: the demo")
parser.add_argument("--port", type=int, default=3000, metavar="N", help="0 takes any free one")
arguments = parser.parse_args()
run(arguments.version, arguments.data, port=arguments.port)
