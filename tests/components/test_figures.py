"""Figures are tested as data; their Plotly side only for what data cannot say."""

from __future__ import annotations

import pandas as pd
import pytest

from components.charts import common, heatmaps, lines, maps, stacks, tiles
from components.theme import Mode

MODES: tuple[Mode, ...] = ("light", "dark")


def buckets(first: str, views: list[int], sessions: list[int]) -> pd.DataFrame:
    times = pd.date_range(first, periods=len(views), freq="D")
    return pd.DataFrame({"time": times, "views": views, "sessions": sessions})


def ranking(*rows: tuple[str | None, int]) -> pd.DataFrame:
    total = sum(count for _, count in rows) or 1
    return pd.DataFrame(
        {
            "name": pd.Series([name for name, _ in rows], dtype=object),
            "count": [count for _, count in rows],
            "share": [count / total for _, count in rows],
        }
    )


def test_the_comparison_lies_over_by_position_and_keeps_its_dates() -> None:
    data = lines.traffic(
        buckets("2026-09-01", [5, 6], [2, 3]), "day", buckets("2026-08-30", [7, 8, 9], [4, 5, 6])
    )
    assert [line.name for line in data.lines] == [
        "Views",
        "Views, before",
        "Visitors",
        "Visitors, before",
    ]
    assert data.lines[1].values == (7, 8)
    assert data.lines[1].when == ("Sun 30 Aug 2026", "Mon 31 Aug 2026")
    assert data.lines[0].when[0] == "Tue 1 Sep 2026"


def test_the_running_bucket_is_marked_and_the_future_is_not_drawn() -> None:
    frame = buckets("2026-09-01", [5, 6, 0], [2, 3, 0])
    data = lines.traffic(frame, "day", until=pd.Timestamp("2026-09-02 11:00"))
    assert data.running == 1
    assert data.lines[0].values == (5, 6, None)
    views = next(trace for trace in lines.traffic_figure(data, "light").data if trace.name)
    assert views.customdata == ("", "  so far", "")


def test_a_partial_bucket_of_the_comparison_is_drawn_apart() -> None:
    now = buckets("2026-11-01", [5, 6, 7], [2, 3, 4])
    before = buckets("2026-10-01", [8, 9, 1], [5, 6, 1])
    data = lines.traffic(now, "day", before, None, (False, False), (True, True))
    assert [line.partial for line in data.lines] == [(), (0, 2), (), (0, 2)]
    figure = lines.traffic_figure(data, "light")
    whole, points = (
        next(trace for trace in figure.data if trace.name == "Views, before" and trace.mode == mode)
        for mode in ("lines", "markers")
    )
    assert (whole.y, points.y) == ((None, 9, None), (8, 1))
    assert points.customdata == ("Thu 1 Oct 2026  in part", "Sat 3 Oct 2026  in part")
    assert points.marker.symbol == "circle-open"
    dotted = next(trace for trace in figure.data if trace.line.dash == "1px,5px")
    assert dotted.y == (8, 9, None, 9, 1, None)


def test_a_partial_bucket_beyond_the_period_is_not_drawn() -> None:
    before = buckets("2026-08-30", [7, 8, 9], [4, 5, 6])
    data = lines.traffic(
        buckets("2026-09-01", [5, 6], [2, 3]), "day", before, partial_before=(False, True)
    )
    assert data.lines[1].partial == ()


@pytest.mark.parametrize("mode", MODES)
def test_a_single_partial_bucket_has_a_point(mode: Mode) -> None:
    day = buckets("2026-09-01", [5], [2])
    data = lines.traffic(
        day, "day", day, pd.Timestamp("2026-09-01 11:00"), (False, True), (False, True)
    )
    points = [one for one in lines.traffic_figure(data, mode).data if one.mode == "markers"]
    assert [point.y for point in points] == [(5,), (2,)]


def test_a_slight_change_is_neither_good_nor_bad() -> None:
    assert tiles.counted("Visits", 1009, 1000, "").slight
    assert not tiles.counted("Visits", 1010, 1000, "").slight
    assert not tiles.counted("Visits", 5, None, "").slight


def test_points_are_those_between_the_figures_shown() -> None:
    tile = tiles.rated("Bounce rate", 0.07648, 0.07751, "")
    assert (tile.value, tile.before, tile.delta) == ("7.6%", "7.8%", "-0.2 pts")


def test_half_a_bucket_is_no_history() -> None:
    frame = buckets("2026-09-01", [5, 6, 0], [2, 3, 0])
    assert list(common.over(frame, pd.Timestamp("2026-09-02 11:00"))["views"]) == [5]
    assert list(common.over(frame, None)["views"]) == [5, 6, 0]


def test_without_a_comparison_there_are_two_lines() -> None:
    data = lines.traffic(buckets("2026-09-01", [5], [2]), "day")
    assert [line.name for line in data.lines] == ["Views", "Visitors"]


def test_the_world_tells_what_it_cannot_draw() -> None:
    data = maps.world(ranking(("DE", 10), ("SG", 4), (None, 3), ("??", 1)))
    assert [(one.place, one.name, one.count) for one in data.drawn] == [("DEU", "Germany", 10)]
    assert [one.name for one in data.undrawn] == ["Singapore", "??"]


