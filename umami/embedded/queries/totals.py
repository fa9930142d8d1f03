"""Totals of a range: views, visitors, visits, bounces and time."""

from __future__ import annotations

from dataclasses import dataclass

from umami.embedded.scope import PAGEVIEW, Scope
from umami.embedded.store import Store


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a range; ``seconds`` is time on site."""

    views: int
    visitors: int
    visits: int
    bounces: int
    seconds: int


def totals(store: Store, scope: Scope) -> Totals:
    """Views are pageview rows; visitors distinct sessions; visits distinct visits; a bounce is a
    (session, visit) with one view; time is the sum over (session, visit) of whole seconds between
    its first and last view.
    """
    rows = scope.rows(PAGEVIEW)
    found = store.row(
        f"""
        WITH visit AS (
            SELECT e.session_id, e.visit_id, count(*) AS views,
                   min(e.created_at) AS first_at, max(e.created_at) AS last_at
            {rows.sql} GROUP BY 1, 2
        )
        SELECT coalesce(sum(views), 0), count(DISTINCT session_id), count(DISTINCT visit_id),
               count(*) FILTER (views = 1),
               coalesce(sum(floor(epoch(last_at - first_at))), 0)
        FROM visit
        """,
        rows.values,
    )
    assert found
    return Totals(*(int(value) for value in found))
