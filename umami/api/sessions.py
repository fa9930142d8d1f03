"""Sessions, which is what Umami calls visitors, and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, ClassVar, get_args

import pandas as pd
from pydantic import AfterValidator, BeforeValidator, Field

from umami.api.events import (
    DataType,
    Kind,
    NumericMetric,
    NumericSeries,
    NumericStats,
    Property,
    PropertySeries,
    PropertyValue,
)
from umami.api.params import buckets, choice, for_view, paging, uuid_of
from umami.api.records import Moment, Page, Record, Text, array_of, frame_of, paged, parse
from umami.endpoint import Effort, Freshness, RawQuery, endpoint
from umami.errors import NotFound
from umami.parsing import Count, Ratio, Row, Time
from umami.view import View


class _SessionProperty(Row):
    dataKey: str
    dataType: DataType
    stringValue: str | None = None
    numberValue: Ratio = None
    dateValue: Time = None


class _PropertyStats(Row):
    value: str | None = Field(alias="label")
    visitors: Count = Field(alias="sessions")
    visits: Count
    rows: Count = Field(alias="views")
    events: Count


_Total = Annotated[Count, BeforeValidator(lambda figure: figure["value"])]
_Names = Annotated[
    str | None,
    BeforeValidator(lambda names: ", ".join(names) if isinstance(names, list) else names),
]


@dataclass(frozen=True, slots=True)
class Session(Record):
    """A visitor in Umami's sense; codes as Umami stores them, ``first`` and ``last`` in UTC.

    In lists figures are limited to the period; for a single session they are over its whole life.
    What a server does not return is ``None``: ``seconds`` in lists, ``events`` in lists before 3.1,
    and ``hostname``, which some versions return. ``stitched`` is how many sessions the figures of a
    single session cover: from 3.3 on, all sessions that share one of its distinct ids.
    """

    missing: ClassVar[str] = "There is no such session."

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

    @classmethod
    def read(cls, answer: Any) -> Session:
        """From a session object; servers return ``{}`` or ``null`` where there is none."""
        if answer is None or answer == {}:
            raise NotFound(cls.missing)
        if isinstance(answer, dict):
            ids = answer.get("distinctId") or answer.get("distinctIds") or None
            answer = {**answer, "distinctId": ids}
        return parse(cls, answer)


@dataclass(frozen=True, slots=True)
class SessionStats(Record):
    """Sums over sessions. ``rows`` counts pageviews and custom events together."""

    rows: Annotated[_Total, Field(alias="pageviews")]
    visitors: _Total
    visits: _Total
    countries: _Total
    events: _Total


@dataclass(frozen=True, slots=True)
class Step(Record):
    """Something a session did; ``at`` is an instant (UTC)."""

    visit: Annotated[str, Field(alias="visitId")]
    at: Annotated[Moment, Field(alias="createdAt")]
    kind: Annotated[Kind, Field(alias="eventType")]
    name: Annotated[str | None, Field(alias="eventName")] = None
    path: Annotated[Text, Field(alias="urlPath")] = ""
    query: Annotated[Text, Field(alias="urlQuery")] = ""
    referrer: Annotated[str | None, Field(alias="referrerDomain")] = None
    id: Annotated[str | None, Field(alias="eventId")] = None


@dataclass(frozen=True, slots=True)
class SessionProperty:
    """A property of a session; ``value`` is a number, an instant or text, as its type says."""

    name: str
    type: DataType
    value: str | float | datetime | None

    @classmethod
    def read(cls, answer: Any) -> SessionProperty:
        """From ``{dataKey, dataType, stringValue, numberValue, dateValue}``."""
        row = parse(_SessionProperty, answer)
        typed = {DataType.NUMBER: row.numberValue, DataType.DATE: row.dateValue}.get(row.dataType)
        return cls(row.dataKey, row.dataType, row.stringValue if typed is None else typed)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Visitors by weekday and hour in the View's zone.

    ``frame`` has rows 0 (Monday) to 6 and columns 0 to 23; a cell is the number of distinct
    visitors in that hour of that weekday over the whole period.
    """

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any) -> Rhythm:
        """From 7 lists of 24, the first being Sunday's."""
        week = parse(list[list[Count]], answer)
        if len(week) != 7 or any(len(day) != 24 for day in week):
            raise ValueError("not a week")
        frame = pd.DataFrame([*week[1:], week[0]], index=pd.RangeIndex(7, name="weekday"))
        return cls(frame.astype("int64"))


@dataclass(frozen=True, slots=True)
class PropertyStats:
    """The activity of sessions by the value of a session property, most active first.

    ``frame`` has ``value``, ``visitors``, ``visits``, ``rows`` (pageviews and custom events
    together) and ``events`` (custom events); 100 values at most. A visitor whose value changed
    counts for each of them.
    """

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any) -> PropertyStats:
        """From ``[{label, sessions, visits, views, events, activity}]``."""
        rows = parse(list[_PropertyStats], answer)
        counts = dict.fromkeys(("visitors", "visits", "rows", "events"), "int64")
        return cls(frame_of(rows, value="object", **counts))


