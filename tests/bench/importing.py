"""Benchmark: importing five million events. No row may be lost or imported twice."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.bench.multiply import TABLES, multiply
from umami.embedded.importing import import_into
from umami.embedded.store import TABLES as NAMES
from umami.embedded.store import Store

EVENTS = 5_000_000
PER_SECOND = 150_000
MEMORY = 2000.0
"""Megabytes."""
PROGRESS = re.compile(r"([\d,.]+) of ([\d,.]+) MB read, ([\d,]+) rows")


@dataclass(frozen=True, slots=True)
class Ran:
    """An import in a process of its own, to its end."""

    seconds: float
    processor: float
    """Seconds of all cores."""
    peak: float
    """Megabytes of resident memory."""
    said: str
    progress: list[tuple[float, float]]
    """Shares of the time and of the bytes, at each word about the progress."""


def importing() -> list[str]:
    """Import, import again, and kill an import; the names of the limits that were missed."""
    missed: list[str] = []

    def held(name: str, shown: str, limit: str, sound: bool) -> None:
        print(f"{name:<48}{shown:>16}{limit:>16}{'' if sound else ' OVER'}", flush=True)
        missed.extend([name] * (not sound))

    with tempfile.TemporaryDirectory() as temporary:
        folder, path = Path(temporary) / "tables", Path(temporary) / "umami.duckdb"
        # In a process of its own, as a child's peak is never below what its parent had.
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            count = pool.submit(multiply, EVENTS, folder).result()
        size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
        title = f"import of {count:,} events, {size:,.0f} MB"
        print(f"\n{title:<48}{'measured':>16}{'limit':>16}")
        first = run(folder, path)
        rate = count / first.seconds
        held("events a second", f"{rate:,.0f}", f"{PER_SECOND:,}", rate >= PER_SECOND)
        held("peak memory", f"{first.peak:,.0f} MB", f"{MEMORY:,.0f} MB", first.peak <= MEMORY)
        print(f"{'processor time':<48}{first.processor:>14.1f} s")
        print(f"{'size of the file':<48}{path.stat().st_size / 1e6:>13,.0f} MB")
        shares = [done for _, done in first.progress]
        off = max(abs(passed - done) for passed, done in first.progress)
        true = shares == sorted(shares) and shares[-1] == 1
        held("progress, furthest from the time", f"{off:.0%}", "to 100%, on", true)
        before = contents(path)
        again = run(folder, path)
        added = int(again.said.split(" ")[0].replace(",", ""))
        held("rows that a second import adds", str(added), "0", added == 0)
        held("rows that it changes", *same(before, contents(path)))
        print(f"{'seconds that it takes':<48}{again.seconds:>14.1f} s")
        path.unlink()
        import_into(path, TABLES)
        before = contents(path)
        at = cut_off(folder, path)
        held(f"rows changed by one that is killed at {at:.0%}", *same(before, contents(path)))
    return missed


def contents(path: Path) -> list[tuple[int, int]]:
    """What all rows of each table come to."""
    with closing(Store(path)) as store:
        return [
            store.rows(f"SELECT count(*), sum(hash(one)) FROM {table} AS one")[0] for table in NAMES
        ]


def same(before: object, after: object) -> tuple[str, str, bool]:
    return "none" if before == after else "some", "none", before == after


def process(folder: Path, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*(sys.executable, "-m", "umami.embedded", "import"), str(folder), "--store", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def progress(child: subprocess.Popen[str]) -> Iterator[float]:
    """Shares of the bytes, as they are told."""
    assert child.stderr
    for line in child.stderr:
        matched = PROGRESS.match(line)
        assert matched, line
        done, total = (float(number.replace(",", "")) for number in matched.groups()[:2])
        yield done / total


def run(folder: Path, path: Path) -> Ran:
    """Import to the end."""
    begun = time.perf_counter()
    child = process(folder, path)
    shares = [(time.perf_counter() - begun, done) for done in progress(child)]
    assert child.stdout
    said = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    took = time.perf_counter() - begun
    return Ran(
        took,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2),
        said,
        [(at / took, done) for at, done in shares],
    )


def cut_off(folder: Path, path: Path) -> float:
    """Kill an import once more than half of it is read; the share that was read."""
    child = process(folder, path)
    try:
        return next(done for done in progress(child) if done > 0.5)
    finally:
        child.kill()
        child.communicate()
