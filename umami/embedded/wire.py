"""The JSON of query results whose format is the same in several versions of Umami."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from umami.embedded.queries import session_data
from umami.embedded.queries.event_data import Property, Size
from umami.embedded.queries.reports.retention import Cell
from umami.embedded.queries.reports.steps import Item
from umami.embedded.queries.sessions import SessionTotals
from umami.embedded.scope import format_bucket

JOURNEY_SLOTS = 7
"""The maximum number of steps of a journey."""
SESSION_PROPERTY = {
    "websiteId": "website_id",
    "sessionId": "session_id",
    "dataKey": "data_key",
    "dataType": "data_type",
    "stringValue": "string_value",
    "numberValue": "number_value",
    "dateValue": "date_value",
    "createdAt": "created_at",
}


def _objects(rows: Iterable[Any], **attributes: str | None) -> list[dict[str, Any]]:
    """An object for each row: its keys with the values of these attributes, but for ``None``."""
    return [
        {key: getattr(row, attribute) for key, attribute in attributes.items() if attribute}
        for row in rows
    ]


def properties(rows: Iterable[Property], *, typed: bool = False, valued: bool = False) -> Any:
    """Properties of events, with or without type and value."""
    return _objects(
        rows,
        eventName="event",
        propertyName="name",
        dataType="data_type" if typed else None,
        propertyValue="value" if valued else None,
        total="count",
    )


def fields(rows: Iterable[Property], *, valued: bool = False) -> Any:
    """Properties of all events together, with type and with or without value."""
    value = "value" if valued else None
    return _objects(rows, propertyName="name", dataType="data_type", value=value, total="count")


def valued(rows: Iterable[tuple[str | None, int]]) -> Any:
    """Values and how often they occur."""
    return [{"value": value, "total": count} for value, count in rows]


def named(rows: Iterable[session_data.Property], *, typed: bool = False) -> Any:
    """Properties of sessions, with or without type, and the number of sessions that have them."""
    data_type = "data_type" if typed else None
    return _objects(rows, propertyName="name", dataType=data_type, total="sessions")


def size(size: Size) -> Any:
    """Counts of event data; ``records`` is text, and null instead of 0."""
    return {
        "events": size.events,
        "properties": size.properties,
        "records": str(size.records) if size.records else None,
    }


def session_totals(totals: SessionTotals) -> Any:
    """Totals of sessions; ``pageviews`` counts events of every type."""
    counts = {
        "pageviews": totals.rows,
        "visitors": totals.visitors,
        "visits": totals.visits,
        "countries": totals.countries,
        "events": totals.events,
    }
    return {name: {"value": count} for name, count in counts.items()}


def week(counts: dict[tuple[int, int], int]) -> Any:
    """Counts by weekday (0 is Sunday) and hour, as seven lists of 24 counts."""
    return [[counts.get((weekday, hour), 0) for hour in range(24)] for weekday in range(7)]


def session_sums(sums: dict[str, Any]) -> dict[str, str]:
    """Sums of one session, as text; ``totaltime`` is in seconds."""
    columns = {"views": "views", "events": "events", "totaltime": "seconds"}
    return {name: str(sums[column]) for name, column in columns.items()}


def funnel(steps: Sequence[tuple[str, str]], visitors: Sequence[int]) -> Any:
    """Visitors at each step (type and value); ``dropoff`` and ``remaining`` are fractions."""
    previous = (0, *visitors)
    return [
        {
            "type": kind,
            "value": value,
            "visitors": count,
            "previous": before,
            "dropped": before - count if number else 0,
            "dropoff": 1 - count / before if before else None,
            "remaining": count / visitors[0] if visitors[0] else None,
        }
        for number, ((kind, value), count, before) in enumerate(
            zip(steps, visitors, previous, strict=False)
        )
    ]


def cohorts(cells: Iterable[Cell]) -> Any:
    """Cohorts by local day, and the share of each that returned, in per cent."""
    return [
        {
            "date": format_bucket(cell.cohort),
            "day": cell.day,
            "visitors": cell.size,
            "returnVisitors": cell.returned,
            "percentage": 100 * cell.returned / cell.size,
        }
        for cell in cells
    ]


def journeys(paths: Iterable[tuple[list[Item], int]], steps: int) -> Any:
    """Beginnings of visits, with Umami's padding: equal neighbours are merged, and one null stands
    for all unused slots."""
    padding: list[Item] = [None] if steps < JOURNEY_SLOTS else []
    return [
        {"items": [*(item for item, _ in groupby(path)), *padding], "count": count}
        for path, count in paths
    ]
