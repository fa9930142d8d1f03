"""The client: answers questions about one server, as one account.

Everything asked at one moment leaves together; what is kept is at hand at once. The only place
that knows which generation it talks to.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Final, Protocol, TypeVar

from pydantic_core import from_json

from umami import v2
from umami.cache import Cache, Kept, in_memory
from umami.errors import NotFound, NotOffered, UmamiError, Unauthorised, UnexpectedAnswer
from umami.flights import again, settle
from umami.question import JSON, Access, Question, Request
from umami.settings import Settings, read
from umami.transport import Transport

T = TypeVar("T")

AT_ONCE: Final = 32
"""Threads: more than any page asks at one moment. How many calls are in flight is another matter
and the transport's."""


class Dialect(Protocol):
    """How a generation of servers is asked and understood."""

    def spell(self, question: Question[Any]) -> Request:
        """The question in the generation's spelling."""
        ...

    def read(self, question: Question[Any], answer: JSON) -> JSON:
        """Its answer in the newest generation's spelling."""
        ...

    def ignores_filters(self, question: Question[Any]) -> bool:
        """Whether the question's filters would be dropped without a word."""
        ...


class Newest:
    """The generation whose spelling is ours."""

    def spell(self, question: Question[Any]) -> Request:
        """The question as it is."""
        return question.request

    def read(self, question: Question[Any], answer: JSON) -> JSON:
        """The answer as it is."""
        return answer

    def ignores_filters(self, question: Question[Any]) -> bool:
        """Never."""
        return False


@dataclass(frozen=True, slots=True)
class Server:
    """What is asked: its address without credentials, what to call it, which generation it is."""

    address: str
    label: str
    generation: str
    demo: bool


class Reply(Future[T]):
    """An answer on its way, or at hand."""

    answered_at: datetime | None = None
    """When the server gave the answer (aware, UTC); known once the reply is done."""
    stale: bool = False
    """Whether it is older than it should be, and is being asked anew."""


