"""What viewers notice of a Redis, a server or a replica that is killed under them: as little as can
be. Sessions go on, or reconnect; nothing is lost, and nothing is done twice."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import httpx

from tests.bench import questions
from tests.bench.crowd import (
    Crowd,
    Looked,
    Seen,
    asking,
    learnt,
    print_failures,
    running_apps,
    served,
    views,
)
from tests.bench.processes import Embedded
from tests.bench.questions import Learnt
from tests.bench.table import Table
from tests.browser.app import App, running_app
from tests.support.asked import endpoints, of_pages
from tests.support.fault_proxy import Between, Passed
from tests.support.ports import free_port
from tests.support.redis import running_redis
from tests.support.session import LOST, Run, Session, opened
from tests.support.waiting import eventually
from umami.endpoint import REGISTRY, Freshness

RECOVERED: Final = 15.0
"""Seconds after which a server that is back is asked again, whatever was found before."""
STORM: Final = 3.0
"""Requests at most, as a multiple of what would be asked if nothing failed."""
VIEWS: Final = 4
"""Views that are looked at: outages are no matter of how many."""
QUICK: Final = 0.1
"""Seconds in which an answer is there, about."""
UNSEEN: Final = ("2026-09-01", "2026-09-15")
"""A period that nobody of the crowd looks at."""
SLOW: Final = 2.0
"""Seconds in which something can be killed."""
LOOK: Final = 0.5
"""Seconds from one try to the next."""
NOTE: Final = ":material/info:"
"""What the app's notes begin with."""
ADDING: Final = "/api/websites"
"""What is asked to add a website."""


@dataclass(slots=True)
class Outage:
    """When something was away (``time.monotonic``)."""

    gone: float = 0.0
    back: float = 0.0


def outages(crowd: Crowd) -> list[str]:
    """Kill each of them in the middle; the names of what was missed."""
    looked = views()[:VIEWS]
    missed = []
    with served() as (proxy, server):
        known = learnt(proxy, looked)
        missed += _without_redis(crowd, proxy, looked)
        missed += _without_server(crowd, proxy, server, known, looked)
        missed += _without_replica(crowd, proxy, looked)
        missed += writes(proxy)
    return missed


def _without_redis(crowd: Crowd, proxy: Between, looked: Sequence[Looked]) -> list[str]:
    """Without Redis the apps are slower but not broken; they share answers again once it is
    back."""
    seen = Seen()
    with running_redis() as redis, running_apps(proxy, 2, UMAMI_REDIS_URL=redis.url) as apps:
        printed = sum(len(app.printed) for app in apps)
        _visited(crowd, apps, looked, seen, redis.kill, redis.start)
        said = [line for app in apps for line in app.printed if "shared cache" in line]
        twice = []
        for at, app in enumerate(apps):
            before = len(proxy.passed)
            place = looked[0].place("", UNSEEN)
            asyncio.run(opened(app.address, place.page, place.query))
            if at:
                twice = [
                    request for request in of_pages(proxy.passed[before:]) if not _lives(request)
                ]
        lines = sum(len(app.printed) for app in apps) - printed
    table = Table("Redis is killed, comes back")
    table.info("runs", len(seen.runs))
    table.most("failed runs", len(seen.failed), 0)
    table.most("broken connections", seen.lost, 0)
    table.equal("lines in the log that say so, and that it is back", len(said), 2 * len(apps), 0.0)
    table.most("other lines in the log", lines - len(said), 0)
    table.most("questions of a second replica, once it is back", len(twice), 0)
    print_failures(seen.failed)
    return table.missed


def _lives(request: Passed) -> bool:
    return all(REGISTRY[name].freshness is Freshness.LIVE for name in endpoints(request))


def _without_server(
    crowd: Crowd, proxy: Between, server: Embedded, known: Learnt, looked: Sequence[Looked]
) -> list[str]:
    """Known figures stay, the rest is explained; there is no request storm and a quick recovery."""
    seen = Seen()
    with running_apps(proxy) as apps:
        proxy.passed.clear()
        now = time.time()
        away = _visited(crowd, apps, looked, seen, server.service.kill, server.service.start)
        lines = sum("Traceback" in line for app in apps for line in app.printed)
    broken = [(run, place) for run, place in seen.runs if run.faults]
    late = [failure for failure in seen.failed if failure[0].sent_at > away.back + RECOVERED]
    requests = [request for request in proxy.passed if away.gone <= request.came <= away.back]
    period = (away.gone, away.back)
    plain = sum(
        period[0] <= at <= period[1]
        for at, _ in questions.asks(seen.wanted, known, now, QUICK, period)
    )
    table = Table("the server is killed, comes back")
    table.info("runs", len(seen.runs))
    table.info("away for", away.back - away.gone, "s")
    table.info("runs that said what could not be shown", len(seen.failed) - len(broken))
    table.most("broken runs", len(broken), 0)
    table.most("broken connections", seen.lost, 0)
    table.most("tracebacks in the log", lines, 0)
    table.most("requests while it was away", len(requests), STORM * plain)
    table.most(f"failed runs, {RECOVERED:.0f} s after it came back", len(late), 0)
    print_failures([*broken, *late])
    return table.missed


