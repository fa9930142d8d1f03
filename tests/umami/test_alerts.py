"""When alerts would have been set off: exact cases, and planted days and hours in traffic whose
truth is known."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from tests.support.generated_traffic import LAST, site
from umami.analysis.alerts import Condition, Episode, episodes, judge
from umami.analysis.pace import pace

DAY = pd.Timedelta(days=1)
HOUR = pd.Timedelta(hours=1)


def daily(*amounts: float, first: str = "2026-03-02") -> pd.DataFrame:
    index = pd.date_range(first, periods=len(amounts), freq="D")
    return pd.DataFrame({"amount": np.array(amounts, dtype=float)}, index=index)


def midday(history: pd.DataFrame) -> pd.Timestamp:
    """A time within the last day of a history."""
    return pd.Timestamp(history.index[-1]) + 12 * HOUR


def after(history: pd.DataFrame) -> pd.Timestamp:
    """The end of the last day of a history."""
    return pd.Timestamp(history.index[-1]) + DAY


def begins(found: tuple[Episode, ...]) -> list[str]:
    return [f"{episode.begin:%m-%d}" for episode in found]


def test_above_begins_within_a_day_and_ends_with_the_first_day_that_is_not() -> None:
    history = daily(900, 1_001, 1_000, 800, 1_200)
    first, second = episodes(Condition(kind="above", limit=1_000), history, midday(history))
    assert (first.begin, first.end) == (history.index[1], history.index[2])
    assert (first.value, first.expected) == (1_001, 1_000)
    assert (second.begin, second.end) == (history.index[4], None)


def test_a_running_day_that_is_not_above_yet_ends_nothing() -> None:
    history = daily(900, 1_100, 400)
    (lasting,) = episodes(Condition(kind="above", limit=1_000), history, midday(history))
    assert lasting.end is None
    (ended,) = episodes(Condition(kind="above", limit=1_000), history, after(history))
    assert ended.end == history.index[2]


def test_below_waits_for_the_end_of_the_day() -> None:
    history = daily(500, 500, 30)
    condition = Condition(kind="below", limit=100)
    assert episodes(condition, history, midday(history)) == ()
    assert begins(episodes(condition, history, after(history))) == ["03-04"]


def test_an_hour_is_complete_when_it_is_over() -> None:
    index = pd.date_range("2026-03-02 10:00", periods=2, freq="h")
    history = pd.DataFrame({"amount": [50.0, 3.0]}, index=index)
    condition = Condition(kind="below", span="hour", limit=10)
    assert episodes(condition, history, index[1] + HOUR / 2) == ()
    (found,) = episodes(condition, history, index[1] + HOUR)
    assert found.begin == index[1]


def test_a_rate_of_a_week_is_made_of_its_sums() -> None:
    history = daily(*[9] * 6, 90).assign(per=[10.0] * 6 + [1_000.0])
    condition = Condition(kind="below", figure="bounce_rate", span="week", limit=0.2)
    (found,) = episodes(condition, history, after(history))
    assert found.value == pytest.approx(144 / 1_060)
    assert episodes(condition, history[:6], after(history)) == ()


@pytest.mark.parametrize(
    ("direction", "expected"),
    [("up", ["03-09"]), ("down", ["03-11"]), ("either", ["03-09", "03-11"])],
)
def test_changed_compares_with_the_same_day_a_week_before(
    direction: str, expected: list[str]
) -> None:
    history = daily(*[100] * 7, 151, 150, 49, 50)
    condition = Condition.model_validate({"kind": "changed", "limit": 0.5, "direction": direction})
    found = episodes(condition, history, after(history))
    assert begins(found) == expected
    assert {episode.expected for episode in found} == {100}


def test_nothing_changed_from_nothing() -> None:
    history = daily(*[0] * 7, 100)
    judgement = judge(Condition(kind="changed", limit=0.5), history, after(history))
    assert judgement.episodes == ()
    assert judgement.latest is None


def test_an_hour_that_the_clock_skips_has_no_change_a_week_later() -> None:
    index = pd.date_range("2026-03-29", periods=24 * 9, freq="h").delete(2)
    history = pd.DataFrame({"amount": np.full(len(index), 40.0)}, index=index)
    judgement = judge(Condition(kind="changed", span="hour", limit=0.1), history, index[-1] + HOUR)
    assert judgement.episodes == ()
    assert judgement.days == 2


@pytest.mark.parametrize("kind", ["above", "below", "changed", "unusual", "no_data", "behind_pace"])
@pytest.mark.parametrize("span", ["hour", "day", "week"])
def test_an_empty_history_and_one_without_traffic_set_nothing_off(kind: str, span: str) -> None:
    condition = Condition.model_validate({"kind": kind, "span": span, "limit": 0})
    empty = daily()
    assert judge(condition, empty, pd.Timestamp("2026-03-02")).latest is None
    index = pd.date_range("2026-03-02", periods=24 * 40, freq="h")
    quiet = pd.DataFrame({"amount": np.zeros(len(index))}, index=index)
    quiet = quiet if span == "hour" or kind == "no_data" else quiet.resample("D").sum()
    assert episodes(condition, quiet, index[-1] + HOUR) == ()


def test_a_value_is_new_once_in_four_weeks() -> None:
    index = pd.date_range("2026-01-01", periods=70, freq="D")
    history = pd.DataFrame(0.0, index=index, columns=["news.example", "always.example", "few"])
    history["always.example"] = 50.0
    history.loc[index[27], "news.example"] = 90.0
    history.loc[index[[30, 60]], "news.example"] = 40.0
    history.loc[index[69], "few"] = 9.0
    condition = Condition(kind="new_value", limit=10)
    # The first four weeks have nothing before them.
    (found,) = episodes(condition, history, index[-1] + DAY)
    assert (found.name, found.begin, found.value) == ("news.example", index[60], 40)
    assert found.end == index[61]
    lower = Condition(kind="new_value", limit=9)
    assert [each.name for each in judge(lower, history, index[-1] + DAY).lasting] == ["few"]
    assert judge(lower, history, index[-1] + 12 * HOUR).lasting == ()


def test_behind_pace_is_what_the_pace_says() -> None:
    visits = site(3).visits()[: pd.Timestamp("2026-11-20")]
    history = visits.to_frame("amount")
    usual = pace(visits, date(2026, 11, 20), months=0)
    assert usual is not None
    now = pd.Timestamp("2026-11-21")
    within = Condition(kind="behind_pace", limit=usual.low)
    beyond = Condition(kind="behind_pace", limit=usual.high * 1.05)
    since = pd.Timestamp("2026-10-15")
    assert judge(within, history, now, since).lasting == ()
    found = judge(beyond, history, now, since)
    (lasting,) = found.lasting
    assert (lasting.value, lasting.expected) == (usual.so_far, pytest.approx(usual.high))
    # A month has a pace of its own.
    assert lasting.begin >= pd.Timestamp("2026-11-01")
    assert found.days == 37


def test_no_data_lasts_until_a_view_arrives() -> None:
    hours = site(4).views_by_hour(site(4).visits()[-40:])
    hours.iloc[-15:] = 0.0
    history = hours.to_frame("amount")
    now = pd.Timestamp(hours.index[-1]) + HOUR
    (lasting,) = episodes(Condition(kind="no_data", hours=15), history, now)
    assert (lasting.begin, lasting.end, lasting.value) == (hours.index[-15], None, 15)
    assert episodes(Condition(kind="no_data", hours=16), history, now) == ()
    # The running hour has views again.
    running = pd.concat([history, pd.DataFrame({"amount": [4.0]}, index=[now])])
    (ended,) = episodes(Condition(kind="no_data", hours=3), running, now + HOUR / 4)
    assert ended.end == now


def test_what_is_found_does_not_depend_on_what_follows() -> None:
    traffic = site(12)
    factor = pd.Series(1.0, index=traffic.mean.index)
    factor.iloc[-30:-23] = 0.5
    history = traffic.visits(factor=factor).to_frame("amount")
    condition = Condition(kind="unusual", direction="down")
    since = history.index[-60]
    whole = episodes(condition, history, after(history), since)
    (drop,) = [each for each in whole if each.begin == history.index[-30]]
    assert drop.end == history.index[-23]
    until = history[:-25]
    assert judge(condition, until, after(until), since).lasting[0].begin == drop.begin
    assert episodes(Condition(kind="unusual", direction="up"), until, after(until), since) == ()


def planted_days(seeds: range, length: int) -> tuple[float, float]:
    """The part of days of twice or half the visits that is found, and false ones a month."""
    marked = planted = wrong = 0
    for seed in seeds:
        traffic = site(seed, 400 + length)
        days = traffic.mean.index[-length:]
        chosen = days[traffic.random.choice(length, length // 30, replace=False)]
        factor = pd.Series(1.0, index=traffic.mean.index)
        factor[chosen] = np.resize([2.0, 0.5], len(chosen))
        history = traffic.visits(factor=factor).to_frame("amount")
        found = episodes(Condition(kind="unusual"), history, after(history), days[0])
        on = {
            each.begin + at * DAY
            for each in found
            for at in range(((each.end or after(history)) - each.begin).days)
        }
        planted += len(chosen)
        marked += sum(day in on for day in chosen)
        wrong += sum(each.begin not in chosen for each in found)
    return marked / planted, wrong / (len(seeds) * length / 30.4)


def planted_hours(seeds: range, length: int) -> tuple[float, float, float]:
    """The part of pauses of three hours that ``no_data`` finds, the part of hours of twice or half
    the views that are unusual, and false episodes a month of both."""
    paused = stood_out = planted = wrong = 0
    for seed in seeds:
        traffic = site(seed, 450, least=2_000.0)
        hours = traffic.views_by_hour(traffic.visits()[-length - 28 :])
        busy = hours.index[(hours.index.hour.isin(range(10, 20)))][28 * 10 :]
        at = busy[traffic.random.choice(len(busy) // 40, 6, replace=False) * 40]
        gaps, odd = at[:3], at[3:]
        for gap in gaps:
            hours[gap : gap + 2 * HOUR] = 0.0
        hours[odd] = (hours[odd] * [2.0, 0.5, 2.0]).round()
        history, now = hours.to_frame("amount"), hours.index[-1] + HOUR
        since = hours.index[28 * 24]
        silent = episodes(Condition(kind="no_data"), history, now, since)
        unusual = episodes(
            Condition(kind="unusual", span="hour", figure="views"), history, now, since
        )
        planted += 3
        paused += sum(any(each.begin <= gap and each.value >= 3 for each in silent) for gap in gaps)
        stood_out += sum(any(each.begin <= hour <= each.at for each in unusual) for hour in odd)
        wrong += sum(
            not any(abs(each.begin - one) < DAY for one in at) for each in (*silent, *unusual)
        )
    return paused / planted, stood_out / planted, wrong / (len(seeds) * length / 30.4)


def test_days_of_twice_or_half_the_visits_are_found_the_day_after() -> None:
    recall, wrong = planted_days(range(81_000, 81_002), 60)
    assert recall >= 0.95
    assert wrong <= 2


def test_pauses_and_odd_hours_are_found() -> None:
    paused, stood_out, wrong = planted_hours(range(82_000, 82_002), 40)
    assert paused >= 0.95
    assert stood_out >= 0.8
    assert wrong <= 2


@pytest.mark.thorough
def test_planted_days_and_hours_of_many_websites_are_found() -> None:
    recall, wrong = planted_days(range(83_000, 83_025), 365)
    assert recall >= 0.95
    assert wrong <= 2
    paused, stood_out, wrong = planted_hours(range(84_000, 84_030), 90)
    assert paused >= 0.95
    assert stood_out >= 0.9
    assert wrong <= 2
    assert pd.Timestamp(LAST) == site(1).mean.index[-1]
