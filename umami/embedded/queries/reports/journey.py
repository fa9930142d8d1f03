"""Journey: the paths that visits begin with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from umami.embedded.scope import Scope
from umami.embedded.store import Store

MOST = 100

Item = str | None
"""A path or the name of an event; ``None`` after a visit's end."""


def journey(
    store: Store,
    scope: Scope,
    steps: int,
    first: str | None,
    last: str | None,
    types: Sequence[int] = (),
) -> list[tuple[list[Item], int]]:
    """The first ``steps`` rows of each visit, of any kind or of the types, and how many begin so.

    A row is its event's name, or else its path. ``first`` is what the first row must be, ``last``
    what the last of the kept rows must be. The 100 most frequent, longest lists padded with
    ``None`` up to ``steps``; equal neighbours still stand side by side.
    """
    rows = scope.rows(*types)
    conditions, values = [], list[Any]()
    if first:
        conditions.append("path[1] = ?")
        values.append(first)
    if last:
        conditions.append("path[len(path)] = ?")
        values.append(last)
    chosen = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    found = store.rows(
        f"""
        WITH visit AS (
            SELECT arg_min(
                       coalesce(nullif(e.event_name, ''), e.url_path), e.created_at, {int(steps)}
                   ) AS path
            {rows.sql} GROUP BY e.visit_id
        )
        SELECT path, count(*) AS visits FROM visit {chosen}
        GROUP BY 1 ORDER BY visits DESC, path LIMIT {MOST}
        """,
        [*rows.values, *values],
    )
    return [([*path, *[None] * (steps - len(path))], int(visits)) for path, visits in found]
