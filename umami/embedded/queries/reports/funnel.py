"""Funnel: how many sessions went from step to step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from umami.embedded.queries.reports.steps import Step
from umami.embedded.scope import Scope
from umami.embedded.store import Store


def funnel(store: Store, scope: Scope, steps: Sequence[Step], window: int) -> list[int]:
    """Visitors that reached each step.

    Level 1 is the moments of a session's rows that match the first step and pass the filters.
    A later level is the moments of rows that match its step, in the same session, at most
    ``window`` minutes after *some* moment of the level before and not before it; filters no longer
    count. Visitors of a level are its distinct sessions. The window runs from step to step; the
    same row may serve two equal steps.
    """
    # If any earlier moment is near enough, the latest one is: so one is looked up for each row.
    levels: list[str] = []
    values: list[Any] = []
    for number, step in enumerate(steps, start=1):
        condition, value = step.matching
        rows = (scope if number == 1 else scope.filtered()).rows(where=[condition])
        if number == 1:
            levels.append(
                f"level1 AS MATERIALIZED (SELECT DISTINCT e.session_id, e.created_at {rows.sql})"
            )
        else:
            levels.append(
                f"hit{number} AS (SELECT DISTINCT e.session_id, e.created_at {rows.sql}), "
                f"level{number} AS MATERIALIZED (SELECT hit.session_id, hit.created_at "
                f"FROM hit{number} hit ASOF JOIN level{number - 1} earlier "
                "ON hit.session_id = earlier.session_id AND hit.created_at >= earlier.created_at "
                f"WHERE hit.created_at <= earlier.created_at + to_minutes({int(window)}))"
            )
        values += [*rows.values, value]
    counts = ", ".join(
        f"(SELECT count(DISTINCT session_id) FROM level{number})"
        for number in range(1, len(steps) + 1)
    )
    found = store.row(f"WITH {', '.join(levels)} SELECT {counts}", values)
    assert found
    return [int(count) for count in found]
