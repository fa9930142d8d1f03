"""Many viewers at once: real sessions of the real app, each with a View of its own to look at."""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from components.areas import AREAS
from tests.bench import questions
from tests.bench.processes import Vitals, embedded, vitals
from tests.bench.questions import Asked, Learnt, Place, Wanted
from tests.bench.table import Table
from tests.browser.app import App, running_app
from tests.support.asked import of_pages
from tests.support.between import Between, Passed, between
from tests.support.pages import CHOICES
from tests.support.redis import running_redis
from tests.support.stream import LOST, Run, Tab
from tests.support.waiting import eventually

DATA = Path(__file__).parent.parent / "contract" / "data"
WEBSITES: dict[str, str] = json.loads((DATA / "websites.json").read_text())
NARROWED: Sequence[Sequence[str]] = (
    (),
    ("country.eq.DE",),
    ("country.neq.US",),
    ("country.eq.US", "device.eq.laptop"),
    ("device.eq.mobile",),
    ("browser.eq.chrome",),
    ("os.eq.Windows 10",),
    ("language.eq.en-US",),
    ("referrer.c.google",),
    ("path.c./blog",),
)
APART = 4
"""From one page of a View to its next in the navigation: neighbours share names of parameters, which
Streamlit takes away on the way from one to the other."""
TITLES = {"" if area is AREAS[0] else area.name: area.title for area in AREAS}

EXACT = 0.02
SLOWEST = 1.0
"""Seconds in which 95 of 100 reruns are over."""
A_SESSION = 8.0
"""MB."""
FLAT = 0.05
"""The part by which memory may grow once it is warm."""
QUIET = 1.0
"""Seconds without a question after which there is none on its way."""
SHOWN = 8
"""Lines about what went wrong."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A View as somebody looks at it: the pages and the periods that they go between."""

    website: str
    filters: Sequence[str]
    pages: Sequence[str]
    periods: Sequence[tuple[str, str]]

    def place(self, page: str, period: tuple[str, str]) -> Place:
        """A page of it."""
        first, last = period
        spelled: dict[str, Any] = {
            "website": self.website,
            "period": "custom",
            "from": first,
            "to": last,
            "tz": "UTC",
            "filter": self.filters,
            **CHOICES.get(page or AREAS[0].name, {}),
        }
        return Place(page, urlencode(spelled, doseq=True))

    def places(self) -> list[Place]:
        """All of them."""
        return [self.place(page, period) for page in self.pages for period in self.periods]


def views() -> list[Looked]:
    """Twenty Views that differ: two websites narrowed in ten ways, each over a month that has
    ended and over a period that runs, on the Overview and on four other pages."""
    periods = (("2026-08-01", "2026-08-31"), ("2026-08-15", datetime.now(UTC).date().isoformat()))
    others = [area.name for area in AREAS[1:]]
    found = []
    for website in (WEBSITES["shop"], WEBSITES["docs"]):
        for filters in NARROWED:
            mine = [others[(len(found) + APART * step) % len(others)] for step in range(4)]
            found.append(Looked(website, filters, ("", *mine), periods))
    return found


@dataclass(slots=True)
class Seen:
    """What a crowd of viewers saw."""

    runs: list[tuple[Run, Place]] = field(default_factory=list)
    lost: int = 0
    """Connections that broke."""

    @property
    def whole(self) -> list[Run]:
        """The runs of whole pages."""
        return [run for run, _ in self.runs if not run.fragment]

    @property
    def failed(self) -> list[tuple[Run, Place]]:
        """The runs with faults."""
        return [(run, place) for run, place in self.runs if run.faults]

    @property
    def wanted(self) -> list[Wanted]:
        """Who looked at what, and when."""
        return [Wanted(run.begun, place, live=run.fragment) for run, place in self.runs]


