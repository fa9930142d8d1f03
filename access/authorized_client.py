"""A client that sends only the queries that a viewer has permission for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Final, TypeVar, cast

from access.permissions import OF_REPORTS, Permissions
from umami.api import notes, reports, segments
from umami.api.websites import Website
from umami.client import Client, Reply
from umami.connection import Server
from umami.definitions import Definitions
from umami.endpoint import Access, Query
from umami.errors import UmamiError
from umami.filters import Capabilities
from umami.parsing import Page
from umami.scheduling import ANYONE, Caller

T = TypeVar("T")
WriteObserver = Callable[[Query[Any], UmamiError | None], None]
"""Called after every write, even a refused one, with its query and its error."""

_READS: Final[dict[str, Callable[[str, str], Query[Any]]]] = {
    "segment": segments.segment,
    "annotation": notes.annotation,
}
"""The query that reads what a write names beside its website. It fails with ``NotFound`` if that
belongs to another website."""


class AuthorizedClient:
    """A client with the permissions of a viewer. A refused query fails with ``Forbidden`` before
    the cache is looked at and anything is sent."""

    def __init__(
        self, client: Client, permissions: Permissions, on_write: WriteObserver | None = None
    ) -> None:
        self._client = client
        self._permissions = permissions
        self._on_write = on_write

    def __repr__(self) -> str:
        return f"AuthorizedClient({self._client!r})"

    @property
    def server(self) -> Server:
        """The server that the client is connected to."""
        return self._client.server

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn, for a server with a rate limit."""
        return self._client.waiting

    @property
    def capabilities(self) -> Capabilities:
        """What the server can filter by; may send a request. Raises ``UmamiError``."""
        return self._client.capabilities

    @property
    def definitions(self) -> Definitions:
        """How the server defines figures; may send a request. Raises ``UmamiError``."""
        return self._client.definitions

    def ask(self, query: Query[T]) -> T:
        """Return the answer. Raises ``Forbidden`` or another ``UmamiError``."""
        return self.submit(query).result()

    def submit(
        self,
        query: Query[T],
        caller: Caller = ANYONE,
        since: float = 0.0,
        *,
        keep: bool = True,
    ) -> Reply[T]:
        """Submit a query without waiting; the reply is done already if it is refused or cached."""
        refusal = self._refusal(query)
        if refusal is not None:
            reply: Reply[T] = Reply()
            reply.set_exception(refusal)
        else:
            reply = self._client.submit(query, caller, since, keep=keep)
        if self._on_write is not None and query.endpoint.access is Access.WRITES:
            on_write = self._on_write

            def notify(done: Future[T]) -> None:
                problem = done.exception()
                on_write(query, problem if isinstance(problem, UmamiError) else None)

            reply.add_done_callback(notify)
        if query.name == "websites" and refusal is None:
            websites = cast(Reply[Page[Website]], reply)
            return cast(Reply[T], websites.map(self._visible))
        return reply

    def _refusal(self, query: Query[Any]) -> UmamiError | None:
        permissions = self._permissions
        if query.name not in OF_REPORTS:
            for website in query.websites or (None,):
                if refusal := permissions.refusal(query, website):
                    return refusal
            return self._of_another_website(query)
        website = query.website
        refusal = (permissions if website else permissions.anywhere()).refusal(query, website)
        if refusal is not None or permissions.refusal(query, None) is None:
            return refusal
        # A caller can name any website beside the id of a report, so read the report's website.
        try:
            actual = self._client.ask(reports.report(query.arguments["report"])).website
        except UmamiError as problem:
            return problem
        return permissions.refusal(query, actual)

    def _of_another_website(self, query: Query[Any]) -> UmamiError | None:
        """Return the error that refuses to change a segment or annotation of another website than
        the query names, since not every server checks this."""
        if query.endpoint.access is Access.READS or self._permissions.admin:
            return None
        for name, read in _READS.items():
            if name in query.arguments:
                try:
                    self._client.ask(read(query.website or "", query.arguments[name]))
                except UmamiError as problem:
                    return problem
        return None

    def _visible(self, page: Page[Website]) -> Page[Website]:
        rows = tuple(site for site in page.rows if self._permissions.sees(site.id))
        return replace(page, rows=rows)


QueryClient = Client | AuthorizedClient
"""What sends queries: with the permissions of a viewer, or of whoever runs the dashboard."""
