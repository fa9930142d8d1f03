"""Which pages, sources, environments, places and events: counts by the values of one field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from umami.embedded.queries.totals import is_bounce
from umami.embedded.scope import CUSTOM_EVENT, PAGEVIEW, Rows, Scope, column
from umami.embedded.store import Store

Counted = Literal["events", "visitors"]
Edge = Literal["entry", "exit"]
NUMBERS: dict[Counted, str] = {
    "events": "count(*)",
    "visitors": "count(DISTINCT e.session_id)",
}
IN_A_COUNTRY = ("region", "city")
FULL_PATH = "e.url_path || CASE WHEN e.url_query <> '' THEN '?' || e.url_query ELSE '' END"
"""A page's path with its query."""
LANGUAGE = "lower(left(s.language, 2))"
"""A language without its country."""


@dataclass(frozen=True, slots=True)
class Rank:
    """A value of a field and its count; the value is ``None`` for rows that have none.
    ``country`` is told for regions and cities only, as two countries may share a name."""

    name: str | None
    count: int
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Expanded:
    """A value of a field and the totals of the rows that have it; ``seconds`` is time on site."""

    name: str
    country: str | None
    views: int
    visitors: int
    visits: int
    bounces: int
    seconds: int


def ranking(
    store: Store,
    scope: Scope,
    field: str,
    *,
    count: Counted,
    limit: int,
    offset: int = 0,
    types: Sequence[int] = (PAGEVIEW,),
    named: bool = False,
    name: str | None = None,
) -> list[Rank]:
    """By value of a field, most first: rows of the types, or the distinct sessions among them.

    For ``event``, custom event rows instead. For ``referrer``, rows without one, and those that
    come from the page's own hostname, are left out. ``named`` leaves out every row without a value,
    and takes languages without their countries. ``name`` is SQL that is counted by instead of the
    field.
    """
    name = name or (_name(field) if named else column(field))
    rows = _rows(scope, field, types, (f"{name} <> ''",) if named else ())
    found = store.rows(
        f"""
        SELECT {name} AS name, {NUMBERS[count]} AS number, {_country(field)} AS country
        {rows.sql} GROUP BY 1, 3 ORDER BY 2 DESC, 1, 3 LIMIT ? OFFSET ?
        """,
        [*rows.values, limit, offset],
    )
    return [Rank(*row) for row in found]


def expanded(
    store: Store,
    scope: Scope,
    field: str,
    *,
    types: Sequence[int],
    limit: int,
    offset: int = 0,
    edge: Edge | None = None,
    name: str | None = None,
) -> list[Expanded]:
    """By value of a field, most visitors first: the totals of its rows of the types, where a
    visit's views, bounce and time are those on that value alone. Rows without a value are left out;
    otherwise as ``ranking`` has it. ``name`` is SQL that is counted by instead of the field.

    With an ``edge``, only the rows at the first or last instant of their visit within the range,
    which is decided before the filters.
    """
    name = name or _name(field)
    where, values = [f"{name} <> ''"], []
    if edge:
        everything = scope.unfiltered().rows(*types)
        extreme = "min" if edge == "entry" else "max"
        where.append(
            f"(e.visit_id, e.created_at) IN "
            f"(SELECT (e.visit_id, {extreme}(e.created_at)) {everything.sql} GROUP BY e.visit_id)"
        )
        values = everything.values
    rows, summed = _rows(scope, field, types, where), summed_visits(scope)
    found = store.rows(
        f"""
        WITH visit AS (
            SELECT {name} AS name, {_country(field)} AS country, e.session_id, e.visit_id,
                   count(*) AS views, min(e.created_at) AS first_at, max(e.created_at) AS last_at
            {rows.sql} GROUP BY 1, 2, 3, 4
        )
        SELECT name, country, {summed.sql}
        FROM visit GROUP BY name, country
        ORDER BY visitors DESC, visits DESC, name, country LIMIT ? OFFSET ?
        """,
        [*rows.values, *values, *summed.values, limit, offset],
    )
    return [Expanded(*row) for row in found]


def summed_visits(scope: Scope) -> Rows:
    """The columns of ``Expanded`` over a table of visits, each with its views and the times of its
    first and last; ``sql`` is what stands behind ``SELECT``."""
    bounce = is_bounce(scope)
    return Rows(
        f"""
        sum(views)::BIGINT AS views, count(DISTINCT session_id) AS visitors,
        count(DISTINCT visit_id) AS visits, count(*) FILTER ({bounce.sql}) AS bounces,
        sum(floor(epoch(last_at - first_at)))::BIGINT AS seconds
        """,
        bounce.values,
    )


def _name(field: str) -> str:
    return LANGUAGE if field == "language" else column(field)


def _country(field: str) -> str:
    return "s.country" if field in IN_A_COUNTRY else "NULL"


def _rows(scope: Scope, field: str, types: Sequence[int], where: Sequence[str]) -> Rows:
    if field == "referrer":
        where = (*where, scope.external_referrer, "e.referrer_domain <> ''")
    counted = (CUSTOM_EVENT,) if field == "event" else types
    return scope.rows(*counted, columns=(field,), where=where)


def first_paths(
    store: Store, scope: Scope, edge: Edge, *, types: Sequence[int], limit: int, offset: int = 0
) -> list[Rank]:
    """By path, most first: the distinct sessions with a row of the types that passes the filters,
    in a visit that began (``entry``) or ended (``exit``) on the path.

    Where a visit began is decided over its rows of the types within the range, whatever the
    filters; of two in the same instant, one counts.
    """
    everything = scope.unfiltered().rows(*types)
    rows = scope.rows(*types)
    extreme = "min" if edge == "entry" else "max"
    found = store.rows(
        f"""
        WITH edge AS (
            SELECT e.visit_id, arg_{extreme}(e.url_path, e.created_at) AS url_path
            {everything.sql} GROUP BY 1
        ),
        view AS (SELECT DISTINCT e.visit_id, e.session_id {rows.sql})
        SELECT url_path, count(DISTINCT session_id) AS number
        FROM view JOIN edge USING (visit_id)
        WHERE url_path <> '' GROUP BY url_path ORDER BY number DESC, url_path LIMIT ? OFFSET ?
        """,
        [*everything.values, *rows.values, limit, offset],
    )
    return [Rank(*row) for row in found]
