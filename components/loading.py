"""Collects the queries of one page or report chapter: sent together, each only once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from access.costs import Spend
from access.notes import Note, merged
from access.permissions import Forbidden
from access.permissions import QueryClient as QueryClient
from access.reader import Reader
from access.rules import Rule
from access.website_groups import WebsiteGroup
from components.blocks import Params
from components.texts import _
from components.view_description import server_name
from umami.analysis import saved
from umami.api import reports, traffic, websites
from umami.api.notes import Annotation, every_annotation
from umami.api.reports import Report
from umami.api.traffic import Stats
from umami.api.websites import Website
from umami.client import Reply
from umami.content_groups import ContentGroup, GroupKind
from umami.endpoint import Query
from umami.errors import InvalidView, UmamiError
from umami.parsing import Page
from umami.period import EARLIEST
from umami.scheduling import Caller
from umami.view import ALL_TIME, View
from umami.view_parsing import parse

MOST_PATHS: Final = 3
"""Requests that a description names."""
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Compared(Generic[T]):
    """An answer and, if there is a comparison, the answer for the earlier period.

    Unpacks into the answers of a section.
    """

    now: Future[T]
    earlier: tuple[Future[T], ...]

    def __iter__(self) -> Iterator[Future[T]]:
        return iter((self.now, *self.earlier))


@dataclass(slots=True)
class Collector:
    """Sends queries through a client and stores their replies.

    Cached answers from before ``_since`` (Unix seconds) are not used.
    """

    client: QueryClient
    reader: Reader | None = field(default=None, kw_only=True)
    """Whose notes, rules, groups and costs are shown; without it, there are none of these, and
    ``notes`` are only those of Umami."""
    below: bool = field(default=False, kw_only=True)
    """Whether what is asked now is shown below the first screen; its queries are sent later."""
    _caller: Caller = field(default_factory=Caller, kw_only=True)
    _below: Caller = field(init=False)
    _since: float = field(default=0.0, kw_only=True)
    _sent: dict[str, tuple[Query[Any], Reply[Any]]] = field(default_factory=dict, kw_only=True)
    _keys: dict[Future[Any], str] = field(default_factory=dict, kw_only=True)
    _stored: dict[tuple[str, ...], Any] = field(default_factory=dict, kw_only=True)

    def __post_init__(self) -> None:
        self._below = Caller(after=self._caller)

    @property
    def sent(self) -> list[tuple[Query[Any], Reply[Any]]]:
        """Every query with its reply, which may still be pending."""
        return list(self._sent.values())

    def ask(self, query: Query[T]) -> Future[T]:
        """Send a query without waiting; the same query is sent once."""
        if query.key not in self._sent:
            caller = self._below if self.below else self._caller
            reply = self.client.submit(query, caller, self._since)
            self._sent[query.key] = query, reply
            self._keys[reply] = query.key
        return self._sent[query.key][1]

    @contextmanager
    def later(self) -> Iterator[None]:
        """Within the block, queries are sent after those of the first screen."""
        before, self.below = self.below, True
        try:
            yield
        finally:
            self.below = before

    def key(self, answer: Future[Any]) -> str | None:
        """The key of the query behind a future; ``None`` for a future made elsewhere."""
        return self._keys.get(answer)

    def source(self, answers: Iterable[Future[Any]]) -> str:
        """Where answers come from: ``From /api/websites/…/stats of Umami 3.1.0.``, or ``""`` if
        that is unknown."""
        queries = [self._sent[key][0] for key in map(self.key, answers) if key is not None]
        try:
            return computed_from(self.client, *queries)
        except UmamiError:
            # Old answers of a server that does not answer now.
            return ""

    def leave(self) -> None:
        """Drop the queries that were not sent yet."""
        self._caller.leave()

    def compared(self, view: View, query: Callable[[View], Query[T]]) -> Compared[T]:
        """Send a query for a View and for the View that it is compared with, if any."""
        earlier = view.compared()
        return Compared(self.ask(query(view)), (self.ask(query(earlier)),) if earlier else ())

    def unfiltered(self, view: View, query: Callable[[View], Query[T]]) -> Future[T]:
        """Query a View without its filters, or with them where permissions require them."""
        answer = self.ask(query(view.unfiltered()))
        # Permissions refuse at once, without a request.
        if answer.done() and isinstance(answer.exception(), Forbidden):
            return self.ask(query(view))
        return answer

    def totals(self, view: View) -> Compared[Stats]:
        """Query a website's totals and, in a second query, those of the comparison.

        For Umami's own previous period, one answer contains both.
        """
        if view.comparison == "umami":
            return Compared(self.ask(traffic.stats(view)), ())
        return self.compared(view, traffic.stats)

    def derived(self, query: Query[T], function: Callable[[T], U]) -> Future[U]:
        """Send a query; the answer is changed by a function that cannot fail."""
        self.ask(query)
        derived = self._sent[query.key][1].map(function)
        self._keys[derived] = query.key
        return derived

    def optional(self, query: Query[T]) -> Future[T | None]:
        """Send an optional query; an ``UmamiError`` results in ``None``."""
        return self.hint(query, None)

    def hint(self, query: Query[T], default: U) -> Future[T | U]:
        """Send an optional query; an ``UmamiError`` results in ``default``."""
        self.ask(query)
        hinted: Reply[T | U] = self._sent[query.key][1].otherwise(default)
        self._keys[hinted] = query.key
        return hinted

    def rules(self, website: str, kind: str) -> tuple[Rule, ...]:
        """The rules of a kind of a website."""

        def read(reader: Reader) -> tuple[Rule, ...]:
            return reader.rules.of(website, kind)

        return self.stored(read, (), "rules", website, kind)

    def content_groups(self, website: str, kind: GroupKind) -> tuple[ContentGroup, ...]:
        """The groups of a website in their order."""

        def read(reader: Reader) -> tuple[ContentGroup, ...]:
            return reader.content_groups.of(website, kind)

        return self.stored(read, (), "content groups", website, kind)

    def website_groups(self) -> tuple[WebsiteGroup, ...]:
        """The groups of websites that the reader may see."""
        return self.stored(lambda reader: reader.website_groups.every(), (), "website groups")

    def saved_conversions(self) -> dict[str, tuple[str, str]]:
        """The conversions and currencies that were saved, by website."""
        return self.stored(lambda reader: reader.saved_conversions(), {}, "conversions")

    def spend(self, view: View) -> Spend | None:
        """What campaigns of the View's website cost on the days of its period; ``None`` where that
        is unknown to the reader. Raises ``Unreachable``."""
        first, last = view.period.days

        def read(reader: Reader) -> Spend | None:
            return reader.costs.spend(view.website, first, last)

        return self.stored(read, None, "costs", view.website, str(first), str(last))

    def stored(self, read: Callable[[Reader], T], default: T, *key: str) -> T:
        """What the database holds for the reader, which is read once for each ``key``; ``default``
        without a reader."""
        if key not in self._stored:
            self._stored[key] = read(self.reader) if self.reader else default
        stored: T = self._stored[key]
        return stored

    def known(self, query: Query[T], function: Callable[[T], U | None]) -> Future[U | None]:
        """Send an optional query; the answer is changed by a function that cannot fail. An
        ``UmamiError`` results in ``None``."""
        self.ask(query)
        derived: Reply[U | None] = self._sent[query.key][1].map(function)
        known = derived.otherwise(None)
        self._keys[known] = query.key
        return known

    def outcome(self, query: Query[T]) -> Future[T | UmamiError]:
        """Send a query of several whose answers are shown together; an ``UmamiError`` is the
        result."""
        self.ask(query)
        outcome: Reply[T | UmamiError] = self._sent[query.key][1].rescued(lambda problem: problem)
        self._keys[outcome] = query.key
        return outcome

    def notes(self, view: View) -> Future[tuple[Note, ...]]:
        """All notes of the View's website that the reader may see, of any date, the newest first.

        Where Umami fails or has no annotations, they are those of the database. Who may not see the
        notes of others gets their own.
        """
        query = every_annotation(view.website)
        self.ask(query)
        reply: Reply[Page[Annotation]] = self._sent[query.key][1]
        rows = self.reader.notebook.rows(view.website) if self.reader else ()
        # Permissions refuse at once, without a request.
        if reply.done() and isinstance(reply.exception(), Forbidden):
            rows = tuple(row for row in rows if row.audience == "me")

        def merge(page: Page[Annotation] | None) -> tuple[Note, ...]:
            whole = page is not None and page.count <= len(page.rows)
            return merged(
                rows,
                page.rows if page else None,
                website=view.website,
                timezone=view.period.timezone,
                as_of=reply.answered_at if whole else EARLIEST,
            )

        noted = reply.otherwise(None).map(merge)
        self._keys[noted] = query.key
        return noted


def computed_from(client: QueryClient, *queries: Query[Any]) -> str:
    """The requests that figures are computed from, and the server: ``From /api/websites/…/stats of
    Umami 3.1.0.`` Neither ids nor the address of the server are in it. Empty without queries.

    Call it once the answers have arrived, since the version of the server is known then.
    """
    paths = dict.fromkeys(_UUID.sub("…", path) for query in queries for path in client.paths(query))
    if not paths:
        return ""
    named = ", ".join(list(paths)[:MOST_PATHS])
    return _("From {path} of {server}.").format(path=named, server=server_name(client.server))


def answered(value: T) -> Future[T]:
    """A future with this value, in place of a query that is not sent."""
    future: Future[T] = Future()
    future.set_result(value)
    return future


def failed(problem: UmamiError) -> Future[Any]:
    """A future with this error, in place of a query that cannot be sent."""
    future: Future[Any] = Future()
    future.set_exception(problem)
    return future


def domain(client: QueryClient, website: str) -> str:
    """The domain of a website; ``""`` if it has none. Raises ``UmamiError``."""
    return next((site.domain or "" for site in every_website(client) if site.id == website), "")


def every_website(client: QueryClient) -> tuple[Website, ...]:
    """Every website that the client may see, sorted by name. Raises ``UmamiError``."""
    first = client.submit(websites.websites()).result()
    last = -(-first.count // (first.page_size or 1))
    rest = [client.submit(websites.websites(page=page)) for page in range(2, last + 1)]
    sites = (*first.rows, *(site for page in rest for site in page.result().rows))
    return tuple(sorted(sites, key=lambda site: (site.name.casefold(), site.id)))


def recorded(client: QueryClient, website: str) -> tuple[datetime, datetime] | None:
    """The first and last instant of a website's data; ``None`` without data. Raises
    ``UmamiError``."""
    span = client.ask(websites.daterange(website))
    return (span.start, span.end) if span.start and span.end else None


def valid_view(client: QueryClient, params: Params, sites: Sequence[str], now: datetime) -> View:
    """The View of URL parameters, which name one of the websites ``sites`` (ids).

    Raises ``InvalidView`` for the first invalid parameter, and other ``UmamiError``.
    """
    is_all = params.get("period") == [ALL_TIME]
    parsed = parse(
        params,
        now=now,
        websites=sites,
        recorded=recorded(client, params["website"][-1]) if is_all else None,
        capabilities=client.capabilities,
    )
    if parsed.faults:
        raise InvalidView(parsed.faults[0].reason)
    return parsed.view


def fault_location(problem: BaseException) -> str:
    """The type of an exception and the line that raised it, without its text, which could contain
    secrets."""
    trace = problem.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    location = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "nowhere"
    return f"{type(problem).__name__} at {location}"


MOST_SAVED: Final = 6
"""The maximum number of saved analyses of a kind in a report."""
_NONE: Final[Page[Report]] = Page((), 0, 1, 0)


def ask_saved_reports(query: Collector, view: View) -> Future[Page[Report]]:
    """The website's saved analyses; empty if the server cannot list them."""
    return query.hint(reports.reports(view.website), _NONE)


def saved_analyses(query: Collector, view: View, kind: str) -> list[tuple[str, Params]]:
    """Names and page parameters of the saved analyses of a kind, up to ``MOST_SAVED``.

    Waits for the list.
    """
    analyses: list[tuple[str, Params]] = []
    for report in ask_saved_reports(query, view).result().rows:
        if report.type != kind or len(analyses) == MOST_SAVED:
            continue
        try:
            params = saved.opening(report).parameters
        except InvalidView:
            # The page Saved shows the error.
            continue
        spelled = {name: [text] if isinstance(text, str) else text for name, text in params.items()}
        analyses.append((report.name or _("(no name)"), spelled))
    return analyses
