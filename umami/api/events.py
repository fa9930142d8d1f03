"""Custom events and pageviews as rows, their series, and the data that custom events carry."""

import re
from enum import IntEnum
from typing import Annotated, Any, Literal, Self, get_args

import pandas as pd
from pydantic import AfterValidator, AliasChoices, Field

from umami.api.params import buckets, choice, paging
from umami.endpoint import RawQuery, get
from umami.parsing import (
    Count,
    Figure,
    Moment,
    Page,
    Record,
    Text,
    measured_series,
    named_series,
    parse,
)
from umami.period import Period
from umami.view import View

NumericMetric = Literal["sum", "avg", "count"]
"""The figure that a series of a property's numbers holds."""


class Kind(IntEnum):
    PAGEVIEW = 1
    CUSTOM = 2
    LINK = 3
    PIXEL = 4
    PERFORMANCE = 5


class DataType(IntEnum):
    STRING = 1
    NUMBER = 2
    BOOLEAN = 3
    DATE = 4
    ARRAY = 5


_HOUR = re.compile(r"\d{4}-\d\d-\d\dT\d\d:00:00Z")


def _hour_text(value: str | None) -> str | None:
    """The value; a date of 3.x (``2026-08-01T12:00:00Z``) in the format of 2.x."""
    if value is not None and _HOUR.fullmatch(value):
        return value[:-1].replace("T", " ")
    return value


_Value = Annotated[str | None, AfterValidator(_hour_text)]


class Event(Record):
    """One row: a pageview or a custom event; ``at`` is an instant (UTC)."""

    id: str
    session: Annotated[str, Field(alias="sessionId")]
    at: Annotated[Moment, Field(alias="createdAt")]
    kind: Annotated[Kind, Field(alias="eventType")]
    name: Annotated[str | None, Field(alias="eventName")] = None
    path: Annotated[Text, Field(alias="urlPath")] = ""
    query: Annotated[Text, Field(alias="urlQuery")] = ""
    title: Annotated[str | None, Field(alias="pageTitle")] = None
    referrer: Annotated[str | None, Field(alias="referrerDomain")] = None


class EventSeries(Record):
    """Custom events over time. ``frame`` has ``time`` (naive wall clock of the period's zone),
    ``event`` and ``count``: every event with every bucket."""

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any, period: Period) -> Self:
        """From ``[{x: name, t: bucket, y: count}]``."""
        return cls(named_series(answer, period, "count", "int64"))


class EventTotals(Record):
    """Custom events in all: how often, by how many visitors in how many visits, how many names."""

    times: Annotated[Count, Field(alias="events")]
    visitors: Count
    visits: Count
    names: Annotated[Count, Field(alias="uniqueEvents")]

    @classmethod
    def read(cls, answer: Any) -> Self:
        """From ``{data: {events, visitors, visits, uniqueEvents}}``."""
        return parse(cls, answer["data"])


class Property(Record):
    """A property that events carry, and how often; ``value`` where values were requested. Values
    are texts; a date is cut to its hour, in UTC (``2026-08-01 12:00:00``)."""

    name: Annotated[str, Field(alias="propertyName")]
    total: Count
    event: Annotated[str | None, Field(alias="eventName")] = None
    type: Annotated[DataType | None, Field(alias="dataType")] = None
    value: Annotated[_Value, Field(validation_alias=AliasChoices("propertyValue", "value"))] = None


class PropertyValue(Record):
    """A value of a property, and how often it occurs."""

    value: _Value
    total: Count = 0


class DataStats(Record):
    """How many events carry data, how many different properties, how many values in all."""

    events: Count
    properties: Count
    records: Count


class NumericStats(Record):
    """Figures of a property's numbers: ``total`` is their sum. All are 0 where there are none."""

    total: Figure
    average: Figure
    median: Figure
    minimum: Annotated[Figure, Field(alias="min")]
    maximum: Annotated[Figure, Field(alias="max")]


