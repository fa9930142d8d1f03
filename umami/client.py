"""The client: answers queries about one server, as one account.

Queries that are submitted together are sent together; cached answers are available at once. Callers
do not depend on the version of the server.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Generic, Self, TypeVar
from weakref import WeakKeyDictionary

from pydantic_core import from_json, to_json

from umami.cache import Cache, CachedAnswer, Entry, Memory
from umami.compat.detection import Detected
from umami.compat.dialect import Dialect, run_plan
from umami.compat.generations import Generation
from umami.connection import Connection, Server
from umami.definitions import Definitions
from umami.endpoint import JSON, Access, Query, Request
from umami.errors import (
    TRANSIENT,
    Cancelled,
    NotFound,
    NotOffered,
    Rejected,
    ServerFault,
    ServerVersionChanged,
    UmamiError,
    Unauthorised,
    UnexpectedAnswer,
)
from umami.fair_lock import released
from umami.fair_queue import ANYONE, BACKGROUND, Caller, FairQueue
from umami.filters import Capabilities
from umami.instrumentation import NO_INSTRUMENTATION, Instrumentation
from umami.reply import Reply
from umami.settings import Settings, read
from umami.shared import Shared
from umami.single_flight import again, settle
from umami.thread_pool import ThreadPool

T = TypeVar("T")

PLAN_THREADS: Final = 32
"""Threads for the requests of plans; the transport limits how many are in flight."""
MOST_REUSES: Final = 25
"""How often a parsed model is reused before it is parsed again. A pandas frame remembers every
selection of a part of it; for a busy answer that would take more memory than all else."""
WRITE_SETTLES_AFTER: Final = 60.0
"""Seconds within which a server has completed a write that it did not confirm."""


class Client:
    """Answers queries. Safe to use from many threads; close it, or use it in ``with``."""

    def __init__(
        self,
        settings: Settings | None = None,
        cache: Cache | None = None,
        *,
        label: str = "Umami",
        demo: bool = False,
        watch: Instrumentation = NO_INSTRUMENTATION,
        defined_by: str | None = None,
    ) -> None:
        """Raises ``SettingsError`` where no server is set; sends nothing.

        ``settings`` are by default those of this process. ``label`` is the server's name in the
        interface, and ``demo`` says that its data is made up. ``defined_by`` is the version whose
        definitions the server applies, where that is not its own version.
        """
        settings = read() if settings is None else settings
        self._connection = Connection(settings, watch)
        self._transport = self._connection.transport
        self._shared = settings.share is not None
        label = "Umami Cloud" if settings.cloud else label
        self._server = Server(settings.address, label, demo, cloud=settings.cloud)
        self._defined_by = None if defined_by is None else Generation.named(defined_by)
        self._cache_scope = settings.api or ""
        if cache is None:
            shared = None if settings.redis is None else Shared(settings.redis)
            cache = Cache(Memory(settings.cache_mb), shared, watch=watch)
        self._cache = cache
        self._models: WeakKeyDictionary[Entry, _Model] = WeakKeyDictionary()
        self._queue = FairQueue(settings.in_flight, watch)
        self._plan_threads = ThreadPool(PLAN_THREADS, "umami-part")

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
        return self._connection.dialect(self._detected()).capabilities

    def ask(self, query: Query[T]) -> T:
        """The answer to a query. Raises an ``UmamiError``."""
        return self.submit(query).result()

    def submit(
        self,
        query: Query[T],
        caller: Caller = ANYONE,
        since: float = 0.0,
        *,
        keep: bool = True,
    ) -> Reply[T]:
        """Send a query without waiting; the reply is done at once where the answer is cached.

        A query that every ``caller`` has abandoned before its turn is not sent: ``Cancelled``.
        Answers from before ``since`` (Unix seconds) do not count. ``keep=False`` bypasses the
        cache, for answers that are used once and would displace others.
        """
        reply: Reply[T] = Reply()
        reply.set_running_or_notify_cancel()
        start = partial(self._start, _Submission(query, reply, caller, since, keep))
        if self._connection.known is None:
            self._queue.submit(start, caller)
        else:
            start()
            self._connection.refresh(partial(self._queue.submit, caller=BACKGROUND))
        return reply

    def ask_all(self, *queries: Query[Any]) -> list[Reply[Any]]:
        """Submit several queries at once."""
        return [self.submit(query) for query in queries]

    @property
    def definitions(self) -> Definitions:
        """What figures mean on this server; may detect its version. Raises ``UmamiError``."""
        return Definitions(self._defined_by or self._detected().generation)

    @property
    def shared_sections(self) -> frozenset[str] | None:
        """The parts of the website that a share link is limited to (``funnels``, ``utm``…).

        ``None`` without a limit, and without a share link. May open the link; raises
        ``UmamiError``.
        """
        if not self._shared:
            return None
        with released():
            return self._transport.shared_sections

    @property
    def known(self) -> bool:
        """Whether the server's version is known; sends nothing."""
        return self._connection.known is not None

    def forget(self, website: str | None = None) -> None:
        """Drop all cached answers of this server, or those that the rows of one website affect."""
        self._cache.forget(self._cache_scope, website)

    def close(self) -> None:
        """Send nothing more. Pending queries fail with ``Unreachable``; the cache remains."""
        self._transport.close()
        self._queue.close()
        self._plan_threads.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _detected(self) -> Detected:
        """The server's version; waiting for it releases the render lock."""
        if self.known:
            return self._connection.detected()
        with released():
            return self._connection.detected()

    def _start(self, submission: _Submission[T], before: Detected | None = None) -> None:
        """Look the query up in the cache, or send it; ``before`` is the version that the server no
        longer has. Every exception must reach the reply."""
        query, caller = submission.query, submission.caller
        refused: Exception | None
        try:
            detected = self._connection.detected()
            dialect = self._connection.dialect(detected)
            refused = dialect.refusal(query)
        except UmamiError as problem:
            refused = again(problem)
        except Exception as problem:
            refused = problem
        if refused is not None:
            submission.reply.set_exception(refused)
            return
        fetch = partial(self._fetch, query, detected, dialect)
        run = partial(self._queue.submit, effort=query.endpoint.effort)
        answer: CachedAnswer | Future[Entry]
        reads = query.endpoint.access is Access.READS
        if reads and submission.keep and self._cache.keeps(query):
            answer = self._cache.ask(
                self._scope(detected),
                query,
                fetch,
                partial(run, caller=caller),
                background=partial(run, caller=BACKGROUND),
                caller=caller,
                since=submission.since,
            )
        else:
            answer = Future()
            fetch_entry = partial(_fetch_unless_left, caller, fetch)
            run(partial(settle, answer, fetch_entry), caller=caller)
        if isinstance(answer, CachedAnswer):
            failure = again(answer.problem) if answer.problem else None
            self._deliver(submission, detected, answer.entry, stale=answer.stale, problem=failure)
        else:
            last = before is not None
            answer.add_done_callback(partial(self._on_answer, submission, detected, last))

    def _scope(self, detected: Detected) -> tuple[str, str]:
        """The scope of cached answers: server, its exact version, and account.

        A patch release may change what a figure means.
        """
        version = f"{detected.generation} {detected.version} {self._transport.account}"
        return self._cache_scope, version

    def _fetch(self, query: Query[Any], detected: Detected, dialect: Dialect) -> bytes:
        writes = query.endpoint.access is Access.WRITES
        if writes and self._shared:
            raise Unauthorised("A share link can only be read.", endpoint=query.name)
        unchanged = None
        if dialect.mistakable(query):
            unchanged = self._connection.unchanged(detected, self._plan_threads.submit)
        try:
            answer = self._send(query, dialect)
        except TRANSIENT as failure:
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
        if unchanged is not None and not unchanged.result():
            raise ServerVersionChanged(
                "The server’s version changed during the query.", endpoint=query.name
            )
        # An answer that cannot be parsed must not replace a cached one.
        model = self._parse(query, answer)
        if isinstance(model, UmamiError):
            raise model
        return answer

    def _send(self, query: Query[Any], dialect: Dialect) -> bytes:
        """The answer in the newest generation's form, as JSON text."""
        if self._shared and query.name == "websites":
            return self._shared_website(query)
        problem: UmamiError
        try:
            plan = dialect.plan(query)
            if isinstance(plan, Request):
                return self._send_request(query, plan)
            return to_json(run_plan(plan, partial(self._send_together, query)))
        except UmamiError:
            raise
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError):
            # A plan raises these for an answer that does not have the expected form.
            problem = _wrong_format(query)
        raise problem

    def _send_together(self, query: Query[Any], requests: tuple[Request, ...]) -> list[JSON]:
        if len(requests) == 1:
            answers = [self._send_request(query, requests[0])]
        else:
            # Other threads than those of the queue, which wait for these requests.
            futures: list[Future[bytes]] = [Future() for _ in requests]
            for future, request in zip(futures, requests, strict=True):
                send = partial(self._send_request, query, request)
                self._plan_threads.submit(partial(settle, future, send))
            answers = [future.result() for future in futures]
        return [_decoded(query, answer) for answer in answers]

    def _send_request(self, query: Query[Any], request: Request) -> bytes:
        return self._transport.send(
            request, endpoint=query.name, repeatable=query.endpoint.repeatable
        )

    def _shared_website(self, query: Query[Any]) -> bytes:
        """The list of a share link's only website; Umami's own list fails for a share link."""
        request = Request("GET", f"/websites/{self._transport.website}")
        answer = _decoded(query, self._send_request(query, request))
        rows = [] if answer is None else [answer]
        return to_json({"data": rows, "count": len(rows), "page": 1, "pageSize": 1})

    def _deliver(
        self,
        submission: _Submission[T],
        detected: Detected,
        entry: Entry,
        *,
        stale: bool = False,
        problem: UmamiError | None = None,
    ) -> None:
        """Resolve the reply with a cache entry, which is parsed once for many replies."""
        reply = submission.reply
        model = self._models.get(entry)
        if model is None or model.uses >= MOST_REUSES:
            parsed = self._parse(submission.query, entry.answer)
            if isinstance(parsed, UmamiError):
                self._cache.drop(self._scope(detected), submission.query)
                reply.set_exception(parsed)
                return
            model = self._models[entry] = _Model(parsed)
        model.uses += 1
        reply.answered_at = datetime.fromtimestamp(entry.answered_at, UTC)
        reply.stale, reply.problem = stale, problem
        reply.set_result(model.value)

    def _on_answer(
        self, submission: _Submission[T], detected: Detected, last: bool, answer: Future[Entry]
    ) -> None:
        """Resolve the reply, or retry after a change of version unless this is the ``last`` try."""
        problem = answer.exception()
        if problem is None:
            self._deliver(submission, detected, answer.result())
        elif not isinstance(problem, UmamiError):
            submission.reply.set_exception(problem)
        elif last or not _suggests_another_version(submission.query, problem):
            self._fail(submission, detected, problem)
        else:
            self._queue.submit(
                partial(self._retry, submission, detected, problem),
                submission.caller,
                submission.query.endpoint.effort,
            )

    def _retry(self, submission: _Submission[T], before: Detected, problem: UmamiError) -> None:
        """Send the query again if the server has another version by now."""
        try:
            detected = self._connection.detect_again(before, problem)
        except Exception:
            # The first problem says more about the query.
            detected = before
        if detected == before:
            self._fail(submission, before, problem)
        else:
            self._start(submission, before)

    def _fail(self, submission: _Submission[T], detected: Detected, problem: UmamiError) -> None:
        """Resolve the reply with an older answer after a transient error, else with the error."""
        entry = None
        if isinstance(problem, TRANSIENT) and submission.query.endpoint.access is Access.READS:
            entry = self._cache.spare(self._scope(detected), submission.query)
        if entry is None:
            submission.reply.set_exception(again(problem))
        else:
            self._deliver(submission, detected, entry, stale=True, problem=again(problem))

    def _parse(self, query: Query[T], answer: bytes) -> T | UmamiError:
        try:
            return query.read(_decoded(query, answer))
        except UmamiError as problem:
            problem.endpoint = problem.endpoint or query.name
            return again(problem)
        except Exception:
            # Parsers raise various errors for an answer that does not have the expected form.
            return _wrong_format(query)


