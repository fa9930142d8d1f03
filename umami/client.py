"""The client: answers queries about one server, as one account. Queries that are submitted together
are sent together; cached answers are available at once. Callers need not know its version."""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Self, TypeVar
from weakref import WeakSet

from pydantic_core import to_json

from umami import errors
from umami.api.websites import Website, websites
from umami.cache import Answer, Cache, CachedAnswer, Entry, Run
from umami.compat.detection import Detected
from umami.compat.dialect import Dialect, Plan
from umami.compat.generations import Generation
from umami.connection import Connection, Server, dialect
from umami.definitions import Definitions
from umami.endpoint import JSON, MALFORMED, Access, Endpoint, Query, Request, unexpected
from umami.filters import Capabilities
from umami.instrumentation import Instrumentation
from umami.scheduling import ANYONE, BACKGROUND, Caller, FairQueue, Steps, again, drive, result_of
from umami.settings import Settings, read
from umami.shared import Shared
from umami.texts import N_

T = TypeVar("T")
U = TypeVar("U")
Waiting = Callable[[], AbstractContextManager[None]]
"""Makes a context in which a thread waits for an answer, such as one that releases a lock."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Where a client sends writes instead of to its server, which is a replica."""

    client: "Client"
    arrived: Callable[[], None]
    """Waits until the replica contains what was written, a few seconds at most."""
    contains: Callable[[str], bool]
    """Whether the replica has a website, by its id; may wait as long."""

    def check(self, listed: Iterable[Website]) -> None:
        """Raise ``SettingsError`` unless the replica has the websites that the server lists: then
        the server has another database. Without any website, that cannot be told."""
        if not all(self.contains(site.id) for site in listed):
            raise errors.SettingsError(
                N_(
                    "The Umami at UMAMI_URL has websites that the database at UMAMI_DATABASE_URL "
                    "does not have: it uses another database."
                ),
                remedy=N_(
                    "Write the address of the Umami that uses this database, or remove UMAMI_URL "
                    "and its account: then changes are made in Umami."
                ),
            )


WRITE_SETTLES_AFTER: Final = 60.0
"""Seconds within which a server has completed a write that it did not confirm."""


class Reply(Future[T]):
    """A pending or available answer."""

    answered_at: datetime | None = None
    """When the server gave the answer (aware, UTC); set once the reply is done."""
    stale: bool = False
    """Whether the answer is older than it should be, and a newer one is on its way."""
    problem: errors.UmamiError | None = None
    """Why the answer is an old one, where the server failed to give a newer one."""

    def __init__(self, waiting: Waiting = nullcontext) -> None:
        super().__init__()
        self._context = waiting

    def result(self, timeout: float | None = None) -> T:
        """Wait for the answer and return it. Raises an ``UmamiError``."""
        if self.done():
            return super().result()
        with self._context():
            return super().result(timeout)

    def map(self, function: Callable[[T], U]) -> "Reply[U]":
        """A reply whose answer is this one's, changed by a function that cannot fail."""
        mapped: Reply[U] = Reply(self._context)

        def arrived(_: Future[T]) -> None:
            mapped.answered_at, mapped.stale = self.answered_at, self.stale
            mapped.problem = self.problem
            problem = self.exception()
            if problem is None:
                mapped.set_result(function(super(Reply, self).result()))
            else:
                mapped.set_exception(problem)

        self.add_done_callback(arrived)
        return mapped

    def otherwise(self, default: U) -> "Reply[T | U]":
        """A reply whose answer is this one's, or ``default`` where it is an ``UmamiError``."""
        return self.rescued(lambda _: default)

    def rescued(self, function: Callable[[errors.UmamiError], U]) -> "Reply[T | U]":
        """A reply whose answer is this one's, or what a function that cannot fail makes of its
        ``UmamiError``."""
        optional = Reply[T | U](self._context)

        def arrived(_: Future[T]) -> None:
            problem = self.exception()
            if problem is None:
                optional.set_result(super(Reply, self).result())
            elif isinstance(problem, errors.UmamiError):
                optional.set_result(function(problem))
            else:
                optional.set_exception(problem)

        self.add_done_callback(arrived)
        return optional


