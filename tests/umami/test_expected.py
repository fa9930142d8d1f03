"""Bands and unusual days, in traffic whose truth is known."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bench.expectations import detected
from tests.support.generated_traffic import site
from umami.analysis import expected
from umami.analysis.expected import UnusualDay, rhythm, without
from umami.embedded.demo import scenario
from umami.embedded.demo.visits import generate_visits

TODAY = date(2026, 11, 30)


def band(history: pd.Series, *, level: float = 0.8) -> pd.DataFrame | None:
    pattern = rhythm(history)
    return None if pattern is None else expected.band(pattern, level=level)


def unusual_days(history: pd.Series) -> tuple[UnusualDay, ...]:
    pattern = rhythm(history)
    return () if pattern is None else expected.unusual_days(pattern)


def steady(days: int = 120, visits: float = 800.0, weekend: float = 0.5) -> pd.Series:
    """Visits with quiet weekends and noise of counting."""
    index = pd.date_range("2026-03-02", periods=days, freq="D")
    means = np.where(index.day_of_week < 5, visits, visits * weekend)
    return pd.Series(np.random.default_rng(7).poisson(means).astype(float), index=index)


def demo_visits() -> pd.Series:
    """The visits of the demo's shop by day (UTC), as of ``TODAY``."""
    first, last = TODAY - timedelta(days=400), TODAY - timedelta(days=1)
    starts = generate_visits(scenario.SHOP, first, last, TODAY).start
    days = pd.DatetimeIndex([datetime.fromtimestamp(at, UTC).date() for at in starts])
    return days.value_counts().reindex(pd.date_range(first, last), fill_value=0).astype(float)


def test_quiet_weekends_are_expected_and_nothing_is_unusual() -> None:
    history = steady()
    ranges = band(history)
    assert ranges is not None
    weekend = ranges.index.day_of_week >= 5
    assert ranges["expected"][weekend].mean() == pytest.approx(400, rel=0.05)
    assert ranges["expected"][~weekend].mean() == pytest.approx(800, rel=0.05)
    assert unusual_days(history) == ()


def test_a_spike_and_a_drop_are_marked_with_what_was_expected() -> None:
    history = steady()
    history.iloc[[60, 100]] = [1900.0, 300.0]
    spike, drop = unusual_days(history)
    assert (spike.day, spike.kind) == (history.index[60].date(), "spike")
    assert (drop.day, drop.kind) == (history.index[100].date(), "drop")
    assert spike.expected == pytest.approx(800, rel=0.08)
    assert spike.low < spike.expected < spike.high < spike.actual == 1900
    assert drop.difference == drop.actual - drop.expected < -400


@pytest.mark.parametrize("days", [1, 3, 7, 12])
def test_an_outage_up_to_yesterday_does_not_become_the_expectation(days: int) -> None:
    history = steady(200)
    history.iloc[-days:] *= 0.4
    marked = unusual_days(history)
    assert [day.day for day in marked] == [day.date() for day in history.index[-days:]]
    assert all(day.kind == "drop" for day in marked)


def test_a_lasting_step_is_the_new_expectation() -> None:
    history = steady(240)
    history.iloc[120:] *= 1.8
    late = history.index[150].date()
    assert not [day for day in unusual_days(history) if day.day >= late]
    ranges = band(history)
    assert ranges is not None
    assert (ranges["expected"] / history)["2026-08-10":].mean() == pytest.approx(1, abs=0.05)


def test_what_happens_every_year_is_expected_the_second_time() -> None:
    index = pd.date_range("2024-11-01", "2026-01-31", freq="D")
    means = np.where((index.month == 12) & (index.day >= 24) & (index.day <= 30), 300.0, 800.0)
    history = pd.Series(np.random.default_rng(3).poisson(means).astype(float), index=index)
    marked = [day.day for day in unusual_days(history)]
    assert len([day for day in marked if day.year == 2024]) == 7
    # The weekdays of the same dates move by one day within a year.
    assert len([day for day in marked if day > date(2025, 11, 1)]) <= 2


def test_a_missing_day_is_neither_a_drop_nor_in_the_way() -> None:
    history = steady().drop(pd.Timestamp("2026-05-05"))
    assert unusual_days(history) == ()
    ranges = band(history)
    assert ranges is not None
    assert len(ranges) == 120
    assert np.isnan(ranges["actual"]["2026-05-05"])
    assert ranges["expected"]["2026-05-05"] == pytest.approx(800, rel=0.08)


@pytest.mark.parametrize(
    "history",
    [
        steady(34),
        steady(visits=4),
        steady()[:0],
        steady().where(steady().index.day_of_week < 5, 0.0),
    ],
    ids=["short", "thin", "empty", "closed on weekends"],
)
def test_too_short_or_too_thin_a_history_has_no_rhythm(history: pd.Series) -> None:
    assert rhythm(history) is None


def test_the_demo_marks_its_broken_week_and_its_sale() -> None:
    marked = {day.day: day.kind for day in unusual_days(demo_visits())}
    broken = [TODAY - timedelta(days=scenario.BROKEN_AGO - at) for at in range(7)]
    assert [marked.get(day) for day in broken] == ["drop"] * 7
    sale = [TODAY - timedelta(days=scenario.CAMPAIGN_AGO - at) for at in range(5)]
    assert [marked.get(day) for day in sale] == ["spike"] * 5
    quiet = [broken[-1] + timedelta(days=at) for at in range(14, 21)]
    assert not marked.keys() & set(quiet)


def test_the_expected_value_replaces_what_is_left_out() -> None:
    history = steady()
    history.iloc[60:63] = 0.0
    ranges = band(history)
    assert ranges is not None
    first, end = history.index[60], history.index[63]
    frame = without(history, ranges["expected"].drop(history.index[62]), [(first, end)])
    assert list(frame.index[frame["replaced"]]) == list(history.index[60:62])
    assert list(frame["value"].iloc[60:62]) == list(ranges["expected"].iloc[60:62])
    assert frame["value"].iloc[62] == 0
    assert frame["actual"].equals(history)


@given(
    st.lists(st.integers(0, 10**7), min_size=35, max_size=90),
    st.floats(0.5, 0.99),
)
@settings(max_examples=settings().max_examples * 2)
def test_any_counts_have_a_band_in_order_or_none(counts: list[int], level: float) -> None:
    index = pd.date_range("2026-01-01", periods=len(counts), freq="D")
    ranges = band(pd.Series(counts, index=index, dtype=float), level=level)
    if ranges is not None:
        assert np.isfinite(ranges.to_numpy()).all()
        assert (ranges["low"] >= 0).all()
        assert (ranges["low"] <= ranges["high"]).all()


def test_more_noise_makes_a_wider_band() -> None:
    widths = []
    for seed in range(3):
        traffic = site(seed)
        noise = np.exp(np.random.default_rng(seed).normal(0, 0.15, len(traffic.mean)))
        calm, noisy = (
            rhythm(visits) for visits in (traffic.visits(), (traffic.mean * noise).round())
        )
        assert calm is not None
        assert noisy is not None
        widths.append(np.median(noisy.deviation) / np.median(calm.deviation))
    assert min(widths) > 1.3


@pytest.mark.thorough
def test_what_is_planted_is_found_and_little_else() -> None:
    result = detected(20)
    assert min(result.recall(kind) for kind in result.planted) >= 0.95
    assert result.false_days / result.day_months + result.false_gaps / result.gap_months <= 2
    assert 0.7 <= np.mean(result.within) <= 0.9
