"""What a viewer may see and do, and the client that refuses everything else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, fields, replace
from typing import Any, Final, TypeVar, cast

from umami.api import notes, reports, segments
from umami.api.websites import Website
from umami.client import Client, Reply
from umami.connection import Server
from umami.definitions import Definitions
from umami.endpoint import Access, Query
from umami.errors import NotOffered, UmamiError
from umami.filters import Capabilities, Filter, Match
from umami.parsing import Page
from umami.scheduling import ANYONE, Caller
from umami.texts import N_
from umami.view import View

STRUCTURE: Final = frozenset({"websites", "website", "daterange"})
"""Endpoints that every page needs: the list of websites, and since when they have data."""
CHOICES: Final = frozenset({"values", "segments"})
"""Endpoints that list what a viewer can filter by."""
SAVES: Final = frozenset(
    f"{verb}_{noun}"
    for verb in ("create", "update", "delete")
    for noun in ("report", "annotation", "segment")
)
"""Writes that save an analysis, a note or a segment in Umami; every other write needs an admin.
``access.notes`` checks whose note it is."""
OF_FILTERS: Final = frozenset(name for name in SAVES if name.endswith("_segment"))
"""Writes that change what filters select; fixed filters may contain such a segment."""
FOR_ADMINS: Final = frozenset({"shares"})
"""Endpoints of a website whose answers give others access to it."""
RANKINGS: Final = frozenset({"metrics", "groups"})
"""Endpoints that list the values of a field, also those that contain a text."""
OF_REPORTS: Final = frozenset({"report", "update_report", "delete_report"})
"""Endpoints that take the id of a report; only the report itself contains its website."""


class Forbidden(UmamiError):
    """The viewer has no permission for a query; nothing was sent."""

    remedy = N_("Ask an admin of this dashboard for access.")


@dataclass(frozen=True, slots=True)
class ViewFilters:
    """What restricts a View beyond website and period."""

    filters: tuple[Filter, ...] = ()
    match: Match = "all"
    segment: str | None = None
    cohort: str | None = None

    @classmethod
    def of(cls, view: View) -> ViewFilters:
        """Return what restricts a View. ``match`` is "all" unless there are several filters."""
        match: Match = view.match if len(view.filters) > 1 else "all"
        return cls(view.filters, match, view.segment, view.cohort)


NO_FILTERS: Final = ViewFilters()


@dataclass(frozen=True, slots=True)
class Grant:
    """A set of things that a viewer may see together.

    ``websites`` are ids, ``sections`` names of pages and ``endpoints`` the names of what these
    pages query; ``None`` means every one. If ``filters`` is false, every query must be filtered by
    exactly ``fixed_filters``.
    """

    websites: frozenset[str] | None = frozenset()
    sections: frozenset[str] | None = frozenset()
    endpoints: frozenset[str] | None = frozenset()
    filters: bool = False
    fixed_filters: ViewFilters = NO_FILTERS
    exports: bool = False
    saves: bool = False
    costs: bool = False
    admin: bool = False

    def covers(self, website: str | None) -> bool:
        """Return whether this grant includes a website; ``None`` stands for all of them."""
        return self.websites is None or website in self.websites

    def refusal(self, query: Query[object], website: str | None) -> str | None:
        """Return a sentence that says why this grant does not allow a query about a website;
        ``None`` if it does."""
        name = query.name
        if name != "websites" and not self.covers(website):
            return N_("You have no access to this website.")
        if query.endpoint.access is Access.WRITES:
            saves = self.saves and name in SAVES and (self.filters or name not in OF_FILTERS)
            allowed = self.admin or saves
            return None if allowed else N_("You can view this, but not change it.")
        if query.endpoint.secret or not self._includes(name):
            return N_("You have no access to this part of the website.")
        if not self.admin and (name in FOR_ADMINS or _of_the_account(query)):
            return N_("Only admins can see this.")
        if self.filters or name in STRUCTURE:
            return None
        filters = ViewFilters.of(query.view) if query.view else NO_FILTERS
        # The rest of a visit with a matching row lies outside of the filters, and so does what is
        # searched for: servers replace a filter on a ranked field with the search.
        outside = query.whole_visits or query.endpoint.extension or _is_searched_ranking(query)
        of_rows = query.endpoint.filtered and not outside
        filtered = of_rows or self.fixed_filters == NO_FILTERS
        if filters != self.fixed_filters or not filtered:
            return N_("Your filters are locked, and this lies outside of them.")
        return None

    def _includes(self, name: str) -> bool:
        if self.endpoints is None or name in STRUCTURE:
            return True
        return name in self.endpoints or (self.filters and name in CHOICES)


def _of_the_account(query: Query[object]) -> bool:
    """Return whether the answer lists what belongs to the account rather than to a website."""
    checked_otherwise = query.name == "websites" or query.name in OF_REPORTS
    return not checked_otherwise and not query.websites


def _is_searched_ranking(query: Query[object]) -> bool:
    return query.name in RANKINGS and bool(query.arguments["search"])


EVERYTHING: Final = Grant(
    None, None, None, filters=True, exports=True, saves=True, costs=True, admin=True
)


@dataclass(frozen=True, slots=True)
class Permissions:
    """Several grants: what any of them allows is allowed."""

    grants: tuple[Grant, ...] = ()

    def refusal(self, query: Query[object], website: str | None) -> Forbidden | None:
        """Return the error that refuses a query; ``None`` if a grant allows it."""
        refusals = [(grant.refusal(query, website), grant) for grant in self.grants]
        if any(reason is None for reason, _ in refusals):
            return None
        # The reason of a grant that includes the website says more than the others'.
        refusals.sort(key=lambda refusal: not refusal[1].covers(website))
        reason = refusals[0][0] if refusals else None
        return Forbidden(reason or N_("You have no access to this."), endpoint=query.name)

    def anywhere(self) -> Permissions:
        """Return these permissions for every website: what they refuse is refused for any."""
        return Permissions(tuple(replace(grant, websites=None) for grant in self.grants))

    def sees(self, website: str) -> bool:
        """Return whether the viewer has any access to a website."""
        return any(grant.covers(website) for grant in self.grants)

    def opens(self, section: str) -> bool:
        """Return whether the viewer may open a section for at least one website."""
        return any(grant.sections is None or section in grant.sections for grant in self.grants)

    def filters(self, website: str) -> bool:
        """Return whether the viewer may choose the filters of a website."""
        return any(grant.filters for grant in self._of(website))

    def exports(self, website: str) -> bool:
        """Return whether the viewer may download tables and charts of a website."""
        return any(grant.exports for grant in self._of(website))

    @property
    def exports_any(self) -> bool:
        """Whether the viewer may download tables and charts of any website."""
        return any(grant.exports for grant in self.grants)

    def saves(self, website: str) -> bool:
        """Return whether the viewer may save analyses of a website in Umami."""
        return any(grant.saves or grant.admin for grant in self._of(website))

    def costs(self, website: str) -> bool:
        """Return whether the viewer may see what campaigns of a website cost. Costs lie outside of
        fixed filters."""
        return any(
            (grant.costs or grant.admin) and (grant.filters or grant.fixed_filters == NO_FILTERS)
            for grant in self._of(website)
        )

    def within(self, websites: Collection[str]) -> Permissions:
        """Return these permissions for some websites only."""
        ids = frozenset(websites)
        return Permissions(
            tuple(
                replace(grant, websites=ids if grant.websites is None else grant.websites & ids)
                for grant in self.grants
            )
        )

    @property
    def admin(self) -> bool:
        """Whether the viewer runs the dashboard: every website, accounts and share links."""
        return any(grant.admin and grant.websites is None for grant in self.grants)

    def administers(self, website: str) -> bool:
        """Return whether the viewer may change a website."""
        return any(grant.admin for grant in self._of(website))

    def fixed(self, website: str) -> ViewFilters | None:
        """Return the fixed filters of a website; ``None`` if the viewer may choose them."""
        grants = list(self._of(website))
        if not grants or any(grant.filters for grant in grants):
            return None
        return grants[0].fixed_filters

    def restricted(self, view: View) -> View:
        """Return a View with the fixed filters of its website, where there are such."""
        fixed = self.fixed(view.website)
        if fixed is None:
            return view
        view = replace(view, **{each.name: getattr(fixed, each.name) for each in fields(fixed)})
        # The rest of a visit lies outside of the fixed filters.
        return replace(view, whole_visits=view.whole_visits and not view.is_filtered)

    def _of(self, website: str) -> Iterable[Grant]:
        return (grant for grant in self.grants if grant.covers(website))


ALL: Final = Permissions((EVERYTHING,))
NONE: Final = Permissions()


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
    def permissions(self) -> Permissions:
        """What may be asked for."""
        return self._permissions

    def within(self, websites: Collection[str]) -> AuthorizedClient:
        """Return this client for some of its websites only."""
        permissions = self._permissions.within(websites)
        return AuthorizedClient(self._client, permissions, self._on_write)

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

    def refusal(self, query: Query[Any]) -> NotOffered | None:
        """Why a server of this version cannot answer a query; may send a request. Raises
        ``UmamiError``."""
        return self._client.refusal(query)

    def paths(self, query: Query[Any]) -> tuple[str, ...]:
        """The paths of the first requests that answer a query, with ids; may send a request. Raises
        ``UmamiError``."""
        return self._client.paths(query)

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
