"""The client: answers questions about one server, as one account.

Everything asked at one moment leaves together; what is kept is at hand at once. Who asks never
learns which generation answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Final, Generic, TypeVar
from weakref import WeakKeyDictionary

from pydantic_core import from_json, to_json

from umami.cache import Cache, Found, Kept, Memory
from umami.capabilities import Capabilities
from umami.compat.detection import Detected
from umami.compat.dialect import Dialect, settled
from umami.compat.generations import Generation
from umami.connection import Connection
from umami.definitions import Definitions, definitions
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
from umami.fair_queue import BEHIND, SOMEBODY, Caller, FairQueue
from umami.instrumentation import NO_INSTRUMENTATION, Instrumentation
from umami.settings import Settings, read
from umami.shared import Shared
from umami.single_flight import again, settle
from umami.thread_pool import ThreadPool

T = TypeVar("T")

PARTS: Final = 32
"""Threads for the parts of answers that several requests make. How many are in flight is another
matter and the transport's."""
LOOKS: Final = 25
"""Times that a model is handed on before it is read anew. A frame remembers every look at a part of
it, hundreds of them, for as long as it is there: for the answers of a day that is more than all
else in them."""
STILL_AT_IT: Final = 60.0
"""Seconds within which a server has done what it was told to, though it did not say so."""

CLOUD_PAGES: Final = "https://cloud.umami.is"


@dataclass(frozen=True, slots=True)
class Server:
    """What is asked: its address without credentials, and what to call it.

    ``generation`` and ``version`` (where the server tells it) are known once something was asked.
    """

    address: str
    label: str
    demo: bool
    generation: Generation | None = None
    version: str | None = None
    cloud: bool = False

    @property
    def pages(self) -> str:
        """Where browsers find Umami itself: its tracker, its share links."""
        return CLOUD_PAGES if self.cloud else self.address


class Reply(Future[T]):
    """An answer on its way, or at hand. Who waits for it leaves the floor to others meanwhile."""

    answered_at: datetime | None = None
    """When the server gave the answer (aware, UTC); known once the reply is done."""
    stale: bool = False
    """Whether it is older than it should be, and is being asked anew."""
    problem: UmamiError | None = None
    """Why the answer is an old one, where the server failed to give a newer one."""

    def result(self, timeout: float | None = None) -> T:
        """The answer, waited for. Raises an ``UmamiError``."""
        if self.done():
            return super().result()
        with released():
            return super().result(timeout)


