"""Answers that are kept: bytes in, bytes out, under server, account and question.

A fresh answer is returned at once; a stale one too, and is asked anew behind it; one that is gone
is asked for, once for all who want it at that moment. Answers are kept in this process's memory,
and where replicas share a cache (``umami.shared``) also there: what one has asked for, the others
find, and at one moment one of them asks.
"""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final

from cachetools import LRUCache, TTLCache

from umami.endpoint import Freshness, Query
from umami.errors import TRANSIENT, UmamiError
from umami.fair_queue import SOMEBODY, Caller
from umami.instrumentation import NO_INSTRUMENTATION, How, Instrumentation
from umami.shared import Shared
from umami.single_flight import Run, SingleFlight

MEGABYTE: Final = 2**20
OVERHEAD: Final = 400
"""Bytes an entry costs besides its answer, about."""
READ: Final = 4
"""Times its text that an answer weighs once it was read, about; whoever reads it keeps that as
long as the answer is kept."""
LARGEST_SHARE: Final = 8
"""An answer that would fill this part of the room is not kept: it would drive out all others."""
SETTLED: Final = 3600.0
"""Seconds after its end in which a period may still get late events."""
AGREED: Final = 1.0
"""Seconds after which a replica looks again whether another one has forgotten."""
PATIENCE: Final = 90.0
"""Seconds that another replica's asking is waited for."""
FAILING: Final = 60.0
"""Seconds for which it is held against a question that asking it failed the last time."""
TOLD: Final = 10.0
"""Seconds for which that is told as the reason why an answer is an old one; later it is only old,
and being asked anew."""
MOST_LATEST: Final = 4096
"""Questions about running periods of which it is known how they were answered last."""
MOST_FAILING: Final = 1024
"""Questions of which it is known that asking them failed."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """For how many seconds an answer is fresh, for how many it may be shown while it is asked
    anew, and for how many it may stand in where the server fails."""

    fresh: float
    shown: float
    spare: float


DAY: Final = 86_400.0
LIVE = Keeping(8, 8, 8)
LISTING = Keeping(60, 600, DAY)
RUNNING = Keeping(60, 600, DAY)
ENDED = Keeping(DAY, 7 * DAY, 30 * DAY)


def keeping(question: Query[Any], answered_at: float) -> Keeping | None:
    """How long an answer given at ``answered_at`` (Unix seconds) holds; ``None``: not at all.

    What was answered while a period ran is not the whole of it, however long ago it ended.
    """
    freshness = question.endpoint.freshness
    if question.endpoint.secret or freshness is Freshness.NEVER:
        return None
    if freshness is Freshness.LIVE:
        return LIVE
    if freshness is Freshness.LISTING:
        return LISTING
    until = question.until
    ended = until is not None and answered_at > until.timestamp() + SETTLED
    return ENDED if ended else RUNNING


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Kept:
    """An answer, and when it was given (Unix seconds). The same object as long as it is kept."""

    answer: bytes
    answered_at: float

    @property
    def age(self) -> float:
        """Seconds since it was given; a clock that was set back makes nothing young again."""
        return max(0.0, time.time() - self.answered_at)

    @property
    def weight(self) -> int:
        """Bytes it takes up, read."""
        return (1 + READ) * len(self.answer) + OVERHEAD


class Memory:
    """Answers in this process, bounded in sum; what was not used for longest goes first."""

    def __init__(self, megabytes: float) -> None:
        self._guard = threading.Lock()
        self._kept: LRUCache[str, Kept] = LRUCache(
            int(megabytes * MEGABYTE), getsizeof=lambda kept: kept.weight
        )

    def get(self, name: str) -> Kept | None:
        """What is kept under a name."""
        with self._guard:
            return self._kept.get(name)

    def put(self, name: str, kept: Kept) -> None:
        """Keep this, unless it is too large."""
        if kept.weight <= self._kept.maxsize / LARGEST_SHARE:
            with self._guard:
                self._kept[name] = kept

    def drop(self, name: str) -> None:
        """Keep this no more."""
        with self._guard:
            self._kept.pop(name, None)

    @property
    def size(self) -> int:
        """Bytes in use."""
        with self._guard:
            return int(self._kept.currsize)


@dataclass(frozen=True, slots=True)
class Found:
    """An answer at hand; ``stale`` says that it is older than it should be, and asked anew;
    ``problem`` is why that failed the last time."""

    kept: Kept
    stale: bool = False
    problem: UmamiError | None = None


@dataclass(frozen=True, slots=True)
class _Failure:
    problem: UmamiError
    at: float = field(default_factory=time.monotonic)

    @property
    def told(self) -> UmamiError | None:
        return self.problem if time.monotonic() - self.at < TOLD else None


class Eras:
    """Which era of a server, or of one of its websites, it is: forgetting begins a new one.

    Replicas agree on eras. What is forgotten while their shared cache is away, they are told as
    soon as it is back.
    """

    def __init__(self, shared: Shared | None) -> None:
        self._shared = shared
        self._guard = threading.Lock()
        self._here: dict[str, bytes] = {}
        self._agreed: TTLCache[str, bytes] = TTLCache(10_000, AGREED)
        self._untold: dict[str, bytes] = {}

    def of(self, name: str) -> bytes:
        """The present era."""
        with self._guard:
            if name not in self._here:
                self._here[name] = _new_era()
            here = self._here[name]
            known = self._shared is None or name in self._agreed or name in self._untold
        if self._shared is None or known:
            return here
        found = self._shared.first(name, here) or here
        with self._guard:
            if self._here[name] == here:
                self._here[name] = self._agreed[name] = found
            return self._here[name]

    def begin(self, name: str) -> None:
        """Begin a new era: nothing of the one before is found any more."""
        era = _new_era()
        with self._guard:
            self._here[name] = era
        if self._shared is None or self._shared.replace(name, era):
            return
        with self._guard:
            telling = bool(self._untold)
            self._untold[name] = era
        if not telling:
            threading.Thread(target=self._tell, name="forgetting", daemon=True).start()

    def _tell(self) -> None:
        shared = self._shared
        while shared is not None and self._untold:
            time.sleep(shared.pause)
            for name, era in list(self._untold.items()):
                if shared.replace(name, era):
                    with self._guard:
                        if self._untold.get(name) == era:
                            del self._untold[name]


class Cache:
    """Kept answers of any number of servers and accounts. Safe to use from many threads."""

    def __init__(
        self,
        memory: Memory | None = None,
        shared: Shared | None = None,
        *,
        keeping: Callable[[Query[Any], float], Keeping | None] = keeping,
        flights: SingleFlight[Kept] | None = None,
        watch: Instrumentation = NO_INSTRUMENTATION,
    ) -> None:
        self._memory = Memory(64) if memory is None else memory
        self._shared = shared
        self._eras = Eras(shared)
        self._keeping = keeping
        self._flights = SingleFlight[Kept]() if flights is None else flights
        self._watch = watch
        self._guard = threading.Lock()
        self._latest: LRUCache[str, str] = LRUCache(MOST_LATEST)
        self._failing: TTLCache[str, _Failure] = TTLCache(MOST_FAILING, FAILING)

    def ask(
        self,
        scope: tuple[str, str],
        question: Query[Any],
        fetch: Callable[[], bytes],
        run: Run,
        *,
        behind: Run | None = None,
        asker: Caller = SOMEBODY,
        since: float = 0.0,
    ) -> Found | Future[Kept]:
        """The answer, where one is kept, or what brings it.

        ``scope`` is server and account; ``fetch`` asks the server, by way of ``run`` in another
        thread, or of ``behind`` where there is something to show meanwhile. What was answered
        before ``since`` (Unix seconds) is asked anew. An answer whose asking anew fails for a while
        stays until it is too old even for that.
        """
        name = self._name(scope, question)
        kept = self._kept(name, question, since)
        holds = self._keeping(question, kept.answered_at) if kept else None
        with self._guard:
            failing = self._failing.get(name)
        lasts = 0.0 if holds is None else holds.spare if failing else holds.shown
        if kept is None or holds is None or kept.age >= lasts:
            how: How = "shared" if self._flights.under_way(name) else "asked"
            self._watch.found(question.name, how)
            return self._fly(name, question, fetch, run, asker, since)
        if kept.age < holds.fresh and kept.answered_at >= since:
            self._watch.found(question.name, "fresh")
            return Found(kept)
        self._watch.found(question.name, "stale")
        self._fly(name, question, fetch, behind or run, asker, since)
        return Found(kept, stale=True, problem=failing.told if failing else None)

    def spare(self, scope: tuple[str, str], question: Query[Any]) -> Kept | None:
        """An answer that may stand in where the server fails.

        For a period that runs, one from before its end moved on serves, too.
        """
        kept = self._kept(self._name(scope, question), question, 0.0)
        if kept is None and _running(question, time.time()):
            with self._guard:
                latest = self._latest.get(f"{self._place(scope, question)}:{question.kin}")
            kept = self._memory.get(latest) if latest else None
        holds = self._keeping(question, kept.answered_at) if kept else None
        return kept if kept and holds and kept.age < holds.spare else None

    def keeps(self, question: Query[Any]) -> bool:
        """Whether answers to this question are ever kept."""
        return self._keeping(question, time.time()) is not None

    def drop(self, scope: tuple[str, str], question: Query[Any]) -> None:
        """Let go of one answer."""
        name = self._name(scope, question)
        self._memory.drop(name)
        if self._shared is not None:
            self._shared.drop(name)

    def forget(self, server: str, website: str | None = None) -> None:
        """Let go of what a server has answered, what is on its way included: of all of it, or of
        what is about one website and of what names none."""
        if website is None:
            self._eras.begin(_era(server))
        else:
            self._eras.begin(_era(server, website))
            self._eras.begin(_era(server, ""))

    def _name(self, scope: tuple[str, str], question: Query[Any]) -> str:
        """The key; it holds the eras of server and website, so that answers can be left behind."""
        return f"{self._place(scope, question)}:{question.key}"

    def _place(self, scope: tuple[str, str], question: Query[Any]) -> str:
        server, account = scope
        eras = self._eras.of(_era(server)), self._eras.of(_era(server, question.website or ""))
        return f"umami:{_digest(server, account, *(era.hex() for era in eras))}"

    def _kept(self, name: str, question: Query[Any], since: float) -> Kept | None:
        """What is kept: here, or where another replica may have put something newer."""
        here = self._memory.get(name)
        if self._shared is None or (here and self._fresh(here, question, since)):
            return here
        found = self._shared.get(name)
        if found is None or (here and found[1] <= here.answered_at):
            return here
        kept = Kept(*found)
        self._memory.put(name, kept)
        return kept

    def _fresh(self, kept: Kept, question: Query[Any], since: float) -> bool:
        holds = self._keeping(question, kept.answered_at)
        return holds is not None and kept.age < holds.fresh and kept.answered_at >= since

    def _fly(
        self,
        name: str,
        question: Query[Any],
        fetch: Callable[[], bytes],
        run: Run,
        asker: Caller,
        since: float,
    ) -> Future[Kept]:
        def there() -> Kept | None:
            # Who comes just after the same question has landed finds its answer here.
            kept = self._kept(name, question, since)
            return kept if kept and self._fresh(kept, question, since) else None

        def fetched() -> Kept:
            kept = Kept(fetch(), time.time())
            self._put(name, question, kept)
            return kept

        def asked() -> Kept:
            found = there()
            if found is not None:
                return found
            if self._shared is None:
                return fetched()
            with self._shared.alone(name, there, PATIENCE) as alone:
                found = None if alone else there()
                return found or fetched()

        def once() -> Kept:
            try:
                kept = asked()
            except TRANSIENT as problem:
                with self._guard:
                    self._failing[name] = _Failure(problem)
                raise
            with self._guard:
                self._failing.pop(name, None)
            return kept

        return self._flights.board(name, once, run, asker)

    def _put(self, name: str, question: Query[Any], kept: Kept) -> None:
        self._memory.put(name, kept)
        if _running(question, kept.answered_at):
            with self._guard:
                self._latest[f"{name.rpartition(':')[0]}:{question.kin}"] = name
        holds = self._keeping(question, kept.answered_at)
        if self._shared is not None and holds is not None:
            self._shared.put(name, kept.answer, kept.answered_at, max(holds.spare, holds.shown))


def _running(question: Query[Any], at: float) -> bool:
    """Whether the period asked about had not ended at this moment (Unix seconds)."""
    return question.until is not None and question.until.timestamp() > at


def _era(server: str, website: str | None = None) -> str:
    of = _digest(server) if website is None else _digest(server, website)
    return f"umami:{of}:era"


def _new_era() -> bytes:
    return uuid.uuid4().bytes


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()
