"""What versions of Umami write alike, from what queries found to JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from umami.embedded.queries import session_data
from umami.embedded.queries.event_data import Property, Size
from umami.embedded.queries.reports.retention import Cell
from umami.embedded.queries.reports.steps import Item
from umami.embedded.queries.sessions import SessionTotals
from umami.embedded.scope import spelled

JOURNEY_SLOTS = 7
"""Steps that a journey can have."""
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


def properties(found: Iterable[Property], *, typed: bool = False, valued: bool = False) -> Any:
    """Properties of events, by type and by value where that was asked."""
    return [
        {
            "eventName": one.event,
            "propertyName": one.name,
            **({"dataType": one.data_type} if typed else {}),
            **({"propertyValue": one.value} if valued else {}),
            "total": one.count,
        }
        for one in found
    ]


def fields(found: Iterable[Property], *, valued: bool = False) -> Any:
    """Properties by type, and by value where that was asked, whatever the event."""
    return [
        {
            "propertyName": one.name,
            "dataType": one.data_type,
            **({"value": one.value} if valued else {}),
            "total": one.count,
        }
        for one in found
    ]


def valued(found: Iterable[tuple[str | None, int]]) -> Any:
    """Values and how often they occur."""
    return [{"value": value, "total": count} for value, count in found]


def named(found: Iterable[session_data.Property], *, typed: bool = False) -> Any:
    """Names of properties of sessions, by type where that was asked, and how many have them."""
    return [
        {
            "propertyName": one.name,
            **({"dataType": one.data_type} if typed else {}),
            "total": one.sessions,
        }
        for one in found
    ]


def size(found: Size) -> Any:
    """How much data events carry; the records are a text, and null without any."""
    return {
        "events": found.events,
        "properties": found.properties,
        "records": str(found.records) if found.records else None,
    }


def session_totals(found: SessionTotals) -> Any:
    """Totals of sessions; what is called pageviews are events of every type."""
    return {
        "pageviews": {"value": found.rows},
        "visitors": {"value": found.visitors},
        "visits": {"value": found.visits},
        "countries": {"value": found.countries},
        "events": {"value": found.events},
    }


def week(found: dict[tuple[int, int], int]) -> Any:
    """Seven lists of 24 counts, the first being Sunday's."""
    return [[found.get((weekday, hour), 0) for hour in range(24)] for weekday in range(7)]


def session_sums(found: dict[str, Any]) -> dict[str, str]:
    """Sums over one session's life, as texts."""
    return {
        "views": str(found["views"]),
        "events": str(found["events"]),
        "totaltime": str(found["seconds"]),
    }


def funnel(steps: Sequence[tuple[str, str]], visitors: Sequence[int]) -> Any:
    """Visitors at each step (type and value); drop-off and what remains as fractions."""
    answer = []
    for number, ((kind, value), count) in enumerate(zip(steps, visitors, strict=True)):
        previous = visitors[number - 1] if number else 0
        answer.append(
            {
                "type": kind,
                "value": value,
                "visitors": count,
                "previous": previous,
                "dropped": previous - count if number else 0,
                "dropoff": 1 - count / previous if previous else None,
                "remaining": count / visitors[0] if visitors[0] else None,
            }
        )
    return answer


def cohorts(cells: Iterable[Cell]) -> Any:
    """Cohorts by local day, and who of them came back, in per cent."""
    return [
        {
            "date": spelled(cell.cohort),
            "day": cell.day,
            "visitors": cell.size,
            "returnVisitors": cell.returned,
            "percentage": 100 * cell.returned / cell.size,
        }
        for cell in cells
    ]


def journeys(paths: Iterable[tuple[list[Item], int]], steps: int) -> Any:
    """Beginnings of visits, padded as Umami pads them: equal neighbours become one, so does a
    visit's end, and so do the slots never asked for."""
    answer = []
    for path, count in paths:
        items: list[Item] = [
            item for number, item in enumerate(path) if number == 0 or item != path[number - 1]
        ]
        answer.append({"items": [*items, None] if steps < JOURNEY_SLOTS else items, "count": count})
    return answer