def test_the_week_begins_on_monday() -> None:
    frame = pd.DataFrame(0, index=range(7), columns=range(24))
    frame.loc[0, 9] = 12
    data = heatmaps.week(frame)
    assert data.busiest == ("Monday", 9)
    assert heatmaps.week_figure(data, "light").data[0].y[0] == "Mon"


def test_an_empty_week_has_no_busiest_hour() -> None:
    assert heatmaps.week(pd.DataFrame()).busiest is None


def test_rare_events_are_counted_together() -> None:
    times = pd.to_datetime(["2026-09-01", "2026-09-02"])
    frame = pd.DataFrame(
        [(time, f"e{n}", n) for time in times for n in range(1, 8)],
        columns=["time", "event", "count"],
    )
    data = stacks.stacked(frame, "day", most=5)
    assert [name for name, _ in data.series] == ["e7", "e6", "e5", "e4", "e3", "2 others"]
    assert data.series[-1][1] == (3, 3)


def test_markup_in_names_is_text() -> None:
    assert common.plain("video <play> & more") == "video &lt;play&gt; &amp; more"
    assert len(common.plain("x" * 99)) == 60


@pytest.mark.parametrize("mode", MODES)
def test_nothing_to_draw_is_an_empty_figure(mode: Mode) -> None:
    empty = pd.DataFrame({"time": pd.to_datetime([]), "views": [], "sessions": []})
    for figure in (
        lines.traffic_figure(lines.traffic(empty, "day", empty), mode),
        maps.world_figure(maps.world(ranking()), mode),
        heatmaps.week_figure(heatmaps.week(pd.DataFrame()), mode),
        stacks.stacked_figure(
            stacks.stacked(pd.DataFrame(columns=["time", "event", "count"]), "day"), mode
        ),
    ):
        assert figure.to_json()


def over_days(*amounts: tuple[float, float]) -> pd.DataFrame:
    """Two events on consecutive days."""
    return pd.DataFrame(
        [
            (time, event, amount)
            for time, pair in zip(pd.date_range("2026-09-01", periods=9), amounts, strict=False)
            for event, amount in zip(("purchase", "refund"), pair, strict=True)
        ],
        columns=["time", "event", "amount"],
    )


def test_the_axis_of_few_counts_has_whole_ticks_and_no_si_prefixes() -> None:
    for highest in (1, 2, 4, 2_500_000_000):
        axis = common.amounts_axis(4, 0, highest)
        assert "tickformat" not in axis
        assert axis["exponentformat"] == "B"
        assert axis.get("dtick") == (1 if highest <= 4 else None)
    assert common.amounts_axis(4, 0, 2, "JPY")["dtick"] == 1
    assert "dtick" not in common.amounts_axis(4, 0, 2, "EUR")


def test_an_axis_of_money_names_its_currency() -> None:
    assert common.amounts_axis(4, 0, 9, "EUR")["tickprefix"] == "€"
    assert common.amounts_axis(4, 0, 9, "CHF")["tickprefix"] == "CHF\u00a0"
    assert common.amounts_axis(4, 0, 9, "€")["ticksuffix"] == "\u00a0€"
    assert common.amounts_axis(4, -5, 9, "EUR")["ticksuffix"] == "\u00a0€"
    assert common.amounts_axis(4, 0, 9, "POINTS")["ticksuffix"] == "\u00a0POINTS"


def test_gains_and_losses_are_drawn_as_net_amounts_not_as_stacks() -> None:
    data = stacks.stacked(over_days((10, -4), (0, -6)), "day", "amount", money="EUR")
    assert data.net
    assert data.series == ((stacks.NET, (6, -6)),)
    figure = stacks.stacked_figure(data, "light")
    assert figure.data[0].customdata == ("€6.00", "-€6.00")
    assert len(set(figure.data[0].marker.color)) == 2
    assert not stacks.stacked(over_days((-10, -4)), "day", "amount", money="EUR").net


def test_the_money_of_the_comparison_is_a_dashed_line() -> None:
    data = stacks.stacked(
        over_days((10, 1), (20, 2)),
        "day",
        "amount",
        money="KWD",
        before=over_days((3, 4), (5, 6), (7, 8)),
    )
    assert data.before == (7, 11)
    line = stacks.stacked_figure(data, "light").data[-1]
    assert (line.line.dash, line.y) == ("dash", (7, 11))
    assert line.customdata[0].replace("\xa0", " ") == "KWD 7.000  (Tue 1 Sep 2026)"


def test_the_world_draws_losses_and_no_shares_where_signs_differ() -> None:
    data = maps.world(ranking(("DE", 10), ("FR", -4)))
    assert [one.share for one in data.drawn] == ["", ""]
    (drawn,) = maps.world_figure(data, "light").data
    assert drawn.z[1] == -2
    assert drawn.zmin == -drawn.zmax


def test_a_sparkline_says_where_its_axis_starts() -> None:
    assert common.axis_note((315, 402, 340)) == (
        "The curve spans 315 to 402: it does not start at zero."
    )
    assert common.axis_note((0, 402, 340)) is None
    assert common.axis_note((1, 2)) is None
