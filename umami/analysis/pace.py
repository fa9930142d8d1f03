"""Where a month, or a goal with a monthly target, will end."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

import pandas as pd

from umami.analysis.expected import complete_days
from umami.analysis.forecast import forecast

MONTHS: Final = 3
"""Past months whose band is checked."""
BEFORE: Final = 35
"""Days before the first unknown day that a band needs."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A past month: the band on the same day of the month, and where the month ended."""

    month: date
    """Its first day."""
    low: float
    high: float
    actual: float

    @property
    def held(self) -> bool:
        """Whether the month ended within the band."""
        return self.low <= self.actual <= self.high


@dataclass(frozen=True, slots=True)
class Pace:
    """The sum of a month so far, and where it will end."""

    month: date
    """Its first day."""
    until: date
    """The last day that is counted."""
    so_far: float
    low: float
    middle: float
    high: float
    target: float | None
    chance: float | None
    """The probability that the month reaches the target; ``None`` without one."""
    checked: tuple[Checked, ...]
    """The past three months, the latest first, as far as the history reaches."""

    @property
    def verdict(self) -> Literal["reached", "above", "open", "below"] | None:
        """Whether the target is reached, or whether the band is above it, includes it or is below;
        ``None`` without a target."""
        if self.target is None:
            return None
        if self.so_far >= self.target:
            return "reached"
        return (
            "above" if self.low >= self.target else "below" if self.high < self.target else "open"
        )


def pace(
    history: pd.Series,
    month: date,
    target: float | None = None,
    *,
    level: float = 0.8,
    months: int = MONTHS,
) -> Pace | None:
    """Where the month of the day ``month`` ends, for a count or an amount by day that is summed up.

    The band adds a forecast of the days after the history to the sum so far; it includes the end of
    the month with the probability ``level``. The bands of so many past ``months`` are checked.
    ``None`` if the history has fewer than five weeks, or ends before the month begins or after it
    ends."""
    daily = complete_days(history)
    first = month.replace(day=1)
    if len(daily) < BEFORE:
        return None
    until = daily.index[-1].date()
    if not first - timedelta(days=1) <= until <= _end(first):
        return None
    band = _band(daily, first, level, target)
    if band is None:
        return None
    so_far, low, middle, high, chance = band
    checked, earlier = [], first
    for _ in range(months):
        earlier = (earlier - timedelta(days=1)).replace(day=1)
        known = min(earlier + (until - first), _end(earlier))
        before = daily[: pd.Timestamp(known)]
        then = _band(before, earlier, level, None) if len(before) >= BEFORE else None
        if then is not None:
            actual = float(daily[pd.Timestamp(earlier) : pd.Timestamp(_end(earlier))].sum())
            checked.append(Checked(earlier, then[1], then[3], actual))
    return Pace(first, until, so_far, low, middle, high, target, chance, tuple(checked))


def _end(first: date) -> date:
    return first.replace(day=monthrange(first.year, first.month)[1])


def _band(
    daily: pd.Series, first: date, level: float, target: float | None
) -> tuple[float, float, float, float, float | None] | None:
    """The sum since ``first``, the band of the month's end, and the chance of the target."""
    so_far = float(daily[pd.Timestamp(first) :].sum())
    left = (_end(first) - daily.index[-1].date()).days
    if not left:
        reached = None if target is None else float(so_far >= target)
        return so_far, so_far, so_far, so_far, reached
    rest = forecast(daily, left)
    if rest is None:
        return None
    low, middle, high = (
        so_far + rest.quantile(part) for part in ((1 - level) / 2, 0.5, (1 + level) / 2)
    )
    chance = None if target is None else rest.chance(target - so_far)
    return so_far, low, middle, high, chance
