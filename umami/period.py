"""Periods: a range of time with a unit and a time zone; and those that follow the clock.

Umami's ranges include both ends, so ``Period.end`` is the last instant that counts
(``…:59.999``). Buckets are local times in the period's zone, as in Umami: in the autumn night that
has 02:00 twice, both hours share a bucket.

Comparison periods are computed on local dates in the period's zone and then converted to instants,
so that a change of the clocks never moves the start of a day.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Any, Final, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
from dateutil.relativedelta import MO, SA, SU, relativedelta

from umami.errors import InvalidView
from umami.texts import N_, Message

Unit = Literal["minute", "hour", "day", "month", "year"]
UNITS: tuple[Unit, ...] = get_args(Unit)

Weekday = Literal["monday", "saturday", "sunday"]
"""The days on which weeks begin, by country."""
WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)
_WEEKDAYS: Final = {"monday": MO, "saturday": SA, "sunday": SU}
UNIT_WORDS: Final[dict[Unit, str]] = {
    "minute": N_("minute"),
    "hour": N_("hour"),
    "day": N_("day"),
    "month": N_("month"),
    "year": N_("year"),
}
"""The units inside of a sentence."""

MILLISECOND = timedelta(milliseconds=1)
FREQUENCIES: Final[dict[Unit, str]] = {
    "minute": "min",
    "hour": "h",
    "day": "D",
    "month": "MS",
    "year": "YS",
}
"""How pandas calls the units."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


