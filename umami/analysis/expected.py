"""What a day was to be expected to bring: a band from the website's own history, and unusual days.

The model: the logarithm of a day's count is a slowly changing level, plus a weekday pattern, plus
what the same week deviated by a year ago (where the history is longer than a year and such
deviations repeat), plus noise. Level and weekdays come from STL of statsmodels. Before that, days
far from a running median are replaced, so that an outage or a campaign of up to two weeks does not
become the expectation, not even at the end of the history. The width of the band comes from the
residuals of the history itself.

A history is complete local days: a ``Series`` of counts or amounts whose index has naive
midnights in order. Days may be missing. A day with more refunds than purchases counts as 0 where
its pattern matters. The unfinished day of today is no part of a history.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

SHORTEST: Final = 35
"""The fewest days that a band is computed from."""
THINNEST: Final = 5.0
"""The median count of a day below which weekday and noise cannot be told apart."""
WEEK: Final = 7
YEARS: Final = (364, 365)
"""Days after which the same weekday of the year returns, and the same date."""
RUNNING: Final = 35
"""Days of the running median: fewer than half of them may be unusual."""
LEVEL_DAYS: Final = 43
"""Days from which STL computes the level of a day."""
WEEKDAY_WEEKS: Final = 25
"""Weeks from which STL computes the weekday pattern."""
BRIDGED: Final = 2
"""Usual days between two unusual ones that do not end a stretch."""
ROUNDS: Final = 4
"""How often STL weights days anew by their residuals."""
LIMIT: Final = 3.25
"""Standard deviations (robust) beyond which a day is unusual."""
LEAST_CHANGE: Final = 0.223
"""The distance (of logarithms) from the expectation below which no day is unusual, however even the
traffic is: a quarter more, or a fifth less."""
REPEATING: Final = 20.0
"""The days of usual noise that last year's deviations have to outweigh to count by half."""
OFFSET: Final = 0.5
"""Added before logarithms, so that a day without any visit has one."""
TO_DEVIATION: Final = 1.4826
"""The ratio of a standard deviation to the median absolute deviation of normal numbers."""


@dataclass(frozen=True, slots=True)
class UnusualDay:
    """A day outside of what is usual. ``low`` and ``high`` are the limits that it had to stay
    within, which are wider than the 80 % band."""

    day: date
    actual: float
    expected: float
    low: float
    high: float
    kind: Literal["spike", "drop"]

    @property
    def difference(self) -> float:
        """What the day had more than expected; negative for a drop."""
        return self.actual - self.expected


@dataclass(frozen=True, slots=True)
class Stretch:
    """Unusual days of one kind in a row; up to two usual days between them belong to it."""

    first: date
    last: date
    actual: float
    expected: float
    kind: Literal["spike", "drop"]

    @property
    def difference(self) -> float:
        """What these days had more than expected; negative for a drop."""
        return self.actual - self.expected


