"""When the report of a subscription is due."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, Literal

from dateutil import rrule

from access.notifications import Schedule
from umami.period import as_instant, zone

_FREQUENCIES: Final[dict[str, Literal[1, 2, 3]]] = {
    "daily": rrule.DAILY,
    "weekly": rrule.WEEKLY,
    "monthly": rrule.MONTHLY,
}


def occasions(
    schedule: Schedule, timezone: str, after: datetime, until: datetime
) -> tuple[datetime, ...]:
    """The instants (UTC) of a schedule after ``after`` and up to ``until``, both aware.

    An hour that a clock change skips is due when the clock has been put forward; one that occurs
    twice is due the first time.
    """
    local = zone(timezone)
    begin = after.astimezone(local).date() - timedelta(days=1)
    end = until.astimezone(local).date() + timedelta(days=1)
    on: dict[str, Any] = {
        "daily": {},
        "weekly": {"byweekday": schedule.weekday},
        "monthly": {"bymonthday": schedule.day},
    }[schedule.frequency]
    walls = rrule.rrule(
        _FREQUENCIES[schedule.frequency],
        dtstart=datetime.combine(begin, time(schedule.hour)),
        until=datetime.combine(end, time.max),
        **on,
    )
    instants = (as_instant(wall, local).astimezone(UTC) for wall in walls)
    return tuple(instant for instant in instants if after < instant <= until)


def next_occasion(schedule: Schedule, timezone: str, after: datetime) -> datetime:
    """The first instant (UTC) of a schedule after an aware one."""
    return occasions(schedule, timezone, after, after + timedelta(days=33))[0]
