"""Retention as 2.x counts it: since a session was made."""

from __future__ import annotations

from umami.embedded.queries.reports.retention import LONGEST, Cell
from umami.embedded.scope import Scope, wall_clock
from umami.embedded.store import Store


def retention(store: Store, scope: Scope, timezone: str) -> list[Cell]:
    """A session's cohort is the local day it was made on, if that lies in the range; it returned
    on every local day on which it has a row of any kind. Up to 31 days, without empty cells.
    """
    rows = scope.rows()
    made = wall_clock(scope, timezone, "s.created_at")
    seen = wall_clock(scope, timezone)
    found = store.rows(
        f"""
        WITH cohort AS (
            SELECT s.session_id, date_trunc('day', {made}) AS first_day
            FROM session s
            WHERE s.website_id = ? AND s.created_at BETWEEN ? AND ?
        ),
        size AS (SELECT first_day, count(*) AS sessions FROM cohort GROUP BY 1),
        active AS (
            SELECT DISTINCT e.session_id, date_trunc('day', {seen}) AS local_day {rows.sql}
        )
        SELECT first_day, date_diff('day', first_day, local_day) AS day, any_value(sessions),
               count(*)
        FROM active JOIN cohort USING (session_id) JOIN size USING (first_day)
        GROUP BY 1, 2 HAVING day <= {LONGEST} ORDER BY 1, 2
        """,
        [scope.website, scope.start, scope.end, *rows.values],
    )
    return [Cell(cohort, int(day), int(size), int(back)) for cohort, day, size, back in found]
