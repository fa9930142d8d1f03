"""What makes figures doubtful: the queries, the sentences, and the figures without it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import blocks as ui
from components import doubtful
from components.areas import quality
from components.doubtful import Doubt, Findings, Search
from components.loading import Collector, answered, computed_from
from tests.support.generated_traffic import site
from umami.api import reports, traffic
from umami.api.events import EventSeries
from umami.api.traffic import Groups, Ranking, Stats, Timeline, Totals
from umami.client import Client, connect
from umami.embedded.demo import scenario
from umami.embedded.server import serve
from umami.period import MILLISECOND, Period, zone
from umami.settings import Settings
from umami.view import View

WEBSITE = "47a8e931-d51a-4351-a5e1-51db9a717a5d"
VIEW = View(WEBSITE, Period.of_days(date(2026, 10, 1), date(2026, 10, 31), "UTC"))
STATS = Stats(Totals(views=20_000, visitors=9_000, visits=10_000, bounces=100, seconds=500), None)
NO_HOURS = pd.DataFrame({"views": [], "sessions": []}, index=pd.DatetimeIndex([]))
OPEN = ui.OpenPage("overview", {}, VIEW)


def days() -> pd.DataFrame:
    """The year of a website, with a week without most of its rows."""
    traffic = site(3)
    visits = traffic.visits()
    visits["2026-10-12":"2026-10-18"] *= 0.3
    return pd.DataFrame({"views": visits * 2.6, "sessions": visits})


def doubt(kind: doubtful.Kind, first: str, last: str, size: float, unit: str = "views") -> Doubt:
    start, end = pd.Timestamp(first), pd.Timestamp(last) + pd.Timedelta(days=1)
    return Doubt(kind, "some days", start, end, size, unit, 0.1, OPEN)


def text(blocks: list[ui.Block]) -> str:
    return " ".join(block.text for block in blocks if isinstance(block, ui.Text))


def test_nothing_unusual_is_only_said_where_all_was_checked() -> None:
    nothing = Findings((), {}, NO_HOURS, NO_HOURS)
    assert text(quality.found_blocks(VIEW, STATS, nothing, {})) == "Nothing unusual in this period."
    partly = replace(nothing, unknown={"unusual days": "the server did not tell"})
    said = text(quality.found_blocks(VIEW, STATS, partly, {}))
    assert "Nothing unusual in what could be checked." in said
    assert "unusual days (the server did not tell)" in said


def test_a_period_without_views_is_not_called_usual() -> None:
    nobody = Stats(Totals(views=0, visitors=0, visits=0, bounces=0, seconds=0), None)
    nothing = Findings((), {"unusual days": "too little data"}, NO_HOURS, NO_HOURS)
    said = text(quality.found_blocks(VIEW, nobody, nothing, {}))
    assert said.startswith("No views in this period yet.")
    assert "Nothing unusual" not in said


def test_a_row_of_the_table_opens_its_days() -> None:
    findings = Findings((doubt("down", "2026-10-12", "2026-10-18", -900),), {}, NO_HOURS, NO_HOURS)
    (table,) = (
        block
        for block in quality.found_blocks(VIEW, STATS, findings, {})
        if isinstance(block, ui.Table)
    )
    assert list(table.frame["what"]) == ["All pages down"]
    assert list(table.frame["size"]) == ["900 views missing"]
    assert table.on_choose is not None
    assert table.on_choose("0") == OPEN


def test_doubtful_days_have_expected_values_and_the_others_their_own() -> None:
    history = days()
    before = history.copy()
    findings = Findings((doubt("down", "2026-10-12", "2026-10-18", -900),), {}, NO_HOURS, history)
    shown = doubtful.corrected(VIEW, STATS, findings)
    frame = shown.frame.set_index("time")
    assert len(frame) == 31
    assert list(frame.index[frame["replaced"]]) == list(pd.date_range("2026-10-12", "2026-10-18"))
    others = frame[~frame["replaced"]]
    assert (others["views"] == others["views_without"]).all()
    replaced = frame[frame["replaced"]]
    assert (replaced["views_without"] > 2 * replaced["views"]).all()
    (views, more), (visitors, more_visitors) = shown.totals
    assert more - views == pytest.approx((replaced["views_without"] - replaced["views"]).sum())
    assert more_visitors > visitors
    pd.testing.assert_frame_equal(history, before)


def test_automated_visits_are_subtracted_once() -> None:
    robots = [doubt("automated", "2026-10-01", "2026-10-31", size, "visits") for size in (300, 250)]
    findings = Findings(tuple(robots), {}, NO_HOURS, days())
    (views, fewer), (visitors, fewer_visitors) = doubtful.corrected(VIEW, STATS, findings).totals
    assert (views - fewer, visitors - fewer_visitors) == (300, 300)


def test_views_counted_twice_are_halved_and_visitors_stay() -> None:
    history = days()
    history.loc["2026-10-20":"2026-10-22", "views"] *= 2
    usual = {day.date(): 2.6 for day in pd.date_range("2026-10-20", "2026-10-22")}
    doubts = (doubt("doubled", "2026-10-20", "2026-10-22", 900),)
    findings = Findings(doubts, {}, NO_HOURS, history, usual)
    frame = doubtful.corrected(VIEW, STATS, findings).frame.set_index("time")[
        "2026-10-20":"2026-10-22"
    ]
    assert frame["views_without"].tolist() == pytest.approx((frame["views"] / 2).tolist())
    assert (frame["sessions"] == frame["sessions_without"]).all()


def test_hours_have_the_level_of_their_day() -> None:
    history = days()
    hours = site(3).views_by_hour(history["sessions"]["2026-10-04":"2026-10-31"])
    findings = Findings(
        (doubt("down", "2026-10-12", "2026-10-18", -900),),
        {},
        pd.DataFrame({"views": hours, "sessions": hours / 2.6}),
        history,
    )
    day = replace(VIEW, period=Period.of_days(date(2026, 10, 14), date(2026, 10, 14), "UTC"))
    shown = doubtful.corrected(day, STATS, findings)
    assert (shown.unit, len(shown.frame), shown.frame["replaced"].sum()) == ("hour", 24, 24)
    usual = doubtful.corrected(VIEW, STATS, replace(findings, hours=NO_HOURS)).frame
    expected = usual.set_index("time")["views_without"]["2026-10-14"]
    assert shown.frame["views_without"].sum() == pytest.approx(expected)


COUNTS = ("visits", "views", "bounces", "seconds")


def timeline(frame: pd.DataFrame) -> Timeline:
    return Timeline(frame.rename_axis("time").reset_index())


def groups(**values: tuple[int, int, int, int]) -> Groups:
    rows = [
        {"name": name, "country": None, "visitors": numbers[0]}
        | dict(zip(COUNTS, numbers, strict=True))
        for name, numbers in values.items()
    ]
    return Groups(pd.DataFrame(rows))


def search_of(history: pd.DataFrame, **answers: object) -> Search:
    """A search whose queries have been answered: a website as usual, unless told otherwise."""
    hours = site(3).views_by_hour(history["sessions"]["2026-10-04":"2026-10-31"])
    stopped = pd.DataFrame({"time": [], "event": [], "count": []})
    usual = groups(Chrome=(8_000, 20_000, 4_000, 90_000))
    known = {
        "stats": STATS,
        "days": timeline(history[:"2026-10-31"]),
        "hours": timeline(pd.DataFrame({"views": hours, "sessions": hours / 2.6})),
        "pages": Ranking([], "visitors"),
        "events": EventSeries(stopped),
        "currencies": (),
    } | answers
    sent: dict[str, tuple[Future[Any], ...]] = {
        name: (answered(answer),) for name, answer in known.items()
    }
    sent |= {name: (answered(usual), answered(usual)) for name in doubtful.GROUPED}
    return Search(
        Collector(connect(Settings(api="http://127.0.0.1:9/api", api_key="x"))), VIEW, sent, {}
    )


def usual_days() -> pd.DataFrame:
    visits = site(3).visits()
    return pd.DataFrame({"views": visits * 2.6, "sessions": visits})


def test_usual_traffic_has_no_doubts() -> None:
    findings = search_of(usual_days()).find()
    assert findings.doubts == ()
    assert list(findings.unknown) == ["hours without views", "pages down at once"]


def test_a_gap_names_its_hours_and_opens_its_days() -> None:
    hours = site(3).views_by_hour(usual_days()["sessions"]["2026-10-04":"2026-10-31"])
    hours["2026-10-20 09:00":"2026-10-20 13:00"] = 0.0
    part = timeline(pd.DataFrame({"views": hours, "sessions": hours / 2.6}))
    (gap,) = search_of(usual_days(), hours=part).find().doubts
    assert (gap.title, gap.when) == ("Hours without any view", "20 Oct, from 09:00 for 5 hours")
    assert gap.size < -100
    assert gap.share == pytest.approx(-gap.size / (20_000 - gap.size))
    assert isinstance(gap.change, ui.OpenPage)
    assert gap.change.view is not None
    assert gap.change.view.period.days == (date(2026, 10, 20), date(2026, 10, 20))


def test_events_that_stopped_are_named_with_what_is_missing() -> None:
    days_of_series = pd.date_range("2026-08-03", "2026-10-31")
    counts = [40 if day < pd.Timestamp("2026-10-25") else 0 for day in days_of_series]
    series = pd.DataFrame({"time": days_of_series, "event": "<b>sign up</b>", "count": counts})
    (stopped,) = search_of(usual_days(), events=EventSeries(series)).find().doubts
    assert stopped.title == "Event stopped: <b>sign up</b>"
    assert (stopped.when, stopped.sized) == ("25 – 31 Oct", "280 events missing")
    assert not stopped.can_be_left_out


def test_visits_that_look_automated_are_named_and_filtered_for() -> None:
    search = search_of(usual_days())
    robots = groups(Chrome=(8_000, 20_000, 4_000, 90_000), Robot=(2_000, 2_000, 2_000, 0))
    earlier = search.results("browser")[1]
    search.sent["browser"] = (answered(robots), answered(earlier))
    (doubt_,) = search.find().doubts
    assert (doubt_.title, doubt_.sized) == ("Looks automated: Browser Robot", "2,000 visits")
    assert doubt_.share == pytest.approx(0.2)
    assert isinstance(doubt_.change, ui.OpenPage)
    assert doubt_.change.view == VIEW.filtered("browser", "Robot")


def test_views_counted_twice_are_told_from_more_visits() -> None:
    history = usual_days()
    history.loc["2026-10-20":"2026-10-22", "views"] *= 2
    (doubled,) = search_of(history).find().doubts
    assert (doubled.title, doubled.when) == ("Views counted twice", "20 – 22 Oct")
    counted = history["views"]["2026-10-20":"2026-10-22"].sum()
    assert doubled.size == pytest.approx(counted / 2, rel=0.02)


@given(
    st.dates(date(2024, 1, 1), date(2026, 11, 1)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)
def test_hours_are_asked_for_once_in_parts_that_servers_count_by_hour(
    last: date, timezone: str
) -> None:
    period = Period.of_days(last - timedelta(days=6), last, timezone)
    parts = [part.period for part in doubtful.by_hour(replace(VIEW, period=period))]
    assert {part.unit for part in parts} == {"hour"}
    assert all(earlier.end + MILLISECOND == later.start for earlier, later in pairwise(parts))
    assert parts[-1].end == period.end
    assert parts[0].start.astimezone(zone(timezone)).date() == last - timedelta(days=27)


def test_no_hour_is_asked_for_before_it_is_over() -> None:
    now = datetime.now(UTC)
    running = replace(VIEW, period=Period(now - timedelta(days=2), now, "hour", "UTC"))
    *_earlier, part = doubtful.by_hour(running)
    assert part.period.end < now.replace(minute=0, second=0, microsecond=0)
    future = replace(VIEW, period=Period.of_days(date(2099, 1, 1), date(2099, 1, 9), "UTC"))
    assert all(part.period.end < now for part in doubtful.by_hour(future))


REQUESTED = {
    "2.18": ("/api/websites/…/stats", "/api/reports/retention"),
    "3.1": ("/api/websites/…/stats", "/api/reports/retention"),
    "3.5": ("/api/websites/…/stats", "/api/websites/…/retention"),
}


@pytest.mark.parametrize("generation", REQUESTED)
def test_figures_name_the_requests_of_the_servers_version(generation: str) -> None:
    settings = Settings(
        api="http://umami.example/api", username="ada", password="x", generation=generation
    )
    with connect(settings) as client:
        said = [
            computed_from(client, query) for query in (traffic.stats(VIEW), reports.retention(VIEW))
        ]
        assert said == [f"From {path} of Umami." for path in REQUESTED[generation]]
        assert computed_from(client) == ""
        everything = computed_from(
            client, reports.journey(VIEW, 3), reports.utm(VIEW), traffic.groups(VIEW, "path")
        )
    assert WEBSITE not in everything
    assert "umami.example" not in everything


@pytest.fixture(scope="module")
def demo() -> Iterator[Client]:
    with (
        serve(password="umami") as running,
        connect(Settings(api=f"{running.url}/api", username="admin", password="umami")) as client,
    ):
        yield client


@pytest.mark.slow
def test_broken_week_of_the_demo_is_found_as_all_pages_down(demo: Client) -> None:
    today = datetime.now(zone("UTC")).date()
    first = today - timedelta(days=scenario.BROKEN_AGO)
    last = first + timedelta(days=scenario.BROKEN_DAYS - 1)
    period = Period.of_days(first - timedelta(days=12), last + timedelta(days=12), "UTC")
    search = Search(Collector(demo), View(str(scenario.SHOP.id), period))
    for answer in [*search.ask(), *search.ask_more()]:
        answer.result()
    findings = search.find()
    down = [doubt for doubt in findings.doubts if doubt.kind == "down"]
    assert [(doubt.start.date(), doubt.end.date()) for doubt in down] == [
        (first, last + timedelta(days=1))
    ]
    assert down[0].share == pytest.approx(0.15, abs=0.08)
    stats: Stats = search.results("stats")[0]
    (views, more), _visitors = doubtful.corrected(search.view, stats, findings).totals
    assert more - views == pytest.approx(-down[0].size, rel=0.01)
