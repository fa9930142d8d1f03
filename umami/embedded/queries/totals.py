"""Totals of a range: views, visitors, visits, bounces and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from umami.embedded.scope import CUSTOM_EVENT, PAGEVIEW, Rows, Scope
from umami.embedded.store import Store


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a range; ``seconds`` is time on site."""

    views: int
    visitors: int
    visits: int
    bounces: int
    seconds: int


@dataclass(frozen=True, slots=True)
class EventTotals:
    """Sums over a range's custom events; ``names`` counts the different ones."""

    events: int
    visitors: int
    visits: int
    names: int


def is_bounce(scope: Scope) -> Rows:
    """Condition that a row of a table of visits (``session_id``, ``visit_id``, ``views``) is a
    bounce: it has one view, and the visit no custom event in the range, whatever the filters."""
    if not scope.definitions.event_prevents_bounce:
        return Rows("views = 1")
    events = scope.unfiltered().rows(CUSTOM_EVENT)
    return Rows(
        "views = 1 AND (session_id, visit_id) NOT IN "
        f"(SELECT (e.session_id, e.visit_id) {events.sql})",
        events.values,
    )


def totals(store: Store, scope: Scope, types: Sequence[int] = (PAGEVIEW,)) -> Totals:
    """Views are rows of the types; visitors distinct sessions; visits distinct visits; bounces are
    those of ``is_bounce``; time is the sum over (session, visit) of whole seconds between
    its first and last view. Where bounces are left out, no visit is one, even if the filters leave
    one view of it.
    """
    rows = scope.rows(*types)
    bounce = Rows("false") if scope.without_bounces else is_bounce(scope)
    found = store.row(
        f"""
        WITH visit AS (
            SELECT e.session_id, e.visit_id, count(*) AS views,
                   min(e.created_at) AS first_at, max(e.created_at) AS last_at
            {rows.sql} GROUP BY 1, 2
        )
        SELECT coalesce(sum(views), 0), count(DISTINCT session_id), count(DISTINCT visit_id),
               count(*) FILTER ({bounce.sql}),
               coalesce(sum(floor(epoch(last_at - first_at))), 0)
        FROM visit
        """,
        [*rows.values, *bounce.values],
    )
    assert found
    return Totals(*(int(value) for value in found))


def event_totals(store: Store, scope: Scope) -> EventTotals:
    """Custom event rows, and the distinct sessions, visits and names among them."""
    rows = scope.rows(CUSTOM_EVENT)
    found = store.row(
        f"""
        SELECT count(*), count(DISTINCT e.session_id), count(DISTINCT e.visit_id),
               count(DISTINCT e.event_name)
        {rows.sql}
        """,
        rows.values,
    )
    assert found
    return EventTotals(*found)
