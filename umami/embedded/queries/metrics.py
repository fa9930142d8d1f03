"""Counts by the values of one field: pages, sources, environments, places and events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from umami.embedded.queries.totals import is_bounce
from umami.embedded.scope import CUSTOM_EVENT, PAGEVIEW, Rows, Scope, column, like
from umami.embedded.store import Store

Counted = Literal["events", "visitors"]
Edge = Literal["entry", "exit"]
NUMBERS: dict[Counted, str] = {
    "events": "count(*)",
    "visitors": "count(DISTINCT e.session_id)",
}
IN_A_COUNTRY = ("region", "city")
FULL_PATH = "e.url_path || CASE WHEN e.url_query <> '' THEN '?' || e.url_query ELSE '' END"
"""SQL of a page's path with its query."""
LANGUAGE = "lower(left(s.language, 2))"
"""SQL of a language without its country."""
KNOWN_WEBSITES = (
    *("baidu.com", "bing.com", "brave.com", "chatgpt.com", "duckduckgo.com", "facebook.com"),
    *("github.com", "google.com", "news.ycombinator.com", "instagram.com", "linkedin.com"),
    *("pinterest.com", "reddit.com", "snapchat.com", "twitter.com", "yahoo.com", "yandex.ru"),
)
REFERRERS = {
    "news.ycombinator.com": ("news.ycombinator.com",),
    "instagram.com": ("instagram.", "ig.com"),
    "twitter.com": ("twitter.", "t.co", "x.com"),
}
"""The texts in referrer domains that identify a known website; by default its name without the
top-level domain, such as ``bing.``."""
_CASES = " ".join(
    f"WHEN e.referrer_domain ILIKE '%{text}%' THEN '{name}'"
    for name in KNOWN_WEBSITES
    for text in REFERRERS.get(name, (f"{name.partition('.')[0]}.",))
)
DOMAIN = f"CASE {_CASES} ELSE 'Other' END"
"""SQL of the known website that an event was referred by; the first match counts."""
MOST_VALUES = 10


@dataclass(frozen=True, slots=True)
class Rank:
    """A value of a field and its count; the value is ``None`` for rows without a value.
    ``country`` is set for regions and cities only, because two countries may share a name."""

    name: str | None
    count: int
    country: str | None = None


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
    """Count rows of the types, or the distinct sessions among them, per value of a field, the most
    frequent first.

    For ``event``, custom events are counted instead. For ``referrer``, rows without a referrer and
    rows referred by the page's own hostname are left out. ``named`` leaves out all rows without a
    value and cuts languages to two letters. ``name`` is SQL to count by instead of the field.
    """
    name = name or (_name(field) if named else column(field))
    rows = _rows(scope, field, types, (f"{name} <> ''",) if named else ())
    ranks = store.rows(
        f"""
        SELECT {name} AS name, {NUMBERS[count]} AS number, {_country(field)} AS country
        {rows.sql} GROUP BY 1, 3 ORDER BY 2 DESC, 1, 3 LIMIT ? OFFSET ?
        """,
        [*rows.values, limit, offset],
    )
    return [Rank(*rank) for rank in ranks]


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
) -> list[dict[str, Any]]:
    """Return the columns of ``summed_visits`` per ``name`` and ``country``, most visitors first.

    A visit's views, bounce and time are those of its rows with that value. Rows without a value are
    left out; otherwise rows, languages and ``name`` are as in ``ranking``. With an ``edge``, only
    rows at the first or last instant of their visit within the range count, regardless of filters.
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
    return store.records(
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


def summed_visits(scope: Scope) -> Rows:
    """Return the SQL after ``SELECT`` that sums a table of visits, which has the number of views
    and the times of the first and last view: ``views``, ``visitors``, ``visits``, ``bounces`` and
    ``seconds``, the time on site."""
    bounce = is_bounce(scope)
    return Rows(
        f"""
        sum(views)::BIGINT AS views, count(DISTINCT session_id) AS visitors,
        count(DISTINCT visit_id) AS visits, count(*) FILTER ({bounce.sql}) AS bounces,
        sum(floor(epoch(last_at - first_at)))::BIGINT AS seconds
        """,
        bounce.values,
    )


def first_paths(
    store: Store, scope: Scope, edge: Edge, *, types: Sequence[int], limit: int, offset: int = 0
) -> list[Rank]:
    """Count, per path, the distinct sessions with a matching row in a visit that began (``entry``)
    or ended (``exit``) on the path, the most frequent first.

    A visit's first and last path are those of its rows of the types within the range, regardless of
    filters; of two rows at the same instant, one counts.
    """
    everything = scope.unfiltered().rows(*types)
    rows = scope.rows(*types)
    extreme = "min" if edge == "entry" else "max"
    ranks = store.rows(
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
    return [Rank(*rank) for rank in ranks]


def values(
    store: Store,
    scope: Scope,
    field: str,
    *,
    containing: str | None = None,
    among: tuple[str, ...] = (),
) -> list[Rank]:
    """Return the ten most frequent values of a field, in rows of any type: those that contain a
    text, or that are ``among`` some texts, ignoring case. Referrers leave out the page's own
    hostname."""
    name = column(field)
    where, texts = [], []
    if containing:
        where.append(like(name, containing))
        texts.append(f"%{containing}%")
    if among:
        where.append(f"lower({name}) IN ({', '.join(['lower(?)'] * len(among))})")
        texts.extend(among)
    rows = scope.rows(columns=(field,), where=(*_with_referrer(scope, field), *where))
    ranks = store.rows(
        f"""
        SELECT {name} AS value, count(*) AS number
        {rows.sql} GROUP BY value ORDER BY number DESC, value LIMIT {MOST_VALUES}
        """,
        [*rows.values, *texts],
    )
    return [Rank(*rank) for rank in ranks]


def _name(field: str) -> str:
    return LANGUAGE if field == "language" else column(field)


def _country(field: str) -> str:
    return "s.country" if field in IN_A_COUNTRY else "NULL"


def _with_referrer(scope: Scope, field: str) -> tuple[str, ...]:
    return (scope.external_referrer, "e.referrer_domain <> ''") if field == "referrer" else ()


def _rows(scope: Scope, field: str, types: Sequence[int], where: Sequence[str]) -> Rows:
    counted = (CUSTOM_EVENT,) if field == "event" else types
    return scope.rows(*counted, columns=(field,), where=(*where, *_with_referrer(scope, field)))
