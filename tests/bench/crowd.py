"""A crowd of viewers: real sessions of the real app, each with a View of its own to look at."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import psutil

from components.areas import realtime
from components.page_registry import PAGES
from tests.bench import questions
from tests.bench.processes import Embedded, Vitals, embedded, vitals
from tests.bench.questions import Asked, Learnt, Place, Wanted
from tests.browser.app import App, fresh_app, running_app
from tests.support.fault_proxy import Between, between
from tests.support.pages import CHOICES
from tests.support.session import LOST, Run, Session

DATA: Final = Path(__file__).parent.parent / "contract" / "data"
WEBSITES: Final[dict[str, str]] = json.loads((DATA / "websites.json").read_text())
NARROWED: Final[Sequence[Sequence[str]]] = (
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
APART: Final = 4
"""From one page of a View to its next in the navigation."""
SHOWN: Final = 8
"""Lines about what went wrong."""
TITLES: Final = {"" if area is PAGES[0] else area.name: area.title for area in PAGES}


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
            **CHOICES.get(page or PAGES[0].name, {}),
        }
        return Place(page, urlencode(spelled, doseq=True))

    def places(self) -> list[Place]:
        """All of them."""
        return [self.place(page, period) for page in self.pages for period in self.periods]


def views() -> list[Looked]:
    """Twenty Views that differ: two websites narrowed in ten ways, each over a month that has
    ended and over a period that runs, on the Overview and on four other pages."""
    periods = (("2026-08-01", "2026-08-31"), ("2026-08-15", datetime.now(UTC).date().isoformat()))
    others = [area.name for area in PAGES[1:]]
    looks = []
    for website in (WEBSITES["shop"], WEBSITES["docs"]):
        for filters in NARROWED:
            mine = [others[(len(looks) + APART * step) % len(others)] for step in range(4)]
            looks.append(Looked(website, filters, ("", *mine), periods))
    return looks


@dataclass(slots=True)
class Seen:
    """What a crowd of viewers saw."""

    runs: list[tuple[Run, Place]] = field(default_factory=list)
    lost: int = 0
    """Connections that broke."""

    @property
    def whole(self) -> list[Run]:
        """The runs of whole pages."""
        return [run for run, _ in self.runs if run.whole]

    @property
    def failed(self) -> list[tuple[Run, Place]]:
        """The runs that had faults, or in which something could not be shown."""
        return [(run, place) for run, place in self.runs if run.faults or run.troubles]

    @property
    def wanted(self) -> list[Wanted]:
        """Who looked at what, and when."""
        return [
            Wanted(run.drawn or run.begun, place, live=not run.whole)
            for run, place in self.runs
            # Other parts that run by themselves only look for what is being asked already.
            if run.whole or run.every == realtime.EVERY
        ]


class Viewer:
    """Somebody who looks at a View: every ``pace`` seconds, more or less, another page of it,
    another period, or the same once more. The app that they are sent to stays the same as long as
    it is there."""

    def __init__(self, number: int, apps: Sequence[str], looked: Looked, pace: float, seen: Seen):
        self._number = number
        self._random = random.Random(number)
        self._apps = apps
        self._at = number % len(apps)
        self._looked = looked
        self._pace = pace
        self._seen = seen
        self._page, self._period = looked.pages[0], self._random.choice(looked.periods)
        self.session = Session(apps[self._at], ran=self._ran)

    async def live(self, until: float) -> None:
        """Arrive at a random moment of the first pace, act until the end, and leave; every second
        viewer leaves by dropping the connection."""
        await asyncio.sleep(self._random.uniform(0, self._pace))
        while time.monotonic() < until:
            await self.look()
            self._choose()
            await asyncio.sleep(self._pace * self._random.uniform(0.75, 1.25))
        await (self.session.drop() if self._number % 2 else self.session.close())

    async def look(self) -> Run:
        """Open the chosen page; through another app where the viewer's app is gone."""
        place = self._looked.place(self._page, self._period)
        while True:
            if self.session.id and not self.session.alive:
                await self._turn()
            try:
                run = await self.session.go(place.page, place.query)
                break
            except LOST:
                await self._turn()
        if TITLES[place.page] not in run.headings:
            run.faults.append(f"this is not {TITLES[place.page]}: {run.headings[:1]}")
        self._seen.runs.append((run, place))
        return run

    async def _turn(self) -> None:
        """Switch to the next app, as a load balancer does when an app is gone."""
        self._seen.lost += 1
        while True:
            self._at = (self._at + 1) % len(self._apps)
            try:
                await self.session.connect(self._apps[self._at])
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

    moments: list[tuple[float, list[Vitals]]] = field(default_factory=list)

    async def watch(self, pids: Sequence[int], every: float = 1.0) -> None:
        """Look every so often until cancelled."""
        while True:
            # One that was killed holds nothing.
            with suppress(psutil.NoSuchProcess):
                self.moments.append((time.monotonic(), [vitals(pid) for pid in pids]))
            await asyncio.sleep(every)

    def median(self, what: Callable[[Vitals], float], first: float, last: float) -> float:
        """The median of a resource, summed over all processes, between two moments."""
        return statistics.median(
            sum(map(what, held)) for at, held in self.moments if first <= at <= last
        )


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many viewers for so many seconds, each with an action every ``pace`` seconds."""

    many: int
    seconds: float
    pace: float

    async def visit(
        self,
        apps: Sequence[App],
        looked: Sequence[Looked],
        seen: Seen,
        stay: float | None = None,
    ) -> None:
        """Come, look, go; one after the other has the next View and the next app.

        With a ``stay`` (seconds, about) they leave before the end, and others take their seats.
        """
        until = time.monotonic() + self.seconds
        addresses = [app.address for app in apps]
        numbers = itertools.count()

        async def seat() -> None:
            while (now := time.monotonic()) < until:
                at = next(numbers)
                leaves = until if stay is None else now + stay * random.Random(at).uniform(0.5, 1.5)
                viewer = Viewer(at, addresses, looked[at % len(looked)], self.pace, seen)
                await viewer.live(min(until, leaves))

        await asyncio.gather(*(seat() for _ in range(self.many)))


@contextmanager
def running_apps(proxy: Between, many: int = 1, **environment: str) -> Iterator[list[App]]:
    """Apps that ask the same server, each in a process of its own."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(running_app(**asking(proxy), **environment)) for _ in range(many)
        ]


