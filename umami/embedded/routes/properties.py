"""Details of properties of events and sessions: numbers, values over time, pivots (3.2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import create_model

from umami.embedded.http import Call, Routes, Text
from umami.embedded.parameters import Bucketed, Page, Ranged, json_row, scope
from umami.embedded.queries import properties as queries
from umami.embedded.queries.properties import Metric
from umami.embedded.routes.records import camel_case
from umami.embedded.scope import Rows, Scope

routes = Routes()

EVENT = camel_case("event_id", "event_name", "url_path", "session_id", "created_at")
SESSION = camel_case("session_id", "distinct_id", "created_at")


class Series(Ranged, Bucketed):
    """A range, filters, and the unit and time zone of buckets."""


class SessionProperty(Series):
    """A property of sessions."""

    propertyName: Text

    def records(self, scope: Scope) -> Rows:
        """Return the records of the property."""
        return queries.of_sessions(scope, self.propertyName)


class EventProperty(Series):
    """A property of the events of one name."""

    eventName: Text
    propertyName: Text

    def records(self, scope: Scope) -> Rows:
        """Return the records of the property."""
        return queries.of_event(scope, self.eventName, self.propertyName)


class Pivot(Series, Page):
    """A page of a pivot; ``search`` and ``orderBy`` have no effect."""

    search: Text | None = None
    orderBy: Text | None = None


class EventPivot(Pivot):
    """The events of one name."""

    eventName: Text


class SessionPivot(Pivot):
    """The sessions that have a property."""

    propertyName: Text


def _declare(path: str, property_: type[EventProperty] | type[SessionProperty]) -> None:
    metric: Any = (Metric, "sum")
    numbers = create_model(f"{property_.__name__}Numbers", __base__=property_, metric=metric)

    @routes("GET", f"/websites/{{website_id}}/{path}/numeric-stats", property_)
    def numeric_stats(call: Call[Any]) -> Any:
        """Return total, average, median and extremes of the numbers."""
        return queries.numeric_stats(call.umami.store, call.params.records(scope(call)))

    @routes("GET", f"/websites/{{website_id}}/{path}/numeric-series", numbers)
    def numeric_series(call: Call[Any]) -> Any:
        """Return the numbers over time."""
        params, here = call.params, scope(call)
        series = queries.numeric_series(
            call.umami.store,
            here,
            params.records(here),
            params.metric,
            params.answered_unit,
            params.zone,
        )
        return [{"t": params.stamp(start), "y": value} for start, value in series]

    for kind in queries.VALUES:
        _declare_values(path, property_, kind)

    @routes("GET", f"/websites/{{website_id}}/{path}/date-series", property_)
    def date_series(call: Call[Any]) -> Any:
        """Return the dates of the property."""
        params, here = call.params, scope(call)
        dates = queries.date_series(call.umami.store, here, params.records(here), params.zone)
        return [{"t": params.stamp(date), "y": count} for date, count in dates]


def _declare_values(
    path: str, property_: type[EventProperty] | type[SessionProperty], kind: queries.Series
) -> None:
    @routes("GET", f"/websites/{{website_id}}/{path}/{kind}-series", property_)
    def series(call: Call[Any]) -> Any:
        """Return texts and booleans, or the elements of lists, over time."""
        params, here = call.params, scope(call)
        records, unit = params.records(here), params.answered_unit
        rows = queries.value_series(call.umami.store, here, records, kind, unit, params.zone)
        return [{"x": value, "t": params.stamp(start), "y": count} for value, start, count in rows]


_declare("event-data-pivot", EventProperty)
_declare("session-data", SessionProperty)


@routes("GET", "/websites/{website_id}/session-data/stats", SessionProperty)
def labels(call: Call[SessionProperty]) -> Any:
    """Return what the sessions with each text value of a property did, the most active first."""
    return queries.labels(call.umami.store, scope(call), call.params.propertyName)


@routes("GET", "/websites/{website_id}/event-data-pivot", EventPivot)
def event_pivot(call: Call[EventPivot]) -> Any:
    """Return events with all their data, newest first."""
    return _pivot(call, queries.pivoted_events, call.params.eventName, EVENT)


@routes("GET", "/websites/{website_id}/session-data-pivot", SessionPivot)
def session_pivot(call: Call[SessionPivot]) -> Any:
    """Return sessions with all their properties."""
    return _pivot(call, queries.pivoted_sessions, call.params.propertyName, SESSION)


def _pivot(
    call: Call[Any], query: Callable[..., queries.Pivot], name: str, columns: dict[str, str]
) -> Any:
    params = call.params
    rows, count = query(
        call.umami.store, scope(call), name, params.zone, params.pageSize, params.skipped
    )
    objects = [
        {
            **json_row(row, columns),
            "propertyKeys": row["keys"],
            "propertyValues": [
                params.stamp(value) if isinstance(value, datetime) else value
                for value in row["values"]
            ],
        }
        for row in rows
    ]
    return params.response(objects, count)
