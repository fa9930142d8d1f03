"""Benchmark: many viewers at once. Measures their waiting time, requests and resources."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Sequence
from typing import Final

from tests.bench import questions
from tests.bench.crowd import (
    SHOWN,
    Crowd,
    Looked,
    Seen,
    Watched,
    learnt,
    print_failures,
    running_apps,
    served,
    views,
)
from tests.bench.processes import vitals
from tests.bench.questions import Asked, Learnt
from tests.bench.table import Table
from tests.browser.app import App
from tests.support.asked import of_pages
from tests.support.fault_proxy import Between, Passed
from tests.support.redis import running_redis
from tests.support.session import opened
from tests.support.waiting import eventually

EXACT: Final = 0.02
SLOWEST: Final = 1.0
"""Seconds in which 95 of 100 reruns are over."""
A_SESSION: Final = 8.0
"""MB."""
FLAT: Final = 0.05
"""The part by which memory may grow once it is warm."""
QUIET: Final = 1.0
"""Seconds without a question after which there is none on its way."""


def one_process(crowd: Crowd) -> list[str]:
    """Viewers of one process; the names of what was missed."""
    looked = views()
    with served() as (proxy, _server):
        known = learnt(proxy, looked)
        with running_apps(proxy) as apps:
            return _measured("viewers of one process", crowd, proxy, known, apps, looked, SLOWEST)


def replicas(crowd: Crowd) -> list[str]:
    """Viewers of four processes that share what they know by a Redis; the same."""
    looked = views()
    with served() as (proxy, _server), running_redis() as redis:
        known = learnt(proxy, looked)
        with running_apps(proxy, 4, UMAMI_REDIS_URL=redis.url) as apps:
            return _measured("viewers of four replicas", crowd, proxy, known, apps, looked)


def _measured(
    title: str,
    crowd: Crowd,
    proxy: Between,
    known: Learnt,
    apps: Sequence[App],
    looked: Sequence[Looked],
    slowest: float | None = None,
) -> list[str]:
    """Let the crowd come and print what it saw; ``slowest`` is the limit (seconds) of most reruns,
    where there is one."""
    proxy.passed.clear()
    now = time.time()
    seen, watched = Seen(), Watched()
    first = looked[0].places()[0]
    for app in apps:  # imports all there is
        seen.runs.append((asyncio.run(opened(app.address, first.page, first.query)), first))
    bare = sum(vitals(app.pid).memory for app in apps)
    printed = [len(app.printed) for app in apps]
    spent = vitals(os.getpid()).processor
    begun = time.monotonic()
    asyncio.run(_watching(watched, apps, crowd.visit(apps, looked, seen)))
    over = time.monotonic()
    spent = vitals(os.getpid()).processor - spent
    eventually(lambda: time.monotonic() - proxy.passed[-1].answered > QUIET, within=60)

    lasted = over - begun
    requests = of_pages(proxy.passed)
    takes = statistics.mean(request.answered - request.came for request in requests)
    wanted = Counter(question for _, question in questions.asks(seen.wanted, known, now, takes))
    took = sorted(run.seconds for run in seen.whole)
    minute = min(60.0, lasted / 4)
    warm, late = (
        watched.median(lambda sample: sample.memory, at, at + minute)
        for at in (begun + minute, over - minute)
    )
    busy = [sum(sample.processor for sample in held) for _, held in watched.moments]

    lines = [line for app, known in zip(apps, printed, strict=True) for line in app.printed[known:]]
    table = Table(title)
    table.info("viewers", crowd.many)
    table.info("Views", len(looked))
    table.info("an action every", crowd.pace, "s")
    table.info("for", lasted, "s")
    table.info("runs of pages", len(took))
    table.info("runs of live parts", len(seen.runs) - len(took))
    table.most("failed runs", len(seen.failed), 0)
    table.most("broken connections", seen.lost, 0)
    table.most("lines in the log", len(lines), 0)
    table.info("distinct questions", len(wanted))
    table.equal("questions asked", len(requests), wanted.total(), EXACT)
    table.most("asked though still fresh", len(questions.early(requests, now)), 0)
    table.info("looks at what the server is", len(proxy.passed) - len(requests))
    table.info("a rerun, half of them", 1000 * _part(took, 0.5), "ms")
    if slowest is None:
        table.info("a rerun, 95 of 100", 1000 * _part(took, 0.95), "ms")
    else:
        table.most("a rerun, 95 of 100", 1000 * _part(took, 0.95), 1000 * slowest, "ms")
    table.info("a rerun, the slowest", 1000 * took[-1], "ms")
    table.info("memory before", bare, "MB")
    table.info("memory after the first minute", warm, "MB")
    table.most("memory in the last minute", late, warm * (1 + FLAT), "MB")
    table.most("memory of a session", (late - bare) / crowd.many, A_SESSION, "MB", 2)
    table.info("processors in use, apps", (busy[-1] - busy[0]) / lasted, digits=2)
    table.info("processors in use, viewers and proxy", spent / lasted, digits=2)
    _explained(seen, lines, requests, wanted)
    return table.missed


async def _watching(watched: Watched, apps: Sequence[App], coming: Awaitable[None]) -> None:
    watch = asyncio.create_task(watched.watch([app.pid for app in apps]))
    await coming
    watch.cancel()


def _part(took: Sequence[float], part: float) -> float:
    return took[min(len(took) - 1, int(part * len(took)))]


def _explained(
    seen: Seen, lines: Sequence[str], requests: Sequence[Passed], wanted: Counter[Asked]
) -> None:
    """Say which runs failed, what the log says, and of which questions there were too many or too
    few."""
    print_failures(seen.failed)
    for line, times in Counter(lines).most_common(SHOWN):
        print(f"  log, {times} times: {line.rstrip()}")
    sent = Counter(map(Asked.of, requests))
    off = {
        question: sent[question] - wanted[question]
        for question in sent | wanted
        if sent[question] != wanted[question]
    }
    for question in sorted(off, key=lambda question: -abs(off[question]))[:SHOWN]:
        body = (question.body or b"").decode()
        spelled = f"{question.method} {question.target} {body}"
        print(f"  asked {off[question]:+} of {wanted[question]}: {spelled}")
