"""What a page or a chapter of a report asks, all of it together, and nothing of it twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from access.permissions import Forbidden
from umami.client import Reply
from umami.definitions import Definitions
from umami.endpoint import Query
from umami.endpoints import traffic, websites
from umami.errors import UmamiError
from umami.fair_queue import Caller
from umami.models.traffic import Stats
from umami.models.websites import Website
from umami.view import View

T = TypeVar("T")
U = TypeVar("U")


class Asks(Protocol):
    """What is needed of a client."""

    def submit(self, question: Query[T], asker: Caller = ..., since: float = ...) -> Reply[T]:
        """Ask without waiting; the reply is done at once where the answer is at hand."""
        ...

    @property
    def definitions(self) -> Definitions:
        """What figures mean on the server; may have to ask it. Raises ``UmamiError``."""
        ...

    @property
    def waiting(self) -> int:
        """How many calls wait for their turn, at a server that counts them."""
        ...


@dataclass(frozen=True, slots=True)
class Compared(Generic[T]):
    """An answer, and the comparison's where there is one; unpacks to both, for a section."""

    now: Future[T]
    earlier: tuple[Future[T], ...]

    def __iter__(self) -> Iterator[Future[T]]:
        return iter((self.now, *self.earlier))


@dataclass(slots=True)
class Questions:
    """What was asked so far, and of whom.

    Answers that were given before ``_since`` (Unix seconds) are too old.
    """

    client: Asks
    _asker: Caller = field(default_factory=Caller, kw_only=True)
    _since: float = field(default=0.0, kw_only=True)
    _asked: dict[str, tuple[Query[Any], Reply[Any]]] = field(default_factory=dict, kw_only=True)
    _keys: dict[Future[Any], str] = field(default_factory=dict, kw_only=True)

    @property
    def asked(self) -> list[tuple[Query[Any], Reply[Any]]]:
        """Every question with its reply, which may still be on its way."""
        return list(self._asked.values())

    def ask(self, question: Query[T]) -> Future[T]:
        """Send a question and go on; the same question asked twice is one."""
        if question.key not in self._asked:
            reply = self.client.submit(question, self._asker, self._since)
            self._asked[question.key] = question, reply
            self._keys[reply] = question.key
        return self._asked[question.key][1]

    def key(self, answer: Future[Any]) -> str | None:
        """The key of the question that this answers; ``None`` for what was not asked here."""
        return self._keys.get(answer)

    def leave(self) -> None:
        """Wait for nothing any more: what was not asked yet need not be."""
        self._asker.leave()

    def against(self, view: View, question: Callable[[View], Query[T]]) -> Compared[T]:
        """Ask about a View, and about the one that it is compared with, if any."""
        earlier = view.compared()
        return Compared(self.ask(question(view)), (self.ask(question(earlier)),) if earlier else ())

    def unfiltered(self, view: View, question: Callable[[View], Query[T]]) -> Future[T]:
        """Ask about a View without what narrows it, or with that where the viewer may see nothing
        else."""
        answer = self.ask(question(view.unfiltered()))
        # Rights refuse at once, without asking.
        if answer.done() and isinstance(answer.exception(), Forbidden):
            return self.ask(question(view))
        return answer

    def totals(self, view: View) -> Compared[Stats]:
        """Ask for a website's totals and, in a second question, for those of the comparison.

        Servers answer both at once for the previous period by Umami's own rule.
        """
        if view.comparison == "umami":
            return Compared(self.ask(traffic.stats(view)), ())
        return self.against(view, traffic.stats)

    def hint(self, question: Query[T], otherwise: U) -> Future[T | U]:
        """Ask for what one is better with, and fine without: a failure gives ``otherwise``."""
        hinted: Future[T | U] = Future()

        def arrived(answer: Future[T]) -> None:
            problem = answer.exception()
            if problem is None:
                hinted.set_result(answer.result())
            elif isinstance(problem, UmamiError):
                hinted.set_result(otherwise)
            else:
                hinted.set_exception(problem)

        self.ask(question).add_done_callback(arrived)
        self._keys[hinted] = question.key
        return hinted


def every_website(client: Asks) -> tuple[Website, ...]:
    """Every website of this account, by name. Raises ``UmamiError``."""
    first = client.submit(websites.websites()).result()
    last = -(-first.count // (first.page_size or 1))
    rest = [client.submit(websites.websites(page=page)) for page in range(2, last + 1)]
    found = (*first.rows, *(site for page in rest for site in page.result().rows))
    return tuple(sorted(found, key=lambda site: (site.name.casefold(), site.id)))


def where(problem: BaseException) -> str:
    """The kind of a fault and the line it came from; its text could hold anything."""
    trace = problem.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    at = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "nowhere"
    return f"{type(problem).__name__} at {at}"
