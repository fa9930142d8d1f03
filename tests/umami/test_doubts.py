"""Gaps, stopped events, doubled views and automated traffic, planted and absent."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.generated_traffic import HOURS, site
from umami.analysis.doubts import all_down, automated, doubled, expected_hours, gaps, stopped


def hourly(visits_a_day: float, days: int = 60) -> pd.Series:
    """Rows by hour of a website whose visits have one row each."""
    means = np.tile(visits_a_day * HOURS / HOURS.sum(), days)
    index = pd.date_range("2026-03-02", periods=len(means), freq="h")
    return pd.Series(np.random.default_rng(5).poisson(means).astype(float), index=index)


def test_a_pause_by_day_is_a_gap_with_its_size() -> None:
    hours = hourly(1_000)
    hours.iloc[500:503] = 0.0
    (gap,) = gaps(hours)
    assert (gap.start, gap.end, gap.hours) == (hours.index[500], hours.index[503], 3)
    assert gap.missing == pytest.approx(1_000 * HOURS[20:23].sum() / HOURS.sum(), rel=0.15)


def test_pauses_at_night_of_a_small_website_are_no_gaps() -> None:
    hours = hourly(60)
    assert (hours == 0).sum() > 100
    assert gaps(hours) == ()


@pytest.mark.parametrize("length", [1, 3, 30, 24 * 4])
def test_gaps_may_last_and_may_be_going_on(length: int) -> None:
    hours = hourly(2_000)
    hours.iloc[-length:] = 0.0
    # It ends at midnight, so that even one hour lacks rows.
    (gap,) = gaps(hours)
    assert (gap.hours, gap.end) == (length, hours.index[-1] + pd.Timedelta(hours=1))


def test_a_gap_does_not_lower_what_is_expected_of_the_same_hour() -> None:
    hours = hourly(2_000, days=28)
    before = expected_hours(hours)
    holed = hours.copy()
    holed.iloc[24 * 14 + 8 : 24 * 14 + 20] = 0.0
    after = expected_hours(holed)
    assert before is not None
    assert after is not None
    assert after.iloc[24 * 14 + 12] == pytest.approx(before.iloc[24 * 14 + 12], rel=0.1)


def test_the_hour_that_a_clock_change_skips_is_no_gap() -> None:
    hours = hourly(5_000)
    assert gaps(hours.drop(pd.Timestamp("2026-03-29 02:00"))) == ()


def test_three_weeks_of_hours_are_the_least() -> None:
    hours = hourly(2_000, days=20)
    hours.iloc[-30:] = 0.0
    assert gaps(hours) == ()
    assert gaps(hours[:0]) == ()
    assert expected_hours(hours) is None


@given(st.lists(st.integers(0, 50), min_size=504, max_size=600))
def test_gaps_are_hours_without_rows(rows: list[int]) -> None:
    index = pd.date_range("2026-01-01", periods=len(rows), freq="h")
    hours = pd.Series(rows, index=index, dtype=float)
    for gap in gaps(hours):
        assert hours[gap.start : gap.end - pd.Timedelta(hours=1)].sum() == 0
        assert gap.missing > 0


def daily(mean: float, days: int = 60) -> pd.Series:
    index = pd.date_range("2026-03-02", periods=days, freq="D")
    return pd.Series(np.random.default_rng(11).poisson(mean, days).astype(float), index=index)


def test_an_event_that_stopped_is_reported_with_what_is_missing() -> None:
    history = daily(12)
    history.iloc[-4:] = 0.0
    result = stopped(history)
    assert result is not None
    assert (result.since, result.days) == (history.index[-4].date(), 4)
    assert result.missing == pytest.approx(48, rel=0.2)


def test_money_that_stopped_is_reported_as_an_amount() -> None:
    history = daily(6) * 89.0
    history.iloc[-5:] = 0.0
    result = stopped(history)
    assert result is not None
    assert result.missing == pytest.approx(5 * 6 * 89, rel=0.3)


@pytest.mark.parametrize(
    "history",
    [
        daily(12),
        daily(0.2).where(lambda counts: counts.index < counts.index[-4], 0.0),
        (daily(0.2) * 400.0).where(lambda counts: counts.index < counts.index[-4], 0.0),
        daily(0),
        daily(12)[:0],
        daily(12, days=12).where(lambda counts: counts.index < counts.index[-4], 0.0),
    ],
    ids=["goes on", "rare", "rare money", "never", "empty", "new"],
)
def test_what_goes_on_or_is_rare_has_not_stopped(history: pd.Series) -> None:
    assert stopped(history) is None


def by_page(shares: tuple[float, ...] = (0.4, 0.3, 0.2, 0.1)) -> pd.DataFrame:
    traffic = site(3)
    visits = traffic.visits()[-90:]
    columns = {f"/{at}": traffic.random.poisson(visits * part) for at, part in enumerate(shares)}
    return pd.DataFrame(columns, index=visits.index)


def test_all_pages_down_at_once_are_told_from_one_page() -> None:
    pages = by_page()
    assert all_down(pages) == ()
    home = pages.copy()
    home.iloc[50:55, 0] = 0
    assert all_down(home) == ()
    pages.iloc[50:55] = (pages.iloc[50:55] * 0.3).round().astype(int)
    (down,) = all_down(pages)
    assert (down.first, down.last) == (pages.index[50].date(), pages.index[54].date())
    assert down.pages == 4
    assert down.missing == pytest.approx(pages.iloc[50:55].sum().sum() * 7 / 3, rel=0.25)


def test_few_pages_or_few_views_cannot_be_down() -> None:
    two = by_page((0.6, 0.4))
    two.iloc[50:55] = 0
    thin = by_page((0.001, 0.001, 0.001))
    thin.iloc[50:55] = 0
    assert all_down(two) == all_down(thin) == ()


def views_and_visits() -> pd.DataFrame:
    visits = daily(400)
    noise = np.random.default_rng(2).normal(2.6, 0.1, len(visits))
    return pd.DataFrame({"views": (visits * noise).round(), "visits": visits})


def test_doubled_views_are_reported_until_they_end() -> None:
    days = views_and_visits()
    assert doubled(days) == ()
    days.loc[days.index[40] :, "views"] *= 2
    (double,) = doubled(days)
    assert (double.first, double.last) == (days.index[40].date(), days.index[-1].date())
    assert double.usual == pytest.approx(2.6, rel=0.05)
    assert double.actual == pytest.approx(5.2, rel=0.05)
    assert double.extra == pytest.approx(20 * 400 * 2.6, rel=0.1)


def test_twice_the_visits_or_few_visits_double_nothing() -> None:
    busy, small = views_and_visits(), views_and_visits()
    busy.iloc[40:45] *= 2
    small["visits"] = 20.0
    small.iloc[40:45, 0] *= 2
    assert doubled(busy) == doubled(small) == ()


def groups(*rows: tuple[str, int, int, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["name", "visits", "views", "bounces", "seconds"])


USUAL = (("google.com", 900, 2300, 400, 80_000), ("bing.com", 100, 240, 50, 9_000))
BOTS = ("robots.example", 300, 301, 299, 12)


def test_a_sudden_source_that_only_bounces_looks_automated() -> None:
    (bots,) = automated(groups(*USUAL, BOTS), groups(*USUAL))
    assert (bots.name, bots.visits) == ("robots.example", 300)
    assert bots.share == pytest.approx(300 / 1300)
    assert bots.share_before == 0


@pytest.mark.parametrize(
    ("now", "before"),
    [
        ((*USUAL, BOTS), (*USUAL, BOTS)),
        ((*USUAL, ("mail", 300, 310, 280, 20)), USUAL),
        ((*USUAL, ("read", 300, 300, 300, 9_000)), USUAL),
        ((*USUAL, ("few", 40, 40, 40, 0)), USUAL),
        ((("a", 500, 500, 498, 20), BOTS), (("a", 500, 500, 498, 20),)),
        ((("one", 500, 505, 480, 700), BOTS), (("one", 500, 505, 480, 700),)),
        ((*USUAL, BOTS), ()),
        ((), USUAL),
    ],
    ids=[
        "not sudden",
        "bounces less",
        "reads",
        "few",
        "known",
        "one page",
        "no time before",
        "none",
    ],
)
def test_what_might_be_people_is_not_called_automated(
    now: tuple[tuple[str, int, int, int, int], ...],
    before: tuple[tuple[str, int, int, int, int], ...],
) -> None:
    assert automated(groups(*now), groups(*before)) == ()
    assert automated(groups(*now)) == ()


def test_groups_without_bounces_are_unknown() -> None:
    unknown = groups(*USUAL, BOTS)
    unknown["bounces"] = pd.array([pd.NA] * 3, dtype="Int64")
    assert automated(unknown, groups(*USUAL)) == ()
    assert stopped(pd.Series([1.0], index=[pd.Timestamp(date(2026, 1, 1))])) is None
