"""A cache of parsed answers by server, account and query.

A fresh answer is returned at once. So is a stale one, while a newer one is fetched in the
background. A missing answer is fetched, once for all callers that want it at that moment. Entries
live in this process's memory and, where replicas share a cache (``umami.shared``), also there: a
replica finds what another one has fetched, and only one of them fetches at a time.
"""

import hashlib
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from cachetools import LRUCache, TTLCache

from umami.endpoint import Freshness, Query
from umami.errors import TRANSIENT, UmamiError
from umami.instrumentation import How, Instrumentation
from umami.scheduling import ANYONE, BACKGROUND, Caller, SingleFlight, Steps, Wanted, drive
from umami.shared import Shared

T = TypeVar("T")

MEGABYTE: Final = 2**20
OVERHEAD: Final = 400
"""Approximate bytes of an entry besides its answer."""
MODEL_SIZE: Final = 5
"""Approximate size of a parsed answer, as a multiple of that of its JSON text."""
LARGEST_SHARE: Final = 8
"""An entry above this fraction (1/8) of the memory is not kept: it would displace all others."""
SETTLED: Final = 3600.0
"""Seconds after the end of a period in which late events may still arrive."""
EPOCH_CHECK: Final = 1.0
"""Seconds after which a replica checks again whether another one has dropped answers."""
PATIENCE: Final = 90.0
"""Seconds that a replica waits for the answer that another one is fetching."""
REPORTED: Final = 10.0
"""Seconds for which the failure is reported as the reason for an old answer."""
MOST_LATEST: Final = 4096
"""Queries about running periods whose latest entry is remembered."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """For how many seconds an answer is fresh, may be shown while a newer one is fetched, and may
    replace a newer one that the server fails to give."""

    fresh: float
    shown: float
    spare: float


DAY: Final = 86_400.0
LIVE = Lifetime(8, 8, 8)
LISTING = Lifetime(60, 600, DAY)
RUNNING = Lifetime(60, 600, DAY)
ENDED = Lifetime(DAY, 7 * DAY, 30 * DAY)


def lifetime(query: Query[Any], answered_at: float) -> Lifetime | None:
    """The lifetime of an answer from ``answered_at`` (Unix seconds); ``None`` where it must not be
    cached. An answer from a time when the period was running is incomplete even after the period's
    end."""
    freshness = query.endpoint.freshness
    if query.endpoint.secret or freshness is Freshness.NEVER:
        return None
    if freshness is Freshness.LIVE:
        return LIVE
    if freshness is Freshness.LISTING:
        return LISTING
    ended = query.until is not None and answered_at > query.until.timestamp() + SETTLED
    return ENDED if ended else RUNNING


@dataclass(frozen=True, slots=True)
class Answer:
    """A parsed answer, and the JSON text that replicas share."""

    value: Any
    body: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """A parsed answer, its time (Unix seconds), and the bytes of its JSON text."""

    value: Any
    answered_at: float
    size: int

    @property
    def age(self) -> float:
        """Seconds since the answer; 0 where the clock was set back."""
        return max(0.0, time.time() - self.answered_at)


Run = Callable[[Callable[[], T]], Future[T]]
"""Calls a function in another thread, unless every caller has left by then."""
Fetch = Callable[[Run[Any]], Steps[Answer]]
"""Fetches an answer with requests that it runs."""


class Submit(Protocol):
    """Calls a function in another thread when the caller's turn comes."""

    def __call__(
        self, work: Callable[[], T], *, caller: Caller, wanted: Wanted, counts: bool = True
    ) -> Future[T]:
        """Returns the future result. ``counts`` is whether the server answers it."""
        ...


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """An entry that can be shown."""

    entry: Entry
    stale: bool = False
    """Whether a newer answer is being fetched."""
    problem: UmamiError | None = None
    """Why the last attempt to fetch one failed."""


