"""Revenue: the table of purchases, which custom events with an amount and a currency fill."""

from __future__ import annotations

from typing import Any, Literal

from umami.embedded.queries.channels import DIRECT, channel_of_row
from umami.embedded.scope import BUCKET, CUSTOM_EVENT, PERFORMANCE, Rows, Scope, Unit, bucket
from umami.embedded.store import Store

Part = Literal["country", "region", "referrer", "channel"]
UNKNOWN = "Unknown"
"""The channel of sessions without a channel before 3.3."""


def revenue_totals(store: Store, scope: Scope, currency: str) -> dict[str, Any]:
    """Return the ``sum`` of the purchases in a currency, ``count`` and ``unique_count``, their
    numbers of events and sessions, ``total_sessions``, and the ``average`` per event and per
    session (``arpu``).

    The total sessions are all that pass the filters; before 3.2, all of the range.
    """
    rows = _revenue(scope, currency)
    if scope.definitions.revenue_of_sessions:
        sessions = _sessions(scope)
    else:
        everything = scope.unfiltered().rows()
        sessions = Rows(f"SELECT e.session_id {everything.sql}", everything.values)
    (sums,) = store.records(
        f"""
        SELECT sum(r.revenue) AS sum, count(DISTINCT r.event_id) AS count,
               count(DISTINCT r.session_id) AS unique_count,
               (SELECT count(DISTINCT session_id) FROM ({sessions.sql})) AS total_sessions
        {rows.sql}
        """,
        [*sessions.values, *rows.values],
    )
    amount, events, total = float(sums["sum"] or 0), sums["count"], sums["total_sessions"]
    averages = {"average": amount / events if events else 0, "arpu": amount / total if total else 0}
    return sums | averages


def revenue_series(
    store: Store, scope: Scope, currency: str, unit: Unit, timezone: str
) -> list[dict[str, Any]]:
    """Return the name of an event (``x``), the start (wall clock) of a bucket (``t``), the amount
    (``y``) and the ``count`` of the events in each bucket with purchases, by time."""
    rows = _revenue(scope, currency)
    at = bucket(scope, unit, timezone, "r.created_at")
    return store.records(
        f"""
        SELECT r.event_name AS x, strftime({at}, '{BUCKET}') AS t, sum(r.revenue) AS y,
               count(DISTINCT r.event_id) AS count
        {rows.sql} GROUP BY 1, 2 ORDER BY 2, 1
        """,
        rows.values,
    )


def revenue_by_part(store: Store, scope: Scope, currency: str, part: Part) -> list[dict[str, Any]]:
    """Return the amount (``value``) by ``name``, and for regions by ``country``: the place of the
    session, or the referrer or channel of the session's first row in the range. The highest amount
    comes first."""
    rows = _revenue(scope, currency)
    country = "s.country, " if part == "region" else ""
    if part in ("country", "region"):
        table = "session s ON s.session_id = r.session_id AND s.website_id = r.website_id"
        name, values = f"s.{part}", list[Any]()
    else:
        everything = scope.unfiltered().rows()
        nowhere = DIRECT if scope.definitions.one_channel_per_visit else UNKNOWN
        source = {
            "referrer": "e.referrer_domain",
            "channel": f"coalesce(nullif({channel_of_row(scope)}, ''), '{nowhere}')",
        }[part]
        table = (
            f"(SELECT e.session_id, arg_min_null({source}, e.created_at) AS source "
            f"{everything.sql} AND e.session_id IN (SELECT r.session_id {rows.sql}) GROUP BY 1) f "
            "ON f.session_id = r.session_id"
        )
        name, values = "f.source", [*everything.values, *rows.values]
    joined = rows.sql.replace(" WHERE ", f" JOIN {table} WHERE ", 1)
    return store.records(
        f"SELECT {country} {name} AS name, sum(r.revenue) AS value {joined} "
        "GROUP BY ALL ORDER BY value DESC, name",
        [*values, *rows.values],
    )


def _sessions(scope: Scope) -> Rows:
    """Return the ``SELECT`` of the sessions with a row that passes the filters."""
    rows = scope.rows().where(f"e.event_type <> {PERFORMANCE}")
    return Rows(f"SELECT DISTINCT e.session_id {rows.sql}", rows.values)


def _revenue(scope: Scope, currency: str) -> Rows:
    """Return ``FROM … WHERE …`` over the purchases ``r`` in a currency, which is upper case: those
    of the sessions that pass the filters; before 3.2, those whose event passes the filters."""
    revenue = Rows(
        "FROM revenue r WHERE r.website_id = ? AND r.created_at BETWEEN ? AND ? "
        "AND upper(r.currency) = ?",
        [scope.website, scope.start, scope.end, currency],
    )
    if scope.definitions.revenue_of_sessions:
        sessions = _sessions(scope)
        return revenue.where(f"r.session_id IN ({sessions.sql})", *sessions.values)
    if not scope.is_filtered:
        return revenue
    passed = scope.rows(CUSTOM_EVENT)
    return revenue.where(f"r.event_id IN (SELECT e.event_id {passed.sql})", *passed.values)
