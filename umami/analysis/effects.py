"""The measured effect of a note: what came after it against what was to be expected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from umami.analysis.expected import complete_days
from umami.analysis.forecast import Backtest, Forecast, backtest, spread

Numbers = NDArray[np.float64]
Verdict = Literal["up", "down", "none", "too early", "too few"]

LONGEST: Final = 28
"""The most days after a note that count as its effect, unless an end is given."""
EARLY: Final = 7
"""Complete days after a note before which its effect cannot be told."""
FEWEST: Final = 30.0
"""The expected count below which chance decides."""
WIDEST: Final = 1.5
"""The upper end of what could have come without an effect, as a multiple of the expectation, beyond
which an interval that includes no effect tells nothing."""
BEFORE: Final = 56
"""Days before a note that an expectation needs."""
MOST: Final = 1.5
"""The largest part of the controls' difference that is subtracted."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What came after a note, against what was to be expected."""

    first: date
    last: date
    """The last day that counts (included); before ``first`` if the history ends there."""
    actual: float
    expected: float | None
    """``None``, as the following, if it is too early or if there is too little data."""
    low: float | None
    """The interval of ``expected``: what would have come without an effect."""
    high: float | None
    controls: int
    """The number of controls that the expectation takes into account."""
    level: float
    """The probability of the interval."""
    verdict: Verdict

    @property
    def difference(self) -> tuple[float, float, float] | None:
        """The effect as a count or amount, with its interval: low, middle, high."""
        if self.expected is None or self.low is None or self.high is None:
            return None
        return self.actual - self.high, self.actual - self.expected, self.actual - self.low

    @property
    def relative(self) -> tuple[float, float, float] | None:
        """The effect as a fraction of what was expected, with its interval: low, middle, high."""
        if not self.expected or not self.low or not self.high:
            return None
        low, middle, high = (
            self.actual / value - 1 for value in (self.high, self.expected, self.low)
        )
        return low, middle, high


def effect(
    history: pd.Series,
    first: date,
    last: date | None = None,
    controls: Sequence[pd.Series] = (),
    level: float = 0.9,
) -> Effect:
    """The effect on a count or an amount by day, from ``first`` to ``last`` (both included, four
    weeks by default, and never beyond the history).

    The expectation is a forecast from the days before ``first``. ``controls`` are what the note
    cannot have changed, such as other websites: their own difference from their forecast is
    subtracted, by as much as such differences went together with those of the history before. The
    interval comes from the errors of the same forecast at earlier days.

    The verdict is "too early" with less than a week of days, and "too few" where the history before
    is shorter than eight weeks, where the expected count is below 30, or where the interval is too
    wide to tell. It is "up" or "down" where the interval excludes no effect, otherwise "none"."""
    daily = complete_days(history)
    start = pd.Timestamp(first)
    known = daily.index[-1] if len(daily) else start - pd.Timedelta(days=1)
    until = min(pd.Timestamp(last or first + timedelta(days=LONGEST - 1)), known)
    before, after = daily[: start - pd.Timedelta(days=1)], daily[start:until]
    # A missing day counts as an average one.
    actual = float(after.mean()) * len(after) if after.notna().any() else 0.0
    if len(after) < EARLY:
        return Effect(first, until.date(), actual, None, None, None, 0, level, "too early")
    tested = backtest(before, len(after)) if len(before) >= BEFORE else None
    if tested is None or tested.expected < FEWEST:
        return Effect(first, until.date(), actual, None, None, None, 0, level, "too few")
    usable = list(_compared(controls, before, after, tested))
    shift, errors = _explained(tested, usable)
    expected = tested.expected * float(np.exp(shift))
    usual = Forecast(expected, *spread(errors, tested.horizon, len(after)))
    low, high = usual.quantile((1 - level) / 2), usual.quantile((1 + level) / 2)
    verdict: Verdict = "up" if actual > high else "down" if actual < low else "none"
    if verdict == "none" and high > WIDEST * expected:
        verdict = "too few"
    return Effect(first, until.date(), actual, expected, low, high, len(usable), level, verdict)


def _compared(
    controls: Sequence[pd.Series], before: pd.Series, after: pd.Series, tested: Backtest
) -> Iterator[tuple[Numbers, float]]:
    """Of each usable control: its earlier errors on the same days, and what it differs by now."""
    for control in controls:
        earlier, later = control.reindex(before.index), control.reindex(after.index)
        if earlier.isna().any() or later.isna().any():
            continue
        forecast = backtest(earlier, len(after))
        if forecast is not None and forecast.expected >= FEWEST:
            change = float(np.log((max(0.0, later.sum()) + 0.5) / (forecast.expected + 0.5)))
            yield forecast.errors, change


def _explained(
    tested: Backtest, controls: Sequence[tuple[Numbers, float]]
) -> tuple[float, Numbers]:
    """The part of the change that the controls explain, and the errors that they leave."""
    errors = tested.errors
    if not controls:
        return 0.0, errors
    columns = np.column_stack([errors for errors, _ in controls])
    changes = np.array([change for _, change in controls])
    # Their mean stands for all, so that many controls cost one coefficient.
    column, change = columns.mean(axis=1), float(changes.mean())
    part = float(np.clip(column @ errors / max(float(column @ column), 1e-12), 0.0, MOST))
    # What they seem to explain is by chance as much as one of the independent errors.
    explained = part**2 * float(column @ column)
    chance = float(np.sum((errors - part * column) ** 2)) * tested.horizon / len(errors)
    part *= explained / max(explained + chance, 1e-12)
    return part * change, errors - part * column
