"""Periods: a stretch of time, the unit it is cut into and the zone it is read in.

Umami's ranges include both ends, so ``Period.end`` is the last instant that counts
(``…:59.999``). Buckets are wall-clock times in the period's zone, as Umami groups them:
on the autumn night that has 02:00 twice, both hours share one bucket.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
from dateutil.relativedelta import relativedelta

from umami.errors import InvalidView

Unit = Literal["minute", "hour", "day", "month", "year"]
UNITS: tuple[Unit, ...] = get_args(Unit)

MILLISECOND = timedelta(milliseconds=1)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


def zone(name: str) -> ZoneInfo:
    """The time zone of this IANA name; ``InvalidView`` where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidView(f"“{name}” is not a time zone.") from None


def finest_unit(start: datetime, end: datetime) -> Unit:
    """The finest unit that every generation of Umami answers for this range.

    2.x and 3.0 silently coarsen anything finer (3.1 allows a little more); asking only for
    what all of them allow keeps the axis we draw the axis that was answered.
    """
    if end - start <= timedelta(hours=1):
        return "minute"
    if end - start <= timedelta(hours=48):
        return "hour"
    if end <= start + relativedelta(months=6):
        return "day"
    return "month"


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` to ``end``, both included, cut into ``unit`` in ``timezone``.

    ``start`` and ``end`` are aware datetimes, kept in UTC with millisecond precision.
    Raises ``InvalidView`` for a reversed range, an unknown zone, or a unit finer than servers
    answer for so long a range.
    """

    start: datetime
    end: datetime
    unit: Unit
    timezone: str

    def __post_init__(self) -> None:
        zone(self.timezone)
        for name in ("start", "end"):
            instant = getattr(self, name)
            if instant.tzinfo is None:
                raise InvalidView("A period needs instants, not wall-clock times.")
            if not EARLIEST <= instant <= LATEST:
                raise InvalidView("A period lies between the years 2000 and 2100.")
            exact = instant.astimezone(UTC)
            object.__setattr__(
                self, name, exact.replace(microsecond=exact.microsecond // 1000 * 1000)
            )
        if self.end < self.start:
            raise InvalidView("The period ends before it starts.")
        if self.unit not in UNITS:
            raise InvalidView(f"“{self.unit}” is not a unit of time.")
        if UNITS.index(self.unit) < UNITS.index(finest_unit(self.start, self.end)):
            raise InvalidView(f"This period is too long to be cut by the {self.unit}.")

    @classmethod
    def of_days(cls, first: date, last: date, timezone: str, unit: Unit | None = None) -> Period:
        """Whole local days, ``first`` and ``last`` included."""
        start = datetime.combine(first, time(), zone(timezone))
        end = datetime.combine(last + timedelta(days=1), time(), zone(timezone)) - MILLISECOND
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        return cls(start, end, unit or finest_unit(start, end), timezone)

    @property
    def start_at(self) -> int:
        """First instant as Unix milliseconds, as Umami's ``startAt``."""
        return milliseconds(self.start)

    @property
    def end_at(self) -> int:
        """Last instant, itself included, as Unix milliseconds, as Umami's ``endAt``."""
        return milliseconds(self.end)

    @property
    def units(self) -> tuple[Unit, ...]:
        """Units this period can be cut into, finest first, leaving at least two buckets."""
        finest = UNITS.index(finest_unit(self.start, self.end))
        fitting = tuple(unit for unit in UNITS[finest:] if len(replace(self, unit=unit).axis()) > 1)
        return fitting or (UNITS[finest],)

    def axis(self) -> pd.DatetimeIndex:
        """Every bucket of the period as naive wall-clock time in its zone, none missing.

        A wall-clock hour that the zone skips in spring is not there; one that it repeats in
        autumn is there once.
        """
        first = pd.Timestamp(self.start).tz_convert(self.timezone).tz_localize(None)
        last = pd.Timestamp(self.end).tz_convert(self.timezone).tz_localize(None)
        if self.unit in ("minute", "hour"):
            step = "min" if self.unit == "minute" else "h"
            instants = pd.date_range(
                pd.Timestamp(self.start), pd.Timestamp(self.end), freq=step, tz="UTC"
            ).append(pd.DatetimeIndex([pd.Timestamp(self.end)]))
            walls = (
                pd.DatetimeIndex(instants).tz_convert(self.timezone).tz_localize(None).floor(step)
            )
            return pd.DatetimeIndex(walls.unique().sort_values(), name="time")
        frequency = {"day": "D", "month": "MS", "year": "YS"}[self.unit]
        return pd.date_range(floor(first, self.unit), last, freq=frequency, name="time")

    def previous(self) -> Period:
        """The period before, by Umami's definition: both ends back by the whole minutes between.

        A day from 00:00:00.000 to 23:59:59.999 moves by 1,439 minutes, so neighbours overlap
        by about a minute; a number compared with Umami's own must share that habit.
        """
        back = timedelta(minutes=int((self.end - self.start).total_seconds() // 60))
        return self.moved(self.start - back, self.end - back)

    def year_before(self) -> Period:
        """The same dates one calendar year earlier (29 February becomes the 28th)."""
        year = relativedelta(years=1)
        return self.moved(self.start - year, self.end - year)

    def moved(self, start: datetime, end: datetime) -> Period:
        """Another range cut by the same unit, or by the finest that servers answer for it.

        Half a year by the day may be followed by half a year that is a day too long for that.
        """
        return with_unit(start, end, self.timezone, self.unit)


def with_unit(start: datetime, end: datetime, timezone: str, unit: Unit | None) -> Period:
    """A period cut by ``unit`` where it can be, else by the finest that fits."""
    finest = finest_unit(start, end)
    if unit is None or UNITS.index(unit) < UNITS.index(finest):
        unit = finest
    return Period(start, end, unit, timezone)


def floor(moment: pd.Timestamp, unit: Unit) -> pd.Timestamp:
    """The start of the bucket a wall-clock time falls into."""
    if unit == "year":
        return moment.normalize().replace(month=1, day=1)
    if unit == "month":
        return moment.normalize().replace(day=1)
    return moment.floor({"minute": "min", "hour": "h", "day": "D"}[unit])


def milliseconds(instant: datetime) -> int:
    """An aware datetime as Unix milliseconds."""
    return round(instant.timestamp() * 1000)


def instant(unix_milliseconds: int) -> datetime:
    """Unix milliseconds as an aware datetime in UTC."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=unix_milliseconds)