class Epochs:
    """Epochs of servers and of their websites: a new epoch makes all older entries unreachable.
    Replicas agree on epochs. Those that begin while the shared cache is away reach the other
    replicas as soon as it is back."""

    def __init__(self, shared: Shared | None) -> None:
        self._shared = shared
        self._guard = threading.Lock()
        self._epochs: defaultdict[str, bytes] = defaultdict(_new_epoch)
        self._agreed: TTLCache[str, bytes] = TTLCache(10_000, EPOCH_CHECK)
        self._unpublished: dict[str, bytes] = {}

    def get(self, name: str) -> bytes:
        with self._guard:
            epoch = self._epochs[name]
            if self._shared is None or name in self._agreed or name in self._unpublished:
                return epoch
        agreed = self._shared.first(name, epoch) or epoch
        with self._guard:
            if self._epochs[name] == epoch:
                self._epochs[name] = self._agreed[name] = agreed
            return self._epochs[name]

    def begin(self, name: str) -> None:
        epoch = _new_epoch()
        with self._guard:
            self._epochs[name] = epoch
        if self._shared is None or self._shared.replace(name, epoch):
            return
        with self._guard:
            publishing = bool(self._unpublished)
            self._unpublished[name] = epoch
        if not publishing:
            threading.Thread(
                target=self._publish, args=(self._shared,), name="forgetting", daemon=True
            ).start()

    def _publish(self, shared: Shared) -> None:
        while self._unpublished:
            time.sleep(shared.pause)
            for name, epoch in list(self._unpublished.items()):
                if shared.replace(name, epoch):
                    with self._guard:
                        if self._unpublished.get(name) == epoch:
                            del self._unpublished[name]


