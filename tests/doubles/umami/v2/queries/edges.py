"""First and last pages as 2.x counts them."""

from __future__ import annotations

from umami.embedded.queries.metrics import NUMBERS, Counted, Edge, Rank
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
) -> list[Rank]:
    """By path, most first: the rows that are the first (``entry``) or last (``exit``) views of
    their visit within the range, or the distinct sessions among them.

    Which view is first is decided before the filters, so that a filter keeps or drops entries but
    makes none. Two views of a visit in the same instant are both first.
    """
    all_views = scope.filtered().rows(PAGEVIEW)
    rows = scope.rows(PAGEVIEW)
    extreme = "min" if edge == "entry" else "max"
    found = store.rows(
        f"""
        WITH edge AS (
            SELECT e.visit_id, {extreme}(e.created_at) AS created_at {all_views.sql} GROUP BY 1
        ),
        view AS (
            SELECT e.visit_id, e.created_at, e.session_id, e.url_path {rows.sql}
        )
        SELECT url_path, {NUMBERS[count]} AS number
        FROM view e JOIN edge USING (visit_id, created_at)
        GROUP BY url_path ORDER BY number DESC, url_path LIMIT ? OFFSET ?
        """,
        [*all_views.values, *rows.values, limit, offset],
    )
    return [Rank(*row) for row in found]
