"""Measured effects of notes, and the pace of months, in traffic whose truth is known."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bench.expectations import measured, paced
from tests.support.generated_traffic import LAST
from umami.analysis.effects import Effect, effect
from umami.analysis.forecast import Forecast, forecast
from umami.analysis.pace import pace

NOTE = LAST - timedelta(days=27)


def counts(mean: float = 400.0, days: int = 300, seed: int = 1) -> pd.Series:
    """Counts by day until ``LAST`` with quiet weekends and noise of counting."""
    index = pd.date_range(end=LAST, periods=days, freq="D")
    means = mean * np.where(index.day_of_week < 5, 1.0, 0.6)
    return pd.Series(np.random.default_rng(seed).poisson(means).astype(float), index=index)


def lifted(history: pd.Series, factor: float, first: date = NOTE) -> pd.Series:
    """The history times a factor from a day on."""
    return (history * np.where(history.index >= pd.Timestamp(first), factor, 1.0)).round()


def interval(result: Effect) -> tuple[float, float, float]:
    assert result.relative is not None
    return result.relative


@pytest.mark.parametrize(("factor", "verdict"), [(1.3, "up"), (1.0, "none"), (0.7, "down")])
def test_an_effect_is_measured_with_an_interval(factor: float, verdict: str) -> None:
    history = lifted(counts(), factor)
    result = effect(history, NOTE)
    low, middle, high = interval(result)
    assert low <= factor - 1 <= high
    assert middle == pytest.approx(factor - 1, abs=0.05)
    assert result.verdict == verdict
    assert (result.first, result.last) == (NOTE, LAST)
    assert result.actual == history[pd.Timestamp(NOTE) :].sum()
    assert result.difference is not None
    assert result.difference[1] == pytest.approx(result.actual * middle / (1 + middle))


def test_less_than_a_week_is_too_early() -> None:
    first = LAST - timedelta(days=5)
    result = effect(lifted(counts(), 3, first), first)
    assert (result.verdict, result.relative, result.difference) == ("too early", None, None)
    assert effect(counts(), LAST + timedelta(days=1)).verdict == "too early"


def test_only_the_days_that_are_asked_for_count() -> None:
    first = LAST - timedelta(days=60)
    history = counts()
    assert effect(history, first).last == first + timedelta(days=27)
    assert effect(history, first, first + timedelta(days=9)).last == first + timedelta(days=9)
    later = lifted(history, 5, first + timedelta(days=28))
    assert effect(later, first) == effect(history, first)


def test_few_counts_or_a_short_history_tell_nothing() -> None:
    assert effect(lifted(counts(0.5), 2), NOTE).verdict == "too few"
    assert effect(lifted(counts(days=70), 2), NOTE).verdict == "too few"
    assert effect(counts() * 0, NOTE).verdict == "too few"
    assert effect(counts(6), NOTE).verdict == "none"
    assert effect(counts()[:0], NOTE).verdict == "too early"


def test_days_of_refunds_are_no_obstacle() -> None:
    money = counts(6) * 89.0
    refunded = money.copy()
    refunded.iloc[[-60, -20]] = -5_000.0
    result, usual = effect(refunded, NOTE), effect(money, NOTE)
    assert result.actual == refunded[pd.Timestamp(NOTE) :].sum()
    assert result.expected == pytest.approx(usual.expected, rel=0.05)
    thin = counts(0.8) * 89.0
    thin.iloc[[-60, -20]] = -500.0
    assert effect(thin, NOTE, controls=[-money]).controls == 0
    outcome = pace(thin, LAST)
    assert outcome is not None
    assert outcome.low <= outcome.high


def test_a_missing_day_counts_as_an_average_one() -> None:
    history = counts()
    holed = history.drop([history.index[-50], history.index[-9]])
    whole, rest = interval(effect(history, NOTE)), interval(effect(holed, NOTE))
    assert rest == pytest.approx(whole, abs=0.03)


def test_an_earlier_outage_does_not_shift_the_expectation() -> None:
    history = counts()
    broken = history.copy()
    broken.iloc[-36:-29] *= 0.3
    assert effect(broken, NOTE).expected == pytest.approx(effect(history, NOTE).expected, rel=0.04)


def test_an_earlier_outage_and_a_sale_do_not_widen_the_interval() -> None:
    history = counts()
    disturbed = history.copy()
    disturbed.iloc[-80:-73] *= 0.3
    disturbed.iloc[-60:-51] *= 2.0
    (low, _, high), (lower, _, upper) = (
        interval(effect(days, NOTE)) for days in (history, disturbed)
    )
    assert upper - lower < 1.5 * (high - low)


def test_quiet_weeks_that_return_every_year_are_no_effect() -> None:
    index = pd.date_range("2024-03-01", "2026-12-31", freq="D")
    quiet = (index.month == 12) & (index.day >= 20)
    means = np.where(quiet, 200.0, 400.0)
    history = pd.Series(np.random.default_rng(6).poisson(means).astype(float), index=index)
    known, unknown = history, history["2026-01-10":]
    assert interval(effect(known, date(2026, 12, 10)))[1] == pytest.approx(0, abs=0.08)
    assert interval(effect(unknown, date(2026, 12, 10)))[1] == pytest.approx(-0.27, abs=0.05)


def waves(seed: int) -> pd.Series:
    """A market whose level changes by a third within weeks."""
    days = 300
    index = pd.date_range(end=LAST, periods=days, freq="D")
    noise = np.random.default_rng(seed).normal(0, 1, days + 60)
    smooth = np.convolve(noise, np.hanning(61), "valid")[:days]
    return pd.Series(np.exp(0.3 * smooth / smooth.std()), index=index)


def test_controls_explain_what_changes_everywhere() -> None:
    market = waves(4)
    history = lifted(counts() * market, 1.3)
    control = (counts(900, seed=2) * market).round()
    alone, together = effect(history, NOTE), effect(history, NOTE, controls=[control])
    assert (alone.controls, together.controls) == (0, 1)
    (low, _, high), (lower, middle, upper) = interval(alone), interval(together)
    assert upper - lower < 0.6 * (high - low)
    assert middle == pytest.approx(0.3, abs=0.1)
    assert together.verdict == "up"


def test_controls_that_do_not_fit_are_left_out() -> None:
    history = lifted(counts(), 1.3)
    short, thin = counts(days=100, seed=2), counts(0.2, seed=3)
    result = effect(history, NOTE, controls=[short, thin])
    assert result == effect(history, NOTE)
    unrelated = effect(history, NOTE, controls=[counts(seed=5)])
    assert interval(unrelated)[1] == pytest.approx(interval(result)[1], abs=0.03)


@given(
    st.lists(st.integers(0, 10**6), min_size=70, max_size=130),
    st.integers(-5, 140),
    st.integers(0, 60),
)
@settings(max_examples=settings().max_examples * 2)
def test_any_history_has_an_effect_in_order(rows: list[int], at: int, length: int) -> None:
    index = pd.date_range("2026-01-01", periods=len(rows), freq="D")
    first = date(2026, 1, 1) + timedelta(days=at)
    result = effect(pd.Series(rows, index=index), first, first + timedelta(days=length))
    if result.expected is not None:
        assert result.low is not None
        assert result.high is not None
        assert 0 <= result.low <= result.expected <= result.high < np.inf


@given(st.lists(st.integers(0, 10**6), max_size=130), st.integers(-40, 140))
def test_any_history_has_a_pace_in_order_or_none(rows: list[int], at: int) -> None:
    index = pd.date_range("2026-01-01", periods=len(rows), freq="D")
    month = date(2026, 1, 1) + timedelta(days=at)
    outcome = pace(pd.Series(rows, index=index, dtype=float), month, 500)
    if outcome is not None:
        assert outcome.so_far <= outcome.low <= outcome.middle <= outcome.high < np.inf
        assert outcome.chance is not None
        assert 0 <= outcome.chance <= 1


def test_a_forecast_has_quantiles_and_chances_that_agree() -> None:
    coming = forecast(counts(), 14)
    assert coming is not None
    assert coming.expected == pytest.approx(14 * 400 * (5 + 2 * 0.6) / 7, rel=0.03)
    for probability in (0.1, 0.5, 0.9):
        assert coming.chance(coming.quantile(probability)) == pytest.approx(1 - probability)
    assert coming.chance(0) == coming.chance(-5) == 1
    assert Forecast(0, 0.1, 5).chance(1) == 0
    assert forecast(counts()[:20], 14) is None


def test_the_pace_of_a_month_is_a_band_that_narrows() -> None:
    history = counts()
    days = [date(2026, 11, day) for day in (1, 10, 20, 29)]
    paces = [pace(history[: pd.Timestamp(day)], day) for day in days]
    widths = []
    for day, outcome in zip(days, paces, strict=True):
        assert outcome is not None
        assert (outcome.month, outcome.until) == (date(2026, 11, 1), day)
        assert outcome.so_far == history["2026-11-01" : str(day)].sum()
        assert outcome.so_far <= outcome.low <= outcome.middle <= outcome.high
        widths.append(outcome.high - outcome.low)
    assert widths == sorted(widths, reverse=True)


def test_past_months_show_how_well_the_band_held() -> None:
    history = counts()[: pd.Timestamp(2026, 11, 12)]
    outcome = pace(history, date(2026, 11, 20))
    assert outcome is not None
    months = [date(2026, 10, 1), date(2026, 9, 1), date(2026, 8, 1)]
    assert [check.month for check in outcome.checked] == months
    for check in outcome.checked:
        known = pace(history[: pd.Timestamp(check.month.replace(day=12))], check.month)
        assert known is not None
        assert (check.low, check.high) == (known.low, known.high)
        assert check.actual == history[f"{check.month:%Y-%m}"].sum()
        assert check.held == (known.low <= check.actual <= known.high)


def test_a_target_is_reached_likely_open_or_unlikely() -> None:
    history = counts()[: pd.Timestamp(2026, 11, 20)]

    def at(target: float) -> tuple[str | None, float]:
        outcome = pace(history, date(2026, 11, 1), target)
        assert outcome is not None
        assert outcome.chance is not None
        return outcome.verdict, outcome.chance

    middle = pace(history, date(2026, 11, 1))
    assert middle is not None
    assert (middle.verdict, middle.chance) == (None, None)
    assert at(middle.so_far) == ("reached", 1.0)
    assert at(middle.low - 1)[0] == "above"
    assert at(middle.high + 1)[0] == "below"
    verdict, chance = at(middle.middle)
    assert verdict == "open"
    assert chance == pytest.approx(0.5)


def test_the_ends_of_a_month_and_of_a_history() -> None:
    history = counts()
    over = pace(history[: pd.Timestamp(2026, 10, 31)], date(2026, 10, 5), 10)
    assert over is not None
    assert over.low == over.high == over.so_far == history["2026-10"].sum()
    assert over.chance == 1.0
    begins = pace(history[: pd.Timestamp(2026, 10, 31)], date(2026, 11, 1))
    assert begins is not None
    assert begins.so_far == 0
    assert begins.low > 0
    assert pace(history, date(2026, 10, 1)) is None
    assert pace(history[:30], LAST) is None
    assert pace(history[:0], LAST) is None


@pytest.mark.thorough
@pytest.mark.parametrize("controls", [0, 2])
def test_intervals_cover_planted_effects(controls: int) -> None:
    nothing = measured(100, 0.0, 1.0, controls)
    assert np.mean(nothing.covered) >= 0.85
    assert nothing.part("up") <= 0.1
    assert np.mean(measured(100, 0.3, 1.0, controls).covered) >= 0.85


@pytest.mark.thorough
def test_bands_of_months_hold() -> None:
    assert 0.7 <= np.mean(paced(60, 1.0)) <= 0.95
