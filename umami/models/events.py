"""Events: the list, the series, and the data that custom events carry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Literal

import pandas as pd
from pydantic import TypeAdapter

from umami.parsing import Amount, Count, Row, Time, measured_series, named_series
from umami.period import Period

NumericMetric = Literal["sum", "avg", "count"]
"""What a series tells of a property whose values are numbers."""


class Kind(IntEnum):
    """What a row of the event table is."""

    PAGEVIEW = 1
    CUSTOM = 2
    LINK = 3
    PIXEL = 4
    PERFORMANCE = 5


class DataType(IntEnum):
    """What a property's value is."""

    STRING = 1
    NUMBER = 2
    BOOLEAN = 3
    DATE = 4
    ARRAY = 5


class _Event(Row):
    id: str
    sessionId: str
    createdAt: Time
    urlPath: str | None = None
    urlQuery: str | None = None
    referrerDomain: str | None = None
    referrerPath: str | None = None
    pageTitle: str | None = None
    eventType: Kind
    eventName: str | None = None


class _Property(Row):
    eventName: str | None = None
    propertyName: str
    dataType: DataType | None = None
    propertyValue: str | None = None
    value: str | None = None
    total: Count


class _EventTotals(Row):
    events: Count
    visitors: Count
    visits: Count
    uniqueEvents: Count


class _Valued(Row):
    value: str | None
    total: Count = 0


class _DataStats(Row):
    events: Count
    properties: Count
    records: Count


class _NumericStats(Row):
    total: Amount
    average: Amount
    median: Amount
    min: Amount
    max: Amount


_NUMERIC_STATS = TypeAdapter(_NumericStats)
_EVENT, _DATA_STATS = TypeAdapter(_Event), TypeAdapter(_DataStats)
_TOTALS = TypeAdapter(_EventTotals)
_PROPERTIES, _VALUED = TypeAdapter(list[_Property]), TypeAdapter(list[_Valued])

_HOUR = re.compile(r"\d{4}-\d\d-\d\dT\d\d:00:00Z")


@dataclass(frozen=True, slots=True)
class Event:
    """One row: a pageview or a custom event; ``at`` is an instant (UTC)."""

    id: str
    session: str
    at: datetime
    kind: Kind
    name: str | None
    path: str
    query: str
    title: str | None
    referrer: str | None

    @classmethod
    def read(cls, answer: Any) -> Event:
        """From an event object."""
        row = _EVENT.validate_python(answer)
        if row.createdAt is None:
            raise ValueError("an event without a time")
        return cls(
            row.id,
            row.sessionId,
            row.createdAt,
            row.eventType,
            row.eventName,
            row.urlPath or "",
            row.urlQuery or "",
            row.pageTitle,
            row.referrerDomain,
        )


@dataclass(frozen=True, slots=True)
class EventSeries:
    """Custom events over time.

    ``frame`` has ``time`` (naive wall clock of the period's zone), ``event`` and ``count``: every
    event with every bucket.
    """

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any, period: Period) -> EventSeries:
        """From ``[{x: name, t: bucket, y: count}]``."""
        frame = named_series(answer, period, "count")
        return cls(frame.astype({"count": "int64"}))


@dataclass(frozen=True, slots=True)
class EventTotals:
    """Custom events in all: how often, by how many visitors in how many visits, how many names."""

    times: int
    visitors: int
    visits: int
    names: int

    @classmethod
    def read(cls, answer: Any) -> EventTotals:
        """From ``{data: {events, visitors, visits, uniqueEvents}}``."""
        row = _TOTALS.validate_python(answer["data"])
        return cls(row.events, row.visitors, row.visits, row.uniqueEvents)


@dataclass(frozen=True, slots=True)
class Property:
    """A property that events carry, and how often; ``value`` where values were asked for.

    Values are texts; a date is cut to its hour, in UTC (``2026-08-01 12:00:00``).
    """

    event: str | None
    name: str
    type: DataType | None
    value: str | None
    total: int


def properties(answer: Any) -> tuple[Property, ...]:
    """From ``[{eventName, propertyName, dataType, total}]``."""
    return tuple(
        Property(
            row.eventName,
            row.propertyName,
            row.dataType,
            _text(row.propertyValue if row.propertyValue is not None else row.value),
            row.total,
        )
        for row in _PROPERTIES.validate_python(answer)
    )


@dataclass(frozen=True, slots=True)
class PropertyValue:
    """A value of a property, and how often it occurs."""

    value: str | None
    total: int


def property_values(answer: Any) -> tuple[PropertyValue, ...]:
    """From ``[{value, total}]``."""
    rows = _VALUED.validate_python(answer)
    return tuple(PropertyValue(_text(row.value), row.total) for row in rows)


def _text(value: str | None) -> str | None:
    """A value as 2.x writes it; 3.x writes dates as ``2026-08-01T12:00:00Z``."""
    if value is not None and _HOUR.fullmatch(value):
        return value[:-1].replace("T", " ")
    return value


@dataclass(frozen=True, slots=True)
class DataStats:
    """How many events carry data, how many different properties, how many values in all."""

    events: int
    properties: int
    records: int

    @classmethod
    def read(cls, answer: Any) -> DataStats:
        """From ``{events, properties, records}``."""
        row = _DATA_STATS.validate_python(answer)
        return cls(row.events, row.properties, row.records)


@dataclass(frozen=True, slots=True)
class NumericStats:
    """Figures of a property's numbers: ``total`` is their sum. All are 0 where there are none."""

    total: float
    average: float
    median: float
    minimum: float
    maximum: float

    @classmethod
    def read(cls, answer: Any) -> NumericStats:
        """From ``{total, average, median, min, max}``."""
        row = _NUMERIC_STATS.validate_python(answer)
        return cls(*map(float, (row.total, row.average, row.median, row.min, row.max)))


@dataclass(frozen=True, slots=True)
class NumericSeries:
    """A property's numbers over time.

    ``frame`` has ``time`` (naive wall clock of the period's zone) and ``value`` for every bucket of
    the period: 0 in a bucket without numbers, but ``NaN`` for averages.
    """

    frame: pd.DataFrame
    metric: NumericMetric

    @classmethod
    def read(
        cls, answer: Any, period: Period, metric: NumericMetric, *, clip: bool = False
    ) -> NumericSeries:
        """From ``[{t: bucket, y: number}]``; ``clip`` leaves out buckets outside the period."""
        additive = metric != "avg"
        frame = measured_series(answer, period, {"y": "value"}, additive=additive, clip=clip)
        return cls(frame, metric)


@dataclass(frozen=True, slots=True)
class PropertySeries:
    """A property's values over time; servers tell texts and booleans, no numbers and dates.

    ``frame`` has ``time`` (naive wall clock of the period's zone), ``value`` and ``count``: every
    value with every bucket.
    """

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any, period: Period, *, clip: bool = False) -> PropertySeries:
        """From ``[{x: value, t: bucket, y: count}]``; ``clip`` leaves out buckets outside the
        period."""
        frame = named_series(answer, period, "count", clip=clip)
        return cls(frame.rename(columns={"event": "value"}).astype({"count": "int64"}))
