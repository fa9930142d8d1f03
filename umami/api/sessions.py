"""Sessions, which is what Umami calls visitors, and what is known of them."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Self

import numpy as np
import pandas as pd
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from umami.api import events
from umami.api.params import buckets, paging
from umami.endpoint import Effort, RawQuery, get, listing
from umami.parsing import Count, Item, Moment, Page, Ratio, Record, Text, Time, frame_of, parse
from umami.view import View


class _PropertyStats(Record):
    value: Annotated[str | None, Field(alias="label")]
    visitors: Annotated[Count, Field(alias="sessions")]
    visits: Count
    rows: Annotated[Count, Field(alias="views")]
    events: Count


_DATA = "/websites/{website}/session-data"
_get = partial(get, since="2.13")
_Total = Annotated[Count, BeforeValidator(lambda figure: figure["value"])]
_Names = Annotated[
    str | None,
    BeforeValidator(lambda names: ", ".join(names) if isinstance(names, list) else names),
]


class Session(Item):
    """A visitor in Umami's sense; codes as Umami stores them, ``first`` and ``last`` in UTC.

    In lists figures are limited to the period; for a single session they are over its whole life.
    What a server does not return is ``None``: ``seconds`` in lists, ``events`` in lists before 3.1,
    and ``hostname``, which some versions return. ``stitched`` is how many sessions the figures of a
    single session cover: from 3.3 on, all sessions that share one of its distinct ids.
    """

    id: str
    first: Annotated[Time, Field(alias="firstAt")]
    last: Annotated[Time, Field(alias="lastAt")]
    visits: Count
    views: Count
    events: Count | None = None
    seconds: Annotated[Count | None, Field(alias="totaltime")] = None
    hostname: _Names = None
    browser: str | None = None
    os: str | None = None
    device: str | None = None
    screen: str | None = None
    language: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    distinct_id: _Names = None
    stitched: Annotated[
        Count, Field(alias="stitchedSessionCount"), AfterValidator(lambda count: max(1, count))
    ] = 1

    @model_validator(mode="before")
    @classmethod
    def _merge_ids(cls, answer: Any) -> Any:
        """From a session object; servers return ``{}`` or ``null`` where there is none."""
        if isinstance(answer, dict) and answer:
            ids = answer.get("distinctId") or answer.get("distinctIds") or None
            return {**answer, "distinctId": ids}
        return None if answer == {} else answer


class SessionStats(Record):
    """Sums over sessions. ``rows`` counts pageviews and custom events together."""

    rows: Annotated[_Total, Field(alias="pageviews")]
    visitors: _Total
    visits: _Total
    countries: _Total
    events: _Total


class Step(Record):
    """Something a session did; ``at`` is an instant (UTC)."""

    visit: Annotated[str, Field(alias="visitId")]
    at: Annotated[Moment, Field(alias="createdAt")]
    kind: Annotated[events.Kind, Field(alias="eventType")]
    name: Annotated[str | None, Field(alias="eventName")] = None
    path: Annotated[Text, Field(alias="urlPath")] = ""
    query: Annotated[Text, Field(alias="urlQuery")] = ""
    referrer: Annotated[str | None, Field(alias="referrerDomain")] = None
    id: Annotated[str | None, Field(alias="eventId")] = None


class SessionProperty(Record):
    """A property of a session; a date is an instant (UTC)."""

    name: Annotated[str, Field(alias="dataKey")]
    type: Annotated[events.DataType, Field(alias="dataType")]
    text: Annotated[str | None, Field(alias="stringValue")] = None
    number: Annotated[Ratio, Field(alias="numberValue")] = None
    moment: Annotated[Time, Field(alias="dateValue")] = None

    @property
    def value(self) -> str | float | datetime | None:
        """A number, an instant or text, as the type says."""
        by_type = {events.DataType.NUMBER: self.number, events.DataType.DATE: self.moment}
        typed = by_type.get(self.type)
        return self.text if typed is None else typed


class Rhythm(Record):
    """Visitors by weekday and hour in the View's zone. ``frame`` has rows 0 (Monday) to 6 and
    columns 0 to 23; a cell counts the distinct visitors of that hour and weekday."""

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any) -> Self:
        """From 7 lists of 24, the first being Sunday's."""
        week = parse(list[list[Count]], answer)
        if len(week) != 7 or any(len(day) != 24 for day in week):
            raise ValueError("not a week")
        counts = np.array([*week[1:], week[0]], "int64")
        return cls(pd.DataFrame(counts, pd.RangeIndex(7, name="weekday")))


