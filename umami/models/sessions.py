"""Sessions: the list, one of them, and when they come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from pydantic import TypeAdapter

from umami.errors import NotFound
from umami.models.events import DataType, Kind
from umami.parsing import Count, Ratio, Row, Time


class _Session(Row):
    id: str
    hostname: str | list[str] | None = None
    browser: str | None = None
    os: str | None = None
    device: str | None = None
    screen: str | None = None
    language: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    distinctId: str | None = None
    distinctIds: list[str] | None = None
    stitchedSessionCount: Count | None = None
    firstAt: Time
    lastAt: Time
    visits: Count
    views: Count
    events: Count | None = None
    totaltime: Count | None = None


class _Figure(Row):
    value: Count


class _SessionStats(Row):
    pageviews: _Figure
    visitors: _Figure
    visits: _Figure
    countries: _Figure
    events: _Figure


class _Step(Row):
    eventId: str | None = None
    visitId: str
    createdAt: Time
    urlPath: str | None = None
    urlQuery: str | None = None
    referrerDomain: str | None = None
    eventType: Kind
    eventName: str | None = None


class _SessionProperty(Row):
    dataKey: str
    dataType: DataType
    stringValue: str | None = None
    numberValue: Ratio = None
    dateValue: Time = None


class _PropertyStats(Row):
    label: str | None
    sessions: Count
    visits: Count
    views: Count
    events: Count
    activity: Count


_PROPERTY_STATS = TypeAdapter(list[_PropertyStats])
_SESSION, _STATS = TypeAdapter(_Session), TypeAdapter(_SessionStats)
_STEPS, _PROPERTIES = TypeAdapter(list[_Step]), TypeAdapter(list[_SessionProperty])
_WEEK = TypeAdapter(list[list[Count]])


@dataclass(frozen=True, slots=True)
class Session:
    """A visitor as Umami knows one; codes as Umami stores them, ``first`` and ``last`` in UTC.

    In lists figures are limited to the period; for a single session they are over its whole life.
    What a server does not tell is ``None``: ``seconds`` in lists, ``events`` in lists before 3.1,
    and ``hostname``, which some versions tell. ``stitched`` is how many sessions the figures of a
    single session cover: from 3.3 on, all sessions that share one of its distinct ids.
    """

    id: str
    first: datetime | None
    last: datetime | None
    visits: int
    views: int
    events: int | None
    seconds: int | None
    hostname: str | None
    browser: str | None
    os: str | None
    device: str | None
    screen: str | None
    language: str | None
    country: str | None
    region: str | None
    city: str | None
    distinct_id: str | None
    stitched: int = 1

    @classmethod
    def read(cls, answer: Any) -> Session:
        """From a session object; ``{}`` and ``null`` are how servers say that there is none."""
        if answer is None or answer == {}:
            raise NotFound("There is no such session.")
        row = _SESSION.validate_python(answer)
        host = row.hostname
        return cls(
            row.id,
            row.firstAt,
            row.lastAt,
            row.visits,
            row.views,
            row.events,
            row.totaltime,
            ", ".join(host) if isinstance(host, list) else host,
            row.browser,
            row.os,
            row.device,
            row.screen,
            row.language,
            row.country,
            row.region,
            row.city,
            row.distinctId or ", ".join(row.distinctIds or ()) or None,
            max(1, row.stitchedSessionCount or 1),
        )


@dataclass(frozen=True, slots=True)
class SessionStats:
    """Sums over sessions. ``rows`` counts pageviews and custom events together."""

    rows: int
    visitors: int
    visits: int
    countries: int
    events: int

    @classmethod
    def read(cls, answer: Any) -> SessionStats:
        """From ``{pageviews: {value}, …}``."""
        row = _STATS.validate_python(answer)
        return cls(
            row.pageviews.value,
            row.visitors.value,
            row.visits.value,
            row.countries.value,
            row.events.value,
        )


@dataclass(frozen=True, slots=True)
class Step:
    """Something a session did; ``at`` is an instant (UTC)."""

    id: str | None
    visit: str
    at: datetime
    kind: Kind
    name: str | None
    path: str
    query: str
    referrer: str | None


def activity(answer: Any) -> tuple[Step, ...]:
    """From a list of rows, newest first as servers send it."""
    steps = []
    for row in _STEPS.validate_python(answer):
        if row.createdAt is None:
            raise ValueError("a step without a time")
        steps.append(
            Step(
                row.eventId,
                row.visitId,
                row.createdAt,
                row.eventType,
                row.eventName,
                row.urlPath or "",
                row.urlQuery or "",
                row.referrerDomain,
            )
        )
    return tuple(steps)


@dataclass(frozen=True, slots=True)
class SessionProperty:
    """A property of a session; ``value`` is a number, an instant or text, as its type says."""

    name: str
    type: DataType
    value: str | float | datetime | None


def session_properties(answer: Any) -> tuple[SessionProperty, ...]:
    """From ``[{dataKey, dataType, stringValue, numberValue, dateValue}]``."""

    def value(row: _SessionProperty) -> str | float | datetime | None:
        if row.dataType is DataType.NUMBER and row.numberValue is not None:
            return row.numberValue
        if row.dataType is DataType.DATE and row.dateValue is not None:
            return row.dateValue
        return row.stringValue

    return tuple(
        SessionProperty(row.dataKey, row.dataType, value(row))
        for row in _PROPERTIES.validate_python(answer)
    )


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
        week = _WEEK.validate_python(answer)
        if len(week) != 7 or any(len(day) != 24 for day in week):
            raise ValueError("not a week")
        frame = pd.DataFrame([*week[1:], week[0]], index=pd.RangeIndex(7, name="weekday"))
        return cls(frame.astype("int64"))


@dataclass(frozen=True, slots=True)
class PropertyStats:
    """What the sessions with each value of a session property did, most active first.

    ``frame`` has ``value``, ``visitors``, ``visits``, ``rows`` (pageviews and custom events
    together) and ``events`` (custom events); 100 values at most. A visitor whose value changed
    counts for each of them.
    """

    frame: pd.DataFrame

    @classmethod
    def read(cls, answer: Any) -> PropertyStats:
        """From ``[{label, sessions, visits, views, events, activity}]``."""
        rows = _PROPERTY_STATS.validate_python(answer)
        names = {"sessions": "visitors", "visits": "visits", "views": "rows", "events": "events"}
        values = pd.Series([row.label for row in rows], dtype="object")
        figures = {
            ours: pd.Series([getattr(row, theirs) for row in rows], dtype="int64")
            for theirs, ours in names.items()
        }
        return cls(pd.DataFrame({"value": values, **figures}))
