"""UTM: pageviews by the parameters of their address."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from umami.embedded.scope import PAGEVIEW, Scope
from umami.embedded.store import Store

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
MOST = 50
NAME = re.compile(r"utm_\w+")


def utm_columns(store: Store, scope: Scope) -> dict[str, list[tuple[str, int]]]:
    """For each UTM parameter, the pageviews by its value as it was stored; 50 values at most, most
    views first."""
    rows = scope.rows(PAGEVIEW)
    return {
        name: [
            (value, int(views))
            for value, views in store.rows(
                f"SELECT e.{name} AS value, count(*) AS views {rows.sql} AND value <> '' "
                f"GROUP BY 1 ORDER BY views DESC, value LIMIT {MOST}",
                rows.values,
            )
        ]
        for name in UTM
    }


def utm(store: Store, scope: Scope) -> dict[str, dict[str, int]]:
    """For each ``utm_…`` parameter that occurs, its values and the pageviews that carry them.

    Values are read off the query as browsers do, so ``a+b`` and ``a%20b`` are one.
    """
    rows = scope.rows(PAGEVIEW, where=["e.url_query ILIKE '%utm_%'"])
    found: dict[str, dict[str, int]] = {}
    for query, views in store.rows(
        f"SELECT e.url_query, count(*) {rows.sql} GROUP BY 1", rows.values
    ):
        for name, value in parse_qsl(query, keep_blank_values=True):
            if NAME.fullmatch(name):
                values = found.setdefault(name, {})
                values[value] = values.get(value, 0) + int(views)
    return found
