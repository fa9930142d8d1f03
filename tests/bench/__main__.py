"""`make bench`: what it costs, part by part; `make bench PARTS="viewers outages"` runs some.

What a million events cost, as ratios within one run.

Every question the contract recorded for the shop's whole range is asked of the embedded server
over HTTP, and compared with a floor: DuckDB counting events, distinct sessions and distinct
visits of the same website and range. Also: how fast the demo starts, and what it weighs; what a
browser loads for the first page; what an import of five million events takes; what a replica of
ten million costs; what a rerun of each page costs; whether unusual days, effects and bands are
what they claim to be; what many viewers at once wait for and what is asked for them, in one
process and in replicas; what they notice when something is killed; and, in half an hour of its
own, whether anything grows.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
import streamlit

from tests.bench import (
    expectations,
    firstload,
    importing,
    outages,
    pages,
    people,
    replicating,
    reruns,
    soak,
    viewers,
)
from tests.bench.crowd import Crowd
from tests.bench.multiply import TABLES, multiply
from tests.bench.processes import server, vitals
from tests.browser.app import running_app, running_browser, settled
from umami.embedded.importing import load
from umami.embedded.store import Store

DATA = Path(__file__).parent.parent / "contract" / "data"
EVENTS = 1_000_000
REPEATS = 5
OVERVIEW_LIMIT, REPORT_LIMIT = 6.0, 30.0
FIRST_START, NEXT_START = 5.0, 2.0
MEMORY_LIMIT = 500.0
ASKED = "v3.1.0"
"""The recording whose questions the embedded server is asked."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A recorded question, and the limit its median has, in floors."""

    name: str
    method: str
    path: str
    query: dict[str, Any]
    body: Any

    @property
    def limit(self) -> float:
        heavy = "/reports/" in self.path or self.path.endswith("/metrics/expanded")
        return REPORT_LIMIT if heavy else OVERVIEW_LIMIT


def questions() -> Iterator[Asked]:
    """Each kind of question over the shop's whole range, once."""
    seen: set[str] = set()
    with gzip.open(DATA / f"{ASKED}.jsonl.gz", "rt") as lines:
        for line in map(json.loads, lines):
            if not line["name"].startswith("shop-0-") or line["status"] != 200:
                continue
            if line["name"] not in seen:
                seen.add(line["name"])
                yield Asked(
                    line["name"].removeprefix("shop-0-"),
                    line["method"],
                    line["path"],
                    line["query"] or {},
                    line["body"],
                )


def median(measure: Callable[[], Any]) -> float:
    """Seconds, the median of some runs after one that warms up."""
    measure()
    times = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        measure()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def floor(folder: Path, website: str) -> float:
    """Seconds DuckDB needs to count events, sessions and visits of the website."""
    store = Store()
    load(store, folder)
    sql = (
        "SELECT count(*), count(DISTINCT session_id), count(DISTINCT visit_id) "
        "FROM website_event WHERE website_id = ? AND created_at BETWEEN ? AND ?"
    )
    values = [website, datetime(2026, 8, 1), datetime(2026, 10, 1)]
    seconds = median(lambda: store.rows(sql, values))
    store.close()
    return seconds


def analyses() -> list[str]:
    """Ask everything of a million events; the names of what was over its limit."""
    website = json.loads((DATA / "websites.json").read_text())["shop"]
    slow = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        count = multiply(EVENTS, folder)
        base = floor(folder, website)
        print(f"\n{count:,} events; floor {base * 1000:.1f} ms\n")
        print(f"\n{f'asked as {ASKED} is':<48}{'median':>10}{'floors':>9}{'limit':>7}")
        with server("--data", str(folder)) as (client, _pid, _took):
            slow += [
                question.name for question in questions() if over_its_limit(client, question, base)
            ]
            address = str(client.base_url).rstrip("/")
            slow += pages.arrivals(address)
            with server("--data", str(TABLES)) as (few, _, _took):
                small = str(few.base_url).rstrip("/")
                slow += people.signing_in(small)
                slow += pages.long_lists(address, small)
            slow += pages.many_websites()
    return slow


def over_its_limit(client: httpx.Client, question: Asked, base: float) -> bool:
    """Measure one question and print its row."""

    def ask() -> None:
        client.request(
            question.method, question.path, params=question.query, json=question.body
        ).raise_for_status()

    taken = median(ask)
    ratio = taken / base
    over = ratio > question.limit
    mark = " OVER" if over else ""
    figures = f"{taken * 1000:>7.1f} ms{ratio:>9.2f}{question.limit:>7.0f}"
    print(f"{question.name:<48}{figures}{mark}", flush=True)
    return over


def starts() -> list[str]:
    """Start the demo twice; the names of the limits it missed."""
    missed = []
    print(f"\n{'demo':<48}{'measured':>10}{'limit':>12}")
    for name, limit in (("first start", FIRST_START), ("next start", NEXT_START)):
        with server() as (_client, pid, took):
            print(f"{name:<48}{took:>8.2f} s{limit:>10.0f} s")
            if took > limit:
                missed.append(name)
            print(f"{name + ', memory of the server':<48}{vitals(pid).memory:>7.0f} MB")
    with running_app() as app, running_browser() as browser:
        page = browser.new_page()
        page.goto(app.address)
        settled(page)
        weight = vitals(app.pid).memory
        print(f"{'dashboard and demo, Overview shown':<48}{weight:>7.0f} MB{MEMORY_LIMIT:>9.0f} MB")
        if weight > MEMORY_LIMIT:
            missed.append("memory")
    return missed


CROWDS: dict[str, tuple[Callable[[Crowd], list[str]], Crowd]] = {
    "viewers": (viewers.one_process, Crowd(many=100, seconds=300, pace=10)),
    # Two cores draw about ten pages a second, so five hundred viewers look at one a minute.
    "replicas": (viewers.replicas, Crowd(many=500, seconds=300, pace=60)),
    "outages": (outages.outages, Crowd(many=24, seconds=90, pace=5)),
    "soak": (soak.soak, Crowd(many=30, seconds=1800, pace=6)),
}
"""Parts that are measured with viewers, and how many of them come for how long."""
PARTS: dict[str, Callable[[], list[str]]] = {
    "starts": starts,
    "firstload": firstload.firstload,
    "importing": importing.importing,
    "replica": replicating.replicating,
    "reruns": reruns.reruns,
    "analyses": analyses,
    "expectations": expectations.expectations,
}
LONG = frozenset({"soak"})
"""Parts that are run only where they are named."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; 1 if any limit was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        choices=[*PARTS, *CROWDS],
        default=[name for name in (*PARTS, *CROWDS) if name not in LONG],
        help="what is measured; everything but the soak if nothing is named",
    )
    parser.add_argument("--viewers", type=int, help="how many come, in parts that have viewers")
    parser.add_argument("--seconds", type=float, help="for how long they stay")
    parser.add_argument("--pace", type=float, help="seconds from one action of theirs to the next")
    options = parser.parse_args(arguments)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"Streamlit {streamlit.__version__}, DuckDB {duckdb.__version__}"
    )
    missed = []
    for name in options.parts:
        if name in PARTS:
            missed += PARTS[name]()
            continue
        measure, crowd = CROWDS[name]
        missed += measure(
            Crowd(
                options.viewers or crowd.many,
                options.seconds or crowd.seconds,
                options.pace or crowd.pace,
            )
        )
    print(f"\n{len(missed)} over their limits" + (f": {', '.join(missed)}" if missed else ""))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
