"""Revenue: money that custom events brought.

From 2.19 on Umami keeps a table of revenue. Before, money is the value of an event's property whose
name contains ``revenue``, in the currency that another property, whose name contains ``currency``,
has.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from umami.embedded.queries.channels import channel_of_row
from umami.embedded.scope import CUSTOM_EVENT, Rows, Scope, Unit, bucket
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
    found = store.rows(
        f"""
        WITH {table}
        SELECT currency, sum(amount) AS amount, count(DISTINCT event_id),
               count(DISTINCT session_id)
        FROM money GROUP BY 1 ORDER BY amount DESC
        """,
        values,
    )
    return [Sum(*row) for row in found]


def chart(
    store: Store, scope: Scope, currency: str, unit: Unit, timezone: str
) -> list[tuple[str, datetime, Decimal]]:
    """The amount of each event in each bucket that has one, by time."""
    table, values = money(scope)
    at = bucket(scope, unit, timezone, "created_at")
    found = store.rows(
        f"""
        WITH {table}
        SELECT event_name, {at} AS at, sum(amount) FROM money WHERE currency = ?
        GROUP BY 1, 2 ORDER BY 2, 1
        """,
        [*values, currency],
    )
    return [(name, time, amount) for name, time, amount in found]


def countries(store: Store, scope: Scope, currency: str) -> list[tuple[str | None, Decimal]]:
    """The amount by the country of the session, by name."""
    table, values = money(scope)
    found = store.rows(
        f"""
        WITH {table}
        SELECT s.country, sum(m.amount)
        FROM money m JOIN session s ON s.session_id = m.session_id AND s.website_id = ?
        WHERE m.currency = ? GROUP BY 1 ORDER BY 1
        """,
        [*values, scope.website, currency],
    )
    return [(country, amount) for country, amount in found]


def currencies(store: Store, scope: Scope) -> list[str]:
    """Values of properties whose name contains ``currency``, as they were sent."""
    found = store.rows(
        """
        SELECT DISTINCT string_value FROM event_data
        WHERE website_id = ? AND created_at BETWEEN ? AND ? AND data_key ILIKE '%currency%'
          AND string_value IS NOT NULL
        ORDER BY 1
        """,
        [scope.website, scope.start, scope.end],
    )
    return [row[0] for row in found]


Part = Literal["country", "region", "referrer", "channel"]
UNKNOWN = "Unknown"
"""The channel of who came through none."""


@dataclass(frozen=True, slots=True)
class Earned:
    """An amount in one currency, the events and sessions it came from, and the sessions in all."""

    amount: Decimal | None
    events: int
    sessions: int
    of_sessions: int


@dataclass(frozen=True, slots=True)
class Earnings:
    """What one event earned in one stretch of time, by so many of its kind."""

    event: str
    start: datetime
    amount: Decimal
    count: int


def earned(store: Store, scope: Scope, currency: str) -> Earned:
    """The rows of the table of revenue in a currency, whatever its case; the sessions in all are
    those with any row in the range, whatever the filters."""
    rows, everybody = _revenue(scope, currency), scope.unfiltered().rows()
    found = store.row(
        f"""
        SELECT sum(r.revenue), count(DISTINCT r.event_id), count(DISTINCT r.session_id),
               (SELECT count(DISTINCT e.session_id) {everybody.sql})
        {rows.sql}
        """,
        [*everybody.values, *rows.values],
    )
    assert found
    return Earned(*found)


def earnings(
    store: Store, scope: Scope, currency: str, unit: Unit, timezone: str
) -> list[Earnings]:
    """The amount of each event in each bucket that has one, by time."""
    rows = _revenue(scope, currency)
    found = store.rows(
        f"""
        SELECT r.event_name, {bucket(scope, unit, timezone, "r.created_at")} AS at,
               sum(r.revenue), count(DISTINCT r.event_id)
        {rows.sql} GROUP BY 1, 2 ORDER BY 2, 1
        """,
        rows.values,
    )
    return [Earnings(*row) for row in found]


def earned_by(
    store: Store, scope: Scope, currency: str, part: Part
) -> list[tuple[str | None, str | None, Decimal]]:
    """By place of the session, or by what its first row in the range says of where it came from:
    name, country of a region, and amount. Most first."""
    rows = _revenue(scope, currency)
    if part in ("country", "region"):
        country = "s.country" if part == "region" else "NULL"
        table = "JOIN session s ON s.session_id = r.session_id AND s.website_id = r.website_id"
        name, values = f"s.{part}", list[Any]()
    else:
        everything = scope.unfiltered().rows()
        told = {
            "referrer": "e.referrer_domain",
            "channel": f"coalesce(nullif({channel_of_row(scope.elsewhere)}, ''), '{UNKNOWN}')",
        }[part]
        table = (
            f"JOIN (SELECT e.session_id, arg_min_null({told}, e.created_at) AS told "
            f"{everything.sql} AND e.session_id IN (SELECT r.session_id {rows.sql}) GROUP BY 1) f "
            "ON f.session_id = r.session_id"
        )
        name, country = "f.told", "NULL"
        values = [*everything.values, *rows.values]
    joined = rows.sql.replace(" WHERE ", f" {table} WHERE ", 1)
    found = store.rows(
        f"SELECT {name}, {country}, sum(r.revenue) AS amount {joined} "
        "GROUP BY 1, 2 ORDER BY amount DESC, 1",
        [*values, *rows.values],
    )
    return [(name, country, amount) for name, country, amount in found]


def _revenue(scope: Scope, currency: str) -> Rows:
    """``FROM … WHERE …`` over the rows ``r`` of the table; filters are the event's."""
    sql = (
        "FROM revenue r WHERE r.website_id = ? AND r.created_at BETWEEN ? AND ? "
        "AND upper(r.currency) = ?"
    )
    values: list[Any] = [scope.website, scope.start, scope.end, currency]
    if not scope.narrowed:
        return Rows(sql, values)
    passed = scope.rows(CUSTOM_EVENT)
    return Rows(
        f"{sql} AND r.event_id IN (SELECT e.event_id {passed.sql})", [*values, *passed.values]
    )
