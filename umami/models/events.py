"""Events: the list, the series, and the data that custom events carry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import AfterValidator, AliasChoices, Field

from umami.models.records import Moment, Record, Text, parse
from umami.parsing import Amount, Count, Row, measured_series, named_series
from umami.period import Period

NumericMetric = Literal["sum", "avg", "count"]
"""The figure that a series of a property's numbers holds."""


class Kind(IntEnum):
    """The kind of a row of the event table."""

    PAGEVIEW = 1
    CUSTOM = 2
    LINK = 3
    PIXEL = 4
    PERFORMANCE = 5


class DataType(IntEnum):
    """The type of a property's value."""

    STRING = 1
    NUMBER = 2
    BOOLEAN = 3
    DATE = 4
    ARRAY = 5


class _NumericStats(Row):
    total: Amount
    average: Amount
    median: Amount
    min: Amount
    max: Amount


_HOUR = re.compile(r"\d{4}-\d\d-\d\dT\d\d:00:00Z")


def _hour_text(value: str | None) -> str | None:
    """The value; a date of 3.x (``2026-08-01T12:00:00Z``) in the format of 2.x."""
    if value is not None and _HOUR.fullmatch(value):
        return value[:-1].replace("T", " ")
    return value


_Value = Annotated[str | None, AfterValidator(_hour_text)]


@dataclass(frozen=True, slots=True)
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
class EventTotals(Record):
    """Custom events in all: how often, by how many visitors in how many visits, how many names."""

    times: Annotated[Count, Field(alias="events")]
    visitors: Count
    visits: Count
    names: Annotated[Count, Field(alias="uniqueEvents")]

    @classmethod
    def read(cls, answer: Any) -> EventTotals:
        """From ``{data: {events, visitors, visits, uniqueEvents}}``."""
        return parse(cls, answer["data"])


@dataclass(frozen=True, slots=True)
class Property(Record):
    """A property that events carry, and how often; ``value`` where values were requested.

    Values are texts; a date is cut to its hour, in UTC (``2026-08-01 12:00:00``).
    """

    name: Annotated[str, Field(alias="propertyName")]
    total: Count
    event: Annotated[str | None, Field(alias="eventName")] = None
    type: Annotated[DataType | None, Field(alias="dataType")] = None
    value: Annotated[_Value, Field(validation_alias=AliasChoices("propertyValue", "value"))] = None


@dataclass(frozen=True, slots=True)
class PropertyValue(Record):
    """A value of a property, and how often it occurs."""

    value: _Value
    total: Count = 0


@dataclass(frozen=True, slots=True)
class DataStats(Record):
    """How many events carry data, how many different properties, how many values in all."""

    events: Count
    properties: Count
    records: Count


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
        row = _NumericStats.model_validate(answer)
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
    """A property's values over time; servers return texts and booleans, no numbers or dates.

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
