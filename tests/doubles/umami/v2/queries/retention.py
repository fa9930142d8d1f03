"""Retention as 2.x counts it: since a session was made."""

from __future__ import annotations

from typing import Any

from umami.embedded.queries.reports import cells
from umami.embedded.scope import Rows, Scope, wall_clock
from umami.embedded.store import Store


def retention(store: Store, scope: Scope, timezone: str) -> list[dict[str, Any]]:
    """A session's cohort is the local day it was made on, if that lies in the range; it returned
    on every local day on which it has a row of any kind. Up to 31 days, without empty cells.
    """
    cohorts = f"""
        SELECT s.session_id,
               date_trunc('day', {wall_clock(scope, timezone, "s.created_at")}) AS first_day
        FROM session s WHERE s.website_id = ? AND s.created_at BETWEEN ? AND ?
    """
    return cells(store, scope, timezone, Rows(cohorts, [scope.website, scope.start, scope.end]))
