"""Retention: how many sessions returned how many days later."""

from __future__ import annotations

from typing import Any

from umami.embedded.scope import BUCKET, Rows, Scope, wall_clock
from umami.embedded.store import Store

LONGEST = 31


def retention(store: Store, scope: Scope, timezone: str) -> list[dict[str, Any]]:
    """Return the cells of ``cells`` of all sessions of the range.

    The cohort of a session is the local day of its first row in the range that passes the filters.
    """
    first = scope.rows()
    day = f"date_trunc('day', min({wall_clock(scope, timezone)}))"
    cohorts = f"SELECT e.session_id, {day} AS first_day {first.sql} GROUP BY 1"
    return cells(store, scope, timezone, Rows(cohorts, first.values))


def cells(store: Store, scope: Scope, timezone: str, cohorts: Rows) -> list[dict[str, Any]]:
    """Return the non-empty cells of up to 31 days: how many sessions of a cohort (a local day)
    returned how many days later. ``cohorts`` selects sessions and their ``first_day``.

    The session returned on every local day with a row of any type, regardless of filters, including
    days before the cohort's.
    """
    everything = scope.unfiltered().rows()
    return store.records(
        f"""
        WITH cohort AS ({cohorts.sql}),
        size AS (SELECT first_day, count(*) AS sessions FROM cohort GROUP BY 1),
        active AS (
            SELECT DISTINCT e.session_id,
                   date_trunc('day', {wall_clock(scope, timezone)}) AS local_day {everything.sql}
        )
        SELECT strftime(first_day, '{BUCKET}') AS date,
               date_diff('day', first_day, local_day) AS day,
               any_value(sessions) AS visitors, count(*) AS "returnVisitors",
               100 * count(*) / any_value(sessions) AS percentage
        FROM active JOIN cohort USING (session_id) JOIN size USING (first_day)
        GROUP BY first_day, day HAVING day <= {LONGEST} ORDER BY first_day, day
        """,
        [*cohorts.values, *everything.values],
    )
