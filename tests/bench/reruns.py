"""What a warm rerun of each page costs: from asking for it until it is finished, over a socket."""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from components.areas import ACCESS, AREAS
from tests.bench.multiply import TABLES
from tests.browser.app import running_app
from tests.pages.conftest import RECORDED
from tests.support.pages import CHOICES
from tests.support.stream import Tab, tab

WARM: Final = 3
"""Runs of a page before one counts."""
RERUNS: Final = 15
OVERVIEW_LIMIT, LIMIT = 0.060, 0.120
"""Seconds."""
SHARE: Final = 0.25
"""Of the run without our tuning; what is below it passes on a slow machine too."""
UNTUNED: Final = "tests/bench/untuned.py"
TICK: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one warm rerun takes, in seconds, and how much is sent for it."""

    wall: float
    cpu: float
    """Of the app's process, its server included."""
    messages: int
    sent: int
    """Bytes."""


def processor(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / TICK


def cost(one: Tab, pid: int) -> Cost:
    """Run the page that is open again and again."""
    for _ in range(WARM):
        one.rerun()
    taken = []
    begun = processor(pid)
    for _ in range(RERUNS):
        asked = time.perf_counter()
        told = one.rerun()
        taken.append(time.perf_counter() - asked)
    spent = (processor(pid) - begun) / RERUNS
    sent = sum(message.ByteSize() for message in told)
    return Cost(statistics.median(taken), spent, len(told), sent)


def costs(script: str = "asgi.py", /) -> dict[str, Cost]:
    """What each page costs in an app of its own, by the page's name."""
    found = {}
    with running_app(script, UMAMI_DATA=str(TABLES)) as app:
        for area in (*AREAS, ACCESS):
            query = urlencode({**RECORDED, **CHOICES.get(area.name, {})}, doseq=True)
            with tab(app.address) as one:
                one.open(area.name, query)
                found[area.name] = cost(one, app.pid)
    return found


if __name__ == "__main__":
    import sys

    for name, one in costs(*sys.argv[1:]).items():
        print(f"{name:20}{one.wall * 1000:8.1f}{one.cpu * 1000:8.1f}{one.messages:6}{one.sent:10}")
