"""Dialects: how the queries of the newest API are sent to one generation of servers.

Queries and models use the newest generation's API. A dialect translates a query into requests that
its generation understands, and translates their answers back. Often that is one request whose
answer needs no translation. Where a generation lacks an endpoint whose figures follow from other
endpoints, it is a plan of several requests.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from umami.capabilities import Capabilities
from umami.compat.generations import Generation
from umami.endpoint import JSON, Query, Request
from umami.errors import NotOffered, UmamiError
from umami.filter_params import like_escaped
from umami.filters import FIELDS, NEWER_FIELDS, Filter
from umami.view import View

SEARCHED = frozenset({"events", "sessions", "metrics", "groups", "values", "revenue_sessions"})
"""Endpoints whose search is a ``LIKE`` pattern on a self-hosted Umami."""

Plan = Generator[tuple[Request, ...], list[JSON], JSON]
"""Yields requests to send together, receives their answers, and returns the answer in the newest
generation's form. An error of any request is thrown into the generator."""
Part = Generator[tuple[Request, ...], list[JSON], Any]
"""A part of a plan, for ``yield from``."""


@dataclass(frozen=True, slots=True)
class Dialect(ABC):
    """The translation between the newest API and that of one generation."""

    generation: Generation

    plans: ClassVar[Mapping[str, Callable[[Query[Any], Any], Request | Plan]]]
    """How to answer each endpoint that this generation does not take as it is; called with the
    query and the dialect."""
    emulated: ClassVar[frozenset[str]]
    """Newer endpoints that a plan answers from older ones."""

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What servers of this generation can filter by."""

    @abstractmethod
    def mistakable(self, query: Query[Any]) -> bool:
        """Whether a server of another generation would answer the same request with something
        else, and without an error."""

    @abstractmethod
    def request(self, query: Query[Any], /, **overrides: str | int | None) -> Request:
        """The query as one request with this generation's filters; ``None`` leaves out a
        parameter."""

    @abstractmethod
    def missing(self, query: Query[Any]) -> str | None:
        """What this generation lacks to answer the query without filters, in a sentence."""

    def unsupported_filters(self, query: Query[Any]) -> str | None:
        """Why this generation cannot apply the query's filters, in a sentence."""
        return query.view.lacking(self.capabilities) if query.filters and query.view else None

    def refusal(self, query: Query[Any]) -> NotOffered | None:
        """Why this generation cannot answer the query correctly; such a query is not sent."""
        sentence = (
            self._too_new(query)
            or self.missing(query)
            or _search_with_comma(query)
            or self.unsupported_filters(query)
        )
        return NotOffered(sentence, endpoint=query.name) if sentence else None

    def plan(self, query: Query[Any]) -> Request | Plan:
        """What to send; the answer to a single request needs no translation."""
        plan = self.plans.get(query.name)
        return plan(query, self) if plan else self.request(query)

    def _too_new(self, query: Query[Any]) -> str | None:
        endpoint = query.endpoint
        if query.name in self.emulated or endpoint.first_version <= self.generation.value:
            return None
        return (
            f"Umami {self.generation} has no {endpoint.subject}; they came with {endpoint.since}."
        )


def missing_before_3_1(query: Query[Any], server: str) -> str | None:
    """What both 2.x and 3.0 lack, in a sentence about ``server`` (``"Umami 2"``)."""
    arguments = query.arguments
    match query.name:
        case "metrics" | "groups" if arguments["field"] in NEWER_FIELDS:
            return f"{server} does not rank by {FIELDS[arguments['field']]}."
        case "breakdown" if NEWER_FIELDS & set(arguments["fields"]):
            return f"{server} does not break down by UTM fields."
        case "goal" if "*" in arguments["value"]:
            return f"{server} does not support wildcards in goals."
        case "revenue_metrics" if arguments["by"] != "country":
            return f"{server} does not report revenue by {arguments['by']}."
    return None


def search_param(query: Query[Any]) -> dict[str, str]:
    """The query's search as a parameter for a self-hosted Umami; empty without a search."""
    text = query.arguments.get("search") if query.name in SEARCHED else None
    return {"search": like_escaped(text)} if text else {}


def _search_with_comma(query: Query[Any]) -> str | None:
    if query.name == "values" and "," in (query.arguments["search"] or ""):
        return "Umami treats a search for values that contains a comma as a list of values."
    return None


def restore_steps(query: Query[Any], answer: JSON) -> JSON:
    """The answer to a funnel with the query's steps: servers repeat the values that were sent,
    which may be escaped."""
    steps = query.arguments["steps"]
    return [{**row, "value": step.value} for row, step in zip(answer, steps, strict=True)]


def single(request: Request, translate: Callable[[JSON], JSON]) -> Plan:
    """The plan that sends one request and translates its answer."""
    (answer,) = yield (request,)
    return translate(answer)


def run_plan(plan: Plan, send: Callable[[tuple[Request, ...]], list[JSON]]) -> JSON:
    """Run a plan and return its answer. Raises what ``send`` raises, unless the plan handles it."""
    try:
        requests = next(plan)
        while True:
            try:
                answers = send(requests)
            except UmamiError as problem:
                requests = plan.throw(problem)
            else:
                requests = plan.send(answers)
    except StopIteration as end:
        return end.value


def with_filter(view: View, filter_: Filter) -> View:
    """The View with one more filter that every row has to pass.

    A single filter needs no joining, so “any” becomes “all” beside it; several filters that are
    joined by “any” cannot take one more.
    """
    return View(
        view.website,
        view.period,
        filters=(*view.filters, filter_),
        match=view.match if len(view.filters) > 1 else "all",
        segment=view.segment,
        cohort=view.cohort,
    )
