"""Goals as 2.x counts them: how often something was done."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from umami.embedded.queries.reports import Step
from umami.embedded.scope import Scope
from umami.embedded.store import Store

Measure = Literal["count", "sum", "average"]


def times(store: Store, scope: Scope, step: Step) -> int:
    """Rows that match exactly: a path in rows of any kind, or the name of an event."""
    rows = scope.rows().where(*step.exactly)
    row = store.row(f"SELECT count(*) {rows.sql}", rows.values)
    assert row
    return int(row[0])


def measured(
    store: Store, scope: Scope, event: str, name: str, measure: Measure
) -> int | Decimal | float:
    """The number of values of an event's property, their sum, or their average; 0 for none."""
    formula = {
        "count": "count(*)",
        "sum": "sum(d.number_value)",
        "average": "avg(d.number_value)",
    }[measure]
    row = store.row(
        f"""
        SELECT coalesce({formula}, 0)
        FROM event_data d
        JOIN website_event e ON e.event_id = d.website_event_id AND e.website_id = d.website_id
        WHERE d.website_id = ? AND d.created_at BETWEEN ? AND ?
          AND e.event_name = ? AND d.data_key = ?
        """,
        [scope.website, scope.start, scope.end, event, name],
    )
    assert row
    number: int | Decimal | float = row[0]
    return number
