"""UTM: pageviews by the parameters of their address."""

from __future__ import annotations

from umami.embedded.scope import PAGEVIEW, Scope
from umami.embedded.store import Store

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
MOST = 50


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
