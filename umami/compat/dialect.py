"""What a dialect is: how one generation of servers is asked and understood.

Questions and models speak the newest generation's language. A dialect says a question in its
generation's way and makes the newest generation's answer of what comes back. Often that is one
request and the answer as it is; where a generation lacks something that can be made of other
answers, it is a plan.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any, Protocol

from umami.capabilities import Capabilities
from umami.compat.generations import Generation
from umami.endpoint import JSON, Query, Request
from umami.errors import NotOffered, UmamiError
from umami.filter_params import like_escaped
from umami.filters import Filter
from umami.view import View

SEARCHED = frozenset({"events", "sessions", "metrics", "groups", "values", "revenue_sessions"})
"""Endpoints whose search is a pattern on a self-hosted Umami."""

Plan = Generator[tuple[Request, ...], list[JSON], JSON]
"""Yields requests to be asked together, is sent their answers, in the end returns the answer in
the newest generation's form. An error of any of them is thrown into it."""
Part = Generator[tuple[Request, ...], list[JSON], Any]
"""A piece of a plan, for ``yield from``."""


class Dialect(Protocol):
    """How a generation is asked and understood."""

    @property
    def generation(self) -> Generation:
        """Whose dialect it is."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What its servers can narrow an answer by."""
        ...

    def refusal(self, question: Query[Any]) -> NotOffered | None:
        """Why this question cannot be answered truthfully, where it cannot; it is not sent then."""
        ...

    def plan(self, question: Query[Any]) -> Request | Plan:
        """What to ask; a request alone means that its answer is the newest form already."""
        ...

    def mistakable(self, question: Query[Any]) -> bool:
        """Whether another generation would take this question for another one, without a word."""
        ...


def too_new(question: Query[Any], generation: Generation, emulated: frozenset[str]) -> str | None:
    """Why servers of this generation do not offer the endpoint, in a sentence; ``None`` where they
    do, or where the dialect makes the answer of others (``emulated``)."""
    endpoint = question.endpoint
    if question.name in emulated or endpoint.first_version <= generation.value:
        return None
    return f"Umami {generation} has no {endpoint.subject}; they came with {endpoint.since}."


def searched(question: Query[Any]) -> dict[str, str]:
    """The question's search as a self-hosted Umami takes it, as a parameter; empty without one."""
    text = question.arguments.get("search") if question.name in SEARCHED else None
    return {"search": like_escaped(text)} if text else {}


def split_search(question: Query[Any]) -> str | None:
    """Why a search for values cannot be asked, in a sentence: a comma makes it a list of them."""
    if question.name == "values" and "," in (question.arguments["search"] or ""):
        return "Umami takes a search for values with a comma for a list of them."
    return None


def restore_steps(question: Query[Any], answer: JSON) -> JSON:
    """The answer to a funnel with the question's steps: servers repeat those that were sent."""
    steps = question.arguments["steps"]
    return [{**row, "value": step.value} for row, step in zip(answer, steps, strict=True)]


def once(request: Request, read: Callable[[JSON], JSON]) -> Plan:
    """The plan of one request whose answer is read."""
    (answer,) = yield (request,)
    return read(answer)


def settled(plan: Plan, ask: Callable[[tuple[Request, ...]], list[JSON]]) -> JSON:
    """What a plan comes to. Raises what asking raises, unless the plan has an answer to that."""
    try:
        requests = next(plan)
        while True:
            try:
                answers = ask(requests)
            except UmamiError as problem:
                requests = plan.throw(problem)
            else:
                requests = plan.send(answers)
    except StopIteration as end:
        return end.value


def narrowed_by(view: View, one: Filter) -> View:
    """The View with one more filter, which everything has to pass.

    A single filter is joined by nothing, so “any” becomes “all” beside it; several filters that
    are joined by “any” cannot take one more like this.
    """
    return View(
        view.website,
        view.period,
        filters=(*view.filters, one),
        match=view.match if len(view.filters) > 1 else "all",
        segment=view.segment,
        cohort=view.cohort,
    )


def summed(rows: Iterable[JSON], key: Callable[[JSON], str | None]) -> list[JSON]:
    """Rows of equal key as one, their numbers added up; rows without a key are left out."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        name = key(row)
        if not name:
            continue
        same = found.setdefault(name, {})
        for column, value in row.items():
            if isinstance(value, int | float):
                same[column] = same.get(column, 0) + value
            else:
                same.setdefault(column, value)
    return [{**row, "name": name} for name, row in found.items()]