class Client:
    """Answers questions. Safe to use from many threads; close it, or use it in ``with``."""

    def __init__(
        self,
        settings: Settings,
        cache: Cache | None = None,
        *,
        label: str = "Umami",
        demo: bool = False,
        watch: Instrumentation = NO_INSTRUMENTATION,
        defined_by: str | None = None,
    ) -> None:
        """Raises ``SettingsError`` where no server is set; asks nothing yet.

        ``defined_by`` is the version whose definitions the server applies, where that is not its
        own.
        """
        self._connection = Connection(settings, watch)
        self._transport = self._connection.transport
        self._shared = settings.share is not None
        self._address = settings.address
        self._label = "Umami Cloud" if settings.cloud else label
        self._demo = demo
        self._cloud = settings.cloud
        self._defined_by = None if defined_by is None else Generation.named(defined_by)
        self._cached_as = settings.api or ""
        self._cache = _cache(settings, watch) if cache is None else cache
        self._read: WeakKeyDictionary[Kept, _Read] = WeakKeyDictionary()
        self._turns = FairQueue(settings.in_flight, watch)
        self._parts = ThreadPool(PARTS, "umami-part")

    def __repr__(self) -> str:
        return f"Client({self._address!r})"

    @property
    def server(self) -> Server:
        """What is asked."""
        found = self._connection.known
        return Server(
            self._address,
            self._label,
            self._demo,
            found.generation if found else None,
            found.version if found else None,
            self._cloud,
        )

    def recognise(self) -> Server:
        """What is asked, its generation included; asks the server. Raises an ``UmamiError``."""
        self._recognised()
        return self.server

    @property
    def waiting(self) -> int:
        """How many calls wait for their turn, at a server that counts them."""
        return self._transport.waiting

    @property
    def capabilities(self) -> Capabilities:
        """What this server can narrow an answer by; may have to ask it. Raises ``UmamiError``."""
        return self._connection.speaks(self._recognised()).capabilities

    def ask(self, question: Query[T]) -> T:
        """The answer. Raises an ``UmamiError``."""
        return self.submit(question).result()

    def submit(
        self,
        question: Query[T],
        asker: Caller = SOMEBODY,
        since: float = 0.0,
        *,
        keep: bool = True,
    ) -> Reply[T]:
        """Ask without waiting; done already where the answer is kept. Cannot be cancelled.

        What every ``asker`` has left before its turn came is not asked: ``Unwanted``.
        What was answered before ``since`` (Unix seconds) is asked anew. ``keep=False`` passes by
        what is kept: for what is read once, and would drive out what many look at.
        """
        reply: Reply[T] = Reply()
        reply.set_running_or_notify_cancel()
        begin = partial(self._begin, _Asking(question, reply, asker, since, keep))
        if self._connection.known is None:
            self._turns.take(begin, asker)
        else:
            begin()
            self._connection.look_after(partial(self._turns.take, asker=BEHIND))
        return reply

    def ask_all(self, *questions: Query[Any]) -> list[Reply[Any]]:
        """Ask several at once."""
        return [self.submit(question) for question in questions]

    @property
    def definitions(self) -> Definitions:
        """What figures mean on this server; may have to ask it. Raises ``UmamiError``."""
        return definitions(self._defined_by or self._recognised().generation)

    @property
    def shared_sections(self) -> frozenset[str] | None:
        """The parts of the website that a share link is limited to (``funnels``, ``utm``…).

        ``None`` where there is no limit, and where no share link is used. May have to open the
        link; raises ``UmamiError``.
        """
        if not self._shared:
            return None
        with released():
            return self._transport.shared_sections

    @property
    def known(self) -> bool:
        """Whether it has been found out what the server is; asks nothing."""
        return self._connection.known is not None

    def forget(self, website: str | None = None) -> None:
        """Let go of all that is kept of this server, or of what one website's rows change, so that
        it is asked anew."""
        self._cache.forget(self._cached_as, website)

    def close(self) -> None:
        """Ask nothing more. What waits fails with ``Unreachable``; what is kept stays."""
        self._transport.close()
        self._turns.close()
        self._parts.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _recognised(self) -> Detected:
        """What the server is; whoever has to wait for it leaves the floor meanwhile."""
        if self.known:
            return self._connection.recognised()
        with released():
            return self._connection.recognised()

    def _begin(self, asking: _Asking[T], before: Detected | None = None) -> None:
        """Ask as the server's generation is asked; ``before`` is the one that it no longer is.

        Whatever goes wrong here must reach who waits.
        """
        question, asker = asking.question, asking.asker
        refused: Exception | None
        try:
            found = self._connection.recognised()
            dialect = self._connection.speaks(found)
            refused = dialect.refusal(question)
        except UmamiError as problem:
            refused = again(problem)
        except Exception as problem:
            refused = problem
        if refused is not None:
            asking.reply.set_exception(refused)
            return
        fetch = partial(self._fetch, question, found, dialect)
        effort = question.endpoint.effort
        run = partial(self._turns.take, asker=asker, effort=effort)
        coming: Found | Future[Kept]
        reads = question.endpoint.access is Access.READS
        if reads and asking.keep and self._cache.keeps(question):
            behind = partial(self._turns.take, asker=BEHIND, effort=effort)
            coming = self._cache.ask(
                self._scope(found),
                question,
                fetch,
                run,
                behind=behind,
                asker=asker,
                since=asking.since,
            )
        else:
            coming = Future()
            run(partial(settle, coming, lambda: Kept(_wanted(asker, fetch), time.time())))
        if isinstance(coming, Found):
            failing = again(coming.problem) if coming.problem else None
            self._at_hand(asking, found, coming.kept, stale=coming.stale, problem=failing)
        else:
            last = before is not None
            coming.add_done_callback(partial(self._arrived, asking, found, last))

    def _scope(self, found: Detected) -> tuple[str, str]:
        """Under what answers are cached: server, its exact version, and account.

        A patch release may change what a figure means.
        """
        return self._cached_as, f"{found.generation} {found.version} {self._transport.account}"

    def _fetch(self, question: Query[Any], found: Detected, dialect: Dialect) -> bytes:
        writes = question.endpoint.access is Access.WRITES
        if writes and self._shared:
            raise Unauthorised("A share link can only be read.", endpoint=question.name)
        still = None
        if dialect.mistakable(question):
            still = self._connection.still(found, self._parts.submit)
        try:
            answer = self._answered(question, dialect)
        except TRANSIENT as failed:
            if writes and failed.asked:
                # The server may still be at it, and what is asked meanwhile be of before.
                later = threading.Timer(STILL_AT_IT, self.forget, (question.website,))
                later.daemon = True
                later.start()
            raise
        finally:
            # A write that failed may have been done all the same.
            if writes:
                self.forget(question.website)
        if still is not None:
            self._connection.require(still.result(), question)
        # What cannot be read must not take the place of what is kept.
        problem = self._model(question, answer)
        if isinstance(problem, UmamiError):
            raise problem
        return answer

    def _answered(self, question: Query[Any], dialect: Dialect) -> bytes:
        """The answer in the newest generation's form, as JSON text."""
        if self._shared and question.name == "websites":
            return self._only_website(question)
        problem: UmamiError
        try:
            plan = dialect.plan(question)
            if isinstance(plan, Request):
                return self._asked(question, plan)
            return to_json(settled(plan, partial(self._asked_together, question)))
        except UmamiError:
            raise
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError):
            # Plans say in these ways that an answer is not theirs.
            problem = _not_its_answer(question)
        raise problem

    def _asked_together(self, question: Query[Any], requests: tuple[Request, ...]) -> list[JSON]:
        if len(requests) == 1:
            answers = [self._asked(question, requests[0])]
        else:
            waiting = [self._part(partial(self._asked, question, one)) for one in requests]
            answers = [one.result() for one in waiting]
        return [_decoded(question, answer) for answer in answers]

    def _asked(self, question: Query[Any], request: Request) -> bytes:
        return self._transport.ask(
            request, endpoint=question.name, repeatable=question.endpoint.repeatable
        )

    def _only_website(self, question: Query[Any]) -> bytes:
        """Umami's own list fails for a share link, which opens exactly one website."""
        request = Request("GET", f"/websites/{self._transport.website}")
        answer = _decoded(question, self._asked(question, request))
        rows = [] if answer is None else [answer]
        return to_json({"data": rows, "count": len(rows), "page": 1, "pageSize": 1})

    def _part(self, work: Callable[[], T]) -> Future[T]:
        """Something on the way to an answer; threads of its own, as answers wait for it."""
        coming: Future[T] = Future()
        self._parts.submit(partial(settle, coming, work))
        return coming

    def _at_hand(
        self,
        asking: _Asking[T],
        found: Detected,
        kept: Kept,
        *,
        stale: bool = False,
        problem: UmamiError | None = None,
    ) -> None:
        """Hand on what is kept, read once for many who are given it."""
        reply = asking.reply
        read = self._read.get(kept)
        if read is None or read.looks >= LOOKS:
            model = self._model(asking.question, kept.answer)
            if isinstance(model, UmamiError):
                self._cache.drop(self._scope(found), asking.question)
                reply.set_exception(model)
                return
            read = self._read[kept] = _Read(model)
        read.looks += 1
        reply.answered_at = datetime.fromtimestamp(kept.answered_at, UTC)
        reply.stale, reply.problem = stale, problem
        reply.set_result(read.model)

    def _arrived(
        self, asking: _Asking[T], found: Detected, last: bool, coming: Future[Kept]
    ) -> None:
        """Hand on what came; whatever goes wrong here must reach who waits."""
        problem = coming.exception()
        if problem is None:
            self._at_hand(asking, found, coming.result())
        elif not isinstance(problem, UmamiError):
            asking.reply.set_exception(problem)
        elif last or not _of_another_generation(asking.question, problem):
            self._failed(asking, found, problem)
        else:
            self._turns.take(
                partial(self._once_more, asking, found, problem),
                asking.asker,
                asking.question.endpoint.effort,
            )

    def _once_more(self, asking: _Asking[T], before: Detected, problem: UmamiError) -> None:
        """Ask again where the server is of another version by now."""
        try:
            found = self._connection.recognised_anew(before, problem)
        except Exception:
            # What came first says more about the question.
            found = before
        if found == before:
            self._failed(asking, before, problem)
        else:
            self._begin(asking, before)

    def _failed(self, asking: _Asking[T], found: Detected, problem: UmamiError) -> None:
        """Hand on an older answer where the server fails for a while, or else what went wrong."""
        spare = None
        if isinstance(problem, TRANSIENT) and asking.question.endpoint.access is Access.READS:
            spare = self._cache.spare(self._scope(found), asking.question)
        if spare is None:
            asking.reply.set_exception(again(problem))
        else:
            self._at_hand(asking, found, spare, stale=True, problem=again(problem))

    def _model(self, question: Query[T], answer: bytes) -> T | UmamiError:
        try:
            return question.read(_decoded(question, answer))
        except UmamiError as problem:
            problem.endpoint = problem.endpoint or question.name
            return again(problem)
        except Exception:
            # Readers say in their own ways that an answer is not theirs.
            return _not_its_answer(question)


