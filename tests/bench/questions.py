"""How often a server has to be asked: learnt page by page, reckoned from who looked at what when.

A question is asked when somebody wants it and no answer is at hand that is still fresh. So the
number of times it has to be asked follows from the moments at which it was wanted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from tests.browser.app import App
from tests.support.asked import endpoints, of_pages
from tests.support.fault_proxy import Between, Passed
from tests.support.session import Session
from umami.cache import ENDED, LISTING, LIVE, RUNNING, SETTLED
from umami.endpoint import REGISTRY, Freshness

EARLY = 0.05
"""Seconds by which clocks and what is between two measurements may differ."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A page (its path; none is the first) with the parameters of its address."""

    page: str
    query: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as it is sent to the server."""

    method: str
    target: str
    body: bytes | None

    @classmethod
    def of(cls, request: Passed) -> Asked:
        """The query of a request."""
        return cls(request.method, request.target, request.body)

    @property
    def freshness(self) -> Freshness:
        """How long its answer may be shown, by what its endpoint declares."""
        (freshness,) = {
            REGISTRY[name].freshness
            for name in endpoints(Passed(self.target, 0, 0, 200, self.method, self.body))
        }
        return freshness

    @property
    def until(self) -> float | None:
        """The end of the period that is asked about (Unix seconds)."""
        ends = parse_qs(urlsplit(self.target).query).get("endAt")
        if ends:
            return int(ends[-1]) / 1000
        end_date = json.loads(self.body or b"{}").get("parameters", {}).get("endDate")
        return datetime.fromisoformat(end_date).astimezone(UTC).timestamp() if end_date else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run of a page or of its live part, at a moment of ``time.monotonic``."""

    at: float
    place: Place
    live: bool = False


Learnt = Mapping[Place, frozenset[Asked]]


async def learn(
    fresh: Callable[[], AbstractContextManager[App]], proxy: Between, places: Iterable[Place]
) -> Learnt:
    """The queries of each place without any cache: each is opened in a fresh app."""
    learnt: dict[Place, frozenset[Asked]] = {}
    for place in sorted(set(places)):
        with fresh() as app:
            session = Session(app.address)
            proxy.passed.clear()
            run = await session.go(place.page, place.query)
            await session.close()
        assert not run.faults + run.troubles, (place, run)
        learnt[place] = frozenset(map(Asked.of, of_pages(proxy.passed)))
    return learnt


def fresh(question: Asked, at: float) -> float:
    """Seconds that an answer given at ``at`` (Unix seconds) is fresh."""
    if question.freshness is Freshness.PERIOD:
        return (
            ENDED if question.until is not None and at > question.until + SETTLED else RUNNING
        ).fresh
    return {Freshness.LIVE: LIVE, Freshness.LISTING: LISTING}[question.freshness].fresh


def asks(
    wanted: Iterable[Wanted],
    learnt: Learnt,
    now: float,
    takes: float,
    away: tuple[float, float] = (0.0, 0.0),
) -> Iterator[tuple[float, Asked]]:
    """When which question has to be asked; an answer ``takes`` so many seconds to arrive, and does
    not arrive at all while the server is ``away``. ``now`` is the Unix time of the first moment."""
    until: dict[Asked, float] = {}
    for run in sorted(wanted, key=lambda run: run.at):
        for question in learnt[run.place]:
            if run.live and question.freshness is not Freshness.LIVE:
                continue
            if run.at >= until.get(question, 0.0):
                yield run.at, question
                if not away[0] <= run.at <= away[1]:
                    until[question] = run.at + takes + fresh(question, now)


def early(passed: Iterable[Passed], now: float) -> list[Asked]:
    """Questions that were asked again although their last answer was still fresh."""
    last: dict[Asked, float] = {}
    questions = []
    for request in sorted(passed, key=lambda request: request.came):
        question = Asked.of(request)
        if question in last and request.came < last[question] + fresh(question, now) - EARLY:
            questions.append(question)
        last[question] = max(request.answered, last.get(question, 0.0))
    return questions