def zone(name: str) -> ZoneInfo:
    """The time zone with this IANA name. Raises ``InvalidView``."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidView(Message("“{name}” is not a time zone.", name=name)) from None


def finest_unit(start: datetime, end: datetime) -> Unit:
    """The finest unit that every generation of Umami supports for this range. For anything finer,
    2.x and 3.0 answer with a coarser unit without an error (3.1 allows a little more). With a unit
    that all of them support, the answer has the axis of the chart."""
    if end - start <= timedelta(hours=1):
        return "minute"
    if end - start <= timedelta(hours=48):
        return "hour"
    if end <= start + relativedelta(months=6):
        return "day"
    return "month"


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` to ``end``, both included, in buckets of ``unit`` in ``timezone``. ``start``
    and ``end`` are aware datetimes, stored in UTC with millisecond precision. Raises
    ``InvalidView`` for a reversed range, an unknown zone, or a unit finer than servers support for
    so long a range."""

    start: datetime
    end: datetime
    unit: Unit
    timezone: str

    def __post_init__(self) -> None:
        zone(self.timezone)
        for name in ("start", "end"):
            instant = getattr(self, name)
            if instant.tzinfo is None:
                raise InvalidView(
                    N_("A period needs instants, not local times without a time zone.")
                )
            if not EARLIEST <= instant <= LATEST:
                raise InvalidView(N_("A period lies between the years 2000 and 2100."))
            exact = instant.astimezone(UTC)
            object.__setattr__(
                self, name, exact.replace(microsecond=exact.microsecond // 1000 * 1000)
            )
        if self.end < self.start:
            raise InvalidView(N_("The period ends before it starts."))
        if self.unit not in UNITS:
            raise InvalidView(Message("“{unit}” is not a unit of time.", unit=Message(self.unit)))
        if UNITS.index(self.unit) < UNITS.index(finest_unit(self.start, self.end)):
            raise InvalidView(
                Message("This period is too long to be cut by the {unit}.", unit=Message(self.unit))
            )

    @classmethod
    def of_days(cls, first: date, last: date, timezone: str, unit: Unit | None = None) -> "Period":
        """Whole local days, ``first`` and ``last`` included."""
        start, end = midnight(first, zone(timezone)), _day_end(last, zone(timezone))
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
        """Units with at least two buckets in this period, finest first."""
        finest = UNITS.index(finest_unit(self.start, self.end))
        fitting = tuple(unit for unit in UNITS[finest:] if len(replace(self, unit=unit).axis()) > 1)
        return fitting or (UNITS[finest],)

    def axis(self) -> pd.DatetimeIndex:
        """Every bucket of the period as naive local time in its zone. An hour that the zone skips
        in spring is not there; an hour that it repeats in autumn is there once."""
        return _axis(self)

    def buckets(self) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
        """The start of every bucket, and the first moment after it, as naive local times."""
        axis = self.axis()
        return axis, axis + pd.tseries.frequencies.to_offset(FREQUENCIES[self.unit])

    def partial(self) -> tuple[bool, bool]:
        """Whether the period covers only a part of its first and of its last bucket."""
        (starts, ends), local = self.buckets(), zone(self.timezone)
        return (
            as_instant(starts[0].to_pydatetime(), local) < self.start,
            as_instant(ends[-1].to_pydatetime(), local) - MILLISECOND > self.end,
        )

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last local date that the period touches."""
        local = zone(self.timezone)
        return self.start.astimezone(local).date(), self.end.astimezone(local).date()

    @property
    def utc_offsets(self) -> set[timedelta]:
        """Every offset from UTC that the zone has in the period, in steps of a day."""
        days = range((self.end - self.start).days + 1)
        moments = [*(self.start + timedelta(days=day) for day in days), self.end]
        local = zone(self.timezone)
        return {moment.astimezone(local).utcoffset() or timedelta() for moment in moments}

    @property
    def edges_of_days(self) -> tuple[bool, bool]:
        """Whether the period begins with a local day, and whether it ends with one."""
        first, last = self.days
        local = zone(self.timezone)
        return self.start == midnight(first, local), self.end == _day_end(last, local)

    @property
    def step(self) -> relativedelta | None:
        """The period's length in calendar units: whole months, else days. A period that begins with
        a day has the length of all days that it touches. Any other has a length only where that is
        whole days of local time, else ``None``."""
        local = zone(self.timezone)
        if self.edges_of_days[0]:
            first, last = self.days
            if self._whole_months:
                months = 12 * (last.year - first.year) + last.month - first.month + 1
                return relativedelta(months=months)
            return relativedelta(days=(last - first).days + 1)
        edges = (self.start, self.end + MILLISECOND)
        start, end = (edge.astimezone(local).replace(tzinfo=None) for edge in edges)
        length = end - start
        return None if not length or length % timedelta(days=1) else relativedelta(days=length.days)

    @property
    def _whole_months(self) -> bool:
        first, last = self.days
        return (
            all(self.edges_of_days)
            and first.day == 1
            and (last + timedelta(days=1)).month != last.month
        )

    def previous(self, step: relativedelta | None = None, *, weekdays: bool = False) -> "Period":
        """The comparable period right before this one.

        ``step`` is the calendar unit that this period is, or is the beginning of: a running month
        is compared with the month before up to the same day and time. Without ``step``, whole
        months are compared with as many months before, days with as many days before, anything
        else with a range of the same length. With ``weekdays`` the distance is the smallest number
        of whole weeks without an overlap.
        """
        step = self._weeks() if weekdays else step or self.step
        earlier = self.earlier(step) if step else None
        if earlier is None or earlier.start >= self.start:
            length = self.end - self.start + MILLISECOND
            return self.moved(self.start - length, self.end - length)
        return self.moved(earlier.start, min(earlier.end, self.start - MILLISECOND))

    def year_before(self, *, weekdays: bool = False) -> "Period":
        """The same dates one calendar year earlier (29 February becomes the 28th). With
        ``weekdays`` it is 52 weeks earlier, or more where both would overlap."""
        return self.earlier(self._weeks(52) if weekdays else relativedelta(years=1))

    def previous_by_umami(self) -> "Period":
        """The previous period as Umami defines it: both ends earlier by the whole minutes between.
        A day from 00:00:00.000 to 23:59:59.999 moves by 1,439 minutes, so both overlap by about a
        minute, and a change of the clocks moves the ends of days by an hour."""
        back = timedelta(minutes=int((self.end - self.start).total_seconds() // 60))
        return self.moved(self.start - back, self.end - back)

    def earlier(self, step: relativedelta) -> "Period":
        """This period, earlier by a calendar step. Whole days stay whole days, and whole months
        stay whole months where the step is months or years. A time of day stays the same, but a
        date that the earlier month lacks becomes the end of that month."""
        local = zone(self.timezone)
        monthly = bool(step.months or step.years)
        first, last = (day - step for day in self.days)
        if midnight(first, local) == midnight(last + timedelta(days=1), local):
            # The zone skipped all of it, as Samoa skipped 30 December 2011.
            first, last = first - timedelta(days=1), last - timedelta(days=1)
        from_edge, to_edge = self.edges_of_days
        begun = self.start.astimezone(local).time()
        start = (
            midnight(first, local)
            if from_edge
            else as_instant(datetime.combine(first, begun), local)
        )
        clamped = monthly and last.day != self.days[1].day and first != last
        if monthly and self._whole_months:
            last += relativedelta(day=31)
        if to_edge or clamped:
            end = _day_end(last, local)
        else:
            # The later of two equal times, and the last moment before a time that is skipped.
            ended = self.end.astimezone(local).time()
            end = as_instant(datetime.combine(last, ended.replace(fold=1)), local)
        if end < start:
            end = self.end - (self.start - start)
        return self.moved(start, end)

    def _weeks(self, least: int = 1) -> relativedelta:
        first, last = self.days
        return relativedelta(weeks=max(least, (last - first).days // 7 + 1))

    def moved(self, start: datetime, end: datetime) -> "Period":
        """Another range with the same unit, or with the finest that servers support for it. Half a
        year may be short enough for days, and the next half year a day too long."""
        return with_unit(start, end, self.timezone, self.unit)


def midnight(day: date, local: ZoneInfo) -> datetime:
    """The first instant of a local date; where clocks skip midnight, the first after it."""
    return as_instant(datetime.combine(day, time()), local)


def _day_end(day: date, local: ZoneInfo) -> datetime:
    return midnight(day + timedelta(days=1), local) - MILLISECOND


def as_instant(wall: datetime, local: ZoneInfo) -> datetime:
    """A local time as an instant, by its ``fold`` where the zone has it twice or never."""
    return wall.replace(tzinfo=local).astimezone(UTC)


def format_edge(moment: datetime, local: ZoneInfo) -> str:
    """A local date where the moment is the start or end of a day, else local time in seconds, with
    its offset from UTC in an hour that the zone repeats."""
    wall = moment.astimezone(local)
    if wall.time() in (time(), time(23, 59, 59, 999000)):
        return wall.date().isoformat()
    return (wall if wall.fold else wall.replace(tzinfo=None)).isoformat(timespec="seconds")


def parse_edge(text: str, local: ZoneInfo, *, end: bool) -> datetime:
    """The start or end that a date or local time stands for; raises ``InvalidView``."""
    try:
        if len(text) == len("2026-01-31"):
            day = date.fromisoformat(text)
            return _day_end(day, local) if end else midnight(day, local)
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=local)
        return moment.astimezone(UTC) + (timedelta(milliseconds=999) if end else timedelta())
    except (ValueError, OverflowError):
        raise InvalidView(Message("“{text}” is not a date (2026-01-31).", text=text[:40])) from None


def with_unit(start: datetime, end: datetime, timezone: str, unit: Unit | None) -> Period:
    """A period with ``unit`` where servers support it, else with the finest unit that they do."""
    finest = finest_unit(start, end)
    if unit is None or UNITS.index(unit) < UNITS.index(finest):
        unit = finest
    return Period(start, end, unit, timezone)


@lru_cache(maxsize=256)
def _axis(period: Period) -> pd.DatetimeIndex:
    start, end = pd.Timestamp(period.start), pd.Timestamp(period.end)
    frequency = FREQUENCIES[period.unit]
    if period.unit in ("minute", "hour"):
        instants = [*pd.date_range(start, end, freq=frequency), end]
        walls = pd.DatetimeIndex(instants).tz_convert(period.timezone).tz_localize(None)
        return pd.DatetimeIndex(walls.floor(frequency).unique().sort_values(), name="time")
    first, last = (edge.tz_convert(period.timezone).tz_localize(None) for edge in (start, end))
    return pd.date_range(floor(first, period.unit), last, freq=frequency, name="time")


def floor(moment: pd.Timestamp, unit: Unit) -> pd.Timestamp:
    """The start of the bucket that contains a local time."""
    if unit in ("month", "year"):
        return moment.normalize().replace(day=1, month=1 if unit == "year" else moment.month)
    return moment.floor(FREQUENCIES[unit])


def milliseconds(instant: datetime) -> int:
    """An aware datetime as Unix milliseconds."""
    return round(instant.timestamp() * 1000)


def instant(unix_milliseconds: int) -> datetime:
    """Unix milliseconds as an aware datetime in UTC."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=unix_milliseconds)


def iso_time(moment: datetime) -> str:
    """An instant (aware, UTC) in ISO format: ``2026-08-01T00:00:00.000Z``."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Preset:
    """A period that follows the clock. ``start`` and ``end`` take the present as local time.

    ``end`` returns the first moment after the period. A running period ends with the running hour,
    so that a query stays the same for an hour (and can be cached) and comparisons are between
    ranges of equal length. “Last” N days or months are whole ones, as in Google Analytics and
    Plausible: they end before today or before this month.
    """

    name: str
    label: str
    start: Callable[[datetime], datetime]
    end: Callable[[datetime], datetime]
    step: relativedelta
    """The calendar unit that this period is or begins: how far the arrows move it, and how far back
    its previous period is."""
    unit: Unit | None = None


def day_start(moment: datetime) -> datetime:
    """The start of the day of a local time."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def hour_end(moment: datetime) -> datetime:
    """The start of the hour after a local time."""
    offset = moment.utcoffset() or timedelta()
    hour = moment.replace(minute=0, second=0, microsecond=0, tzinfo=UTC)
    return (hour - offset + timedelta(hours=1)).astimezone(moment.tzinfo)


def _day(**parts: Any) -> Callable[[datetime], datetime]:
    """The start of the day that these parts of a date name, for any local time."""
    return lambda moment: day_start(moment) + relativedelta(**parts)


def _quarter(moment: datetime) -> datetime:
    return _month(moment) - relativedelta(months=(moment.month - 1) % 3)


def _last_days(days: int) -> Preset:
    """Whole days that end yesterday."""
    step = relativedelta(days=days)
    label = Message("Last {days} days", days=days)
    return Preset(f"{days}d", label, lambda now: day_start(now) - step, day_start, step)


_month, _year = _day(day=1), _day(day=1, month=1)
_DAY, _WEEK = relativedelta(days=1), relativedelta(weeks=1)
_MONTH, _QUARTER, _YEAR = (relativedelta(months=months) for months in (1, 3, 12))


@cache
def presets(week_start: Weekday = "monday") -> dict[str, Preset]:
    """The presets by name, in weeks that begin on this day."""
    week = _day(weekday=_WEEKDAYS[week_start](-1))
    listed = (
        Preset("today", N_("Today"), day_start, hour_end, _DAY),
        Preset("yesterday", N_("Yesterday"), lambda now: day_start(now) - _DAY, day_start, _DAY),
        Preset(
            "24h",
            N_("Last 24 hours"),
            lambda now: hour_end(now) - timedelta(days=1),
            hour_end,
            _DAY,
        ),
        Preset("week", N_("This week"), week, hour_end, _WEEK, "day"),
        Preset("last-week", N_("Last week"), lambda now: week(now) - _WEEK, week, _WEEK),
        *map(_last_days, (7, 14, 28, 30)),
        Preset("month", N_("This month"), _month, hour_end, _MONTH, "day"),
        Preset("last-month", N_("Last month"), lambda now: _month(now) - _MONTH, _month, _MONTH),
        *map(_last_days, (90, 180)),
        Preset("quarter", N_("This quarter"), _quarter, hour_end, _QUARTER, "day"),
        Preset(
            "last-quarter",
            N_("Last quarter"),
            lambda now: _quarter(now) - _QUARTER,
            _quarter,
            _QUARTER,
        ),
        Preset("year", N_("This year"), _year, hour_end, _YEAR, "month"),
        Preset("12mo", N_("Last 12 months"), lambda now: _month(now) - _YEAR, _month, _YEAR),
    )
    return {preset.name: preset for preset in listed}


PRESETS: Final = presets()
"""The presets in weeks that begin on Monday; names, labels and steps are the same in all weeks."""
DEFAULT_PRESET = "7d"


def preset_period(
    name: str,
    now: datetime,
    timezone: str,
    unit: Unit | None = None,
    week_start: Weekday = "monday",
) -> Period:
    """The period of a preset at ``now`` (aware) in ``timezone``."""
    preset = presets(week_start)[name]
    local = now.astimezone(zone(timezone))
    start = preset.start(local).astimezone(UTC)
    end = preset.end(local).astimezone(UTC) - MILLISECOND
    return with_unit(start, max(start, end), timezone, unit or preset.unit)