def _without_replica(crowd: Crowd, proxy: Between, looked: Sequence[Looked]) -> list[str]:
    """Viewers continue at another replica with what they looked at."""
    seen = Seen()
    with ExitStack() as stack, running_apps(proxy, 3) as apps:
        last = apps[-1]

        def kill() -> None:
            os.kill(last.pid, signal.SIGKILL)

        def start() -> None:
            port = int(last.address.rpartition(":")[2])
            stack.enter_context(running_app(port=port, **asking(proxy)))

        away = _visited(crowd, apps, looked, seen, kill, start)
    after = [run for run, _ in seen.runs if run.sent_at > away.gone]
    table = Table("a replica is killed, comes back")
    table.info("runs", len(seen.runs))
    table.info("of them after it was killed", len(after))
    table.most("failed runs", len(seen.failed), 0)
    table.equal("viewers who reconnected", seen.lost, len(range(2, crowd.many, 3)), 0.0)
    print_failures(seen.failed)
    return table.missed


def _visited(
    crowd: Crowd,
    apps: Sequence[App],
    looked: Sequence[Looked],
    seen: Seen,
    kill: Callable[[], object],
    start: Callable[[], object],
) -> Outage:
    """Let the crowd come; something is away in the middle third of its visit."""
    away = Outage()

    async def interrupt() -> None:
        await asyncio.sleep(crowd.seconds / 3)
        await asyncio.to_thread(kill)
        away.gone = time.monotonic()
        await asyncio.sleep(crowd.seconds / 3)
        await asyncio.to_thread(start)
        away.back = time.monotonic()

    async def both() -> None:
        await asyncio.gather(crowd.visit(apps, looked, seen), interrupt())

    asyncio.run(both())
    return away


def writes(proxy: Between) -> list[str]:
    """A change that is made while something is killed is sent once, and done at most once."""
    table = Table("a website is added while something is killed")
    with running_apps(proxy, 2) as apps:
        for name, interrupted in (
            ("the answer is lost", _answer_lost),
            ("the server is away", _server_away),
            ("the replica is killed", _replica_killed),
        ):
            proxy.passed.clear()
            title = name.capitalize()
            faults = asyncio.run(interrupted(proxy, apps, title))
            posted = [
                request
                for request in proxy.passed
                if request.method == "POST" and request.target == ADDING
            ]
            there = [name for name in _websites(proxy) if name == title]
            table.most(f"{name}: sent", len(posted), 1)
            table.equal(f"{name}: there is", len(there), float(interrupted is not _server_away), 0)
            table.most(f"{name}: faults", len(faults), 0)
            for fault in faults:
                print(f"  {fault}")
    return table.missed


async def _answer_lost(proxy: Between, apps: Sequence[App], name: str) -> list[str]:
    """The change was made, but its answer was lost."""
    session = await _at_websites(apps[0])
    proxy.cuts = lambda target: target == ADDING
    run = await _added(session, name)
    proxy.cuts = lambda _target: False
    return [*run.faults, *await _unsaid(session, run)]


async def _server_away(proxy: Between, apps: Sequence[App], name: str) -> list[str]:
    """The change never arrived."""
    session = await _at_websites(apps[0])
    behind, proxy.behind = proxy.behind, f"http://127.0.0.1:{free_port()}"
    run = await _added(session, name)
    proxy.behind = behind
    return [*run.faults, *await _unsaid(session, run)]


async def _unsaid(session: Session, run: Run) -> list[str]:
    """A viewer whose change may not have been made is told so as soon as possible."""
    while run.troubles:
        await asyncio.sleep(LOOK)
        run = await session.go("websites")
    await session.close()
    return [] if any(NOTE in text for text in run.texts) else ["nothing was said"]


async def _replica_killed(proxy: Between, apps: Sequence[App], name: str) -> list[str]:
    """The change was made, but the app that sent it is gone; the viewer continues at another."""
    session = await _at_websites(apps[0])
    proxy.delay = SLOW
    adding = asyncio.create_task(_added(session, name))
    await asyncio.to_thread(eventually, lambda: name in _websites(proxy))
    os.kill(apps[0].pid, signal.SIGKILL)
    (lost,) = await asyncio.gather(adding, return_exceptions=True)
    proxy.delay = 0.0
    await session.connect(apps[1].address)
    run = await session.go("websites")
    await session.close()
    listed = [] if name in run.headings else [f"{name} is not listed"]
    answered = [] if isinstance(lost, LOST) else ["it was answered"]
    return [*run.faults, *run.troubles, *listed, *answered]


async def _at_websites(app: App) -> Session:
    session = Session(app.address)
    # What failed a moment ago is not tried again at once.
    while (await session.go("websites")).troubles:
        await asyncio.sleep(LOOK)
    return session


async def _added(session: Session, name: str) -> Run:
    return await session.press("create_website", new_name=name, new_domain="added.example")


def _websites(proxy: Between) -> list[str]:
    """The names of all websites, asked of the server itself."""
    with httpx.Client(base_url=f"{proxy.behind}/api", trust_env=False) as client:
        login = client.post("/auth/login", json={"username": "admin", "password": "umami"}).json()
        client.headers["authorization"] = f"Bearer {login['token']}"
        listed = client.get("/websites", params={"pageSize": 100}).json()
        return [website["name"] for website in listed["data"]]
