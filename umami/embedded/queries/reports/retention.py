"""Retention: how many sessions returned how many days later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from umami.embedded.scope import Scope, wall_clock
from umami.embedded.store import Store

LONGEST = 31


@dataclass(frozen=True, slots=True)
class Cell:
    """Of the ``size`` sessions of a cohort (a local day), ``returned`` were active ``day`` days
    later."""

    cohort: datetime
    day: int
    size: int
    returned: int


def retention(store: Store, scope: Scope, timezone: str) -> list[Cell]:
    """Return the non-empty cells of up to 31 days.

    The cohort of a session is the local day of its first row in the range that passes the filters.
    The session returned on every local day with a row of any type, regardless of filters, including
    days before the cohort's.
    """
    first, everything = scope.rows(), scope.unfiltered().rows()
    seen = wall_clock(scope, timezone)
    cells = store.rows(
        f"""
        WITH cohort AS (
            SELECT e.session_id, date_trunc('day', min({seen})) AS first_day
            {first.sql} GROUP BY 1
        ),
        size AS (SELECT first_day, count(*) AS sessions FROM cohort GROUP BY 1),
        active AS (
            SELECT DISTINCT e.session_id, date_trunc('day', {seen}) AS local_day {everything.sql}
        )
        SELECT first_day, date_diff('day', first_day, local_day) AS day, any_value(sessions),
               count(*)
        FROM active JOIN cohort USING (session_id) JOIN size USING (first_day)
        GROUP BY 1, 2 HAVING day <= {LONGEST} ORDER BY 1, 2
        """,
        [*first.values, *everything.values],
    )
    return [Cell(*cell) for cell in cells]
