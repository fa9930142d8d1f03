"""When alerts would have been set off: exact cases, and planted days and hours in traffic whose
truth is known."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from tests.support import planted
from tests.support.generated_traffic import site
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


def begins(spans: tuple[Episode, ...]) -> list[str]:
    return [f"{episode.begin:%m-%d}" for episode in spans]


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
    (spans,) = episodes(condition, history, index[1] + HOUR)
    assert spans.begin == index[1]


def test_a_rate_of_a_week_is_made_of_its_sums() -> None:
    history = daily(*[9] * 6, 90).assign(per=[10.0] * 6 + [1_000.0])
    condition = Condition(kind="below", figure="bounce_rate", span="week", limit=0.2)
    (spans,) = episodes(condition, history, after(history))
    assert spans.value == pytest.approx(144 / 1_060)
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
    spans = episodes(condition, history, after(history))
    assert begins(spans) == expected
    assert {episode.expected for episode in spans} == {100}


def test_a_rise_right_after_a_fall_is_an_episode_of_its_own() -> None:
    history = daily(*[100] * 7, 40, 180)
    spans = episodes(Condition(kind="changed", limit=0.5), history, after(history))
    assert begins(spans) == ["03-09", "03-10"]
    assert spans[0].end == history.index[8]


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
    (spans,) = episodes(condition, history, index[-1] + DAY)
    assert (spans.name, spans.begin, spans.value) == ("news.example", index[60], 40)
    assert spans.end == index[61]
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
    since = pd.Timestamp("2026-10-30")
    assert judge(within, history, now, since).lasting == ()
    spans = judge(beyond, history, now, since)
    (lasting,) = spans.lasting
    assert (lasting.value, lasting.expected) == (usual.so_far, pytest.approx(usual.high))
    # A month has a pace of its own.
    assert lasting.begin >= pd.Timestamp("2026-11-01")
    assert spans.days == 22


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


def test_days_of_twice_or_half_the_visits_are_found_the_day_after() -> None:
    tally = planted.days(range(81_000, 81_002), 60)
    assert tally.recall >= 0.95
    assert tally.wrong_a_month <= 2


def test_pauses_and_unusual_hours_are_found() -> None:
    silent, unusual = planted.hours(range(82_000, 82_002), 40)
    assert silent.recall >= 0.95
    assert silent.wrong_a_month + unusual.wrong_a_month <= 2


@pytest.mark.thorough
def test_planted_days_and_hours_of_many_websites_are_found() -> None:
    tally = planted.days(range(83_000, 83_025), 365)
    assert tally.recall >= 0.95
    assert tally.wrong_a_month <= 2
    silent, unusual = planted.hours(range(84_000, 84_030), 90)
    assert silent.recall >= 0.95
    assert silent.wrong_a_month <= 2
    assert unusual.wrong_a_month <= 2
    # Half the views of a small website are within the noise of an hour.
    assert unusual.recall >= 0.6