class Viewer:
    """Somebody who looks at a View: every ``pace`` seconds, more or less, another page of it,
    another period, or the same once more. The app that they are sent to stays the same as long as
    it is there."""

    def __init__(self, number: int, apps: Sequence[str], looked: Looked, pace: float, seen: Seen):
        self._random = random.Random(number)
        self._apps = apps
        self._at = number % len(apps)
        self._looked = looked
        self._pace = pace
        self._seen = seen
        self._page, self._period = looked.pages[0], self._random.choice(looked.periods)
        self.tab = Tab(apps[self._at], ran=self._ran)

    async def live(self, until: float) -> None:
        """Come at some moment of the first pace, look until then, go."""
        await asyncio.sleep(self._random.uniform(0, self._pace))
        while time.monotonic() < until:
            await self.look()
            self._choose()
            await asyncio.sleep(self._pace * self._random.uniform(0.75, 1.25))
        await self.tab.close()

    async def look(self) -> Run:
        """Open the page that was chosen; by another app where the own one is gone."""
        place = self._looked.place(self._page, self._period)
        while True:
            if self.tab.session and not self.tab.alive:
                await self._turn()
            try:
                run = await self.tab.go(place.page, place.query)
                break
            except LOST:
                await self._turn()
        if TITLES[place.page] not in run.headings:
            run.faults.append(f"this is not {TITLES[place.page]}: {run.headings[:1]}")
        self._seen.runs.append((run, place))
        return run

    async def _turn(self) -> None:
        """Go to the next app, as a proxy sends those whose own one is gone."""
        self._seen.lost += 1
        while True:
            self._at = (self._at + 1) % len(self._apps)
            try:
                await self.tab.connect(self._apps[self._at])
                return
            except LOST:
                await asyncio.sleep(0.2)

    def _choose(self) -> None:
        what = self._random.choices(("page", "period", "same"), (5, 3, 2))[0]
        if what == "page":
            self._page = self._random.choice(self._looked.pages)
        elif what == "period":
            self._period = self._random.choice(self._looked.periods)

    def _ran(self, run: Run) -> None:
        self._seen.runs.append((run, Place(run.page, run.query)))


@dataclass(slots=True)
class Watched:
    """What processes held, moment by moment."""

    moments: list[tuple[float, tuple[Vitals, ...]]] = field(default_factory=list)

    async def watch(self, pids: Sequence[int], every: float = 1.0) -> None:
        """Look every so often until cancelled."""
        while True:
            self.moments.append((time.monotonic(), tuple(vitals(pid) for pid in pids)))
            await asyncio.sleep(every)

    def median(self, what: Callable[[Vitals], float], first: float, last: float) -> float:
        """What all of them held together between two moments."""
        held = [
            sum(what(one) for one in found) for at, found in self.moments if first <= at <= last
        ]
        return statistics.median(held)


async def crowd(
    apps: Sequence[App], looked: Sequence[Looked], many: int, pace: float, seconds: float
) -> tuple[Seen, Watched]:
    """So many viewers, so long; viewer by viewer each has the next View and the next app."""
    seen, watched = Seen(), Watched()
    watching = asyncio.create_task(watched.watch([app.pid for app in apps]))
    until = time.monotonic() + seconds
    addresses = [app.address for app in apps]
    await asyncio.gather(
        *(
            Viewer(at, addresses, looked[at % len(looked)], pace, seen).live(until)
            for at in range(many)
        )
    )
    watching.cancel()
    return seen, watched


@contextmanager
def running_apps(way: Between, many: int = 1, **environment: str) -> Iterator[list[App]]:
    """Apps that ask the same server, each in a process of its own."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                running_app(
                    UMAMI_URL=way.url,
                    UMAMI_USERNAME="admin",
                    UMAMI_PASSWORD="umami",
                    DASHBOARD_OPEN="yes",
                    **environment,
                )
            )
            for _ in range(many)
        ]


@contextmanager
def served() -> Iterator[Between]:
    """The contract's tables behind a counting proxy."""
    one = embedded("--data", str(DATA / "tables"), "--generation", "3")
    with one.service, between(one.url) as way:
        yield way


def learnt(way: Between, looked: Sequence[Looked]) -> Learnt:
    """What every page of these Views asks."""
    with running_apps(way) as (app,):
        places = [place for one in looked for place in one.places()]
        return asyncio.run(questions.learn(app.address, way, places))


def one_process(many: int = 100, seconds: float = 300.0, pace: float = 10.0) -> list[str]:
    """A hundred viewers of one process; the names of what was missed."""
    looked = views()
    with served() as way:
        known = learnt(way, looked)
        with running_apps(way) as apps:
            return _measured(
                "viewers of one process", way, known, apps, looked, many, pace, seconds
            )


