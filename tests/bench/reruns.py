"""What a warm rerun of each page costs: from asking for it until it has ended, over a socket.

Beside it the same without our tuning and with Streamlit's own habit of a full collection after
every run, so that what was taken out cannot come back unseen.
"""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from components.areas import PageInfo
from components.page_registry import ACCESS, OVERVIEW, PAGES
from tests.bench.multiply import TABLES
from tests.browser.app import App, running_app
from tests.pages.conftest import RECORDED
from tests.support.pages import CHOICES
from tests.support.stream import tab

WARM: Final = 3
"""Runs of a page before one counts."""
RERUNS: Final = 9
OVERVIEW_LIMIT, LIMIT = 0.060, 0.120
"""Seconds."""
SHARE: Final = 0.25
"""Of the untuned run; on a slow machine that is the limit."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one rerun takes (the median of some), and what is sent for it."""

    seconds: float
    processor: float
    """Seconds of processor time in the app's process; 0 where the system does not tell."""
    messages: int
    size: int
    """Bytes of all messages."""


def reruns() -> list[str]:
    """Run every page again and again; the names of those that take too long."""
    missed = []
    print(
        f"\n{'warm reruns':<24}{'untuned':>10}{'now':>9}{'ratio':>7}{'limit':>8}"
        f"{'processor':>11}{'messages':>10}{'sent':>9}"
    )
    untuned = running_app(
        "tests/bench/untuned.py", UMAMI_DATA=str(TABLES), STREAMLIT_RUNNER_POST_SCRIPT_GC="true"
    )
    with running_app(UMAMI_DATA=str(TABLES)) as app, untuned as slow:
        for area in (*PAGES, ACCESS):
            before, now = cost(slow, area), cost(app, area)
            limit = max(OVERVIEW_LIMIT if area == OVERVIEW else LIMIT, SHARE * before.seconds)
            over = now.seconds > limit
            print(
                f"{area.title:<24}{before.seconds * 1000:>7.0f} ms{now.seconds * 1000:>6.0f} ms"
                f"{now.seconds / before.seconds:>7.2f}{limit * 1000:>5.0f} ms"
                f"{now.processor * 1000:>8.0f} ms{now.messages:>10}{now.size / 1024:>6.0f} KB"
                f"{' OVER' if over else ''}",
                flush=True,
            )
            missed += [f"rerun of {area.name}"] * over
    return missed


def cost(app: App, area: PageInfo) -> Cost:
    """Open a page in a tab of its own, and run it again until that is warm and was measured."""
    query = urlencode({**RECORDED, **CHOICES.get(area.name, {})}, doseq=True)
    with tab(app.address) as opened_tab:
        opened_tab.open(area.name, query)
        for _ in range(WARM):
            opened_tab.rerun()
        taken = []
        begun = processor(app.pid)
        for _ in range(RERUNS):
            sent_at = time.perf_counter()
            messages = opened_tab.rerun()
            taken.append(time.perf_counter() - sent_at)
        spent = processor(app.pid) - begun
    size = sum(message.ByteSize() for message in messages)
    return Cost(statistics.median(taken), spent / RERUNS, len(messages), size)


def processor(pid: int) -> float:
    """Seconds of processor time that a process has used; 0 where the system does not tell."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    # A program's name may hold spaces; it ends with the last bracket.
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
