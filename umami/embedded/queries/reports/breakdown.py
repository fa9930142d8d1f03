"""Breakdown (2.x: insights): totals for each combination of fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from umami.embedded.queries.totals import is_bounce
from umami.embedded.scope import PAGEVIEW, Scope, column
from umami.embedded.store import Store

MOST = 500
Order = Literal["views", "visitors"]
ORDERS: dict[Order, str] = {
    "views": "all_views DESC, visitors DESC",
    "visitors": "visitors DESC, all_views DESC",
}


def breakdown(
    store: Store, scope: Scope, fields: Sequence[str], *, by: Order = "views"
) -> list[dict[str, Any]]:
    """The totals of ``totals()``, for pageviews with equal values of the fields.

    Views and time are taken within the group: a visit to two pages can be a bounce on each. Most
    views or most visitors first, then the other; 500 groups at most.
    """
    rows, bounce = scope.rows(PAGEVIEW, columns=fields), is_bounce(scope)
    named = [f"{column(field)} AS field{number}" for number, field in enumerate(fields)]
    keys = ", ".join(f"field{number}" for number in range(len(fields)))
    found = store.rows(
        f"""
        WITH visit AS (
            SELECT {", ".join(named)}, e.session_id, e.visit_id, count(*) AS views,
                   min(e.created_at) AS first_at, max(e.created_at) AS last_at
            {rows.sql} GROUP BY {keys}, e.session_id, e.visit_id
        )
        SELECT {keys}, sum(views)::BIGINT AS all_views, count(DISTINCT session_id) AS visitors,
               count(DISTINCT visit_id), count(*) FILTER ({bounce.sql}),
               sum(floor(epoch(last_at - first_at)))::BIGINT
        FROM visit GROUP BY {keys} ORDER BY {ORDERS[by]} LIMIT {MOST}
        """,
        [*rows.values, *bounce.values],
    )
    measures = ("views", "visitors", "visits", "bounces", "seconds")
    return [dict(zip((*fields, *measures), row, strict=True)) for row in found]