class PropertyStats(Record):
    """The activity of sessions by the value of a session property, most active first. ``frame`` has
    ``value``, ``visitors``, ``visits``, ``rows`` (pageviews and custom events together) and
    ``events`` (custom events); 100 values at most. A visitor counts for each of their values."""

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any) -> Self:
        """From ``[{label, sessions, visits, views, events, activity}]``."""
        rows = parse(list[_PropertyStats], answer)
        counts = dict.fromkeys(("visitors", "visits", "rows", "events"), "int64")
        return cls(frame_of(rows, value="object", **counts))


@_get("/websites/{website}/sessions")
def sessions(
    view: View, page: int = 1, page_size: int = 20, search: str | None = None
) -> RawQuery[Page[Session]]:
    """Sessions of the period, latest first; ``search`` looks in id, city, browser, OS, device."""
    return RawQuery(paging(page, page_size, search))


@_get("/websites/{website}/sessions/stats", effort=Effort.LIGHT)
def session_stats(view: View) -> RawQuery[SessionStats]:
    """Rows, visitors, visits, countries and custom events of the period."""
    return RawQuery()


@_get("/websites/{website}/sessions/weekly")
def weekly(view: View) -> RawQuery[Rhythm]:
    """Visitors by weekday and hour of the View's zone."""
    return RawQuery({"timezone": view.period.timezone})


@listing("/websites/{website}/sessions/{session}", since="2.13")
def session(website: str, session: str) -> RawQuery[Session]:
    """One session over its whole life; raises ``NotFound`` (or ``ServerFault`` on 2.x)."""
    return RawQuery()


@_get("/websites/{website}/sessions/{session}/activity", filtered=False)
def activity(view: View, session: str) -> RawQuery[tuple[Step, ...]]:
    """What a session did in the period, newest first, 500 steps at most. Takes no filters."""
    return RawQuery()


@listing("/websites/{website}/sessions/{session}/properties", since="2.13")
def session_properties(website: str, session: str) -> RawQuery[tuple[SessionProperty, ...]]:
    """The properties that identify gave a session."""
    return RawQuery()


@_get(f"{_DATA}/properties")
def session_data_properties(view: View) -> RawQuery[tuple[events.Property, ...]]:
    """Session properties and how many sessions have them, most frequent first."""
    return RawQuery()


@_get(f"{_DATA}/values")
def session_data_values(view: View, name: str) -> RawQuery[tuple[events.PropertyValue, ...]]:
    """Values of one session property, most frequent first; 2.19 to 2.20 answer a fault."""
    return RawQuery({"propertyName": name})


@get(f"{_DATA}/stats", effort=Effort.HEAVY, since="3.2", subject="figures of session properties")
def session_data_stats(view: View, name: str) -> RawQuery[PropertyStats]:
    """What the sessions with each value of one session property did, most active first."""
    return RawQuery({"propertyName": name, **buckets(view)})


@get(f"{_DATA}/numeric-stats", since="3.2", subject="figures of session properties")
def session_data_numeric_stats(view: View, name: str) -> RawQuery[events.NumericStats]:
    """Sum, average, median, least and largest number of one session property."""
    return RawQuery({"propertyName": name})


@get(f"{_DATA}/numeric-series", since="3.2", subject="series of session properties")
def session_data_numeric_series(
    view: View, name: str, metric: events.NumericMetric = "sum"
) -> RawQuery[events.NumericSeries]:
    """The numbers of one session property, in the bucket in which each was set. What the sessions
    of the period had set before it is left out."""
    read = partial(events.NumericSeries.read, period=view.period, metric=metric, clip=True)
    return RawQuery(events.numbers_of(view, name, metric), read=read)


@get(f"{_DATA}/property-series", since="3.2", subject="series of session properties")
def session_data_property_series(view: View, name: str) -> RawQuery[events.PropertySeries]:
    """The values of one session property, in the bucket in which each was set; texts and booleans
    only. What the sessions of the period had set before it is left out."""
    read = partial(events.PropertySeries.read, period=view.period, clip=True)
    return RawQuery({"propertyName": name, **buckets(view)}, read=read)
