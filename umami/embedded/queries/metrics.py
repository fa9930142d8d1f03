"""Counts by the values of one field: pages, sources, environments, places and events."""

from collections.abc import Sequence
from typing import Any, Literal

from umami.embedded.queries.channels import SOURCES
from umami.embedded.queries.totals import bounce, summed, visits
from umami.embedded.scope import (
    CUSTOM_EVENT,
    OF_ITS_SESSION,
    OF_SESSION,
    VIEWS,
    Rows,
    Scope,
    column,
    like,
)
from umami.embedded.store import Store

Counted = Literal["events", "visitors"]
Edge = Literal["entry", "exit"]
EXTREMES: dict[str, str] = {"entry": "min", "exit": "max"}
NUMBERS: dict[Counted, str] = {"events": "count(*)", "visitors": "count(DISTINCT e.session_id)"}
IN_A_COUNTRY = ("region", "city")
FULL_PATH = "e.url_path || CASE WHEN e.url_query <> '' THEN '?' || e.url_query ELSE '' END"
"""SQL of a page's path with its query."""
LANGUAGE = "lower(left(s.language, 2))"
"""SQL of a language without its country."""
_CASES = " ".join(
    f"WHEN e.referrer_domain ILIKE '%{text}%' THEN '{name}'"
    for name, texts in SOURCES["websites"].items()
    for text in texts
)
DOMAIN = f"CASE {_CASES} ELSE 'Other' END"
"""SQL of the known website that an event was referred by; the first match counts."""
MOST_VALUES = 10
MOST_EXACT = 5
"""The number of exact values that a search for values can have; further ones are ignored."""


def ranking(
    store: Store,
    scope: Scope,
    field: str,
    *,
    count: Counted,
    limit: int,
    offset: int = 0,
    named: bool = False,
    name: str | None = None,
) -> list[dict[str, Any]]:
    """Count (``y``) views, or the distinct sessions among them, per value of a field (``x``), the
    most frequent first; regions and cities also per ``country``.

    For ``event``, custom events are counted instead. For ``referrer``, rows without a referrer and
    rows referred by the page's own hostname are left out. ``named`` leaves out all rows without a
    value and cuts languages to two letters. ``name`` is SQL to count by instead of the field.
    """
    name = name or (_name(field) if named else column(field))
    if field in OF_SESSION and count == "visitors":
        # A session is joined once, not with each of its rows. DuckDB would expect more rows of
        # "DISTINCT" than there are sessions, and join the other way round, in four times the time.
        seen = scope.rows(*VIEWS)
        once = f"SELECT e.session_id, e.website_id {seen.sql} GROUP BY ALL HAVING count(*) > 0"
        sessions = f"({once}) e"
        rows = Rows(f"FROM {sessions} {OF_ITS_SESSION} WHERE true", seen.values)
    else:
        rows = _rows(scope, field, VIEWS)
    if named:
        rows = rows.where(f"{name} <> ''")
    country = ", s.country" if field in IN_A_COUNTRY else ""
    return store.records(
        f"""
        SELECT {name} AS x, {NUMBERS[count]} AS y {country}
        {rows.sql} GROUP BY ALL ORDER BY y DESC, x {country} LIMIT ? OFFSET ?
        """,
        [*rows.values, limit, offset],
    )


def expanded(
    store: Store,
    scope: Scope,
    field: str,
    *,
    limit: int,
    offset: int = 0,
    edge: Edge | None = None,
    name: str | None = None,
) -> list[dict[str, Any]]:
    """Return the sums of ``summed`` per value of a field (``name``), most visitors first; regions
    and cities also per ``country``.

    A visit's views, bounce and time are those of its rows with that value. Rows without a value are
    left out; otherwise rows, languages and ``name`` are as in ``ranking``. With an ``edge``, only
    rows at the first or last instant of their visit within the range count, regardless of filters.
    """
    name = name or _name(field)
    rows = _rows(scope, field, VIEWS).where(f"{name} <> ''")
    if edge:
        everything = scope.unfiltered().rows(*VIEWS)
        edges = f"(e.visit_id, {EXTREMES[edge]}(e.created_at)) {everything.sql}"
        condition = f"(e.visit_id, e.created_at) IN (SELECT {edges} GROUP BY e.visit_id)"
        rows = rows.where(condition, *everything.values)
    keys = {"name": name} | ({"country": "s.country"} if field in IN_A_COUNTRY else {})
    order = ", ".join(("visitors DESC", "visits DESC", *keys))
    tail = f"GROUP BY ALL ORDER BY {order} LIMIT ? OFFSET ?"
    return summed(store, visits(rows, keys), bounce(scope), keys, tail, [limit, offset])


def first_paths(
    store: Store, scope: Scope, edge: Edge, *, limit: int, offset: int = 0
) -> list[dict[str, Any]]:
    """Count (``y``), per path (``x``), the distinct sessions with a matching row in a visit that
    began (``entry``) or ended (``exit``) on the path, the most frequent first. A visit's first and
    last path are those of its views within the range, regardless of filters; of two rows at the
    same instant, one counts."""
    everything, rows = scope.unfiltered().rows(*VIEWS), scope.rows(*VIEWS)
    return store.records(
        f"""
        WITH edge AS (
            SELECT e.visit_id, arg_{EXTREMES[edge]}(e.url_path, e.created_at) AS url_path
            {everything.sql} GROUP BY 1
        ),
        view AS (SELECT DISTINCT e.visit_id, e.session_id {rows.sql})
        SELECT url_path AS x, count(DISTINCT session_id) AS y
        FROM view JOIN edge USING (visit_id)
        WHERE url_path <> '' GROUP BY url_path ORDER BY y DESC, url_path LIMIT ? OFFSET ?
        """,
        [*everything.values, *rows.values, limit, offset],
    )


def values(store: Store, scope: Scope, field: str, search: str) -> list[dict[str, Any]]:
    """Return the ten most frequent values of a field and their ``count``, in rows of any type:
    those that contain a text, or that are one of several texts separated by commas, ignoring case.
    Referrers leave out the page's own hostname."""
    name, rows = column(field), _rows(scope, field)
    if "," in search:
        texts = search.split(",")[:MOST_EXACT]
        rows = rows.where(f"lower({name}) IN ({', '.join(['lower(?)'] * len(texts))})", *texts)
    elif search:
        rows = rows.where(like(name, search), f"%{search}%")
    return store.records(
        f"""
        SELECT {name} AS value, count(*) AS count
        {rows.sql} GROUP BY value ORDER BY count DESC, value LIMIT {MOST_VALUES}
        """,
        rows.values,
    )


def _name(field: str) -> str:
    return LANGUAGE if field == "language" else column(field)


def _rows(scope: Scope, field: str, types: Sequence[int] = ()) -> Rows:
    """Return the rows with a field: of types, or of all."""
    if types and field == "event":
        types = (CUSTOM_EVENT,)
    rows = scope.rows(*types, columns=(field,))
    if field == "referrer":
        return rows.where(f"{scope.external_referrer} AND e.referrer_domain <> ''")
    return rows