@dataclass(frozen=True, slots=True)
class _Submission(Generic[T]):
    query: Query[T]
    reply: Reply[T]
    caller: Caller
    since: float
    keep: bool


@dataclass(slots=True)
class _Model:
    """A parsed answer, and how many replies have used it."""

    value: Any
    uses: int = 0


def _fetch_unless_left(caller: Caller, fetch: Callable[[], bytes]) -> Entry:
    if caller.left:
        raise Cancelled("No caller waits for this any more.")
    return Entry(fetch(), time.time())


def _decoded(query: Query[Any], answer: bytes) -> JSON:
    """The JSON of an answer. Raises ``UnexpectedAnswer``."""
    try:
        return from_json(answer, allow_inf_nan=False)
    except ValueError:
        page = answer.lstrip()[:1] == b"<"
        what = "with a web page" if page else "with nothing" if not answer else "no JSON"
    raise UnexpectedAnswer(f"The server answered “{query.name}” {what}.", endpoint=query.name)


def _wrong_format(query: Query[Any]) -> UnexpectedAnswer:
    return UnexpectedAnswer(
        f"The answer to “{query.name}” does not have the expected format.", endpoint=query.name
    )


def _suggests_another_version(query: Query[Any], problem: UmamiError) -> bool:
    """Whether an error may come from a change of the server's version, and a retry is safe."""
    if isinstance(problem, ServerVersionChanged | NotOffered | Rejected):
        return True
    if isinstance(problem, ServerFault) and problem.status != 500:
        return False
    reads = query.endpoint.access is Access.READS
    return reads and isinstance(problem, UnexpectedAnswer | NotFound | ServerFault)


connect: Final = Client
"""Make a client. Raises ``SettingsError``, also for settings that mean the embedded server, whose
address start-up code must set first."""