def replicas(many: int = 500, seconds: float = 240.0, pace: float = 60.0) -> list[str]:
    """Five hundred viewers of four processes that share what they know by a Redis."""
    looked = views()
    with served() as way, running_redis() as redis:
        known = learnt(way, looked)
        with running_apps(way, 4, UMAMI_REDIS_URL=redis.url) as apps:
            return _measured(
                "viewers of four replicas", way, known, apps, looked, many, pace, seconds
            )


def _measured(
    title: str,
    way: Between,
    known: Learnt,
    apps: Sequence[App],
    looked: Sequence[Looked],
    many: int,
    pace: float,
    seconds: float,
) -> list[str]:
    """Let the crowd come and print what it saw; the names of what was missed."""
    way.passed.clear()
    now = time.time()
    first = [asyncio.run(_opened(app.address, looked[0])) for app in apps]
    bare = sum(vitals(app.pid).memory for app in apps)
    said = sum(len(app.printed) for app in apps)
    begun = time.monotonic()
    own = vitals(os.getpid()).processor
    seen, watched = asyncio.run(crowd(apps, looked, many, pace, seconds))
    over = time.monotonic()
    own = vitals(os.getpid()).processor - own
    seen.runs += first
    eventually(lambda: time.monotonic() - way.passed[-1].answered > QUIET, within=60)

    asked = of_pages(way.passed)
    takes = statistics.mean(one.answered - one.came for one in asked)
    wanted = questions.expected(seen.wanted, known, now, takes)
    took = sorted(run.seconds for run in seen.whole)
    warm = begun + min(60.0, (over - begun) / 4)
    late = over - min(60.0, (over - begun) / 4)

    def held(first: float, last: float) -> float:
        return watched.median(lambda one: one.memory, first, last)

    settled, ended = held(warm, warm + (over - begun) / 4), held(late, over)
    cpu = watched.moments[-1][1], watched.moments[0][1]
    busy = sum(one.processor for one in cpu[0]) - sum(one.processor for one in cpu[1])

    table = Table(title)
    table.told("viewers", many)
    table.told("Views", len(looked))
    table.told("an action every", pace, "s")
    table.told("for", over - begun, "s")
    table.told("runs of pages", len(took))
    table.told("runs of live parts", len(seen.runs) - len(took))
    table.most("failed runs", len(seen.failed), 0)
    table.most("broken connections", seen.lost, 0)
    table.most("lines in the log", sum(len(app.printed) for app in apps) - said, 0)
    table.told("distinct questions", len(wanted))
    table.equal("questions asked", len(asked), wanted.total(), EXACT)
    table.most("asked though still fresh", len(questions.early(asked, now)), 0)
    table.told("looks at what the server is", len(way.passed) - len(asked))
    table.told("a rerun, half of them", 1000 * _part(took, 0.5), "ms")
    table.most("a rerun, 95 of 100", 1000 * _part(took, 0.95), 1000 * SLOWEST, "ms")
    table.told("a rerun, the slowest", 1000 * took[-1], "ms")
    table.told("memory before", bare, "MB")
    table.told("memory once warm", settled, "MB")
    table.most("memory later", ended, settled * (1 + FLAT), "MB")
    table.most("memory of a session", (ended - bare) / many, A_SESSION, "MB", 2)
    table.told("processors in use, apps", busy / (over - begun), digits=2)
    table.told("processors in use, viewers and proxy", own / (over - begun), digits=2)
    _explained(seen, asked, wanted)
    return table.missed


async def _opened(address: str, looked: Looked) -> tuple[Run, Place]:
    """Open the first page once, so that all is imported."""
    place = looked.places()[0]
    tab = Tab(address)
    run = await tab.go(place.page, place.query)
    await tab.close()
    return run, place


def _part(took: Sequence[float], part: float) -> float:
    return took[min(len(took) - 1, int(part * len(took)))]


def _explained(seen: Seen, asked: Sequence[Passed], wanted: Counter[Asked]) -> None:
    """Say which runs failed, and of which questions there were too many or too few."""
    for run, place in seen.failed[:SHOWN]:
        print(f"  failed: /{place.page}?{place.query}: {'; '.join(run.faults)}")
    found = Counter(map(Asked.of, asked))
    off = {one: found[one] - wanted[one] for one in found | wanted if found[one] != wanted[one]}
    for one in sorted(off, key=lambda one: -abs(off[one]))[:SHOWN]:
        body = (one.body or b"").decode()
        print(f"  asked {off[one]:+} of {wanted[one]}: {one.method} {one.target} {body}")
