"""Sessions, their properties and their activity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

import pandas as pd
from pydantic import AfterValidator, BeforeValidator, Field

from umami.errors import NotFound
from umami.models.events import DataType, Kind
from umami.models.records import Moment, Record, Text, frame_of, parse
from umami.parsing import Count, Ratio, Row, Time


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