@dataclass(frozen=True, slots=True)
class _Asking(Generic[T]):
    """A question, who asks it, and where the answer goes."""

    question: Query[T]
    reply: Reply[T]
    asker: Caller
    since: float
    keep: bool


@dataclass(slots=True)
class _Read:
    """What an answer says, and how often that was handed on."""

    model: Any
    looks: int = 0


def _cache(settings: Settings, watch: Instrumentation) -> Cache:
    shared = None if settings.redis is None else Shared(settings.redis)
    return Cache(Memory(settings.cache_mb), shared, watch=watch)


def _wanted(asker: Caller, fetch: Callable[[], bytes]) -> bytes:
    if asker.left:
        raise Cancelled("Nobody waits for this any more.")
    return fetch()


def _decoded(question: Query[Any], answer: bytes) -> JSON:
    """The JSON of an answer. Raises ``UnexpectedAnswer`` with what it is instead."""
    try:
        return from_json(answer, allow_inf_nan=False)
    except ValueError:
        page = answer.lstrip()[:1] == b"<"
        what = "with a web page" if page else "with nothing" if not answer else "no JSON"
    raise UnexpectedAnswer(f"The server answered “{question.name}” {what}.", endpoint=question.name)


def _not_its_answer(question: Query[Any]) -> UnexpectedAnswer:
    return UnexpectedAnswer(
        f"The answer to “{question.name}” is not what this question is answered with.",
        endpoint=question.name,
    )


def _of_another_generation(question: Query[Any], problem: UmamiError) -> bool:
    """Whether an error may come of a server that has become another, and asking again is safe."""
    if isinstance(problem, ServerVersionChanged | NotOffered | Rejected):
        return True
    if isinstance(problem, ServerFault) and problem.status != 500:
        return False
    reads = question.endpoint.access is Access.READS
    return reads and isinstance(problem, UnexpectedAnswer | NotFound | ServerFault)


def connect(
    settings: Settings | None = None,
    *,
    cache: Cache | None = None,
    label: str = "Umami",
    demo: bool = False,
    watch: Instrumentation = NO_INSTRUMENTATION,
    defined_by: str | None = None,
) -> Client:
    """A client of the server that the settings name, by default this process's; asks nothing yet.

    Raises ``SettingsError``, also for settings that mean the embedded server: start-up code must
    have started it and filled in its address. ``label`` is what to call the server, ``demo`` says
    that what it holds is made up; ``watch`` is told what the client does; ``defined_by`` is the
    version whose definitions the server applies, where that is not its own.
    """
    found = read() if settings is None else settings
    return Client(found, cache, label=label, demo=demo, watch=watch, defined_by=defined_by)
