"""Analyses of steps: funnels, goals, and the journeys that visits begin with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from umami.embedded.scope import CUSTOM_EVENT, PAGEVIEW, Scope
from umami.embedded.store import Store

MOST_JOURNEYS = 100

Item = str | None
"""A path or the name of an event; ``None`` after the end of a visit."""


@dataclass(frozen=True, slots=True)
class Step:
    """A page view or a custom event; ``value`` is a path or the name of an event."""

    kind: Literal["path", "event"]
    value: str

    @property
    def column(self) -> str:
        """The SQL that the value is compared with."""
        return "e.url_path" if self.kind == "path" else "e.event_name"

    @property
    def event_type(self) -> int:
        """The type of the events that the step matches."""
        return PAGEVIEW if self.kind == "path" else CUSTOM_EVENT

    @property
    def exactly(self) -> tuple[str, str]:
        """The condition of an exact match, and its value."""
        return f"{self.column} = ?", self.value

    @property
    def matching(self) -> tuple[str, str]:
        """The condition of a match in which ``*`` at either end is a wildcard, and its value.

        The match is case-sensitive. As in Umami, ``%``, ``_`` and ``\\`` are special characters in
        a value with a ``*``.
        """
        if not (self.value.startswith("*") or self.value.endswith("*")):
            return self.exactly
        start = "%" if self.value.startswith("*") else ""
        end = "%" if self.value.endswith("*") else ""
        middle = self.value.removeprefix("*").removesuffix("*")
        if not end and (len(middle) - len(middle.rstrip("\\"))) % 2:
            # A backslash at the end stands for itself.
            middle += "\\"
        return rf"{self.column} LIKE ? ESCAPE '\'", f"{start}{middle}{end}"


def funnel(store: Store, scope: Scope, steps: Sequence[Step], window: int) -> list[int]:
    """Return the number of visitors that reached each step.

    Level 1 consists of the times of a session's rows that match the first step and pass the
    filters. Each later level consists of the times of rows of the same session that match its step
    and are at most ``window`` minutes after *some* time of the level before and not before it,
    regardless of filters. The visitors of a level are its distinct sessions. The window starts
    anew at each step, and the same row may match two equal steps.
    """
    # If any earlier time is within the window, the latest earlier time is: so an ASOF join does.
    levels: list[str] = []
    values: list[Any] = []
    for number, step in enumerate(steps, start=1):
        rows = (scope if number == 1 else scope.filtered()).rows().where(*step.matching)
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
        values += rows.values
    counts = ", ".join(
        f"(SELECT count(DISTINCT session_id) FROM level{number})"
        for number in range(1, len(steps) + 1)
    )
    return list(store.rows(f"WITH {', '.join(levels)} SELECT {counts}", values)[0])


def reached(store: Store, scope: Scope, step: Step) -> tuple[int, int]:
    """Return the number of distinct sessions with a row that matches the step, and of those with
    any row."""
    hits, everybody = scope.rows(step.event_type).where(*step.matching), scope.rows()
    return store.rows(
        f"SELECT (SELECT count(DISTINCT e.session_id) {hits.sql}), "
        f"(SELECT count(DISTINCT e.session_id) {everybody.sql})",
        [*hits.values, *everybody.values],
    )[0]


def journey(
    store: Store,
    scope: Scope,
    steps: int,
    first: str | None,
    last: str | None,
    types: Sequence[int] = (),
) -> list[tuple[list[Item], int]]:
    """Return the first ``steps`` rows of visits, of any type or of the types, and how many visits
    begin with them: the 100 most frequent.

    The item of a row is its event's name, or else its path. ``first`` and ``last`` are what the
    first and the last item have to be. Lists are padded with ``None`` up to ``steps``; equal
    neighbours remain.
    """
    rows = scope.rows(*types)
    ends = {"path[1] = ?": first, "path[len(path)] = ?": last}
    conditions = " AND ".join(["true", *(condition for condition, item in ends.items() if item)])
    paths = store.rows(
        f"""
        WITH visit AS (
            SELECT arg_min(
                       coalesce(nullif(e.event_name, ''), e.url_path), e.created_at, {int(steps)}
                   ) AS path
            {rows.sql} GROUP BY e.visit_id
        )
        SELECT path, count(*) AS visits FROM visit WHERE {conditions}
        GROUP BY 1 ORDER BY visits DESC, path LIMIT {MOST_JOURNEYS}
        """,
        [*rows.values, *filter(None, ends.values())],
    )
    return [([*path, *[None] * (steps - len(path))], visits) for path, visits in paths]
