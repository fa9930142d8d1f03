"""Dialects: how the queries of the newest API are sent to one generation of servers.

Queries and models use the newest generation's API. A dialect translates a query into requests that
its generation understands, and translates their answers back. Often that is one request whose
answer needs no translation. Where a generation lacks an endpoint whose figures follow from other
endpoints, it is a plan of several requests.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from umami.api import segments
from umami.api.segments import Segment
from umami.compat.generations import V2_18, V2_20, V3_1, Generation
from umami.conversion import FunnelStep
from umami.endpoint import EXTENSIONS, JSON, Endpoint, Query, Request
from umami.errors import NotOffered
from umami.filters import (
    EVERYTHING,
    FIELDS,
    NEWER_FIELDS,
    OPERATORS,
    Capabilities,
    Filter,
    like_escaped,
)
from umami.parsing import Page
from umami.texts import N_, Message
from umami.view import View

SEARCHED = frozenset({"events", "sessions", "metrics", "groups", "values", "revenue_sessions"})
"""Endpoints whose search is a ``LIKE`` pattern on a self-hosted Umami."""
PARTS_OF_REVENUE = ("revenue_stats", "revenue_chart", "revenue_metrics")
EMULATED = frozenset({*PARTS_OF_REVENUE, "event_stats", "groups", "website_charts"})
"""Newer endpoints that plans answer from older ones."""
CAPABILITIES_3_0 = Capabilities(
    fields=frozenset(FIELDS) - NEWER_FIELDS,
    operators=frozenset({"eq", "neq", "c", "dnc"}),
    several=False,
)
CAPABILITIES_2_20 = replace(CAPABILITIES_3_0, expands_segments=True)
CAPABILITIES_2_18 = replace(CAPABILITIES_3_0, segments=False)
CAPABILITIES_EMBEDDED = replace(
    EVERYTHING, operators=frozenset(OPERATORS), group_steps=True, whole_visits=True
)
CAPABILITIES_CLOUD = Capabilities(commas=False)
"""The cloud's database has another syntax of patterns, so no pattern can express a comma."""

Plan = Generator[tuple[Request, ...], list[JSON], JSON]
"""Yields requests to send together, receives their answers, and returns the answer in the newest
generation's form. An error of any request is thrown into the generator."""
Part = Generator[tuple[Request, ...], list[JSON], Any]
"""A part of a plan, for ``yield from``."""
Planner = Callable[[Query[Any], Any], Request | Plan]
"""How to answer an endpoint; called with the query and the dialect."""


