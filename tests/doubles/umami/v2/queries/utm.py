"""UTM parameters as 2.x reads them off the query of an address."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from umami.embedded.scope import PAGEVIEW, Scope
from umami.embedded.store import Store

NAME = re.compile(r"utm_\w+")


def utm(store: Store, scope: Scope) -> dict[str, dict[str, int]]:
    """For each ``utm_…`` parameter that occurs, its values and the pageviews that carry them.

    Values are read off the query as browsers do, so ``a+b`` and ``a%20b`` are one.
    """
    rows = scope.rows(PAGEVIEW).where("e.url_query ILIKE '%utm_%'")
    by_parameter: dict[str, dict[str, int]] = {}
    for query, views in store.rows(
        f"SELECT e.url_query, count(*) {rows.sql} GROUP BY 1", rows.values
    ):
        for name, value in parse_qsl(query, keep_blank_values=True):
            if NAME.fullmatch(name):
                values = by_parameter.setdefault(name, {})
                values[value] = values.get(value, 0) + int(views)
    return by_parameter
