"""A View's filters as URL parameters, in the newest generation's format."""

from __future__ import annotations

import re

from umami.filters import Filter
from umami.view import View


def filters(view: View, *, patterns: bool = True) -> tuple[tuple[str, str], ...]:
    """The parameter and text of every filter, with ``match``, ``segment`` and ``cohort``.

    The text always names the operator (``("path", "eq./pricing")``), as a server would take part of
    a value such as ``t.co`` for one. Several filters of one field are numbered (``path``,
    ``path1``). ``patterns`` says whether the server takes the value of “contains” as a pattern.
    """
    params: list[tuple[str, str]] = []
    counts: dict[str, int] = {}
    for filter_ in view.filters:
        number = counts.get(filter_.field, 0)
        counts[filter_.field] = number + 1
        params.append((f"{filter_.field}{number or ''}", encode(filter_, patterns=patterns)))
    if view.match == "any" and len(view.filters) > 1:
        params.append(("match", "any"))
    if view.segment:
        params.append(("segment", view.segment))
    if view.cohort:
        params.append(("cohort", view.cohort))
    return tuple(sorted(params))


def encode(filter_: Filter, *, patterns: bool = True) -> str:
    """The text of one filter.

    A server splits values at commas, so values that contain one become a regular expression.
    ``(?c)`` makes a pattern of PostgreSQL case-sensitive, as equality is.
    """
    if filter_.operator in ("eq", "neq") and any("," in value for value in filter_.values):
        pattern = "|".join(map(regex_escaped, filter_.values))
        return f"{'re' if filter_.operator == 'eq' else 'nre'}.(?c)^({pattern})$"
    values = like_literally(filter_) if patterns else filter_.values
    return f"{filter_.operator}.{','.join(values)}"


def like_literally(filter_: Filter) -> tuple[str, ...]:
    """A filter's values for a self-hosted Umami, which takes those of “contains” as patterns."""
    if filter_.operator in ("c", "dnc"):
        return tuple(map(like_escaped, filter_.values))
    return filter_.values


def like_escaped(text: str) -> str:
    """A ``LIKE`` pattern that matches only this text.

    A self-hosted Umami puts texts into such patterns unchanged. In PostgreSQL, MySQL and ClickHouse
    a backslash makes ``%`` and ``_`` literal.
    """
    return re.sub(r"([\\%_])", r"\\\1", text)


def step_escaped(value: str) -> str:
    """The value of a step or goal as servers take it.

    A ``*`` at either end is a wildcard: every version then makes a ``LIKE`` pattern of the value.
    Without one it compares the value as it is.
    """
    return like_escaped(value) if value.startswith("*") or value.endswith("*") else value


def regex_escaped(text: str) -> str:
    """A regular expression that matches only this text."""
    return re.sub(r"([\\^$.|?*+()\[\]{}])", r"\\\1", text)
