"""The queries of one page or one report chapter: sent together, and none of them twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeVar

from access.permissions import Forbidden
from components.blocks import Params
from umami.analysis import saved
from umami.capabilities import Capabilities
from umami.definitions import Definitions
from umami.endpoint import Query
from umami.endpoints import reports, traffic, websites
from umami.errors import InvalidView, UmamiError
from umami.fair_queue import Caller
from umami.models.paging import Page
from umami.models.reports import Report
from umami.models.traffic import Stats
from umami.models.websites import Website
from umami.reply import Reply
from umami.view import View

T = TypeVar("T")
U = TypeVar("U")


class QueryClient(Protocol):
    """What a collector needs of a client."""

    def submit(self, question: Query[T], caller: Caller = ..., since: float = ...) -> Reply[T]:
        """Send a query without waiting; the reply is done at once where the answer is cached."""
        ...

    @property
    def definitions(self) -> Definitions:
        """What figures mean on the server; may have to ask it. Raises ``UmamiError``."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What the server can filter by; may have to ask it. Raises ``UmamiError``."""
        ...

    @property
    def waiting(self) -> int:
        """How many calls wait because the server limits their rate."""
        ...


@dataclass(frozen=True, slots=True)
class Compared(Generic[T]):
    """An answer and, where there is a comparison, that of the earlier period.

    Unpacks to both, as the answers of a section.
    """

    now: Future[T]
    earlier: tuple[Future[T], ...]

    def __iter__(self) -> Iterator[Future[T]]:
        return iter((self.now, *self.earlier))


@dataclass(slots=True)
class Collector:
    """Sends queries through a client and remembers their replies.

    Answers that the server gave before ``_since`` (Unix seconds) are too old.
    """

    client: QueryClient
    _caller: Caller = field(default_factory=Caller, kw_only=True)
    _since: float = field(default=0.0, kw_only=True)
    _sent: dict[str, tuple[Query[Any], Reply[Any]]] = field(default_factory=dict, kw_only=True)
    _keys: dict[Future[Any], str] = field(default_factory=dict, kw_only=True)

    @property
    def sent(self) -> list[tuple[Query[Any], Reply[Any]]]:
        """Every query with its reply, which may still be pending."""
        return list(self._sent.values())

    def ask(self, query: Query[T]) -> Future[T]:
        """Send a query without waiting; the same query is sent once."""
        if query.key not in self._sent:
            reply = self.client.submit(query, self._caller, self._since)
            self._sent[query.key] = query, reply
            self._keys[reply] = query.key
        return self._sent[query.key][1]

    def key(self, answer: Future[Any]) -> str | None:
        """The key of the query that this answers; ``None`` for a future made elsewhere."""
        return self._keys.get(answer)

    def leave(self) -> None:
        """Wait for nothing any more: queries that were not sent yet are dropped."""
        self._caller.leave()

    def compared(self, view: View, query: Callable[[View], Query[T]]) -> Compared[T]:
        """Ask about a View and about the View that it is compared with, if any."""
        earlier = view.compared()
        return Compared(self.ask(query(view)), (self.ask(query(earlier)),) if earlier else ())

    def unfiltered(self, view: View, query: Callable[[View], Query[T]]) -> Future[T]:
        """Ask about a View without its filters; with them where the viewer may see nothing else."""
        answer = self.ask(query(view.unfiltered()))
        # Permissions refuse at once, without a request.
        if answer.done() and isinstance(answer.exception(), Forbidden):
            return self.ask(query(view))
        return answer

    def totals(self, view: View) -> Compared[Stats]:
        """Ask for a website's totals and, in a second query, for those of the comparison.

        For the previous period by Umami's own rule one answer holds both.
        """
        if view.comparison == "umami":
            return Compared(self.ask(traffic.stats(view)), ())
        return self.compared(view, traffic.stats)

    def hint(self, query: Query[T], default: U) -> Future[T | U]:
        """Ask for something optional: an error gives ``default``."""
        hinted: Future[T | U] = Future()

        def arrived(answer: Future[T]) -> None:
            problem = answer.exception()
            if problem is None:
                hinted.set_result(answer.result())
            elif isinstance(problem, UmamiError):
                hinted.set_result(default)
            else:
                hinted.set_exception(problem)

        self.ask(query).add_done_callback(arrived)
        self._keys[hinted] = query.key
        return hinted


def every_website(client: QueryClient) -> tuple[Website, ...]:
    """Every website that the client may see, by name. Raises ``UmamiError``."""
    first = client.submit(websites.websites()).result()
    last = -(-first.count // (first.page_size or 1))
    rest = [client.submit(websites.websites(page=page)) for page in range(2, last + 1)]
    sites = (*first.rows, *(site for page in rest for site in page.result().rows))
    return tuple(sorted(sites, key=lambda site: (site.name.casefold(), site.id)))


def fault_location(problem: BaseException) -> str:
    """The type of an exception and the line that raised it; its text could hold secrets."""
    trace = problem.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    location = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "nowhere"
    return f"{type(problem).__name__} at {location}"


MOST: Final = 6
"""Saved analyses of a kind that a report has, the first ones listed."""
_NONE: Final[Page[Report]] = Page((), 0, 1, 0)


def ask(query: Collector, view: View) -> Future[Page[Report]]:
    """The analyses that were saved for the website; none where the server cannot list them."""
    return query.hint(reports.reports(view.website), _NONE)


def of_kind(query: Collector, view: View, kind: str) -> list[tuple[str, Params]]:
    """Names and page parameters of the first saved analyses of a kind. Waits for the list."""
    analyses: list[tuple[str, Params]] = []
    for report in ask(query, view).result().rows:
        if report.type != kind or len(analyses) == MOST:
            continue
        try:
            params = saved.opening(report).parameters
        except InvalidView:
            # The Reports page says what is wrong with it.
            continue
        spelled = {name: [text] if isinstance(text, str) else text for name, text in params.items()}
        analyses.append((report.name or "(no name)", spelled))
    return analyses