def asking(proxy: Between) -> dict[str, str]:
    """The settings of an app that asks this server, with open access."""
    return {
        "UMAMI_URL": proxy.url,
        "UMAMI_USERNAME": "admin",
        "UMAMI_PASSWORD": "umami",
        "DASHBOARD_OPEN": "yes",
    }


@contextmanager
def served() -> Iterator[tuple[Between, Embedded]]:
    """A server of the contract's tables, and a counting proxy before it."""
    server = embedded("--data", str(DATA / "tables"))
    with server.service, between(server.url) as proxy:
        yield proxy, server


_LEARNT: Final[dict[Place, frozenset[Asked]]] = {}


def learnt(proxy: Between, looked: Sequence[Looked]) -> Learnt:
    """The queries of every page of these Views; learnt once per process."""
    places = {place for look in looked for place in look.places()} - _LEARNT.keys()
    if places:
        fresh = partial(fresh_app, **asking(proxy))
        _LEARNT.update(asyncio.run(questions.learn(fresh, proxy, places)))
    return _LEARNT


def print_failures(failed: Sequence[tuple[Run, Place]]) -> None:
    """Print the first failed runs with their reasons."""
    for run, place in failed[:SHOWN]:
        why = "; ".join(dict.fromkeys((*run.faults, *run.troubles)))
        print(f"  failed: /{place.page}?{place.query}: {why}", flush=True)
