"""Which pages, sources, environments, places and events: counts by the values of one field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from umami.embedded.scope import CUSTOM_EVENT, PAGEVIEW, Scope, column
from umami.embedded.store import Store

Counted = Literal["events", "visitors"]
Edge = Literal["entry", "exit"]
NUMBERS: dict[Counted, str] = {
    "events": "count(*)",
    "visitors": "count(DISTINCT e.session_id)",
}
IN_A_COUNTRY = ("region", "city")


@dataclass(frozen=True, slots=True)
class Rank:
    """A value of a field and its count; the value is ``None`` for rows that have none.
    ``country`` is told for regions and cities only, as two countries may share a name."""

    name: str | None
    count: int
    country: str | None = None


def ranking(
    store: Store, scope: Scope, field: str, *, count: Counted, limit: int, offset: int = 0
) -> list[Rank]:
    """By value of a field, most first: pageview rows, or the distinct sessions among them.

    For ``event``, custom event rows instead. For ``referrer``, rows without one, and those that
    come from the page's own hostname, are left out.
    """
    types = CUSTOM_EVENT if field == "event" else PAGEVIEW
    where = (
        ("e.referrer_domain <> e.hostname", "e.referrer_domain <> ''")
        if field == "referrer"
        else ()
    )
    rows = scope.rows(types, columns=(field,), where=where)
    country = "s.country" if field in IN_A_COUNTRY else "NULL"
    found = store.rows(
        f"""
        SELECT {column(field)} AS name, {NUMBERS[count]} AS number, {country} AS country
        {rows.sql} GROUP BY 1, 3 ORDER BY 2 DESC, 1, 3 LIMIT ? OFFSET ?
        """,
        [*rows.values, limit, offset],
    )
    return [Rank(*row) for row in found]


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
