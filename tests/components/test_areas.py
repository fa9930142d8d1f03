"""Areas turn answers into blocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd

from components import traffic_blocks
from components.areas import breakdown, compare, funnel, goals
from components.blocks import (
    Cards,
    Chart,
    Note,
    Tab,
    Table,
    Tabs,
    Text,
    Toggle,
    blocks_section,
    sections,
)
from components.charts import maps
from umami.analysis.steps import Target
from umami.api.events import EventSeries
from umami.api.sessions import Rhythm
from umami.api.traffic import Ranked, Ranking, Timeline
from umami.conversion import Conversion, FunnelStep
from umami.filters import EVERYTHING, Filter
from umami.period import Period
from umami.view import View

VIEW = View(
    "47a8e931-d51a-4351-a5e1-51db9a717a5d",
    Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC"),
)


def ranking(**counts: int) -> Ranking:
    return Ranking([Ranked(name, count) for name, count in counts.items()], "visitors")


def test_a_group_filters_by_each_of_its_values() -> None:
    group: pd.Series[Any] = pd.Series({"country": "DE", "browser": "firefox"})
    change = breakdown.filtered_view(VIEW, EVERYTHING, group, ["country", "browser"])
    wanted = (Filter("country", "eq", "DE"), Filter("browser", "eq", "firefox"))
    assert isinstance(change, View)
    assert set(change.filters) == set(wanted)


def test_unfilterable_value_is_named_and_ignored() -> None:
    able = replace(EVERYTHING, fields=EVERYTHING.fields - {"browser"})
    for value, note in (
        (None, "Views without a browser cannot be filtered for."),
        ("firefox", "This server cannot filter by Browser."),
    ):
        group: pd.Series[Any] = pd.Series({"country": "DE", "browser": value})
        change = breakdown.filtered_view(VIEW, able, group, ["country", "browser"])
        assert change == Note(note, VIEW.filtered("country", "DE"))


def test_country_of_the_map_filters_where_allowed() -> None:
    data = maps.world([("DE", 3, 0.75), ("MC", 1, 0.25)])
    chart, small = traffic_blocks.world_map(data, key="world", alt="Visitors by country")
    assert isinstance(chart, Chart)
    assert chart.is_map
    assert chart.on_choose
    (trace,) = chart.draw("light")["data"]
    assert chart.on_choose(trace["customdata"][0]) == Toggle("country", "DE")
    assert small == Text("Too small for the map: Monaco (1)")
    still = traffic_blocks.world_map(data, key="world", alt="", clickable=False)[0]
    assert isinstance(still, Chart)
    assert still.on_choose is None


def test_week_names_its_busiest_hour() -> None:
    weekly = Rhythm(pd.DataFrame({9: [0, 2], 10: [0, 5]}))
    text, chart = traffic_blocks.week(VIEW, weekly)
    assert text == Text("Visitors by weekday and hour. Busiest: Tuesday, 10:00 to 11:00.")
    assert isinstance(chart, Chart)
    (nothing,) = traffic_blocks.week(VIEW, Rhythm(pd.DataFrame({9: [0, 0]})))
    assert isinstance(nothing, Text)
    assert nothing.kind == "empty"


def test_moves_are_counted_and_listed_by_kind() -> None:
    now, before = ranking(DE=6, FR=1, US=2), ranking(DE=2, FR=4, CH=1)
    text, chart = compare.moved_blocks(VIEW, "country", now, before)
    assert isinstance(text, Text)
    assert text.plain == "Countries by visitors: 1 grew, 1 fell, 1 new, 1 gone."
    assert isinstance(chart, Chart)
    (kinds,) = compare.kinds_blocks("country", now, before)
    assert isinstance(kinds, Cards)
    assert [title for title, _ in kinds.cards] == ["Grew", "Fell", "New", "Gone"]
    (grew,) = kinds.cards[0][1]
    assert isinstance(grew, Table)
    assert (grew.title, grew.filter_field) == ("countries: grew", "country")
    assert list(grew.frame["label"]) == ["Germany"]
    (kinds,) = compare.kinds_blocks("country", ranking(DE=6), ranking(DE=2))
    assert isinstance(kinds, Cards)
    assert [title for title, _ in kinds.cards] == ["Grew"]
    assert compare.kinds_blocks("country", before, before) == []


def test_suggested_steps_end_in_the_conversion() -> None:
    page, other, event = (
        FunnelStep("path", "/"),
        FunnelStep("path", "/cart"),
        FunnelStep("event", "play"),
    )
    goal = FunnelStep("event", "purchase")
    assert funnel.steps_to(goal, ["/", "/cart"], ["purchase", "play"]) == (page, event, goal)
    assert funnel.steps_to(page, ["/", "/cart"], ["play"]) == (other, event, page)
    assert funnel.steps_to(None, ["/", "/cart"], ["play"]) == (page, event, other)
    assert funnel.steps_to(goal, [], ["purchase"]) == ()


def test_reports_leave_out_tabs_that_are_not_printed() -> None:
    tabs = Tabs(
        "tabs",
        [
            Tab("First", lambda: blocks_section("first")),
            Tab("Second", lambda: blocks_section("second"), printed=False),
        ],
    )
    assert [section.title for section in sections([tabs], "report")] == ["first"]
    assert [section.title for section in sections([tabs], "page")] == ["first", "second"]


def test_pace_tells_where_the_month_ends() -> None:
    days = pd.date_range("2026-03-01", "2026-09-20", name="time")
    counts = [100 + 10 * (day.day_of_week == 0) + day.day % 3 for day in days]
    frame = pd.DataFrame({"time": days, "views": counts, "sessions": counts})
    bought = pd.DataFrame({"time": days, "event": "purchase", "count": counts})
    target = Target(FunnelStep("event", "purchase"), 3_100)
    viewed = pd.DataFrame({"time": days, "times": counts, "revenue": 0.0})
    earned = pd.DataFrame({"time": days, "times": 0, "revenue": [float(n) for n in counts]})
    paced = [
        goals.Paced("/cart", "times", Conversion(), Target(FunnelStep("path", "/cart"), 3_100)),
        goals.Paced("Revenue", "revenue", Conversion(None, "EUR")),
    ]
    answers = [Timeline(frame), EventSeries(bought), viewed, earned]
    (table,) = goals.pace_blocks(date(2026, 9, 20), [target], True, *answers, paced=paced)
    assert isinstance(table, Table)
    views, purchases, pages, money = table.frame.to_dict("records")
    so_far = sum(counts[-20:])
    assert views["so_far"] == purchases["so_far"] == pages["so_far"] == so_far
    assert money["so_far"] == so_far
    assert pages["verdict"] == purchases["verdict"]
    assert money["range"].startswith("€")
    low, high = (int(number.replace(",", "")) for number in views["range"].split(" – "))
    assert so_far + 10 * 95 < low < high < so_far + 10 * 115
    assert purchases["verdict"].startswith("3,100: ")
    same = [goals.Paced(name, "times", Conversion()) for name in ("purchase", "Views")]
    (table,) = goals.pace_blocks(date(2026, 9, 20), [target], True, *answers, paced=same)
    assert isinstance(table, Table)
    assert list(table.frame["name"]) == ["Views", "purchase", "purchase", "Views"]
    before = EventSeries(bought[bought["time"] < "2026-09-01"])
    august = Timeline(frame[frame["time"] < "2026-09-01"])
    (table,) = goals.pace_blocks(date(2026, 8, 31), [target], True, august, before)
    assert isinstance(table, Table)
    first = table.frame.to_dict("records")[0]
    assert first["so_far"] == 0, "of the month that begins"
    assert not first["range"].startswith("0")
    (text,) = goals.pace_blocks(date(2026, 9, 20), [], True, Timeline(frame.head(9)))
    assert isinstance(text, Text)
    assert "Five weeks" in text.text


def test_targets_are_monthly_in_a_month() -> None:
    month = Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC")
    begun = Period.of_days(date(2026, 9, 1), date(2026, 9, 12), "UTC")
    assert goals.is_month(replace(VIEW, period=month))
    assert goals.is_month(replace(VIEW, period=begun, preset="month"))
    assert not goals.is_month(replace(VIEW, period=begun))
