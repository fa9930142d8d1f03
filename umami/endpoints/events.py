"""Custom events and pageviews as rows, and the data they carry."""

from __future__ import annotations

from functools import partial
from typing import Any, get_args

from umami.endpoint import Freshness, RawQuery, endpoint
from umami.endpoints.params import buckets, choice, for_view, paging
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
)
from umami.models.records import Page, array_of, paged
from umami.view import View


@endpoint("GET", "/websites/{website}/events", fresh=Freshness.PERIOD)
def events(
    view: View, page: int = 1, page_size: int = 20, search: str | None = None
) -> RawQuery[Page[Event]]:
    """Pageviews and custom events, newest first; ``search`` looks in event names and paths."""
    return for_view(paged(Event.read), view, paging(page, page_size, search))


@endpoint("GET", "/websites/{website}/events/series", fresh=Freshness.PERIOD)
def series(view: View) -> RawQuery[EventSeries]:
    """Custom events by name in each bucket of the period, none missing."""
    return for_view(partial(EventSeries.read, period=view.period), view, buckets(view))


@endpoint(
    "GET",
    "/websites/{website}/events/stats",
    fresh=Freshness.PERIOD,
    since="3.1",
    subject="event stats",
)
def event_stats(view: View) -> RawQuery[EventTotals]:
    """Custom events in all; up to 3.0 made of session totals."""
    return for_view(EventTotals.read, view)


@endpoint("GET", "/websites/{website}/event-data/events", fresh=Freshness.PERIOD)
def event_data_events(view: View, event: str | None = None) -> RawQuery[tuple[Property, ...]]:
    """Properties by event; for one ``event`` also by value (numbers as text with decimals)."""
    return for_view(array_of(Property.read), view, {"event": event})


@endpoint("GET", "/websites/{website}/event-data/fields", fresh=Freshness.PERIOD)
def event_data_fields(view: View) -> RawQuery[tuple[Property, ...]]:
    """Properties with their values, whatever the event; 100 at most, in no stated order."""
    return for_view(array_of(Property.read), view)


@endpoint("GET", "/websites/{website}/event-data/properties", fresh=Freshness.PERIOD)
def event_data_properties(view: View) -> RawQuery[tuple[Property, ...]]:
    """Properties by event, most frequent first."""
    return for_view(array_of(Property.read), view)


@endpoint("GET", "/websites/{website}/event-data/values", fresh=Freshness.PERIOD)
def event_data_values(view: View, event: str, name: str) -> RawQuery[tuple[PropertyValue, ...]]:
    """Values of one property of one event, most frequent first, 100 at most."""
    return for_view(array_of(PropertyValue.read), view, {"event": event, "propertyName": name})


@endpoint("GET", "/websites/{website}/event-data/stats", fresh=Freshness.PERIOD)
def event_data_stats(view: View) -> RawQuery[DataStats]:
    """How many events carry data, how many properties, how many values."""
    return for_view(DataStats.read, view)


@endpoint(
    "GET",
    "/websites/{website}/event-data-pivot/numeric-stats",
    fresh=Freshness.PERIOD,
    since="3.2",
    subject="figures of event properties",
)
def event_data_numeric_stats(view: View, event: str, name: str) -> RawQuery[NumericStats]:
    """Sum, average, median, least and largest number of one property of one event."""
    return for_view(NumericStats.read, view, _property(event, name))


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
    return for_view(
        partial(NumericSeries.read, period=view.period, metric=metric),
        view,
        {
            **_property(event, name),
            **buckets(view),
            "metric": choice(metric, get_args(NumericMetric), "a metric of numbers"),
        },
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
    return for_view(
        partial(PropertySeries.read, period=view.period),
        view,
        {**_property(event, name), **buckets(view)},
    )


def _property(event: str, name: str) -> dict[str, Any]:
    return {"eventName": event, "propertyName": name}
