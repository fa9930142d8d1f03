"""Benchmark: a long day. Viewers come and go, the server and Redis fail now and then; in the end
the app uses no more resources than in the beginning."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tests.bench.crowd import (
    Crowd,
    Looked,
    Seen,
    Watched,
    print_failures,
    running_apps,
    served,
    views,
)
from tests.bench.processes import Embedded, Vitals, vitals
from tests.bench.table import Table
from tests.browser.app import App
from tests.support.fault_proxy import Between
from tests.support.redis import Redis, running_redis
from tests.support.session import opened

STAY: Final = 90.0
"""Seconds for which people look, about."""
WARM: Final = 1 / 6
"""The part of the time after which everything that is kept for good is there."""
PARKED: Final = 10
"""Seconds for which the app keeps the session of somebody whose connection is gone."""
REST: Final = PARKED + 10.0
"""Seconds after the last has gone in which everything that was theirs is let go of."""
FAILING: Final = 8.0
"""Seconds for which something fails."""
EVERY: Final = 40.0
"""Seconds from one failure to the next."""
EACH: Final = 5 * EVERY
"""Seconds in which everything that can fail has failed."""
RECOVERED: Final = 15.0
"""Seconds in which what failed is forgotten."""
FLAT: Final = 0.05
"""The part by which memory may have grown."""
LOOSE: Final = 2
"""Threads, files or sockets that may happen to be there."""


@dataclass(slots=True)
class Weather:
    """What fails, and when it did (``time.monotonic``)."""

    proxy: Between
    server: Embedded
    redis: Redis
    failed: list[tuple[float, float]] = field(default_factory=list)

    async def rage(self, until: float) -> None:
        """Let one fault after the other happen, and end without any."""
        fails = itertools.cycle((self._slow, self._broken, self._no_server, self._no_redis))
        while time.monotonic() + EVERY < until:
            await asyncio.sleep(EVERY - FAILING)
            begun = time.monotonic()
            await next(fails)()
            self.failed.append((begun, time.monotonic() + RECOVERED))

    def clear(self, at: float, until: float) -> bool:
        """Whether there was no fault in this time."""
        return all(until < first or at > last for first, last in self.failed)

    async def _slow(self) -> None:
        self.proxy.delay = 0.5
        await asyncio.sleep(FAILING)
        self.proxy.delay = 0.0

    async def _broken(self) -> None:
        self.proxy.breaks = lambda target: "metrics" in target or "reports" in target
        await asyncio.sleep(FAILING)
        self.proxy.breaks = lambda _target: False

    async def _no_server(self) -> None:
        await self._away(self.server.service.kill, self.server.service.start)

    async def _no_redis(self) -> None:
        await self._away(self.redis.kill, self.redis.start)

    async def _away(self, kill: Callable[[], object], start: Callable[[], object]) -> None:
        await asyncio.to_thread(kill)
        await asyncio.sleep(FAILING)
        await asyncio.to_thread(start)


def soak(crowd: Crowd) -> list[str]:
    """Look at what the app holds once it is warm, and in the end; what has grown."""
    looked = views()
    with (
        served() as (proxy, server),
        running_redis() as redis,
        running_apps(
            proxy,
            UMAMI_REDIS_URL=redis.url,
            STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL=str(PARKED),
        ) as apps,
    ):
        weather = Weather(proxy, server, redis)
        seen, watched = Seen(), Watched()
        first = replace(crowd, seconds=max(EACH, crowd.seconds * WARM))
        rest = replace(crowd, seconds=crowd.seconds - first.seconds)
        before = asyncio.run(_lived(first, apps, looked, seen, watched, weather))
        warm = time.monotonic()
        after = asyncio.run(_lived(rest, apps, looked, seen, watched, weather))
        tracebacks = [line for line in apps[0].printed if "Traceback" in line]
        lines = len(apps[0].printed)
    over = watched.moments[-1][0]
    broken = [(run, place) for run, place in seen.runs if run.faults]
    odd = [
        (run, place)
        for run, place in seen.runs
        if run.troubles and weather.clear(run.sent_at, run.finished)
    ]
    table = Table("a long day")
    table.info("for", crowd.seconds / 60, "min", 1)
    table.info("people at a time", crowd.many)
    table.info("runs", len(seen.runs))
    table.info("failures", len(weather.failed))
    table.most("broken runs", len(broken), 0)
    table.most("runs that failed though nothing else did", len(odd), 0)
    table.most("broken connections", seen.lost, 0)
    table.most("tracebacks in the log", len(tracebacks), 0)
    table.info("lines in the log", lines)
    for name, what in MEASURES.items():
        table.most(f"{name} at rest", what(after), what(before) + _loose(name, before), digits=1)
    for name, what in MEASURES.items():
        quarter = (over - warm) / 4
        early, late = (
            watched.median(what, at, at + quarter) for at in (warm, over - REST - quarter)
        )
        table.most(f"{name} in use", late, early * (1 + FLAT) + LOOSE, digits=1)
    print_failures([*broken, *odd])
    return table.missed


MEASURES: Final[dict[str, Callable[[Vitals], float]]] = {
    "memory in MB": lambda sample: sample.memory,
    "threads": lambda sample: sample.threads,
    "files": lambda sample: sample.files,
    "sockets": lambda sample: sample.sockets,
}


def _loose(name: str, before: Vitals) -> float:
    return FLAT * before.memory if name.startswith("memory") else LOOSE


async def _lived(
    crowd: Crowd,
    apps: Sequence[App],
    looked: Sequence[Looked],
    seen: Seen,
    watched: Watched,
    weather: Weather,
) -> Vitals:
    """Run the crowd under this weather; the resources of the app when all have left. The last page
    that was opened is the same in every run."""
    watching = asyncio.create_task(watched.watch([app.pid for app in apps]))
    raging = weather.rage(time.monotonic() + crowd.seconds)
    await asyncio.gather(crowd.visit(apps, looked, seen, STAY), raging)
    place = looked[0].place("realtime", looked[0].periods[-1])
    await opened(apps[0].address, place.page, place.query)
    await asyncio.sleep(REST)
    watching.cancel()
    return vitals(apps[0].pid)
