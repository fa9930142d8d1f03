"""Revenue as 2.18 finds it, which has no table of purchases.

Money is the value of an event's property whose name contains ``revenue``, in the currency that
another property, whose name contains ``currency``, has.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from umami.embedded.queries.reports import Model, Parts, Step, credited
from umami.embedded.scope import Rows, Scope, Unit, bucket
from umami.embedded.store import Store

_MONEY = """
    money AS MATERIALIZED (
        SELECT e.event_id, e.session_id, e.event_name, e.url_path, d.created_at,
               c.string_value AS currency,
               coalesce(d.number_value, try_cast(d.string_value AS DECIMAL(19, 4))) AS amount
        FROM event_data d
        JOIN event_data c ON c.website_event_id = d.website_event_id
             AND c.website_id = d.website_id AND c.data_key ILIKE '%currency%'
             AND c.created_at BETWEEN ? AND ?
        JOIN website_event e ON e.event_id = d.website_event_id AND e.website_id = d.website_id
        WHERE d.website_id = ? AND d.created_at BETWEEN ? AND ? AND d.data_key ILIKE '%revenue%'
    )
"""
"""What each event brought, in its currency."""


def money(scope: Scope) -> tuple[str, list[Any]]:
    """The common table ``money`` as SQL, and its values."""
    return _MONEY, [scope.start, scope.end, scope.website, scope.start, scope.end]


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount, the events it came from and the sessions; no amount at all is ``None``."""

    currency: str
    amount: Decimal | None
    events: int
    sessions: int


def totals(store: Store, scope: Scope) -> list[Sum]:
    """The sums in each currency, largest first."""
    table, values = money(scope)
    rows = store.rows(
        f"""
        WITH {table}
        SELECT currency, sum(amount) AS amount, count(DISTINCT event_id),
               count(DISTINCT session_id)
        FROM money GROUP BY 1 ORDER BY amount DESC
        """,
        values,
    )
    return [Sum(*row) for row in rows]


def chart(
    store: Store, scope: Scope, currency: str, unit: Unit, timezone: str
) -> list[tuple[str, datetime, Decimal]]:
    """The amount of each event in each bucket that has one, by time."""
    table, values = money(scope)
    at = bucket(scope, unit, timezone, "created_at")
    rows = store.rows(
        f"""
        WITH {table}
        SELECT event_name, {at} AS at, sum(amount) FROM money WHERE currency = ?
        GROUP BY 1, 2 ORDER BY 2, 1
        """,
        [*values, currency],
    )
    return [(name, time, amount) for name, time, amount in rows]


def countries(store: Store, scope: Scope, currency: str) -> list[tuple[str | None, Decimal]]:
    """The amount by the country of the session, by name."""
    table, values = money(scope)
    rows = store.rows(
        f"""
        WITH {table}
        SELECT s.country, sum(m.amount)
        FROM money m JOIN session s ON s.session_id = m.session_id AND s.website_id = ?
        WHERE m.currency = ? GROUP BY 1 ORDER BY 1
        """,
        [*values, scope.website, currency],
    )
    return [(country, amount) for country, amount in rows]


def currencies(store: Store, scope: Scope) -> list[str]:
    """Values of properties whose name contains ``currency``, as they were sent."""
    rows = store.rows(
        """
        SELECT DISTINCT string_value FROM event_data
        WHERE website_id = ? AND created_at BETWEEN ? AND ? AND data_key ILIKE '%currency%'
          AND string_value IS NOT NULL
        ORDER BY 1
        """,
        [scope.website, scope.start, scope.end],
    )
    return [row[0] for row in rows]


def credited_money(store: Store, scope: Scope, model: Model, step: Step, currency: str) -> Parts:
    """What the money of a step's rows in a currency is credited to."""
    table, values = money(scope)
    column = step.column.replace("e.", "")
    converted = Rows(
        f"{table}, converted AS MATERIALIZED (SELECT session_id, "
        "max(created_at) AS converted_at, sum(amount) AS amount "
        f"FROM money WHERE currency = ? AND {column} = ? GROUP BY 1)",
        [*values, currency, step.value],
    )
    return credited(store, scope, model, converted, money=True)
