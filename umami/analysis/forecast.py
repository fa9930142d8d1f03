"""The sum of the next days, with an interval that comes from how well such forecasts did before.

The forecast is the level of the latest days, with a part of their slope, times the weekday pattern
(and what repeats every year). How many days and which part of the slope is weighted by what
predicted sums of as many days best at the earlier days of the same history. The errors made there
are the width of the interval. So it contains noise, growth and seasons as they were, without a
model of them.

docs/benchmarks.md compares it with state space models and exponential smoothing of statsmodels.
Their intervals hold as often, but are a quarter wider, four times as wide after an outage, and cost
three to nine times as much.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from umami.analysis.expected import SHORTEST, THINNEST, TO_DEVIATION, WEEK, complete_days, rhythm

Numbers = NDArray[np.float64]

WINDOWS: Final = (7, 14, 28, 56)
"""Days whose level is continued."""
SLOPES: Final = (0.0, 0.5, 1.0)
"""Parts of the slope between a window and the one before that are continued."""
STEEPEST: Final = 0.7
"""The logarithm of the most that a slope changes a forecast by."""
FAR: Final = 2.0
"""A day this many times as far out as an unusual one is no error of a forecast: an outage in the
history does not widen the interval."""
FEWEST_ERRORS: Final = 5
"""Independent earlier forecasts that an interval needs. Where the horizon leaves fewer, the errors
of a shorter one are extended as those of a random walk."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The sum of some days. The logarithm of the actual to the expected sum follows a t
    distribution around 0."""

    expected: float
    spread: float
    """The scale of the distribution."""
    freedom: float
    """Its degrees of freedom."""

    def quantile(self, probability: float) -> float:
        """The sum that is not exceeded with this probability."""
        # Imported here, as in ``expected``.
        from scipy.special import stdtrit

        return self.expected * float(np.exp(self.spread * stdtrit(self.freedom, probability)))

    def chance(self, least: float) -> float:
        """The probability that the sum is at least this."""
        from scipy.special import stdtr

        if least <= 0:
            return 1.0
        if self.expected <= 0:
            return 0.0
        distance = np.log(least / self.expected) / max(self.spread, 1e-9)
        return float(1 - stdtr(self.freedom, distance))


@dataclass(frozen=True, slots=True)
class Backtest:
    """A forecast of a sum, and the errors that the same method made before."""

    expected: float
    errors: Numbers
    """The logarithm of the actual to the expected sum, for each earlier day from which a forecast
    can be checked, in order; they overlap."""
    horizon: int
    """The days of these earlier sums; fewer than were asked for where the history is short."""


def forecast(history: pd.Series, horizon: int) -> Forecast | None:
    """The sum of the ``horizon`` days after the history; ``None`` if the history is too short."""
    tested = backtest(history, horizon)
    if tested is None:
        return None
    return Forecast(tested.expected, *spread(tested.errors, tested.horizon, horizon))


def spread(errors: Numbers, tested: int, horizon: int) -> tuple[float, float]:
    """The scale of errors of forecasts and its degrees of freedom. ``errors`` are those of sums of
    ``tested`` days; those of ``horizon`` days are larger by as much as a random walk's. The errors
    chose the weights of the forecast, which makes them smaller: by one degree of freedom."""
    scale = float(np.sqrt(np.mean(np.minimum(errors**2, (3 * _typical(errors)) ** 2))))
    independent = len(errors) / tested
    freedom = max(2.0, independent - 1)
    longer = max(1.0, horizon / tested)
    return scale * float(np.sqrt(longer * (independent + 1) / freedom)), freedom


def backtest(history: pd.Series, horizon: int) -> Backtest | None:
    """Forecast the sum of the days after the history, and those of earlier days; ``None`` if the
    history is too short to forecast any, at least shorter than five weeks."""
    daily = complete_days(history)
    tested = _tested(len(daily), horizon)
    if len(daily) < SHORTEST or tested is None:
        return None
    actual, cleaned, factors = _prepared(daily, horizon)
    weights, errors = _weighted(actual, cleaned, factors, tested)
    last = np.array([len(daily)])
    candidates = _candidates(cleaned, factors, last, horizon, _needed(len(daily), tested))
    expected = float(np.exp(np.log(candidates[0] + 0.5) @ weights)) - 0.5
    return Backtest(max(0.0, expected), errors, tested)


def _typical(errors: Numbers) -> float:
    return TO_DEVIATION * float(np.median(np.abs(errors))) + 1e-9


def _tested(length: int, horizon: int) -> int | None:
    """The days of the sums whose forecasts are checked in a history of this length."""
    for tested in range(horizon, 0, -1):
        if length - _needed(length, tested) - tested >= FEWEST_ERRORS * tested:
            return tested
    return None


def _needed(length: int, horizon: int) -> int:
    """The days before the first forecast that is checked."""
    return min(2 * WINDOWS[-1], max(2 * WINDOWS[0], (length - horizon) // 3))


def _prepared(daily: pd.Series, horizon: int) -> tuple[Numbers, Numbers, Numbers]:
    """The counts without what is far out, those without any unusual day, and the factors of the
    days, these until the end of the forecast."""
    pattern = rhythm(daily, horizon)
    if pattern is not None:
        return pattern.cleaned(FAR), pattern.cleaned(), pattern.factor
    # Few counts: weekdays differ by as much as the counts prove.
    days = pd.date_range(daily.index[0], periods=len(daily) + horizon, freq="D")
    weekdays = days.day_of_week.to_numpy()
    filled = daily.fillna(daily.mean()).clip(lower=0).to_numpy()
    mean = max(float(filled.mean()), 1e-9)
    sums = np.bincount(weekdays[: len(filled)], weights=filled, minlength=WEEK)
    number = np.bincount(weekdays[: len(filled)], minlength=WEEK)
    prior = THINNEST * WEEK
    factors = (sums + prior) / (number * mean + prior)
    return filled, filled, factors[weekdays]


def _candidates(
    counts: Numbers, factors: Numbers, origins: NDArray[np.int64], horizon: int, needed: int
) -> Numbers:
    """Forecasts from the days before each origin: a row per origin, a column per candidate."""
    sums, weights = np.r_[0.0, counts.cumsum()], np.r_[0.0, factors.cumsum()]
    coming = weights[origins + horizon] - weights[origins]
    columns = []
    for window, part in product(WINDOWS, SLOPES):
        if window * (2 if part else 1) > needed:
            continue
        level = _level(sums, weights, origins, window)
        if part:
            slope = np.log(level / _level(sums, weights, origins - window, window)) / window
            level = level * np.exp(
                np.clip(part * slope * (window + horizon) / 2, -STEEPEST, STEEPEST)
            )
        columns.append(level * coming)
    return np.column_stack(columns)


def _level(sums: Numbers, weights: Numbers, origins: NDArray[np.int64], window: int) -> Numbers:
    counts = sums[origins] - sums[origins - window]
    return np.asarray((counts + 0.5) / (weights[origins] - weights[origins - window]))


def _weighted(
    actual: Numbers, cleaned: Numbers, factors: Numbers, horizon: int
) -> tuple[Numbers, Numbers]:
    """The weights of the candidates by how well they forecast earlier sums, and the errors of the
    weighted forecast."""
    needed = _needed(len(actual), horizon)
    origins = np.arange(needed, len(actual) - horizon + 1)
    sums = np.r_[0.0, actual.cumsum()]
    reached = sums[origins + horizon] - sums[origins]
    candidates = _candidates(cleaned, factors, origins, horizon, needed)
    errors = np.log(reached + 0.5)[:, None] - np.log(candidates + 0.5)
    squares = np.sort(errors**2, axis=0)[: max(1, int(0.9 * len(errors)))].mean(axis=0)
    weights = 1 / (squares + 1e-9)
    weights /= weights.sum()
    return weights, errors @ weights
