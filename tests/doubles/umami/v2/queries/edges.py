"""First and last pages as 2.x counts them."""

from __future__ import annotations

from typing import Any

from umami.embedded.queries.metrics import EXTREMES, NUMBERS, Counted, Edge
from umami.embedded.scope import PAGEVIEW, Scope
from umami.embedded.store import Store


def edges(
    store: Store,
    scope: Scope,
    edge: Edge,
    *,
    count: Counted,
    limit: int,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """By path, most first: the rows that are the first (``entry``) or last (``exit``) views of
    their visit within the range, or the distinct sessions among them.

    Which view is first is decided before the filters, so that a filter keeps or drops entries but
    makes none. Two views of a visit in the same instant are both first.
    """
    all_views = scope.filtered().rows(PAGEVIEW)
    rows = scope.rows(PAGEVIEW)
    return store.records(
        f"""
        WITH edge AS (
            SELECT e.visit_id, {EXTREMES[edge]}(e.created_at) AS created_at
            {all_views.sql} GROUP BY 1
        ),
        view AS (
            SELECT e.visit_id, e.created_at, e.session_id, e.url_path {rows.sql}
        )
        SELECT url_path AS x, {NUMBERS[count]} AS y
        FROM view e JOIN edge USING (visit_id, created_at)
        GROUP BY url_path ORDER BY y DESC, url_path LIMIT ? OFFSET ?
        """,
        [*all_views.values, *rows.values, limit, offset],
    )
