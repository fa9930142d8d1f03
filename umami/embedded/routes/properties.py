"""Properties of events and sessions in depth: numbers, values over time, pivots (3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from umami.embedded.http import Call, Routes, Text
from umami.embedded.parameters import MOST_ROWS, Bucketed, Ranged, json_row, scope
from umami.embedded.queries import properties as queries
from umami.embedded.queries.properties import Metric, PivotPage
from umami.embedded.scope import Rows

routes = Routes()

EVENT = {
    "eventId": "event_id",
    "eventName": "event_name",
    "urlPath": "url_path",
    "sessionId": "session_id",
    "createdAt": "created_at",
}
SESSION = {"sessionId": "session_id", "distinctId": "distinct_id", "createdAt": "created_at"}


class Series(Ranged, Bucketed):
    """A range, filters, and what is counted over time."""


class SessionProperty(Series):
    """One property of sessions."""

    propertyName: Text

    def records(self, call: Call[Any]) -> Rows:
        """The records of the property."""
        return queries.of_sessions(scope(call), self.propertyName)


class EventProperty(Series):
    """One property of the events of one name."""

    eventName: Text
    propertyName: Text

    def records(self, call: Call[Any]) -> Rows:
        """The records of the property."""
        return queries.of_event(scope(call), self.eventName, self.propertyName)


class SessionNumbers(SessionProperty):
    """A property of sessions whose numbers are combined."""

    metric: Metric = "sum"


class EventNumbers(EventProperty):
    """A property of events whose numbers are combined."""

    metric: Metric = "sum"


class Page(Series):
    """A page of a pivot; ``search`` and an order have no effect."""

    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    pageSize: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 20
    search: Text | None = None
    orderBy: Text | None = None

    @property
    def skipped(self) -> int:
        """Rows before the page."""
        return (self.page - 1) * self.pageSize


class EventPivot(Page):
    """The events of one name."""

    eventName: Text


class SessionPivot(Page):
    """The sessions that have a property."""

    propertyName: Text


def _declare(
    path: str,
    one: type[EventProperty] | type[SessionProperty],
    numbers: type[EventNumbers] | type[SessionNumbers],
) -> None:
    @routes("GET", f"/websites/{{website_id}}/{path}/numeric-stats", one)
    def numeric_stats(call: Call[Any]) -> Any:
        """Sum, average, median and extremes of a number."""
        return asdict(queries.numeric_stats(call.umami.store, call.params.records(call)))

    @routes("GET", f"/websites/{{website_id}}/{path}/numeric-series", numbers)
    def numeric_series(call: Call[Any]) -> Any:
        """A number over time."""
        asked = call.params
        found = queries.numeric_series(
            call.umami.store,
            scope(call),
            asked.records(call),
            asked.metric,
            asked.answered_unit,
            asked.zone,
        )
        return [{"t": asked.stamp(start), "y": value} for start, value in found]

    @routes("GET", f"/websites/{{website_id}}/{path}/property-series", one)
    def property_series(call: Call[Any]) -> Any:
        """Texts and booleans over time."""
        return _points(call, queries.value_series)

    @routes("GET", f"/websites/{{website_id}}/{path}/array-series", one)
    def array_series(call: Call[Any]) -> Any:
        """The elements of lists over time."""
        return _points(call, queries.array_series)

    @routes("GET", f"/websites/{{website_id}}/{path}/date-series", one)
    def date_series(call: Call[Any]) -> Any:
        """The dates that a property has."""
        asked = call.params
        found = queries.date_series(call.umami.store, scope(call), asked.records(call), asked.zone)
        return [{"t": asked.stamp(date), "y": count} for date, count in found]


def _points(call: Call[Any], query: Any) -> Any:
    asked = call.params
    found: Sequence[queries.Point] = query(
        call.umami.store, scope(call), asked.records(call), asked.answered_unit, asked.zone
    )
    return [{"x": value, "t": asked.stamp(start), "y": count} for value, start, count in found]


_declare("event-data-pivot", EventProperty, EventNumbers)
_declare("session-data", SessionProperty, SessionNumbers)


@routes("GET", "/websites/{website_id}/session-data/stats", SessionProperty)
def labels(call: Call[SessionProperty]) -> Any:
    """What the sessions with each text value of a property did, the most active first."""
    found = queries.labels(call.umami.store, scope(call), call.params.propertyName)
    return [asdict(one) for one in found]


@routes("GET", "/websites/{website_id}/event-data-pivot", EventPivot)
def event_pivot(call: Call[EventPivot]) -> Any:
    """Events with all their data, newest first."""
    asked = call.params
    found = queries.pivoted_events(
        call.umami.store, scope(call), asked.eventName, asked.zone, asked.pageSize, asked.skipped
    )
    return _page(asked, found, EVENT)


@routes("GET", "/websites/{website_id}/session-data-pivot", SessionPivot)
def session_pivot(call: Call[SessionPivot]) -> Any:
    """Sessions with all their properties."""
    asked = call.params
    found = queries.pivoted_sessions(
        call.umami.store, scope(call), asked.propertyName, asked.zone, asked.pageSize, asked.skipped
    )
    return _page(asked, found, SESSION)


def _page(asked: Page, found: PivotPage, columns: dict[str, str]) -> dict[str, Any]:
    rows = [
        {
            **json_row(row.columns, columns),
            "propertyKeys": row.keys,
            "propertyValues": [
                asked.stamp(value) if isinstance(value, datetime) else value for value in row.values
            ],
        }
        for row in found.rows
    ]
    return {"data": rows, "count": found.count, "page": asked.page, "pageSize": asked.pageSize}
