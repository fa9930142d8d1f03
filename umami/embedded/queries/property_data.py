"""Properties of custom events, and of sessions as ``identify`` of the tracker sets them.

The text of a value is the stored text, except that numbers lose a trailing ``.0000`` and dates are
cut to the hour (UTC). Filters keep the records of the events that pass them. If a session has
several values of a property, only the newest value counts, as Umami 3.3 stores it.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from umami.embedded.scope import Rows, Scope
from umami.embedded.store import Store
from umami.embedded.wire import camel_case, renamed

INSTANT = "%Y-%m-%dT%H:%M:%SZ"
NEWEST_VALUE = """
    QUALIFY row_number() OVER (
        PARTITION BY d.session_id, d.data_key ORDER BY d.created_at DESC, d.session_data_id
    ) = 1
"""
EVENT = {"eventName": "e.event_name"}
PROPERTY = {"propertyName": "d.data_key"}
TYPE = {"dataType": "d.data_type"}
"""Columns of ``counted``: their names in JSON, and their SQL."""
MOST_PROPERTIES, MOST_VALUES = 500, 100
RECORD = camel_case(
    *("website_id", "session_id", "data_key", "data_type", "string_value", "number_value"),
    *("date_value", "created_at"),
)


def text(dates: str = INSTANT) -> str:
    """Return the SQL of a value's text; ``dates`` is the format of dates."""
    return f"""
    CASE d.data_type
        WHEN 2 THEN replace(d.string_value, '.0000', '')
        WHEN 4 THEN strftime(date_trunc('hour', d.date_value), '{dates}')
        ELSE d.string_value
    END
"""


def of_events(scope: Scope, event: str | None = None) -> Rows:
    """Return ``FROM … WHERE …`` over the records ``d`` and their events ``e``, of one event name
    or of all."""
    records = Rows(
        """
        FROM event_data d
        JOIN website_event e ON e.event_id = d.website_event_id AND e.website_id = d.website_id
        WHERE d.website_id = ? AND d.created_at BETWEEN ? AND ?
        """,
        [scope.website, scope.start, scope.end],
    )
    if scope.is_filtered:
        passed = scope.rows()
        events = f"SELECT e.event_id {passed.sql}"
        records = records.where(f"d.website_event_id IN ({events})", *passed.values)
    return records if event is None else records.where("e.event_name = ?", event)


def of_sessions(scope: Scope, name: str | None = None, types: Sequence[int] = ()) -> Rows:
    """Return ``FROM … WHERE …`` over the newest record ``d`` of each session and property, of one
    property or of all. Sessions have an event in the range, of the types if there are any."""
    rows = scope.rows(*types)
    newest = Rows(
        f"""
        SELECT d.* FROM session_data d
        WHERE d.website_id = ? AND d.session_id IN (SELECT e.session_id {rows.sql})
        """,
        [scope.website, *rows.values],
    )
    if name is not None:
        newest = newest.where("d.data_key = ?", name)
    return Rows(f"FROM ({newest.sql} {NEWEST_VALUE}) d WHERE true", newest.values)


def counted(
    store: Store,
    records: Rows,
    columns: Mapping[str, str],
    order: str = "",
    limit: int | None = MOST_PROPERTIES,
) -> list[dict[str, Any]]:
    """Count records by columns, the most frequent first by default."""
    selected = ", ".join(f'{sql} AS "{name}"' for name, sql in columns.items())
    return store.records(
        f"SELECT {selected}, count(*) AS total {records.sql} GROUP BY ALL "
        f"ORDER BY {order or ', '.join(('total DESC', *columns))} LIMIT {limit or 'ALL'}",
        records.values,
    )


def values(
    store: Store, records: Rows, data_type: int | None = None, dates: str = INSTANT
) -> list[dict[str, Any]]:
    """Count records by value, of one data type or of all: the hundred most frequent values."""
    if data_type is not None:
        records = records.where("d.data_type = ?", data_type)
    return counted(store, records, {"value": text(dates)}, limit=MOST_VALUES)


def properties_of_events(store: Store, scope: Scope, event: str | None) -> list[dict[str, Any]]:
    """Count records per event, property and type; of one event also per stored text."""
    records, columns = of_events(scope, event), EVENT | PROPERTY | TYPE
    if event is None:
        return counted(store, records, columns, "eventName, propertyName, total, dataType")
    columns |= {"propertyValue": "d.string_value"}
    order = "propertyName, dataType, total DESC, propertyValue"
    return counted(store, records, columns, order, limit=None)


def size_of_events(store: Store, scope: Scope) -> dict[str, Any]:
    """Count events with data, property names and records; ``records`` is text, null for 0."""
    records = of_events(scope)
    return store.records(
        f"""
        SELECT count(DISTINCT d.website_event_id) AS events,
               count(DISTINCT d.data_key) AS properties,
               nullif(count(*), 0)::VARCHAR AS records
        {records.sql}
        """,
        records.values,
    )[0]


def of_session(store: Store, website: UUID, session: UUID) -> list[dict[str, Any]]:
    """Return the newest record of each property of one session, by property."""
    rows = store.records(
        f"""
        SELECT d.* REPLACE (replace(string_value, '.0000', '') AS string_value)
        FROM session_data d WHERE d.website_id = ? AND d.session_id = ?
        {NEWEST_VALUE} ORDER BY d.data_key
        """,
        [website, session],
    )
    return [renamed(row, RECORD) for row in rows]
