"""Views and visits in parts, of which each consists of what some filters keep; no Umami has such a
query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from umami.embedded.queries.totals import MOST_GROUPS, select_visits
from umami.embedded.scope import PAGEVIEW, VIEWS, Filter, Rows, Scope, column
from umami.embedded.store import Store


def parts_of_visits(
    store: Store,
    scope: Scope,
    parts: Sequence[Sequence[Filter]],
    fields: Sequence[str],
    *,
    of_visits: bool,
) -> list[dict[str, Any]]:
    """Return the totals of each part, and in it of page views with equal values of the fields: the
    500 groups with most visitors.

    A row is in the first part whose filters it passes, and in a last one if there is none;
    ``part`` is the position. With ``of_visits``, a whole visit is in the first part that a row of
    it, of any type, is in. ``views`` are those in the part, ``bounces`` and ``totaltime`` (s) those
    of the whole visits that have such views.
    """
    whens = [
        Rows(" WHEN ").joined(scope.matching(filters), Rows(f" THEN {at}"))
        for at, filters in enumerate(parts)
    ]
    part = Rows("CASE").joined(*whens, Rows(f" ELSE {len(parts)} END"))
    if of_visits:
        part = Rows("min(").joined(part, Rows(") OVER (PARTITION BY e.session_id, e.visit_id)"))
    filtered = [filter_.field for filters in parts for filter_ in filters]
    rows = scope.rows(columns=[*fields, *filtered])
    whole, is_bounce = select_visits(scope)
    types = ", ".join(map(str, (PAGEVIEW,) if fields else VIEWS))
    columns = "".join(f', {column(field)} AS "{field}"' for field in fields)
    names = "".join(f', "{field}"' for field in fields)
    return store.records(
        f"""
        WITH row AS (
            SELECT {part.sql} AS part {columns}, e.session_id, e.visit_id, e.event_type {rows.sql}
        ),
        grouped AS (
            SELECT part {names}, session_id, visit_id, count(*) AS matching
            FROM row WHERE event_type IN ({types}) GROUP BY ALL
        ),
        whole AS ({whole.sql}),
        sums AS (
            SELECT part {names}, sum(matching)::BIGINT AS matching,
                   count(DISTINCT session_id) AS visitors, count(DISTINCT visit_id) AS visits,
                   count(*) FILTER ({is_bounce.sql}) AS bounces,
                   sum(floor(epoch(last_at - first_at)))::BIGINT AS totaltime
            FROM grouped JOIN whole USING (session_id, visit_id) GROUP BY ALL
        )
        SELECT * RENAME (matching AS views) FROM sums
        QUALIFY row_number() OVER (
            PARTITION BY part ORDER BY visitors DESC, matching DESC {names}
        ) <= {MOST_GROUPS}
        ORDER BY part, visitors DESC, matching DESC {names}
        """,
        [*part.values, *rows.values, *whole.values, *is_bounce.values],
    )