class Cache:
    """Answers of any number of servers and accounts. Safe to use from many threads. In this process
    it holds ``megabytes`` of entries; the least recently used are dropped first."""

    def __init__(
        self,
        megabytes: float = 64,
        shared: Shared | None = None,
        *,
        lifetime: Callable[[Query[Any], float], Lifetime | None] = lifetime,
        single_flight: SingleFlight[Entry] | None = None,
        watch: Instrumentation | None = None,
    ) -> None:
        self._entries: LRUCache[str, Entry] = LRUCache(int(megabytes * MEGABYTE), getsizeof=_weight)
        self._shared = shared
        self._epochs = Epochs(shared)
        self._lifetime = lifetime
        self._fetches = SingleFlight[Entry]() if single_flight is None else single_flight
        self._watch = watch
        self._guard = threading.Lock()
        self._latest: LRUCache[str, str] = LRUCache(MOST_LATEST)

    def ask(
        self,
        scope: tuple[str, str],
        query: Query[Any],
        fetch: Fetch,
        submit: Submit,
        *,
        caller: Caller = ANYONE,
        since: float = 0.0,
    ) -> CachedAnswer | Future[Entry]:
        """The cached answer, or the future of a fetch. ``scope`` is server and account. Answers
        from before ``since`` (Unix seconds) count as stale. After a failed fetch, older answers
        than usual are shown for a while."""
        key = self._key(scope, query)
        entry = self._get(key, query, since)
        lifetime = self._lifetime(query, entry.answered_at) if entry else None
        failure = self._fetches.failure(key)
        failing = failure is not None and isinstance(failure[0], TRANSIENT)
        lasts = 0.0 if lifetime is None else lifetime.spare if failing else lifetime.shown
        if entry is None or lifetime is None or entry.age >= lasts:
            self._looked_up(query, "shared" if key in self._fetches else "asked")
            return self._fetch(key, query, fetch, submit, caller, since)
        if entry.age < lifetime.fresh and entry.answered_at >= since:
            self._looked_up(query, "fresh")
            return CachedAnswer(entry)
        self._looked_up(query, "stale")
        self._fetch(key, query, fetch, submit, BACKGROUND, since)
        problem = failure[0] if failure and failing and failure[1] < REPORTED else None
        return CachedAnswer(entry, stale=True, problem=problem)

    def spare(self, scope: tuple[str, str], query: Query[Any]) -> Entry | None:
        """The entry to show where the server fails. For a running period that includes an entry
        from before its end moved on."""
        key = self._key(scope, query)
        entry = self._get(key, query, 0.0)
        if entry is None and _is_running(query, time.time()):
            with self._guard:
                latest = self._latest.get(_kin(key, query))
            entry = self._stored(latest) if latest else None
        lifetime = self._lifetime(query, entry.answered_at) if entry else None
        return entry if entry and lifetime and entry.age < lifetime.spare else None

    def keeps(self, query: Query[Any]) -> bool:
        """Whether answers to this query are cached at all."""
        return self._lifetime(query, time.time()) is not None

    def forget(self, server: str, website: str | None = None) -> None:
        """Remove all answers of a server, or those about one website and about none; this includes
        answers that are being fetched."""
        if website is None:
            self._epochs.begin(_epoch_name(server))
        else:
            self._epochs.begin(_epoch_name(server, website))
            self._epochs.begin(_epoch_name(server, ""))

    def _key(self, scope: tuple[str, str], query: Query[Any]) -> str:
        """The key of an entry, which contains the epochs of server and website."""
        server, account = scope
        names = (_epoch_name(server), _epoch_name(server, query.website or ""))
        epochs = (self._epochs.get(name).hex() for name in names)
        return f"umami:{_digest(server, account, *epochs)}:{query.key}"

    @property
    def size(self) -> int:
        """Approximate bytes of the entries in this process."""
        with self._guard:
            return int(self._entries.currsize)

    def _stored(self, key: str) -> Entry | None:
        with self._guard:
            return self._entries.get(key)

    def _store(self, key: str, entry: Entry) -> None:
        if _weight(entry) <= self._entries.maxsize / LARGEST_SHARE:
            with self._guard:
                self._entries[key] = entry

    def _looked_up(self, query: Query[Any], how: How) -> None:
        if self._watch:
            self._watch.looked_up(query.name, how)

    def _get(self, key: str, query: Query[Any], since: float) -> Entry | None:
        """The entry in this process, or a newer one that another replica has stored."""
        entry = self._stored(key)
        if self._shared is None or (entry and self._is_fresh(entry, query, since)):
            return entry
        stored = self._shared.get(key)
        if stored is None or (entry and stored[1] <= entry.answered_at):
            return entry
        body, answered_at = stored
        try:
            entry = Entry(query.read(query.decode(body)), answered_at, len(body))
        except UmamiError:
            # Another version of the dashboard may have stored it.
            return entry
        self._store(key, entry)
        return entry

    def _fresh(self, key: str, query: Query[Any], since: float) -> Entry | None:
        entry = self._get(key, query, since)
        return entry if entry and self._is_fresh(entry, query, since) else None

    def _is_fresh(self, entry: Entry, query: Query[Any], since: float) -> bool:
        lifetime = self._lifetime(query, entry.answered_at)
        return lifetime is not None and entry.age < lifetime.fresh and entry.answered_at >= since

    def _fetch(
        self,
        key: str,
        query: Query[Any],
        fetch: Fetch,
        submit: Submit,
        caller: Caller,
        since: float,
    ) -> Future[Entry]:
        def steps(wanted: Wanted) -> Steps[Entry]:
            run = partial(submit, caller=caller, wanted=wanted)
            fresh = partial(self._fresh, key, query, since)
            # Another fetch may have ended just before this one began.
            entry = self._stored(key)
            if entry is not None and self._is_fresh(entry, query, since):
                return entry
            if self._shared is None:
                return self._put(key, query, (yield from fetch(run)))
            shared = self._shared
            # Redis answers this, not the server.
            locking = run(partial(shared.lock, key, fresh, PATIENCE), counts=False)
            (entry, lock) = (yield [locking])[0]
            try:
                return entry or self._put(key, query, (yield from fetch(run)))
            finally:
                shared.unlock(lock)

        return self._fetches.submit(key, lambda wanted: drive(steps(wanted)), caller)

    def _put(self, key: str, query: Query[Any], answer: Answer) -> Entry:
        entry = Entry(answer.value, time.time(), len(answer.body))
        self._store(key, entry)
        if _is_running(query, entry.answered_at):
            with self._guard:
                self._latest[_kin(key, query)] = key
        lifetime = self._lifetime(query, entry.answered_at)
        if self._shared is not None and lifetime is not None:
            seconds = max(lifetime.spare, lifetime.shown)
            self._shared.put(key, answer.body, entry.answered_at, seconds)
        return entry


def _weight(entry: Entry) -> int:
    return MODEL_SIZE * entry.size + OVERHEAD


def _kin(key: str, query: Query[Any]) -> str:
    """The part of a key that is equal for queries which differ only in the end of their period."""
    return f"{key.rpartition(':')[0]}:{query.kin}"


def _is_running(query: Query[Any], at: float) -> bool:
    """Whether the requested period had not ended at this time (Unix seconds)."""
    return query.until is not None and query.until.timestamp() > at


def _new_epoch() -> bytes:
    return uuid.uuid4().bytes


def _epoch_name(*parts: str) -> str:
    return f"umami:{_digest(*parts)}:era"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()