@endpoint("GET", "/websites/{website}/sessions", fresh=Freshness.PERIOD, since="2.13")
def sessions(
    view: View, page: int = 1, page_size: int = 20, search: str | None = None
) -> RawQuery[Page[Session]]:
    """Sessions of the period, latest first; ``search`` looks in id, city, browser, OS, device."""
    return for_view(paged(Session.read), view, paging(page, page_size, search))


@endpoint(
    "GET",
    "/websites/{website}/sessions/stats",
    fresh=Freshness.PERIOD,
    effort=Effort.LIGHT,
    since="2.13",
)
def session_stats(view: View) -> RawQuery[SessionStats]:
    """Rows, visitors, visits, countries and custom events of the period."""
    return for_view(SessionStats.read, view)


@endpoint("GET", "/websites/{website}/sessions/weekly", fresh=Freshness.PERIOD, since="2.13")
def weekly(view: View) -> RawQuery[Rhythm]:
    """Visitors by weekday and hour of the View's zone."""
    return for_view(Rhythm.read, view, {"timezone": view.period.timezone})


@endpoint(
    "GET",
    "/websites/{website}/sessions/{session}",
    fresh=Freshness.LISTING,
    effort=Effort.LIGHT,
    since="2.13",
)
def session(website: str, session: str) -> RawQuery[Session]:
    """One session over its whole life; raises ``NotFound`` (or ``ServerFault`` on 2.x)."""
    return RawQuery(
        Session.read,
        path={"website": uuid_of(website), "session": uuid_of(session, "session")},
    )


@endpoint(
    "GET",
    "/websites/{website}/sessions/{session}/activity",
    fresh=Freshness.PERIOD,
    since="2.13",
    filtered=False,
)
def activity(view: View, session: str) -> RawQuery[tuple[Step, ...]]:
    """What a session did in the period, newest first, 500 steps at most. Takes no filters."""
    return for_view(array_of(Step.read), view, session=uuid_of(session, "session"))


@endpoint(
    "GET",
    "/websites/{website}/sessions/{session}/properties",
    fresh=Freshness.LISTING,
    effort=Effort.LIGHT,
    since="2.13",
)
def session_properties(website: str, session: str) -> RawQuery[tuple[SessionProperty, ...]]:
    """The properties that identify gave a session."""
    return RawQuery(
        array_of(SessionProperty.read),
        path={"website": uuid_of(website), "session": uuid_of(session, "session")},
    )


@endpoint(
    "GET", "/websites/{website}/session-data/properties", fresh=Freshness.PERIOD, since="2.13"
)
def session_data_properties(view: View) -> RawQuery[tuple[Property, ...]]:
    """Session properties and how many sessions have them, most frequent first."""
    return for_view(array_of(Property.read), view)


@endpoint("GET", "/websites/{website}/session-data/values", fresh=Freshness.PERIOD, since="2.13")
def session_data_values(view: View, name: str) -> RawQuery[tuple[PropertyValue, ...]]:
    """Values of one session property, most frequent first; 2.19 to 2.20 answer a fault."""
    return for_view(array_of(PropertyValue.read), view, {"propertyName": name})


@endpoint(
    "GET",
    "/websites/{website}/session-data/stats",
    fresh=Freshness.PERIOD,
    effort=Effort.HEAVY,
    since="3.2",
    subject="figures of session properties",
)
def session_data_stats(view: View, name: str) -> RawQuery[PropertyStats]:
    """What the sessions with each value of one session property did, most active first."""
    return for_view(PropertyStats.read, view, {**_property(name), **buckets(view)})


@endpoint(
    "GET",
    "/websites/{website}/session-data/numeric-stats",
    fresh=Freshness.PERIOD,
    since="3.2",
    subject="figures of session properties",
)
def session_data_numeric_stats(view: View, name: str) -> RawQuery[NumericStats]:
    """Sum, average, median, least and largest number of one session property."""
    return for_view(NumericStats.read, view, _property(name))


@endpoint(
    "GET",
    "/websites/{website}/session-data/numeric-series",
    fresh=Freshness.PERIOD,
    since="3.2",
    subject="series of session properties",
)
def session_data_numeric_series(
    view: View, name: str, metric: NumericMetric = "sum"
) -> RawQuery[NumericSeries]:
    """The numbers of one session property, in the bucket in which each was set. What the sessions
    of the period had set before it is left out."""
    return for_view(
        partial(NumericSeries.read, period=view.period, metric=metric, clip=True),
        view,
        {
            **_property(name),
            **buckets(view),
            "metric": choice(metric, get_args(NumericMetric), "a metric of numbers"),
        },
    )


@endpoint(
    "GET",
    "/websites/{website}/session-data/property-series",
    fresh=Freshness.PERIOD,
    since="3.2",
    subject="series of session properties",
)
def session_data_property_series(view: View, name: str) -> RawQuery[PropertySeries]:
    """The values of one session property, in the bucket in which each was set; texts and booleans
    only. What the sessions of the period had set before it is left out."""
    return for_view(
        partial(PropertySeries.read, period=view.period, clip=True),
        view,
        {**_property(name), **buckets(view)},
    )


def _property(name: str) -> dict[str, Any]:
    return {"propertyName": name}
