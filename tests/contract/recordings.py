"""The recorded servers, asked as a client asks them: a request in, an answer out.

A recording knows what it was asked; what a dialect asks beyond that, to make up for what its
generation lacks, is asked of the embedded server's face of the same generation where a test says
so.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from umami.compat.dialect import Dialect, Plan
from umami.compat.generations import Generation
from umami.connection import dialect
from umami.endpoint import JSON, Query, Request
from umami.errors import UmamiError

DATA = Path(__file__).parent / "data"
VERSIONS = {
    "v2.18.1": Generation.V2_18,
    "v2.20.2": Generation.V2_20,
    "v3.0.3": Generation.V3_0,
    "v3.1.0": Generation.V3_1,
}
ID = "[0-9a-f]{8}-[0-9a-f-]{27}"
ROUTES = (
    *(f"/reports/{name}" for name in ("attribution", "breakdown", "funnel", "goal", "goals")),
    *(f"/reports/{name}" for name in ("insights", "journey", "retention", "revenue", "utm")),
    *(
        f"/websites/ID/{name}"
        for name in (
            *("active", "daterange", "stats", "pageviews", "values"),
            *("metrics", "metrics/expanded", "events", "events/series", "events/stats"),
            *("event-data/events", "event-data/fields", "event-data/properties"),
            *("event-data/stats", "event-data/values"),
            *("session-data/properties", "session-data/values"),
            *("sessions", "sessions/stats", "sessions/weekly"),
            *("sessions/ID", "sessions/ID/activity", "sessions/ID/properties"),
        )
    ),
)
"""Every route that a recorded server answered; ids are written as ``ID``."""
Line = dict[str, Any]
Ask = Callable[[Request], JSON]

DEFAULTS = {"limit": "500", "page": "1", "includeTeams": "true", "compare": "prev"}
"""What means the same when it is left out."""
WITHOUT_EFFECT = {"label", "goal", "num", "offset", "value", "unit"}
"""What 2.x does not look at in a body, or only gives back; ``unit`` counts for revenue only."""


class Unrecorded(Exception):
    """The recorded server was not sent this request."""


@cache
def lines(version: str) -> list[Line]:
    """All requests and answers of a recorded server; read once, when first needed."""
    with gzip.open(DATA / f"{version}.jsonl.gz", "rt") as recorded:
        return [json.loads(line) for line in recorded]


def route(line: Line) -> str:
    """The path of a recorded question below ``/api``, with ``ID`` in the place of ids."""
    return re.sub(ID, "ID", line["path"].removeprefix("/api"))


def answered_lines(version: str, of_route: str) -> list[Line]:
    """The questions of a route that a recorded server answered."""
    return [line for line in lines(version) if line["status"] == 200 and route(line) == of_route]


class Recording:
    """One recorded server."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.dialect: Dialect = dialect(VERSIONS[version])
        self._major = VERSIONS[version].major
        self._lines = {self.key(line): line for line in lines(version)}
        # A list that its limit did not cut is the answer with any higher limit, too; 2.x sums
        # languages up after it has cut them.
        self._whole = {
            self.key(line, limited=False): line
            for line in self._lines.values()
            if isinstance(line["answer"], list)
            and not self._summed_up(line)
            and len(line["answer"]) < int((line["query"] or {}).get("limit", 500))
        }

    def _summed_up(self, line: Line) -> bool:
        query = line["query"] or {}
        return self._major == 2 and query.get("type") == "language" and "limit" in query

    def line(self, request: Request) -> Line:
        """The recorded question that this request asks. Raises ``Unrecorded``."""
        body = None if request.body is None else json.loads(request.body)
        query = dict(request.params)
        line = self._lines.get(self._key(request.method, request.path, query, body))
        limit = query.pop("limit", "500")
        if line is None:
            line = self._whole.get(self._key(request.method, request.path, query, body))
            line = line if line and len(line["answer"]) <= int(limit) else None
        if line is None:
            raise Unrecorded(f"{request.method} {request.path} {dict(request.params)}")
        return line

    def ask(self, request: Request) -> JSON:
        """The recorded answer. Raises ``Unrecorded``, also where the server answered a fault."""
        line = self.line(request)
        if line["status"] != 200:
            raise Unrecorded(f"{line['name']} was answered with status {line['status']}")
        return line["answer"]

    def key(self, line: Line, *, limited: bool = True) -> str:
        """Equal for recorded requests that are equal, or equal up to a limit."""
        path = line["path"].removeprefix("/api")
        query = {name: str(value) for name, value in (line["query"] or {}).items()}
        if not limited:
            query.pop("limit", None)
        return self._key(line["method"], path, query, line["body"])

    def _key(self, method: str, path: str, query: dict[str, str], body: Any) -> str:
        plain = PLAIN if "event-data" in path else PLAIN - {"event"}
        query = {name: self._text(name, value, plain) for name, value in query.items()}
        if path.endswith(("/events", "/sessions")):
            query.setdefault("pageSize", "10" if self._major == 2 else "20")
            query.pop("query", None)
        if path.endswith("/event-data/values") and "event" in query:
            query.pop("eventName", None)
        stated = {name: value for name, value in query.items() if DEFAULTS.get(name) != value}
        if body is not None:
            body = _effective(body, money=path.endswith("/revenue"))
        return json.dumps([method, path, stated, body], sort_keys=True)

    def _text(self, name: str, value: str, plain: set[str]) -> str:
        """A parameter in one spelling; recorded filters of 3.x often lack the operator.

        A search of 3.x is compared with the whole text unless it has wildcards; what was searched
        in the recordings is always a whole text.
        """
        if self._major == 2 or name in plain:
            return value.strip("%") if name == "search" else value
        return value if re.match(r"(eq|neq|c|dnc|re|nre|s)\.", value) else f"eq.{value}"


PLAIN = {
    "startAt", "endAt", "unit", "timezone", "type", "limit", "offset", "page", "pageSize", "search",
    "compare", "event", "eventName", "propertyName", "match", "excludeBounce", "websiteId",
    "startDate", "endDate", "includeTeams",
}  # fmt: skip
"""Parameters that are no filters; ``event`` is one everywhere but under ``event-data``."""


def _effective(body: Any, *, money: bool) -> Any:
    """A body without what has no effect on the answer."""
    if isinstance(body, dict):
        dropped = WITHOUT_EFFECT - {"unit"} if money else WITHOUT_EFFECT
        step = {"type", "value"} <= set(body) or "operator" in body
        return {
            name: _effective(value, money=money)
            for name, value in body.items()
            if name not in dropped or (step and name == "value")
        }
    return [_effective(item, money=money) for item in body] if isinstance(body, list) else body


@cache
def recording(version: str) -> Recording:
    """The recording of a version; read once."""
    return Recording(version)


def answered(question: Query[Any], speaks: Dialect, ask: Ask) -> Any:
    """The model of a question, as the client makes it."""
    refused = speaks.refusal(question)
    if refused is not None:
        raise refused
    return question.read(newest_form(question, speaks, ask))


def newest_form(question: Query[Any], speaks: Dialect, ask: Ask) -> JSON:
    """The answer to a question in the form that the newest generation gives it."""
    plan = speaks.plan(question)
    return ask(plan) if isinstance(plan, Request) else run_plan(plan, partial(_each, ask))


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


def _each(ask: Ask, requests: tuple[Request, ...]) -> list[JSON]:
    return [ask(request) for request in requests]