class Client:
    """Answers queries. Safe to use from many threads; close it, or use it in ``with``."""

    def __init__(
        self,
        settings: Settings | None = None,
        cache: Cache | None = None,
        *,
        label: str = "Umami",
        demo: bool = False,
        watch: Instrumentation | None = None,
        defined_by: str | None = None,
        waiting: Waiting = nullcontext,
        writer: Writer | None = None,
    ) -> None:
        """Raises ``SettingsError`` where no server is set; sends nothing. ``settings`` are by
        default those of this process. ``label`` is the server's name in the interface, and ``demo``
        says that its data is made up. ``defined_by`` is the version whose definitions the server
        applies, where that is not its own version. Threads wait for answers in a context that
        ``waiting`` makes."""
        settings = read() if settings is None else settings
        self._connection = Connection(settings, watch)
        self._transport = self._connection.transport
        self._share = self._transport.share
        label = "Umami Cloud" if settings.cloud else label
        self._server = Server(settings.address, label, demo, cloud=settings.cloud)
        self._defined_by = None if defined_by is None else Generation.named(defined_by)
        self._cache_scope = settings.api or ""
        if cache is None:
            shared = None if settings.redis is None else Shared(settings.redis)
            cache = Cache(settings.cache_mb, shared, watch=watch)
        self._cache = cache
        self._queue = FairQueue(settings.in_flight, watch)
        self._waiting = waiting
        self._writer = writer
        _OPEN.add(self)

    def __repr__(self) -> str:
        return f"Client({self._server.address!r})"

    @property
    def server(self) -> Server:
        """The server, with its version where that is known."""
        detected = self._connection.known
        if detected is None:
            return self._server
        return replace(self._server, generation=detected.generation, version=detected.version)

    def recognise(self) -> Server:
        """The server with its version; detects it. Raises an ``UmamiError``."""
        self._detected()
        return self.server

    @property
    def waiting(self) -> int:
        """How many calls the server's rate limit delays at this moment."""
        return self._transport.waiting

    @property
    def capabilities(self) -> Capabilities:
        """What the server can filter by; may detect its version. Raises an ``UmamiError``."""
        return self._dialect(self._detected()).capabilities

    def ask(self, query: Query[T]) -> T:
        """The answer to a query. Raises an ``UmamiError``."""
        return self.submit(query).result()

    def submit(
        self, query: Query[T], caller: Caller = ANYONE, since: float = 0.0, *, keep: bool = True
    ) -> Reply[T]:
        """Send a query without waiting; the reply is done at once where the answer is cached. A
        query that every ``caller`` has abandoned before its turn is not sent: ``Cancelled``.
        Answers from before ``since`` (Unix seconds) do not count. ``keep=False`` bypasses the
        cache, for answers that are used once and would displace others."""
        reply: Reply[T] = Reply(self._waiting)
        if self._writer and query.endpoint.access is Access.WRITES:
            drive(self._written(reply, query, self._writer), reply)
            return reply
        known = self._connection.known
        drive(self._answer(reply, query, known, caller, since, keep), reply)
        if known is not None and time.monotonic() > self._connection.refresh_at:
            self._connection.detection(partial(self._queue.submit, caller=BACKGROUND), anew=True)
        return reply

    def ask_all(self, *queries: Query[Any]) -> list[Reply[Any]]:
        """Submit several queries at once."""
        return [self.submit(query) for query in queries]

    def refusal(self, query: Query[Any]) -> errors.NotOffered | None:
        """Why a server of this version cannot answer a query; ``None`` if it can. May detect the
        version. Raises ``UmamiError``."""
        if self._writer and query.endpoint.access is Access.WRITES:
            return self._writer.client.refusal(query)
        return self._dialect(self._detected()).refusal(query)

    def paths(self, query: Query[Any]) -> tuple[str, ...]:
        """The paths of the first requests that answer a query on a server of this version, with
        ids. May detect the version. Raises ``UmamiError``."""
        plan = self._dialect(self._detected()).plan(query)
        if isinstance(plan, Request):
            return (f"/api{plan.path}",)
        paths = tuple(f"/api{request.path}" for request in next(plan))
        plan.close()
        return paths

    @property
    def definitions(self) -> Definitions:
        """What figures mean on this server; may detect its version. Raises ``UmamiError``."""
        return Definitions(self._defined_by or self._detected().generation)

    def lacks(self, endpoint: Endpoint[..., Any]) -> bool:
        """Whether the server is known to be too old for an endpoint; sends nothing."""
        detected = self._connection.known
        return detected is not None and self._dialect(detected).lacks(endpoint)

    @property
    def shared_sections(self) -> frozenset[str] | None:
        """The parts of the website that a share link is limited to (``funnels``, ``utm``…).
        ``None`` without a limit, and without a share link. May open the link; raises
        ``UmamiError``."""
        share = self._share
        if share is None:
            return None
        with self._waiting():
            return result_of(self._queue.submit(lambda: share.sections))

    @property
    def known(self) -> bool:
        """Whether the server's version is known; sends nothing."""
        return self._connection.known is not None

    def forget(self, website: str | None = None) -> None:
        """Drop all cached answers of this server, or those that the rows of one website affect."""
        self._cache.forget(self._cache_scope, website)

    def close(self) -> None:
        """Send nothing more. Pending queries fail with ``Unreachable``; the cache remains."""
        if self._writer:
            self._writer.client.close()
        self._transport.close()
        self._queue.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _detected(self) -> Detected:
        if self._connection.known is not None:
            return self._connection.known
        with self._waiting():
            return result_of(self._connection.detection(self._queue.submit))

    def _dialect(self, detected: Detected) -> Dialect:
        extended = detected.extended
        return dialect(detected.generation, cloud=self._server.cloud, extended=extended)

    def _answer(
        self,
        reply: Reply[T],
        query: Query[T],
        detected: Detected | None,
        caller: Caller,
        since: float,
        keep: bool,
    ) -> Steps[T]:
        """The answer for a reply: from the cache or the server, or an older one where that fails.
        A segment that the server cannot apply is read and replaced by its filters. After an error
        that suggests another version of the server, the query is sent a second time if the version
        has changed."""
        queue = partial(self._queue.submit, effort=query.endpoint.effort)
        run = partial(queue, caller=caller)
        reads = query.endpoint.access is Access.READS
        if detected is None:
            (detected,) = yield [self._connection.detection(run)]
        problem: errors.UmamiError
        for last in (False, True):
            dialect = self._dialect(detected)
            refusal = dialect.refusal(query)
            if refusal is not None:
                raise refusal
            sent = query
            if (listing := dialect.segments_of(query)) is not None:
                saved = self.submit(listing, caller, since)
                (page,) = yield [saved]
                sent = dialect.expand(query, page.rows)
                reply.stale, reply.problem = saved.stale, saved.problem
            fetch = partial(self._fetch, sent, detected)
            try:
                if not (reads and keep and self._cache.keeps(sent)):
                    wanted = partial(_still_waits, caller if reads else ANYONE)
                    answer = yield from fetch(partial(run, wanted=wanted))
                    return self._delivered(reply, Entry(answer.value, time.time(), 0))
                scope = self._scope(detected)
                cached = self._cache.ask(scope, sent, fetch, queue, caller=caller, since=since)
                if isinstance(cached, CachedAnswer):
                    reply.stale = reply.stale or cached.stale
                    reply.problem = reply.problem or (cached.problem and again(cached.problem))
                    return self._delivered(reply, cached.entry)
                return self._delivered(reply, (yield [cached])[0])
            except errors.UmamiError as failure:
                problem = failure
            if last or not _suggests_another_version(query, problem):
                break
            before = detected
            try:
                detected = yield from self._connection.detect_again(before, problem, run)
            except errors.UmamiError:
                # The first problem says more about the query.
                break
            if detected == before:
                break
        spare = None
        if reads and isinstance(problem, errors.TRANSIENT):
            spare = self._cache.spare(self._scope(detected), sent)
        if spare is None:
            raise problem
        reply.stale, reply.problem = True, again(problem)
        return self._delivered(reply, spare)

    def _written(self, reply: Reply[T], query: Query[T], writer: Writer) -> Steps[T]:
        """The answer of the server that writes, once the replica contains what was written."""
        (listed,) = yield [writer.client.submit(websites(page_size=1))]
        yield [self._queue.submit(partial(writer.check, listed.rows))]
        try:
            (value,) = yield [writer.client.submit(query)]
            yield [self._queue.submit(writer.arrived)]
        finally:
            self.forget(query.website)
        return self._delivered(reply, Entry(value, time.time(), 0))

    def _delivered(self, reply: Reply[T], entry: Entry) -> T:
        reply.answered_at = datetime.fromtimestamp(entry.answered_at, UTC)
        value: T = entry.value
        return value

    def _scope(self, detected: Detected) -> tuple[str, str]:
        """The scope of cached answers: server, its exact version, and account. A patch release may
        change what a figure means."""
        version = f"{detected.generation.name} {detected.version} {self._transport.account}"
        return self._cache_scope, version

    def _fetch(self, query: Query[Any], detected: Detected, run: Run[Any]) -> Steps[Answer]:
        writes = query.endpoint.access is Access.WRITES
        if writes and self._share:
            raise errors.Unauthorised(N_("A share link can only be read."), endpoint=query.name)
        mistakable = self._dialect(detected).mistakable(query)
        checks: list[Future[bool]] = []

        def send(request: Request) -> bytes:
            if mistakable and not checks:
                checks.append(self._connection.unchanged(detected, self._queue.submit))
            return self._transport.send(
                request, endpoint=query.name, repeatable=query.endpoint.repeatable
            )

        try:
            decoded, body = yield from self._sent(query, self._dialect(detected), send, run)
        except errors.TRANSIENT as failure:
            if writes and failure.sent:
                # The server may complete the write later; answers until then may be outdated.
                later = threading.Timer(WRITE_SETTLES_AFTER, self.forget, (query.website,))
                later.daemon = True
                later.start()
            raise
        finally:
            # A write that failed may have been completed.
            if writes:
                self.forget(query.website)
        if checks and not all((yield checks)):
            raise errors.ServerVersionChanged(
                N_("The server’s version changed during the query."), endpoint=query.name
            )
        return Answer(query.read(decoded), body)

    def _sent(
        self, query: Query[Any], dialect: Dialect, send: Callable[[Request], bytes], run: Run[Any]
    ) -> Steps[tuple[JSON, bytes]]:
        """The answer in the newest generation's form, decoded and as JSON text."""
        try:
            plan = dialect.plan(query)
            if (share := self._share) and query.name == "websites":
                (website,) = yield [run(lambda: share.website)]
                plan = _only_website(website)
            if isinstance(plan, Request):
                (body,) = yield [run(partial(send, plan))]
                return query.decode(body), body
            requests = next(plan)
            while True:
                try:
                    bodies = yield [run(partial(send, request)) for request in requests]
                    answers = list(map(query.decode, bodies))
                except errors.Cancelled:
                    raise
                except errors.UmamiError as problem:
                    requests = plan.throw(problem)
                else:
                    requests = plan.send(answers)
        except StopIteration as end:
            return end.value, to_json(end.value)
        except MALFORMED:
            raise unexpected(query.name) from None


