"""Custom events and pageviews as rows, and the data they carry."""

from __future__ import annotations

from functools import partial
from typing import Any, get_args

from umami.endpoint import Freshness, RawQuery, endpoint
from umami.endpoints.spelling import identified, known, over_time, ranged
from umami.models.events import (
    DataStats,
    Event,
    EventSeries,
    EventTotals,
    NumericMetric,
    NumericSeries,
    NumericStats,
    Property,
    PropertySeries,
    PropertyValue,
    properties,
    property_values,
)
from umami.models.paging import Page, paged
from umami.view import View


@endpoint("GET", "/websites/{website}/events", fresh=Freshness.PERIOD)
def events(
    view: View, page: int = 1, page_size: int = 20, search: str | None = None
) -> RawQuery[Page[Event]]:
    """Pageviews and custom events, newest first; ``search`` looks in event names and paths."""
    return RawQuery(
        paged(Event.read),
        path={"website": identified(view.website)},
        query={**ranged(view), "page": page, "pageSize": page_size, "search": search},
        until=view.period.end,
    )


@endpoint("GET", "/websites/{website}/events/series", fresh=Freshness.PERIOD)
def series(view: View) -> RawQuery[EventSeries]:
    """Custom events by name in each bucket of the period, none missing."""
    return RawQuery(
        partial(EventSeries.read, period=view.period),
        path={"website": identified(view.website)},
        query={**ranged(view), "unit": view.period.unit, "timezone": view.period.timezone},
        until=view.period.end,
    )


@endpoint(
    "GET",
    "/websites/{website}/events/stats",
    fresh=Freshness.PERIOD,
    since="3.1",
    subject="event stats",
)
def event_stats(view: View) -> RawQuery[EventTotals]:
    """Custom events in all; up to 3.0 made of session totals."""
    return RawQuery(
        EventTotals.read,
        path={"website": identified(view.website)},
        query=ranged(view),
        until=view.period.end,
    )


@endpoint("GET", "/websites/{website}/event-data/events", fresh=Freshness.PERIOD)
def event_data_events(view: View, event: str | None = None) -> RawQuery[tuple[Property, ...]]:
    """Properties by event; for one ``event`` also by value (numbers as text with decimals)."""
    return RawQuery(
        properties,
        path={"website": identified(view.website)},
        query={**ranged(view), "event": event},
        until=view.period.end,
    )


@endpoint("GET", "/websites/{website}/event-data/fields", fresh=Freshness.PERIOD)
def event_data_fields(view: View) -> RawQuery[tuple[Property, ...]]:
    """Properties with their values, whatever the event; 100 at most, in no stated order."""
    return RawQuery(
        properties,
        path={"website": identified(view.website)},
        query=ranged(view),
        until=view.period.end,
    )


@endpoint("GET", "/websites/{website}/event-data/properties", fresh=Freshness.PERIOD)
def event_data_properties(view: View) -> RawQuery[tuple[Property, ...]]:
    """Properties by event, most frequent first."""
    return RawQuery(
        properties,
        path={"website": identified(view.website)},
        query=ranged(view),
        until=view.period.end,
    )


@endpoint("GET", "/websites/{website}/event-data/values", fresh=Freshness.PERIOD)
def event_data_values(view: View, event: str, name: str) -> RawQuery[tuple[PropertyValue, ...]]:
    """Values of one property of one event, most frequent first, 100 at most."""
    return RawQuery(
        property_values,
        path={"website": identified(view.website)},
        query={**ranged(view), "event": event, "propertyName": name},
        until=view.period.end,
    )


@endpoint("GET", "/websites/{website}/event-data/stats", fresh=Freshness.PERIOD)
def event_data_stats(view: View) -> RawQuery[DataStats]:
    """How many events carry data, how many properties, how many values."""
    return RawQuery(
        DataStats.read,
        path={"website": identified(view.website)},
        query=ranged(view),
        until=view.period.end,
    )


@endpoint(
    "GET",
    "/websites/{website}/event-data-pivot/numeric-stats",
    fresh=Freshness.PERIOD,
    since="3.2",
    subject="figures of event properties",
)
def event_data_numeric_stats(view: View, event: str, name: str) -> RawQuery[NumericStats]:
    """Sum, average, median, least and largest number of one property of one event."""
    return RawQuery(
        NumericStats.read,
        path={"website": identified(view.website)},
        query=_property(view, event, name),
        until=view.period.end,
    )


@endpoint(
    "GET",
    "/websites/{website}/event-data-pivot/numeric-series",
    fresh=Freshness.PERIOD,
    since="3.2",
    subject="series of event properties",
)
def event_data_numeric_series(
    view: View, event: str, name: str, metric: NumericMetric = "sum"
) -> RawQuery[NumericSeries]:
    """The numbers of one property of one event in each bucket of the period."""
    return RawQuery(
        partial(NumericSeries.read, period=view.period, metric=metric),
        path={"website": identified(view.website)},
        query={
            **_property(view, event, name),
            **over_time(view),
            "metric": known(metric, get_args(NumericMetric), "a metric of numbers"),
        },
        until=view.period.end,
    )


@endpoint(
    "GET",
    "/websites/{website}/event-data-pivot/property-series",
    fresh=Freshness.PERIOD,
    since="3.2",
    subject="series of event properties",
)
def event_data_property_series(view: View, event: str, name: str) -> RawQuery[PropertySeries]:
    """The values of one property of one event in each bucket; texts and booleans only."""
    return RawQuery(
        partial(PropertySeries.read, period=view.period),
        path={"website": identified(view.website)},
        query={**_property(view, event, name), **over_time(view)},
        until=view.period.end,
    )


def _property(view: View, event: str, name: str) -> dict[str, Any]:
    return {**ranged(view), "eventName": event, "propertyName": name}