@dataclass(frozen=True)
class Dialect(ABC):
    """Translates between the newest API and that of one generation; ``cloud`` is Umami Cloud."""

    generation: Generation
    cloud: bool = False
    extended: bool = False
    """Whether the server is an embedded one, which also answers what no Umami does."""

    plans: ClassVar[Mapping[str, Planner]]
    """How to answer each endpoint that this generation does not take as it is."""

    @property
    def capabilities(self) -> Capabilities:
        """What servers of this generation can filter by."""
        if self.extended:
            return CAPABILITIES_EMBEDDED
        if self.cloud:
            return CAPABILITIES_CLOUD
        if self.generation >= V3_1:
            return EVERYTHING
        older = {V2_18: CAPABILITIES_2_18, V2_20: CAPABILITIES_2_20}
        return older.get(self.generation, CAPABILITIES_3_0)

    @abstractmethod
    def mistakable(self, query: Query[Any]) -> bool:
        """Whether a server of another generation would answer the same request with something
        else, and without an error."""

    @abstractmethod
    def filters(self, query: Query[Any]) -> tuple[tuple[str, str], ...]:
        """The query's filters as parameters of this generation."""

    @abstractmethod
    def renamed(self, query: Query[Any]) -> Mapping[str, str | None]:
        """The query's parameters that have another name or value in this generation; ``None``
        leaves out a parameter."""

    @abstractmethod
    def report(self, query: Query[Any]) -> Request:
        """An analysis as one POST request with the filters in its body."""

    def request(self, query: Query[Any], /, **overrides: str | int | None) -> Request:
        """The query as one request to this generation; ``None`` leaves out a parameter."""
        search = self.search(query)
        renamed = {**({"search": search} if search else {}), **self.renamed(query)}
        request = query.to_request(self.filters(query), **{**renamed, **overrides})
        return self.by_visit(query, request)

    def by_visit(self, query: Query[Any], request: Request) -> Request:
        """A request with the query's filters, which keep whole visits if the query says so."""
        if not query.whole_visits or query.endpoint.extension:
            return request
        return replace(request, path=EXTENSIONS + request.path)

    def search(self, query: Query[Any]) -> str | None:
        """The query's search, as a pattern where the server takes it as such."""
        text: str | None = query.arguments.get("search")
        if not text or self.cloud or query.name not in SEARCHED:
            return text
        return like_escaped(text)

    def missing(self, query: Query[Any]) -> str | None:
        """What this generation lacks to answer the query without filters, in a sentence."""
        arguments = query.arguments
        if query.name == "values" and "," in (arguments["search"] or ""):
            return N_("Umami treats a search for values that contains a comma as a list of values.")
        if self.generation >= V3_1:
            return None
        server = "Umami 2" if self.generation.major == 2 else "Umami 3.0"
        match query.name:
            case "metrics" | "groups" if (field := arguments["field"]) in NEWER_FIELDS:
                return Message(
                    "{server} does not rank by {field}.",
                    server=server,
                    field=Message(FIELDS[field]),
                )
            case "breakdown" if NEWER_FIELDS & set(arguments["fields"]):
                return Message("{server} does not break down by UTM fields.", server=server)
            case "goal" if "*" in arguments["value"]:
                return Message("{server} does not support wildcards in goals.", server=server)
            case "revenue_metrics" if arguments["by"] != "country":
                return Message(
                    "{server} does not report revenue by {field}.",
                    server=server,
                    field=arguments["by"],
                )
        return None

    def unsupported_filters(self, query: Query[Any]) -> str | None:
        """Why this generation cannot apply the query's filters, in a sentence."""
        return query.view.lacking(self.capabilities) if query.filters and query.view else None

    def segments_of(self, query: Query[Any]) -> Query[Page[Segment]] | None:
        """The query for the saved segments with which to ``expand`` a query before it is sent, and
        before the cache is asked; ``None`` where it can be sent as it is."""
        view = query.view
        if not (self.capabilities.expands_segments and query.filters and view and view.segment):
            return None
        return segments.segments(view.website)

    def expand(self, query: Query[Any], saved: Iterable[Segment]) -> Query[Any]:
        """The query with the filters of its segment instead of the segment, where servers only
        store segments. Raises ``NotFound`` where that is not among those ``saved``, and
        ``NotOffered`` where this generation cannot apply its filters."""
        return query

    def lacks(self, endpoint: Endpoint[..., Any]) -> bool:
        """Whether this generation has no such endpoint, nor others that can replace it."""
        return endpoint.name not in EMULATED and endpoint.first_version > self.generation.value

    def refusal(self, query: Query[Any]) -> NotOffered | None:
        """Why this generation cannot answer the query correctly; such a query is not sent."""
        endpoint = query.endpoint
        if endpoint.extension and not self.extended:
            sentence: str | None = N_(
                "Umami does not count conversions by visit; the built-in server does."
            )
        elif self.lacks(endpoint):
            sentence = Message(
                "Umami {generation} has no {subject}; they came with {since}.",
                generation=self.generation,
                subject=endpoint.subject,
                since=endpoint.since,
            )
        else:
            sentence = (
                self._named_step(query) or self.missing(query) or self.unsupported_filters(query)
            )
        if not sentence:
            return None
        remedy = N_("Choose another step.") if sentence == self._named_step(query) else None
        return NotOffered(sentence, endpoint=query.name, remedy=remedy)

    def _named_step(self, query: Query[Any]) -> str | None:
        """Why the content groups and own channels that are steps of a query cannot be counted, in a
        sentence."""
        arguments = query.arguments
        steps: list[Any] = [arguments.get("step")]
        if query.name == "funnel":
            steps = list(arguments["steps"])
        elif query.name == "goal":
            steps = [FunnelStep(*(arguments[name] for name in ("kind", "value", "rows")))]
        for step in steps:
            if not isinstance(step, FunnelStep) or not step.is_named:
                continue
            is_channel = step.kind == "channel"
            if not self.extended:
                return (
                    N_("Umami cannot count the views of an own channel as a step.")
                    if is_channel
                    else N_("Umami cannot count the pages of a content group as a step.")
                )
            if step.is_unknown and is_channel:
                return Message("There is no own channel “{name}”.", name=step.value)
            if step.is_unknown:
                return Message("There is no content group “{name}”.", name=step.value)
        return None

    def plan(self, query: Query[Any]) -> Request | Plan:
        """What to send; the answer to a single request needs no translation."""
        plan = self.plans.get(query.name)
        return plan(query, self) if plan else self.request(query)


def restore_steps(query: Query[Any], answer: JSON) -> JSON:
    """The answer to a funnel with the query's steps: servers repeat values as they were sent."""
    steps = query.arguments["steps"]
    return [{**row, "value": step.value} for row, step in zip(answer, steps, strict=True)]


def single(request: Request, translate: Callable[[JSON], JSON]) -> Plan:
    """The plan that sends one request and translates its answer."""
    (answer,) = yield (request,)
    return translate(answer)


def translated(translate: Callable[[JSON], JSON]) -> Planner:
    """Sends the query as one request and translates the answer."""
    return lambda query, dialect: single(dialect.request(query), translate)


def as_it_is(query: Query[Any], dialect: Dialect) -> Request:
    """Sends the query as one request whose answer needs no translation."""
    return dialect.request(query)


def before(since: Generation, older: Planner, newer: Planner = as_it_is) -> Planner:
    """One plan for generations before ``since``, and another from it on."""
    return lambda query, dialect: (older if dialect.generation < since else newer)(query, dialect)


def with_filters(view: View, *filters: Filter) -> View:
    """The View with more filters that every row has to pass. A single filter needs no joining, so
    “any” becomes “all” beside it; several filters that are joined by “any” cannot take more."""
    return View(
        view.website,
        view.period,
        filters=(*view.filters, *filters),
        match=view.match if len(view.filters) > 1 else "all",
        segment=view.segment,
        cohort=view.cohort,
    )
