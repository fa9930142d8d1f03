"""Periods that follow the clock, such as “Last 7 days”."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dateutil.relativedelta import relativedelta

from umami.period import MILLISECOND, Period, Unit, with_unit, zone


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


def _monday(moment: datetime) -> datetime:
    return day_start(moment) - relativedelta(days=moment.weekday())


def _month(moment: datetime) -> datetime:
    return day_start(moment).replace(day=1)


def _quarter(moment: datetime) -> datetime:
    return _month(moment) - relativedelta(months=(moment.month - 1) % 3)


def _year(moment: datetime) -> datetime:
    return _month(moment).replace(month=1)


def _last_days(days: int) -> Preset:
    """Whole days that end yesterday."""
    step = relativedelta(days=days)
    label = f"Last {days} days"
    return Preset(f"{days}d", label, lambda now: day_start(now) - step, day_start, step)


_DAY, _WEEK = relativedelta(days=1), relativedelta(weeks=1)
_MONTH, _QUARTER, _YEAR = (relativedelta(months=months) for months in (1, 3, 12))
PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("today", "Today", day_start, hour_end, _DAY),
        Preset("yesterday", "Yesterday", lambda now: day_start(now) - _DAY, day_start, _DAY),
        Preset(
            "24h", "Last 24 hours", lambda now: hour_end(now) - timedelta(days=1), hour_end, _DAY
        ),
        Preset("week", "This week", _monday, hour_end, _WEEK, "day"),
        Preset("last-week", "Last week", lambda now: _monday(now) - _WEEK, _monday, _WEEK),
        *map(_last_days, (7, 14, 28, 30)),
        Preset("month", "This month", _month, hour_end, _MONTH, "day"),
        Preset("last-month", "Last month", lambda now: _month(now) - _MONTH, _month, _MONTH),
        *map(_last_days, (90, 180)),
        Preset("quarter", "This quarter", _quarter, hour_end, _QUARTER, "day"),
        Preset(
            "last-quarter", "Last quarter", lambda now: _quarter(now) - _QUARTER, _quarter, _QUARTER
        ),
        Preset("year", "This year", _year, hour_end, _YEAR, "month"),
        Preset("12mo", "Last 12 months", lambda now: _month(now) - _YEAR, _month, _YEAR),
    )
}
DEFAULT_PRESET = "7d"


def preset_period(name: str, now: datetime, timezone: str, unit: Unit | None = None) -> Period:
    """The period of a preset at ``now`` (aware) in ``timezone``."""
    preset = PRESETS[name]
    local = now.astimezone(zone(timezone))
    start = preset.start(local).astimezone(UTC)
    end = preset.end(local).astimezone(UTC) - MILLISECOND
    return with_unit(start, max(start, end), timezone, unit or preset.unit)