class NumericSeries(Record):
    """A property's numbers over time. ``frame`` has ``time`` (naive wall clock of the period's
    zone) and ``value`` for every bucket: 0 without numbers, but ``NaN`` for averages."""

    frame: pd.DataFrame
    metric: NumericMetric

    @classmethod
    def read(
        cls, answer: Any, period: Period, metric: NumericMetric, *, clip: bool = False
    ) -> Self:
        """From ``[{t: bucket, y: number}]``; ``clip`` leaves out buckets outside the period."""
        additive = metric != "avg"
        frame = measured_series(answer, period, {"y": "value"}, additive=additive, clip=clip)
        return cls(frame, metric)


class PropertySeries(Record):
    """A property's values over time; servers return texts and booleans, no numbers or dates.
    ``frame`` has ``time`` (naive wall clock of the period's zone), ``value`` and ``count``: every
    value with every bucket."""

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any, period: Period, *, clip: bool = False) -> Self:
        """From ``[{x: value, t: bucket, y: count}]``; ``clip`` leaves out buckets outside the
        period."""
        frame = named_series(answer, period, "count", clip=clip)
        return cls(frame.rename(columns={"event": "value"}).astype({"count": "int64"}))


@get("/websites/{website}/events")
def events(
    view: View, page: int = 1, page_size: int = 20, search: str | None = None
) -> RawQuery[Page[Event]]:
    """Pageviews and custom events, newest first; ``search`` looks in event names and paths."""
    return RawQuery(paging(page, page_size, search))


@get("/websites/{website}/events/series")
def series(view: View) -> RawQuery[EventSeries]:
    """Custom events by name in each bucket of the period, none missing."""
    return RawQuery(buckets(view))


@get("/websites/{website}/events/stats", since="3.1", subject="event stats")
def event_stats(view: View) -> RawQuery[EventTotals]:
    """Custom events in all; up to 3.0 made of session totals."""
    return RawQuery()


@get("/websites/{website}/event-data/events")
def event_data_events(view: View, event: str | None = None) -> RawQuery[tuple[Property, ...]]:
    """Properties by event; for one ``event`` also by value (numbers as text with decimals)."""
    return RawQuery({"event": event})


@get("/websites/{website}/event-data/fields")
def event_data_fields(view: View) -> RawQuery[tuple[Property, ...]]:
    """Properties with their values, whatever the event; 100 at most, in no stated order."""
    return RawQuery()


@get("/websites/{website}/event-data/properties")
def event_data_properties(view: View) -> RawQuery[tuple[Property, ...]]:
    """Properties by event, most frequent first."""
    return RawQuery()


@get("/websites/{website}/event-data/values")
def event_data_values(view: View, event: str, name: str) -> RawQuery[tuple[PropertyValue, ...]]:
    """Values of one property of one event, most frequent first, 100 at most."""
    return RawQuery({"event": event, "propertyName": name})


@get("/websites/{website}/event-data/stats")
def event_data_stats(view: View) -> RawQuery[DataStats]:
    """How many events carry data, how many properties, how many values."""
    return RawQuery()


_PIVOT = "/websites/{website}/event-data-pivot"


@get(f"{_PIVOT}/numeric-stats", since="3.2", subject="figures of event properties")
def event_data_numeric_stats(view: View, event: str, name: str) -> RawQuery[NumericStats]:
    """Sum, average, median, least and largest number of one property of one event."""
    return RawQuery({"eventName": event, "propertyName": name})


@get(f"{_PIVOT}/numeric-series", since="3.2", subject="series of event properties")
def event_data_numeric_series(
    view: View, event: str, name: str, metric: NumericMetric = "sum"
) -> RawQuery[NumericSeries]:
    """The numbers of one property of one event in each bucket of the period."""
    return RawQuery({"eventName": event, **numbers_of(view, name, metric)})


@get(f"{_PIVOT}/property-series", since="3.2", subject="series of event properties")
def event_data_property_series(view: View, event: str, name: str) -> RawQuery[PropertySeries]:
    """The values of one property of one event in each bucket; texts and booleans only."""
    return RawQuery({"eventName": event, "propertyName": name, **buckets(view)})


def numbers_of(view: View, name: str, metric: NumericMetric) -> dict[str, Any]:
    """The parameters of a series of a property's numbers."""
    choice(metric, get_args(NumericMetric), "a metric of numbers")
    return {"propertyName": name, "metric": metric, **buckets(view)}
