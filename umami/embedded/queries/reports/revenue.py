"""Revenue: the table of purchases, which custom events with an amount and a currency fill."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from umami.embedded.queries.channels import DIRECT, channel_of_row
from umami.embedded.scope import CUSTOM_EVENT, PERFORMANCE, Rows, Scope, Unit, bucket
from umami.embedded.store import Store

Part = Literal["country", "region", "referrer", "channel"]
UNKNOWN = "Unknown"
"""The channel of sessions without a channel before 3.3."""


def revenue_totals(store: Store, scope: Scope, currency: str) -> dict[str, Any]:
    """Return the ``sum`` of the purchases in a currency, ``count`` and ``unique_count``, their
    numbers of events and sessions, and ``total_sessions``.

    The latter are all sessions that pass the filters; before 3.2, all sessions of the range.
    """
    rows = _revenue(scope, currency)
    if scope.definitions.revenue_of_sessions:
        sessions = _sessions(scope)
    else:
        everything = scope.unfiltered().rows()
        sessions = Rows(f"SELECT e.session_id {everything.sql}", everything.values)
    return store.records(
        f"""
        SELECT sum(r.revenue) AS sum, count(DISTINCT r.event_id) AS count,
               count(DISTINCT r.session_id) AS unique_count,
               (SELECT count(DISTINCT session_id) FROM ({sessions.sql})) AS total_sessions
        {rows.sql}
        """,
        [*sessions.values, *rows.values],
    )[0]


def revenue_series(
    store: Store, scope: Scope, currency: str, unit: Unit, timezone: str
) -> list[tuple[str, datetime, Decimal, int]]:
    """Return the name, the start (wall clock), the amount and the number of the events in each
    bucket with purchases, by time."""
    rows = _revenue(scope, currency)
    return store.rows(
        f"""
        SELECT r.event_name, {bucket(scope, unit, timezone, "r.created_at")} AS at,
               sum(r.revenue), count(DISTINCT r.event_id)
        {rows.sql} GROUP BY 1, 2 ORDER BY 2, 1
        """,
        rows.values,
    )


def revenue_by_part(
    store: Store, scope: Scope, currency: str, part: Part
) -> list[tuple[str | None, str | None, Decimal]]:
    """Return name, country (of regions only) and amount by place of the session, or by the referrer
    or channel of the session's first row in the range, the highest amount first."""
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
    return store.rows(
        f"SELECT {name}, {country}, sum(r.revenue) AS amount {joined} "
        "GROUP BY 1, 2 ORDER BY amount DESC, 1",
        [*values, *rows.values],
    )


def _sessions(scope: Scope) -> Rows:
    """Return the ``SELECT`` of the sessions with a row that passes the filters."""
    rows = scope.rows(where=(f"e.event_type <> {PERFORMANCE}",))
    return Rows(f"SELECT DISTINCT e.session_id {rows.sql}", rows.values)


def _revenue(scope: Scope, currency: str) -> Rows:
    """Return ``FROM … WHERE …`` over the purchases ``r`` in a currency, which is upper case: those
    of the sessions that pass the filters; before 3.2, those whose event passes the filters."""
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
