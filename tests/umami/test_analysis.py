"""Arithmetic on answers, counted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from umami.analysis import activity, marketing, rankings
from umami.analysis.activity import visits
from umami.analysis.marketing import MOST_CREDITED, touches
from umami.analysis.rankings import distribution, movers, value_table
from umami.analysis.retention import cohorts, suggested
from umami.analysis.saved import dates, described, opening
from umami.analysis.saved import funnel as saved_funnel
from umami.analysis.saved import goal as saved_goal
from umami.analysis.steps import (
    Target,
    funnel_table,
    matches,
    reached,
    read_steps,
    read_targets,
    spell_steps,
    spell_target,
    trend,
    worst,
)
from umami.api.events import EventSeries, Kind, PropertyValue
from umami.api.realtime import Happening, Realtime
from umami.api.reports import Breakdown, FunnelResult, Goal, Report, Retention, Utm
from umami.api.revenue import Attribution
from umami.api.sessions import Step
from umami.api.traffic import Ranking
from umami.conversion import FunnelStep
from umami.errors import InvalidView
from umami.period import Period
from umami.view import View

WEBSITE = "00000000-0000-4000-8000-000000000001"
VIEW = View(WEBSITE, Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "Europe/Berlin"))
DAY = Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC")


def retained(*cells: tuple[str, int, int, int]) -> Retention:
    rows = [
        {"date": day, "day": after, "visitors": size, "returnVisitors": back, "percentage": 0}
        for day, after, size, back in cells
    ]
    return Retention.read(rows, DAY)


def test_a_day_that_has_not_come_is_no_step_of_a_cohort() -> None:
    retention = cohorts(
        retained(("2026-09-01", 0, 10, 10), ("2026-09-01", 2, 10, 4), ("2026-09-03", 0, 30, 30)),
        pd.Timestamp("2026-09-04"),
        "day",
    )
    first, second = retention.shares.to_numpy()
    assert list(first[:4][:3]) == [0.0, 0.4, 0.0]
    assert pd.isna(first[3])
    assert second[0] == 0.0
    assert pd.isna(second[1])


def test_the_average_counts_cohorts_by_their_size_and_only_days_that_came() -> None:
    retention = cohorts(
        retained(("2026-09-01", 1, 10, 5), ("2026-09-02", 1, 30, 3), ("2026-09-03", 0, 60, 60)),
        pd.Timestamp("2026-09-03"),
        "day",
    )
    assert retention.average[1] == pytest.approx(8 / 40)
    assert retention.average[2] == 0.0
    assert pd.isna(retention.average[3])


def test_weeks_sum_up_cohorts_and_take_an_average_day() -> None:
    # Tuesday and Wednesday of one week.
    retention = cohorts(
        retained(("2026-09-01", 1, 10, 5), ("2026-09-01", 8, 10, 2), ("2026-09-02", 3, 30, 6)),
        pd.Timestamp("2026-09-30"),
        "week",
    )
    assert list(retention.sizes) == [40]
    assert retention.sizes.index[0] == pd.Timestamp("2026-08-31")
    assert retention.shares.iloc[0, 0] == pytest.approx(11 / (7 * 40))
    assert retention.shares.iloc[0, 1] == pytest.approx(2 / (7 * 40))


def test_months_and_small_cohorts() -> None:
    retention = cohorts(
        retained(("2026-09-01", 1, 10, 5), ("2026-09-20", 1, 5, 1)),
        pd.Timestamp("2026-09-30"),
        "month",
    )
    assert list(retention.sizes) == [15]
    assert retention.small.all()
    assert [suggested(days) for days in (7, 30, 90, 365)] == ["day", "week", "week", "month"]


@pytest.mark.parametrize("grain", ["day", "week", "month"])
def test_no_cohort_at_all(grain: Any) -> None:
    retention = cohorts(retained(), pd.Timestamp("2026-09-30"), grain)
    assert retention.sizes.empty
    assert retention.average.isna().all()


def steps(*visitors: int) -> list[FunnelResult]:
    results = []
    for at, count in enumerate(visitors):
        before = visitors[at - 1] if at else 0
        results.append(
            FunnelResult(
                FunnelStep("path", f"/{at}"),
                count,
                before,
                before - count if at else 0,
                1 - count / before if before else None,
                count / visitors[0] if visitors[0] else None,
            )
        )
    return results


def test_a_funnel_beside_its_comparison() -> None:
    table = funnel_table(steps(100, 40, 10), steps(50, 40, 0))
    assert list(table["kept"])[1:] == pytest.approx([0.4, 0.25])
    assert list(table["change"])[:2] == pytest.approx([1.0, 0.0])
    assert pd.isna(table["change"][2])
    assert list(table["points"]) == pytest.approx([0, 0.4 - 0.8, 0.1])


def test_the_worst_step_loses_most_visitors() -> None:
    assert worst(steps(100, 40, 10)) == 1
    assert worst(steps(100, 90, 10)) == 2
    assert worst(steps(10, 10)) is None
    assert worst(steps(0, 0)) is None


def test_steps_keep_their_order_and_may_come_twice() -> None:
    chain = (FunnelStep("path", "/a"), FunnelStep("event", "b.c"), FunnelStep("path", "/a"))
    spelled = spell_steps(chain)
    assert read_steps(spelled[::-1]) == (chain, ())


@pytest.mark.parametrize(
    "text", ["", "1", "x.path./", "1.page./", "1.path", "²._", "99999999999.path./"]
)
def test_what_is_no_step_is_said(text: str) -> None:
    chain, faults = read_steps([text])
    assert chain == ()
    assert len(faults) == 1


def test_goals_and_their_targets() -> None:
    target = Target(FunnelStep("event", "a.b"), 12)
    assert read_targets([spell_target(target)]) == ((target,), ())
    assert reached(Goal(6, 5, 100), target) == 0.5
    assert reached(Goal(None, 5, 100), target) is None
    assert reached(Goal(6, 5, 100), Target(target.step)) is None


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("/a", "/a", True),
        ("/a", "/ab", False),
        ("/a*", "/ab", True),
        ("*b", "/ab", True),
        ("*a*", "bab", True),
        ("a.c", "abc", False),
        ("*", "", True),
        ("/a*b", "/axb", False),
    ],
)
def test_wildcards_are_at_the_ends(pattern: str, name: str, fits: bool) -> None:
    assert matches(pattern, name) is fits


def test_a_trend_sums_the_events_that_fit() -> None:
    rows = [{"x": name, "t": "2026-09-02", "y": 2} for name in ("signup-a", "signup-b", "other")]
    daily = trend(EventSeries.read(rows, DAY), Target(FunnelStep("event", "signup*")))
    assert daily["count"].sum() == 4
    assert len(daily) == 30


def report(kind: str, parameters: dict[str, Any], description: str = "") -> Report:
    return Report(WEBSITE, WEBSITE, kind, "x", parameters, description)


def test_what_is_saved_opens_as_it_was() -> None:
    chain = (FunnelStep("path", "/a"), FunnelStep("event", "b"))
    opened = opening(report("funnel", saved_funnel(VIEW, chain, 30)))
    assert (opened.page, opened.parameters) == (
        "funnel",
        {"step": spell_steps(chain), "window": "30"},
    )
    target = Target(FunnelStep("event", "b"), 9)
    parameters = saved_goal(VIEW, target)
    assert opening(report("goal", parameters)).parameters == {"goal": ["9.event.b"]}
    # Newer servers keep no target among the parameters.
    untargeted = {name: value for name, value in parameters.items() if name != "target"}
    opened = opening(report("goal", untargeted, described(target)))
    assert opened.parameters == {"goal": ["9.event.b"]}


@pytest.mark.parametrize(
    ("kind", "parameters", "opened"),
    [
        (
            "goal",
            {
                "goals": [
                    {"type": "path", "value": "/a", "target": 3},
                    {"type": "event", "value": "b"},
                ]
            },
            {"goal": ["3.path./a", "0.event.b"]},
        ),
        ("journey", {"steps": 4, "startStep": "/a", "endStep": ""}, {"steps": "4", "start": "/a"}),
        (
            "attribution",
            {"type": "event", "step": "buy"},
            {"conversion": "event.buy", "conversion_currency": ""},
        ),
        ("breakdown", {"fields": ["country", "os"]}, {"field": ["country", "os"]}),
        ("revenue", {"currency": "EUR"}, {"revenue_currency": "EUR"}),
        ("retention", {}, {}),
    ],
)
def test_reports_of_others_open(
    kind: str, parameters: dict[str, Any], opened: dict[str, Any]
) -> None:
    assert opening(report(kind, parameters)).parameters == opened


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("performance", {}),
        ("funnel", {}),
        ("funnel", {"steps": 3}),
        ("goal", {"type": "x"}),
        ("funnel", {"steps": [{"type": "page", "value": "/"}]}),
        ("breakdown", {"fields": None}),
    ],
)
def test_what_cannot_be_opened_is_said(kind: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(InvalidView):
        opening(report(kind, parameters))


def test_the_dates_a_report_was_saved_with() -> None:
    period = dates(
        report(
            "utm",
            {
                "dateRange": {
                    "startDate": "2026-09-01T00:00:00.000Z",
                    "endDate": "2026-09-30T21:59:59.999Z",
                }
            },
        )
    )
    assert period
    assert period[0] == datetime(2026, 9, 1, tzinfo=UTC)
    assert dates(report("utm", saved_goal(VIEW, Target(FunnelStep("path", "/")))))
    assert dates(report("utm", {})) is None
    assert dates(report("utm", {"startDate": "soon", "endDate": None})) is None


def ranking(*rows: tuple[str, int]) -> Ranking:
    return Ranking.read([{"x": name, "y": count} for name, count in rows], "visitors")


def test_movers_by_what_moved_most() -> None:
    moved = movers(
        ranking(("a", 9), ("b", 5), ("n", 2)), ranking(("a", 1), ("b", 6), ("g", 4)), 500
    )
    moves = dict(zip(moved.frame["name"], moved.frame["move"], strict=True))
    assert moves == {"a": "grew", "b": "fell", "n": "appeared", "g": "vanished"}
    assert list(moved.frame["name"]) == ["a", "g", "n", "b"]
    assert list(moved.frame["part"]) == pytest.approx([8 / 15, -4 / 15, 2 / 15, -1 / 15])
    assert moved.uncertain == 0


def test_what_may_be_below_the_end_of_a_list_is_left_out() -> None:
    moved = movers(ranking(("a", 9), ("b", 5)), ranking(("a", 1), ("g", 4)), 2)
    assert list(moved.frame["name"]) == ["a"]
    assert moved.uncertain == 2


def test_beside() -> None:
    now = pd.DataFrame({"k": ["a", "b"], "v": [1, 3]})
    before = pd.DataFrame({"k": ["b", "c"], "v": [2, 9]})
    table = rankings.beside(now, before, "k", "v")
    assert list(table["k"]) == ["b", "a"]
    assert list(table["delta"]) == [1, 1]
    assert table["change"][0] == 0.5
    assert pd.isna(table["change"][1])
    assert rankings.beside(now, None, "k", "v")["before"].isna().all()
    nothing = pd.DataFrame(columns=["k", "v"])
    assert rankings.beside(nothing, nothing, "k", "v").empty


def test_tagged_and_untagged_views() -> None:
    answer = Utm(
        pd.DataFrame(
            [("source", "a", 3), ("medium", "x", 9)], columns=["parameter", "value", "views"]
        )
    )
    tagged = marketing.tagged(answer, 10)
    assert (tagged.tagged, tagged.untagged, tagged.share, tagged.at_least) == (3, 7, 0.3, False)
    assert marketing.tagged(answer, 0).share is None


def credited(**parts: dict[str, int]) -> Attribution:
    lists: dict[str, Any] = {
        name: []
        for name in (
            "referrer",
            "paidAds",
            "utm_source",
            "utm_medium",
            "utm_campaign",
            "utm_content",
            "utm_term",
        )
    }
    for part, names in parts.items():
        lists[part] = [{"name": name, "value": value} for name, value in names.items()]
    return Attribution.read({**lists, "total": {"pageviews": 9, "visitors": 9, "visits": 9}})


def test_first_and_last_touches_add_up_to_all_converted_visitors() -> None:
    first = credited(referrer={"a": 5, "b": 1}, utm_source={"x": 9})
    last = credited(referrer={"a": 2, "c": 4})
    credit = touches(first, last, credited(referrer={"a": 2, "d": 9}), "visitors")
    assert credit.drop(columns="change").values.tolist() == [
        ["referrer", "a", 5, 2, 2],
        ["referrer", "c", 0, 4, 0],
        ["referrer", "b", 1, 0, 0],
        ["referrer", "", 3, 3, 0],
        ["source", "x", 9, 0, 0],
        ["source", "", 0, 9, 9],
    ]
    assert credit["change"].iloc[0] == 1.5
    assert credit["change"].iloc[1:5].isna().all()


def test_touches_beyond_a_full_list_are_unknown() -> None:
    full = {f"n{at}": 1 for at in range(MOST_CREDITED)}
    credit = touches(credited(referrer={"a": 5}), credited(referrer=full), None, "visitors")
    assert list(credit.columns) == ["part", "name", "first", "last"]
    assert pd.isna(credit.set_index("name")["last"]["a"])


def groups() -> pd.DataFrame:
    rows = [("DE", "x", 9, 3, 4, 2, 40), ("DE", "y", 1, 1, 1, 1, 0), ("FR", "x", 2, 2, 2, 0, 10)]
    names = ["country", "browser", "views", "visitors", "visits", "bounces", "seconds"]
    return rankings.rated(Breakdown(pd.DataFrame(rows, columns=names)))


def test_rates_of_groups() -> None:
    rates = groups()
    assert list(rates["bounce_rate"]) == [0.5, 1.0, 0.0]
    assert list(rates["average_visit"]) == [10.0, 0.0, 5.0]
    assert list(rankings.ranked(rates, "bounce_rate")["browser"]) == ["y", "x", "x"]


def test_a_pivot_sums_views_and_divides_sums() -> None:
    table = rankings.pivot(groups(), "country", "browser", "views", "Others")
    assert table.loc["DE"].tolist() == [9, 1]
    assert table.loc["FR", "x"] == 2
    assert pd.isna(table.loc["FR", "y"])
    many = pd.DataFrame(
        [("DE", f"b{at}", 20 - at, 1, 2, 1, 8) for at in range(12)],
        columns=["country", "browser", "views", "visitors", "visits", "bounces", "seconds"],
    )
    rates = rankings.pivot(
        rankings.rated(Breakdown(many)), "country", "browser", "bounce_rate", "Others"
    )
    assert list(rates.columns) == [*(f"b{at}" for at in range(8)), "Others"]
    assert rates.loc["DE", "Others"] == 0.5


def test_a_tree_has_the_sums_of_its_branches() -> None:
    tree = rankings.tree(groups(), ["country", "browser"], "views")
    sums = dict(zip(tree["path"], tree["value"], strict=True))
    assert sums[("DE",)] == 10
    assert sums[("DE", "y")] == 1


def happening(minute: int, **known: Any) -> Happening:
    at = datetime(2026, 9, 1, 12, minute, tzinfo=UTC)
    whole = dict.fromkeys(("event", "path", "referrer", "browser", "os", "device", "country"))
    return Happening(**{"kind": "pageview", "session": "s", "at": at, **whole, **known})


def live(times: list[str], at: datetime) -> Realtime:
    frame = pd.DataFrame({"time": pd.to_datetime(times), "views": 2, "visitors": 1})
    return Realtime(at, 2, 1, 0, {}, {}, {}, frame, ())


@pytest.mark.parametrize(
    "times", [["2026-09-01 11:50", "2026-09-01 12:00"], ["2026-09-01 13:50", "2026-09-01 14:00"]]
)
def test_minutes_are_complete_whatever_zone_they_are_told_in(times: list[str]) -> None:
    at = datetime(2026, 9, 1, 12, 0, 30, tzinfo=UTC)
    minutes = activity.minutes(live(times, at), "Europe/Berlin")
    assert len(minutes) == 30
    assert minutes["time"].iloc[-1] == pd.Timestamp("2026-09-01 14:00")
    assert minutes["views"].tolist() == [0] * 19 + [2] + [0] * 9 + [2]


def test_a_quiet_half_hour_has_its_minutes() -> None:
    at = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
    assert activity.minutes(live([], at), "Asia/Kathmandu")["views"].sum() == 0


def test_the_log_grows_without_doubles() -> None:
    first, second, third = (happening(minute) for minute in (1, 2, 3))
    log = activity.longer([second, first], [third, second])
    assert log == (third, second, first)
    many = [happening(5, path=f"/{at}") for at in range(300)]
    assert len(activity.longer(many, [])) == activity.LONGEST_LOG


def step(visit: str, second: int) -> Step:
    at = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(seconds=second)
    return Step(visit, at, Kind.PAGEVIEW, None, "/", "", None)


def test_activity_by_visit_with_the_time_between_steps() -> None:
    late, early = visits([step("b", 500), step("a", 30), step("a", 0), step("b", 480)])
    assert (early.id, early.seconds, early.waits) == ("a", 30.0, (None, 30.0))
    assert (late.id, late.seconds) == ("b", 20.0)
    assert visits([]) == ()


def test_numbers_are_distributed_by_how_often_they_occur() -> None:
    spread = distribution([PropertyValue("1", 3), PropertyValue("10", 1), PropertyValue("x", 5)])
    assert spread
    assert (spread.times, spread.least, spread.most) == (4, 1.0, 10.0)
    assert (spread.median, spread.mean) == (1.0, 3.25)
    assert sum(spread.counts) == 4
    assert distribution([PropertyValue("x", 1), PropertyValue("nan", 1)]) is None
    assert distribution([]) is None


def test_the_median_of_an_even_number_lies_between() -> None:
    spread = distribution([PropertyValue("1", 1), PropertyValue("3", 1)])
    assert spread
    assert spread.median == 2.0


def test_values_have_shares() -> None:
    table = value_table([PropertyValue("a", 1), PropertyValue(None, 3)])
    assert table["value"].tolist() == ["", "a"]
    assert table["share"].tolist() == [0.75, 0.25]


def test_parts_of_money_are_shares_of_all_money() -> None:
    frame = pd.DataFrame({"name": ["a", None], "amount": [2.0, 1.0]})
    named = marketing.revenue_part(frame, None, 4.0)
    assert (named["name"].tolist(), named["share"].tolist()) == (["a"], [0.5])
    everybody = marketing.revenue_part(frame, frame, 4.0, nameless=True)
    assert (everybody["name"].tolist(), everybody["share"].tolist()) == (["a", ""], [0.5, 0.25])
    assert everybody["before"].tolist() == [2.0, 1.0]
    assert marketing.revenue_part(frame, None, 0.0)["share"].tolist() == [0.0]