_OPEN: Final[WeakSet[Client]] = WeakSet()


def _close_all() -> None:
    for client in list(_OPEN):
        client.close()


# The interpreter waits for the threads of executors before it calls the functions of ``atexit``: a
# request to a server that does not answer would delay the end of the process.
threading._register_atexit(_close_all)  # type: ignore[attr-defined]


def _still_waits(caller: Caller) -> bool:
    return not caller.left


def _only_website(website: str) -> Plan:
    """The list of a share link's only website; Umami's own list fails for a share link."""
    (row,) = yield (Request("GET", f"/websites/{website}"),)
    rows = [] if row is None else [row]
    return {"data": rows, "count": len(rows), "page": 1, "pageSize": 1}


def _suggests_another_version(query: Query[Any], problem: errors.UmamiError) -> bool:
    """Whether an error may come from a change of the server's version, and a retry is safe."""
    if isinstance(problem, errors.ServerVersionChanged | errors.NotOffered | errors.Rejected):
        return True
    if isinstance(problem, errors.ServerFault) and problem.status != 500:
        return False
    reads = query.endpoint.access is Access.READS
    return reads and isinstance(
        problem, errors.UnexpectedAnswer | errors.NotFound | errors.ServerFault
    )


connect: Final = Client
"""Make a client. Raises ``SettingsError``, also for settings that mean the embedded server, whose
address start-up code must set first."""