class Client:
    """Answers questions. Safe to use from many threads; close it, or use it in ``with``."""

    def __init__(
        self,
        settings: Settings,
        cache: Cache | None = None,
        *,
        label: str = "Umami",
        demo: bool = False,
    ) -> None:
        """Raises ``SettingsError`` where no server is set; asks nothing yet."""
        self._transport = Transport(settings)
        self._shared = settings.share is not None
        self._dialect: Dialect = Newest() if settings.cloud else v2
        self.server = Server(
            address=settings.address,
            label="Umami Cloud" if settings.cloud else label,
            generation="3.x" if settings.cloud else "2.x",
            demo=demo,
        )
        self._scope = (f"{settings.api} {self.server.generation}", self._transport.account)
        self._cache = Cache(in_memory(settings.cache_mb)) if cache is None else cache
        self._pool = ThreadPoolExecutor(AT_ONCE, "umami")

    def __repr__(self) -> str:
        return f"Client({self.server.address!r})"

    def ask(self, question: Question[T]) -> T:
        """The answer. Raises an ``UmamiError``."""
        return self.submit(question).result()

    def submit(self, question: Question[T]) -> Reply[T]:
        """Ask without waiting; done already where the answer is kept. Cannot be cancelled."""
        reply: Reply[T] = Reply()
        reply.set_running_or_notify_cancel()
        fetch = partial(self._fetch, question)
        if question.endpoint.access is Access.READS and self._cache.keeps(question):
            coming = self._cache.ask(self._scope, question, fetch, self._run)
        else:
            coming = Future()
            self._run(partial(settle, coming, lambda: Kept(fetch(), time.time())))
        coming.add_done_callback(partial(self._arrived, question, reply))
        return reply

    def ask_all(self, *questions: Question[Any]) -> list[Reply[Any]]:
        """Ask several at once."""
        return [self.submit(question) for question in questions]

    def check(self) -> None:
        """Raise ``NotOffered`` for a server of a generation that this client does not speak.

        Umami 3 drops the filters of 2.x without a word and would answer with wrong figures. Its
        ``/config`` has ``privateMode``; 2.x answers 404, or an object without it. Raises whatever
        asking raises, too.
        """
        if self.server.generation != "2.x":
            return
        try:
            found = self._transport.ask_unsigned(Request("GET", "/config"), "config")
        except NotFound:
            return
        if b'"privateMode"' in found:
            raise NotOffered("This is an Umami 3 server; this version reads servers of Umami 2.")

    def ignores_filters(self, question: Question[Any]) -> bool:
        """Whether this server would answer as if the question's View had no filters."""
        return self._dialect.ignores_filters(question)

    def forget(self) -> None:
        """Let go of all that is kept of this server, so that everything is asked anew."""
        self._cache.forget(self._scope[0])

    def close(self) -> None:
        """Ask nothing more. What waits fails with ``Unreachable``; what is kept stays."""
        self._transport.close()
        self._pool.shutdown(wait=False)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            self._pool.submit(work)
        except RuntimeError:  # closed, which the transport has a sentence for
            work()

    def _fetch(self, question: Question[Any]) -> bytes:
        writes = question.endpoint.access is Access.WRITES
        if writes and self._shared:
            raise Unauthorised("A share link can only be read.", endpoint=question.name)
        try:
            return self._transport.ask(
                self._spelled(question),
                endpoint=question.name,
                repeatable=question.endpoint.repeatable,
            )
        finally:
            # A write that failed may have been done all the same.
            if writes:
                self.forget()

    def _spelled(self, question: Question[Any]) -> Request:
        if self._shared and question.name == "websites":
            return Request("GET", f"/websites/{self._transport.website}")
        return self._dialect.spell(question)

    def _arrived(self, question: Question[T], reply: Reply[T], coming: Future[Kept]) -> None:
        """Hand on what came; whatever goes wrong here must reach who waits."""
        problem = coming.exception()
        if isinstance(problem, UmamiError):
            reply.set_exception(again(problem))
        elif problem is not None:
            reply.set_exception(problem)
        else:
            kept = coming.result()
            reply.answered_at = datetime.fromtimestamp(kept.answered_at, UTC)
            reply.stale = kept.stale
            found = self._model(question, kept.answer)
            if isinstance(found, UmamiError):
                reply.set_exception(found)
            else:
                reply.set_result(found)

    def _model(self, question: Question[T], answer: bytes) -> T | UmamiError:
        try:
            decoded = from_json(answer, allow_inf_nan=False)
        except ValueError:
            page = answer.lstrip()[:1] == b"<"
            what = "with a web page" if page else "with nothing" if not answer else "no JSON"
            return UnexpectedAnswer(
                f"The server answered “{question.name}” {what}.", endpoint=question.name
            )
        try:
            return question.read(self._translated(question, decoded))
        except UmamiError as problem:
            problem.endpoint = problem.endpoint or question.name
            return again(problem)
        except Exception:
            # Readers say in their own ways that an answer is not theirs.
            return UnexpectedAnswer(
                f"The answer to “{question.name}” is not what this question is answered with.",
                endpoint=question.name,
            )

    def _translated(self, question: Question[Any], answer: JSON) -> JSON:
        if self._shared and question.name == "websites" and answer is not None:
            # Umami's own list fails for a share link; it opens exactly one website.
            return {"data": [answer], "count": 1, "page": 1, "pageSize": 1}
        return self._dialect.read(question, answer)


def connect(
    settings: Settings | None = None,
    *,
    cache: Cache | None = None,
    label: str = "Umami",
    demo: bool = False,
) -> Client:
    """A client of the server that the settings name, by default this process's; asks nothing yet.

    Raises ``SettingsError``, also for settings that mean the embedded server: start-up code must
    have started it and filled in its address. ``label`` is what to call the server, ``demo`` says
    that what it holds is made up.
    """
    return Client(read() if settings is None else settings, cache, label=label, demo=demo)
