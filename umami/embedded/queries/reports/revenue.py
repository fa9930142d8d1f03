"""Revenue: the rows of the table of purchases, which custom events with an amount and a currency
fill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from umami.embedded.queries.channels import DIRECT, channel_of_row
from umami.embedded.scope import CUSTOM_EVENT, PERFORMANCE, Rows, Scope, Unit, bucket
from umami.embedded.store import Store

Part = Literal["country", "region", "referrer", "channel"]
UNKNOWN = "Unknown"
"""The channel of sessions without one before 3.3."""


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
    """The purchases in a currency, whatever its case, and how many sessions there were in all:
    those that pass the filters; before 3.2, all of the range."""
    rows = _revenue(scope, currency)
    if scope.definitions.revenue_of_sessions:
        sessions = _sessions(scope)
    else:
        everything = scope.unfiltered().rows()
        sessions = Rows(f"SELECT e.session_id {everything.sql}", everything.values)
    found = store.row(
        f"""
        SELECT sum(r.revenue), count(DISTINCT r.event_id), count(DISTINCT r.session_id),
               (SELECT count(DISTINCT session_id) FROM ({sessions.sql}))
        {rows.sql}
        """,
        [*sessions.values, *rows.values],
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
        nowhere = DIRECT if scope.definitions.one_channel_per_visit else UNKNOWN
        source = {
            "referrer": "e.referrer_domain",
            "channel": f"coalesce(nullif({channel_of_row(scope)}, ''), '{nowhere}')",
        }[part]
        table = (
            f"JOIN (SELECT e.session_id, arg_min_null({source}, e.created_at) AS source "
            f"{everything.sql} AND e.session_id IN (SELECT r.session_id {rows.sql}) GROUP BY 1) f "
            "ON f.session_id = r.session_id"
        )
        name, country = "f.source", "NULL"
        values = [*everything.values, *rows.values]
    joined = rows.sql.replace(" WHERE ", f" {table} WHERE ", 1)
    found = store.rows(
        f"SELECT {name}, {country}, sum(r.revenue) AS amount {joined} "
        "GROUP BY 1, 2 ORDER BY amount DESC, 1",
        [*values, *rows.values],
    )
    return [(name, country, amount) for name, country, amount in found]


def _sessions(scope: Scope) -> Rows:
    """``SELECT`` of the sessions that have a row that passes the filters."""
    rows = scope.rows(where=(f"e.event_type <> {PERFORMANCE}",))
    return Rows(f"SELECT DISTINCT e.session_id {rows.sql}", rows.values)


def _revenue(scope: Scope, currency: str) -> Rows:
    """``FROM … WHERE …`` over the rows ``r`` of the table: those of the sessions that pass the
    filters; before 3.2, those whose event passes them."""
    sql = (
        "FROM revenue r WHERE r.website_id = ? AND r.created_at BETWEEN ? AND ? "
        "AND upper(r.currency) = ?"
    )
    values: list[Any] = [scope.website, scope.start, scope.end, currency]
    if scope.definitions.revenue_of_sessions:
        sessions = _sessions(scope)
        return Rows(f"{sql} AND r.session_id IN ({sessions.sql})", [*values, *sessions.values])
    if not scope.is_filtered:
        return Rows(sql, values)
    passed = scope.rows(CUSTOM_EVENT)
    return Rows(
        f"{sql} AND r.event_id IN (SELECT e.event_id {passed.sql})", [*values, *passed.values]
    )
