"""Retention: who came back how many days later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from umami.embedded.scope import Scope, wall_clock
from umami.embedded.store import Store

LONGEST = 31


@dataclass(frozen=True, slots=True)
class Cell:
    """Of ``size`` sessions that began on a local day, ``returned`` were there ``day`` days on."""

    cohort: datetime
    day: int
    size: int
    returned: int


def retention(store: Store, scope: Scope, timezone: str) -> list[Cell]:
    """A session's cohort is the local day of its first row in the range that passes the filters;
    it returned on every local day on which it has a row of any kind, whatever the filters, days
    before the cohort's among them. Up to 31 days, without empty cells.
    """
    chosen, everything = scope.rows(), scope.unfiltered().rows()
    seen = wall_clock(scope, timezone)
    found = store.rows(
        f"""
        WITH cohort AS (
            SELECT e.session_id, date_trunc('day', min({seen})) AS first_day
            {chosen.sql} GROUP BY 1
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
        [*chosen.values, *everything.values],
    )
    return [Cell(cohort, int(day), int(size), int(back)) for cohort, day, size, back in found]
