"""What the client works around, and the differences that remain between servers of generations.

``differences.csv`` states both: a row has the endpoints, the first and last generation, the members
of the model that differ (``*`` where all may, or where there is no answer), and the queries that it
applies to. A test compares every model of every generation and accepts no difference but these;
``docs/compatibility.md`` lists them.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from umami.compat.generations import Generation
from umami.endpoint import Query
from umami.filters import NEWER_FIELDS

Condition = Callable[[Query[Any]], bool]


@dataclass(frozen=True, slots=True)
class Statement:
    """A workaround, or what the answers of some generations do not have in common with others."""

    endpoints: frozenset[str]
    generations: frozenset[Generation]
    members: frozenset[str]
    when: Condition
    reason: str


def _beyond_older_filters(query: Query[Any]) -> bool:
    """Several values, several filters of a field, “any”, patterns, newer fields."""
    view = query.view
    if view is None or not query.filters:
        return False
    fields = [filter_.field for filter_ in view.filters]
    return (
        any(len(f.values) > 1 or f.operator in ("re", "nre") for f in view.filters)
        or bool(NEWER_FIELDS & set(fields))
        or len(set(fields)) < len(fields)
        or (view.match == "any" and len(fields) > 1)
    )


_CONDITIONS: Final[dict[str, Condition]] = {
    "": lambda _: True,
    "filtered": lambda query: bool(query.filters),
    "beyond older filters": _beyond_older_filters,
    "filtered by the goal": lambda query: any(
        f.field == query.arguments["kind"] for f in (query.view.filters if query.view else ())
    ),
    "by the hour": lambda query: bool(query.view and query.view.period.unit in ("minute", "hour")),
    "with a wildcard": lambda query: "*" in str(query.arguments["value"]),
    "with a comma": lambda query: "," in (query.arguments["search"] or ""),
    "not by country": lambda query: query.arguments["by"] != "country",
}


def _condition(text: str) -> Condition:
    name, _, fields = text.partition(": ")
    return (
        (lambda query: query.arguments["field"] in fields.split()) if fields else _CONDITIONS[name]
    )


def _statement(row: dict[str, str]) -> Statement:
    first = Generation.named(row["from"] or str(min(Generation)))
    last = Generation.named(row["until"] or str(max(Generation)))
    return Statement(
        frozenset(row["endpoints"].split()),
        first.and_newer - last.and_newer | {last},
        frozenset(row["members"].split()),
        _condition(row["when"]),
        row["reason"],
    )


with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as _file:
    _rows = list(csv.DictReader(_file))
WORKAROUNDS: Final = tuple(_statement(row) for row in _rows if row["kind"] == "workaround")
DIFFERENCES: Final = tuple(_statement(row) for row in _rows if row["kind"] == "difference")


def differs(query: Query[Any], generation: Generation, other: Generation) -> Statement | None:
    """The known difference between the answers of two generations to a query, with the members of
    all differences that concern one of the two."""
    known = [
        difference
        for difference in DIFFERENCES
        if query.name in difference.endpoints
        and (generation in difference.generations) != (other in difference.generations)
        and difference.when(query)
    ]
    if not known:
        return None
    return replace(
        known[0], members=frozenset().union(*(difference.members for difference in known))
    )
