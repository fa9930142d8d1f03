"""How a View's filters are spelled on the wire, in the newest generation's way."""

from __future__ import annotations

import re

from umami.filters import Filter
from umami.view import View


def filters(view: View, *, patterns: bool = True) -> tuple[tuple[str, str], ...]:
    """Parameter and text of every filter, operators always spelled: ``("path", "eq./pricing")``.

    ``patterns`` says whether the server takes what is contained for a pattern.

    A value such as ``t.co`` would be taken for an operator without. Several filters of one field
    are numbered (``path``, ``path1``); ``match``, ``segment`` and ``cohort`` come along.
    """
    spelled: list[tuple[str, str]] = []
    seen: dict[str, int] = {}
    for one in view.filters:
        number = seen.get(one.field, 0)
        seen[one.field] = number + 1
        spelled.append((f"{one.field}{number or ''}", spell(one, patterns=patterns)))
    if view.match == "any" and len(view.filters) > 1:
        spelled.append(("match", "any"))
    if view.segment:
        spelled.append(("segment", view.segment))
    if view.cohort:
        spelled.append(("cohort", view.cohort))
    return tuple(sorted(spelled))


def spell(one: Filter, *, patterns: bool = True) -> str:
    """One filter's text; values with a comma, which would be two, as a pattern that means them.

    ``(?c)`` is PostgreSQL's way to make a pattern mind case, which equality does.
    """
    if one.operator in ("eq", "neq") and any("," in value for value in one.values):
        pattern = "|".join(map(escaped, one.values))
        return f"{'re' if one.operator == 'eq' else 'nre'}.(?c)^({pattern})$"
    values = like_literally(one) if patterns else one.values
    return f"{one.operator}.{','.join(values)}"


def like_literally(one: Filter) -> tuple[str, ...]:
    """A filter's values as a self-hosted Umami takes them: what is contained is a pattern there."""
    return tuple(map(like_escaped, one.values)) if one.operator in ("c", "dnc") else one.values


def like_escaped(text: str) -> str:
    """A text as a ``LIKE`` pattern of nothing else: ``%`` and ``_`` would stand for other text.

    A self-hosted Umami puts texts into such patterns as they are. PostgreSQL, MySQL and ClickHouse
    take a backslash for the sign that makes the next one literal.
    """
    return re.sub(r"([\\%_])", r"\\\1", text)


def step_escaped(value: str) -> str:
    """The value of a step or goal as servers take it.

    A ``*`` at either end stands for any text; every version makes a ``LIKE`` pattern of the value
    then, and compares it as it is otherwise.
    """
    return like_escaped(value) if value.startswith("*") or value.endswith("*") else value


def escaped(value: str) -> str:
    """The text as a regular expression of nothing else."""
    return re.sub(r"([\\^$.|?*+()\[\]{}])", r"\\\1", value)