@dataclass(frozen=True, slots=True)
class Marks:
    """What a chart by day shows of the usual: the days of the ``band`` (``expected``, ``low``,
    ``high``), and those that are unusual."""

    band: pd.DataFrame
    days: tuple[UnusualDay, ...]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The pattern of a history. Arrays have an element for each day from the first to the last."""

    days: pd.DatetimeIndex
    actual: Numbers
    """``NaN`` for a missing day."""
    expected: Numbers
    deviation: Numbers
    """The usual deviation of the logarithm of a day (one standard deviation, robust)."""
    factor: Numbers
    """The factor of a day by its weekday and by what repeats every year; also for the days after
    the history that were asked for."""

    @property
    def residuals(self) -> Numbers:
        """By how many usual deviations each day differs from the expectation."""
        logs = _logarithms(self.actual) - _logarithms(self.expected)
        return np.asarray(logs / self.deviation)

    @property
    def limits(self) -> Numbers:
        """The distance (of logarithms) from the expectation beyond which each day is unusual."""
        return np.maximum(LIMIT * self.deviation, LEAST_CHANGE)

    @property
    def unusual(self) -> NDArray[np.bool_]:
        """Which days are unusual; a missing day is not."""
        return np.abs(self.residuals * self.deviation) > self.limits

    def cleaned(self, times: float = 1.0) -> Numbers:
        """The counts, with the expected value for missing days, and for those beyond the limits
        (``times`` as far away)."""
        distance = np.abs(self.residuals * self.deviation)
        usual = np.where(distance <= times * self.limits, self.actual, self.expected)
        return np.maximum(usual, 0.0)

    def shifted(self, distance: Numbers) -> Numbers:
        """The values at a distance (of logarithms) from the expectation, not below 0."""
        return np.maximum(0.0, (self.expected + OFFSET) * np.exp(distance) - OFFSET)


def rhythm(history: pd.Series, coming: int = 0) -> Rhythm | None:
    """The pattern of a history, with factors for the ``coming`` days after it; ``None`` if it has
    fewer than five weeks, or too few counts: a median day below 5, or a day without any in five."""
    daily = complete_days(history)
    known = daily.dropna()
    if len(known) < SHORTEST or known.median() < THINNEST or (known <= 0).mean() > 0.2:
        return None
    days = pd.DatetimeIndex(daily.index)
    logs = _logarithms(daily.to_numpy(dtype=float))
    level, weekday = _decomposed(logs, days)
    fitted = level + weekday
    # The share of noise that comes from counting shrinks as counts grow; the rest does not.
    counting = 1 / np.maximum(1.0, np.exp(fitted))
    other = max(0.0, robust_deviation(logs - fitted) ** 2 - float(np.mean(counting)))
    deviation = np.maximum(np.sqrt(counting + other), 0.01)
    # The next weeks have the weekdays of the last one, and its noise.
    yearly = _yearly((logs - fitted) / deviation, coming)
    yearly *= np.r_[deviation, np.full(coming, deviation[-1])]
    factor = np.exp(np.r_[weekday, np.resize(weekday[-WEEK:], coming)] + yearly)
    expected = np.maximum(0.0, np.exp(fitted + yearly[: len(fitted)]) - OFFSET)
    return Rhythm(days, daily.to_numpy(dtype=float), expected, deviation, factor)


def complete_days(history: pd.Series) -> pd.Series:
    """The history with every day from its first to its last; missing days are ``NaN``."""
    if history.empty:
        return pd.Series(index=pd.DatetimeIndex([]), dtype=float)
    return history.astype(float).asfreq("D")


def band(pattern: Rhythm, *, level: float = 0.8) -> pd.DataFrame:
    """The range that usual days fall into with a probability of ``level``, by day: ``actual``,
    ``expected``, ``low`` and ``high``.

    The quantiles are those of the residuals of days that are not unusual, so the band is as
    asymmetric as the history."""
    usual = pattern.residuals[~pattern.unusual & np.isfinite(pattern.actual)]
    low, high = np.quantile(usual, [(1 - level) / 2, (1 + level) / 2])
    return pd.DataFrame(
        {
            "actual": pattern.actual,
            "expected": pattern.expected,
            "low": pattern.shifted(low * pattern.deviation),
            "high": pattern.shifted(high * pattern.deviation),
        },
        index=pattern.days,
    )


def unusual_days(pattern: Rhythm) -> tuple[UnusualDay, ...]:
    """The days that differ from their expectation by more than 3.25 standard deviations (robust)
    and by more than a fifth, in order."""
    low, high = pattern.shifted(-pattern.limits), pattern.shifted(pattern.limits)
    return tuple(
        UnusualDay(
            day.date(),
            float(pattern.actual[at]),
            float(pattern.expected[at]),
            float(low[at]),
            float(high[at]),
            "spike" if pattern.actual[at] > pattern.expected[at] else "drop",
        )
        for at, day in enumerate(pattern.days)
        if pattern.unusual[at]
    )


def stretches(days: Iterable[UnusualDay]) -> tuple[Stretch, ...]:
    """Unusual days, which are in order, joined to stretches with their sums."""
    joined: list[Stretch] = []
    for day in days:
        last = joined[-1] if joined else None
        if last and last.kind == day.kind and (day.day - last.last).days <= BRIDGED + 1:
            joined[-1] = replace(
                last,
                last=day.day,
                actual=last.actual + day.actual,
                expected=last.expected + day.expected,
            )
        else:
            joined.append(Stretch(day.day, day.day, day.actual, day.expected, day.kind))
    return tuple(joined)


def without(
    values: pd.Series, expected: pd.Series, spans: Iterable[tuple[pd.Timestamp, pd.Timestamp]]
) -> pd.DataFrame:
    """The values without some spans of time: ``actual``, ``value`` (the expected one within the
    spans) and ``replaced``. A span includes its first time and excludes its last. The index is that
    of the values, days or hours; a time without an expectation keeps its value."""
    replaced = pd.Series(False, index=values.index)
    for first, last in spans:
        replaced |= (values.index >= first) & (values.index < last)
    replaced &= expected.reindex(values.index).notna()
    value = values.astype(float).mask(replaced, expected)
    return pd.DataFrame({"actual": values, "value": value, "replaced": replaced})


def _logarithms(counts: Numbers) -> Numbers:
    return np.log(np.maximum(counts, 0.0) + OFFSET)


def _decomposed(logs: Numbers, days: pd.DatetimeIndex) -> tuple[Numbers, Numbers]:
    """Level and weekday pattern by day."""
    # Imported here: a dashboard that shows no band does not pay for it.
    from statsmodels.tsa.seasonal import STL

    rough = _rough(pd.Series(logs, index=days))
    residuals = logs - rough
    limit = max(LIMIT * robust_deviation(residuals), LEAST_CHANGE)
    usual = np.where(np.abs(residuals) <= limit, logs, rough)
    stl = STL(
        usual,
        period=WEEK,
        seasonal=WEEKDAY_WEEKS,
        seasonal_deg=0,
        trend=LEVEL_DAYS,
        robust=True,
    )
    fit = stl.fit(inner_iter=2, outer_iter=ROUNDS)
    return np.asarray(fit.trend), np.asarray(fit.seasonal)


def _rough(logs: pd.Series) -> Numbers:
    """A running median plus the median of each weekday's distance from it. At both ends it is the
    median of the first and the last weeks, so that almost half of them may be unusual there."""
    weekday = pd.DatetimeIndex(logs.index).day_of_week
    distance = logs - logs.rolling(RUNNING, center=True, min_periods=RUNNING // 2).median()
    weekdays = distance.groupby(weekday).transform("median")
    even = logs - weekdays
    median = even.rolling(RUNNING, center=True, min_periods=RUNNING // 2).median()
    edge = RUNNING // 2
    median.iloc[:edge] = even.iloc[:RUNNING].median()
    median.iloc[-edge:] = even.iloc[-RUNNING:].median()
    return np.asarray(median + weekdays)


def robust_deviation(residuals: Numbers) -> float:
    """The standard deviation, from the median absolute deviation."""
    return TO_DEVIATION * float(np.nanmedian(np.abs(residuals - np.nanmedian(residuals))))


def _yearly(residuals: Numbers, coming: int) -> Numbers:
    """The part of each day's residual that the same week of the year before explains, for the
    coming days as well; 0 without a year before. It counts by as much as such deviations have
    repeated, on the same weekday or on the same date."""
    length = len(residuals) + coming
    explained = np.zeros(length)
    if len(residuals) <= YEARS[-1] + WEEK:
        return explained
    weekly = pd.Series(residuals).rolling(WEEK, center=True, min_periods=4).median().fillna(0.0)
    best = 0.0
    for year in YEARS:
        earlier = weekly.to_numpy()[: length - year]
        # A residual that is far out counts for no more than the limit in the comparison.
        second = np.clip(residuals[year:], -2 * LIMIT, 2 * LIMIT)
        first = np.clip(earlier[: len(second)], -2 * LIMIT, 2 * LIMIT)
        square = float(np.sum(first**2)) + REPEATING
        share = min(1.0, float(np.nansum(first * second)) / square)
        if share > best:
            best = share
            explained = np.r_[
                np.zeros(year), share * earlier, np.zeros(length - year - len(earlier))
            ]
    return explained
