"""Names of columns in JSON, and answers whose format is the same in several versions of Umami."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from pydantic.alias_generators import to_camel

JOURNEY_SLOTS = 7
"""The maximum number of steps of a journey."""


def camel_case(*columns: str) -> dict[str, str]:
    """The columns by their names in JSON, such as ``createdAt`` for ``created_at``."""
    return {to_camel(column): column for column in columns}


def renamed(row: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, Any]:
    """The values of columns under their names in JSON."""
    return {name: row[column] for name, column in columns.items()}


def funnel(steps: Sequence[tuple[str, str]], visitors: Sequence[int]) -> Any:
    """Visitors at each step (type and value); ``dropoff`` and ``remaining`` are fractions."""
    previous = (0, *visitors)
    return [
        {
            "type": kind,
            "value": value,
            "visitors": count,
            "previous": before,
            "dropped": before - count if number else 0,
            "dropoff": 1 - count / before if before else None,
            "remaining": count / visitors[0] if visitors[0] else None,
        }
        for number, ((kind, value), count, before) in enumerate(
            zip(steps, visitors, previous, strict=False)
        )
    ]


def journeys(paths: Iterable[tuple[list[str | None], int]], steps: int) -> Any:
    """Beginnings of visits, with Umami's padding: equal neighbours are merged, and one null stands
    for all unused slots."""
    padding = [None] if steps < JOURNEY_SLOTS else []
    return [
        {"items": [*(item for item, _ in groupby(path)), *padding], "count": count}
        for path, count in paths
    ]
