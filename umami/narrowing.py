"""How a View's filters are spelled on the wire, in the newest generation's way."""

from __future__ import annotations

import re

from umami.filters import Filter
from umami.view import View


def filters(view: View) -> tuple[tuple[str, str], ...]:
    """Parameter and text of every filter, operators always spelled: ``("path", "eq./pricing")``.

    A value such as ``t.co`` would be taken for an operator without. Several filters of one field
    are numbered (``path``, ``path1``); ``match``, ``segment`` and ``cohort`` come along.
    """
    spelled: list[tuple[str, str]] = []
    seen: dict[str, int] = {}
    for one in view.filters:
        number = seen.get(one.field, 0)
        seen[one.field] = number + 1
        spelled.append((f"{one.field}{number or ''}", spell(one)))
    if view.match == "any" and len(view.filters) > 1:
        spelled.append(("match", "any"))
    if view.segment:
        spelled.append(("segment", view.segment))
    if view.cohort:
        spelled.append(("cohort", view.cohort))
    return tuple(sorted(spelled))


def spell(one: Filter) -> str:
    """One filter's text; values with a comma, which would be two, as a pattern that means them.

    ``(?c)`` is PostgreSQL's way to make a pattern mind case, which equality does.
    """
    if one.operator in ("eq", "neq") and any("," in value for value in one.values):
        pattern = "|".join(map(escaped, one.values))
        return f"{'re' if one.operator == 'eq' else 'nre'}.(?c)^({pattern})$"
    return f"{one.operator}.{','.join(one.values)}"


def escaped(value: str) -> str:
    """The text as a pattern of nothing else."""
    return re.sub(r"([\\^$.|?*+()\[\]{}])", r"\\\1", value)
