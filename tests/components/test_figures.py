"""What figures draw, as the data and the layout that Plotly gets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go
import pytest

from components.charts import common, heatmaps, maps, over_time, tiles
from components.charts.over_time import Ends
from components.theme import Mode
from umami.analysis.expected import Marks, UnusualDay

MODES: tuple[Mode, ...] = ("light", "dark")


BOTH: Final[Sequence[over_time.Measure]] = (
    ("views", "Views", "count"),
    ("sessions", "Visitors", "count"),
)


def buckets(first: str, views: list[int], sessions: list[int]) -> pd.DataFrame:
    times = pd.date_range(first, periods=len(views), freq="D")
    return pd.DataFrame({"time": times, "views": views, "sessions": sessions})


def traffic(
    now: pd.DataFrame,
    before: pd.DataFrame | None = None,
    begun: int | None = None,
    partial: Ends = (False, False),
    partial_before: Ends = (False, False),
    mode: Mode = "light",
    measures: Sequence[over_time.Measure] = BOTH,
) -> go.Figure:
    return go.Figure(
        over_time.traffic(now, "day", before, begun, partial, partial_before, measures, mode)
    )


def trace(figure: go.Figure, name: str, mode: str = "lines") -> Any:
    """The first trace of a name; short series have markers, too."""
    return next(each for each in figure.data if each.name == name and each.mode.startswith(mode))


def ranking(*rows: tuple[str | None, int]) -> list[tuple[str | None, int, float]]:
    total = sum(count for _, count in rows) or 1
    return [(name, count, count / total) for name, count in rows]


def test_comparison_is_aligned_by_position_with_its_own_dates() -> None:
    now = buckets("2026-09-01", [5, 6], [2, 3])
    figure = traffic(now, buckets("2026-08-30", [7, 8, 9], [4, 5, 6]))
    assert [line.name for line in sorted(figure.data, key=lambda line: line.legendrank)] == [
        "Views",
        "Views (previous period)",
        "Visitors",
        "Visitors (previous period)",
    ]
    before = trace(figure, "Views (previous period)")
    assert before.y == (7, 8)
    assert list(before.x) == list(now["time"])
    assert before.customdata == ("Sun 30 Aug 2026", "Mon 31 Aug 2026")


@pytest.mark.parametrize("mode", MODES)
def test_usual_range_is_that_of_the_shown_measure(mode: Mode) -> None:
    now = buckets("2026-09-01", [50, 6], [20, 3])
    band = pd.DataFrame({"low": [30.0, 31.04], "high": [40.0, 41.0]}, index=now["time"])
    spike = UnusualDay(date(2026, 9, 1), 50, 35.4, 25, 45, "spike")
    marks = {"views": Marks(band, (spike,))}
    of_views = traffic(now, now, mode=mode, measures=BOTH[:1]).to_plotly_json()
    low, high, *_lines, rings = over_time.with_usual(of_views, marks, mode)["data"]
    assert (low["y"], high["y"]) == ([30.0, 31.0], [40.0, 41.0])
    assert (high["name"], high["fill"], low["showlegend"]) == ("Usual range", "tonexty", False)
    assert (rings["y"], rings["mode"]) == ([50], "markers")
    assert rings["customdata"] == ["Tue 1 Sep 2026: 50 views, 35 expected"]
    # Of both measures, visitors have it.
    both = traffic(now, now, mode=mode).to_plotly_json()
    assert over_time.with_usual(both, marks, mode) is both
    usual_days = over_time.with_usual(both, {"sessions": Marks(band, ())}, mode)["data"]
    assert len(usual_days) == len(both["data"]) + 2


def test_running_bucket_is_marked_and_future_ones_are_not_drawn() -> None:
    frame = buckets("2026-09-01", [5, 6, 0], [2, 3, 0])
    views = trace(traffic(frame, begun=2), "Views")
    assert views.y == (5, 6, None)
    assert views.customdata == ("", "  so far", "")
    assert trace(traffic(frame, begun=0), "Views").y == (None, None, None)


def test_partial_bucket_of_the_comparison_is_drawn_separately() -> None:
    now = buckets("2026-11-01", [5, 6, 7], [2, 3, 4])
    before = buckets("2026-10-01", [8, 9, 1], [5, 6, 1])
    figure = traffic(now, before, partial_before=(True, True))
    whole, points = (
        trace(figure, "Views (previous period)", mode) for mode in ("lines", "markers")
    )
    assert (whole.y, points.y) == ((None, 9, None), (8, 1))
    assert points.customdata == ("Thu 1 Oct 2026  in part", "Sat 3 Oct 2026  in part")
    assert points.marker.symbol == "circle-open"
    dotted = next(each for each in figure.data if each.line.dash == "1px,5px")
    assert dotted.y == (8, 9, None, 9, 1, None)


def test_partial_bucket_beyond_the_period_is_not_drawn() -> None:
    before = buckets("2026-08-30", [7, 8, 9], [4, 5, 6])
    figure = traffic(buckets("2026-09-01", [5, 6], [2, 3]), before, partial_before=(False, True))
    assert len(figure.data) == 4
    assert trace(figure, "Views (previous period)").y == (7, 8)


@pytest.mark.parametrize("mode", MODES)
def test_single_partial_bucket_is_a_point(mode: Mode) -> None:
    day = buckets("2026-09-01", [5], [2])
    figure = traffic(day, day, 1, (False, True), (False, True), mode)
    points = [trace for trace in figure.data if trace.mode == "markers"]
    assert [point.y for point in points] == [(5,), (2,)]


def test_a_slight_change_is_neither_good_nor_bad() -> None:
    assert tiles.figure("Visits", 1009, 1000, "").slight
    assert not tiles.figure("Visits", 1010, 1000, "").slight
    assert not tiles.figure("Visits", 5, None, "").slight


def test_percentage_points_are_between_the_rounded_figures() -> None:
    tile = tiles.figure("Bounce rate", 0.07648, 0.07751, "", "percent")
    assert (tile.value, tile.before, tile.delta) == ("7.6%", "7.8%", "-0.2 pts")


def test_running_bucket_is_left_out_of_the_history() -> None:
    frame = buckets("2026-09-01", [5, 6, 0], [2, 3, 0])
    assert list(common.over(frame, pd.Timestamp("2026-09-02 11:00"))["views"]) == [5]
    assert list(common.over(frame, None)["views"]) == [5, 6, 0]


def test_without_a_comparison_there_are_two_lines() -> None:
    figure = traffic(buckets("2026-09-01", [5], [2]))
    assert [line.name for line in figure.data] == ["Views", "Visitors"]


def test_map_names_countries_it_cannot_draw() -> None:
    world = maps.world(ranking(("DE", 10), ("SG", 4), (None, 3), ("??", 1)))
    assert [country.name for country in world] == ["Germany", "Singapore", "??"]
    assert [country.drawn for country in world] == [True, False, False]
    (choropleth,) = go.Figure(maps.world_figure(world, "light")).data
    assert choropleth.locations == ("DEU",)
    assert choropleth.customdata == (["Germany", "10", " (55.6%)", "DE"],)


def test_the_week_begins_on_monday() -> None:
    frame = pd.DataFrame(0, index=range(7), columns=range(24))
    frame.loc[0, 9] = 12
    (heatmap,) = go.Figure(heatmaps.week(frame, 0, "light")).data
    assert heatmap.y[0] == "Mon"
    assert heatmap.z[0][9] == 12


def test_rare_events_are_counted_together() -> None:
    times = pd.to_datetime(["2026-09-01", "2026-09-02"])
    frame = pd.DataFrame(
        [(time, f"e{n}", n) for time in times for n in range(1, 8)],
        columns=["time", "event", "count"],
    )
    bars = go.Figure(over_time.stacked(frame, "day", "count", "", None, "light")).data
    assert [bar.name for bar in bars] == ["e7", "e6", "e5", "e4", "e3", "2 others"]
    assert bars[-1].y == (3, 3)


def test_markup_in_names_is_escaped() -> None:
    assert common.plain("video <play> & more") == "video &lt;play&gt; &amp; more"
    assert len(common.plain("x" * 99)) == 60


@pytest.mark.parametrize("mode", MODES)
def test_nothing_to_draw_is_an_empty_figure(mode: Mode) -> None:
    empty = pd.DataFrame({"time": pd.to_datetime([]), "views": [], "sessions": []})
    for figure in (
        traffic(empty, empty, mode=mode),
        maps.world_figure(maps.world(ranking()), mode),
        heatmaps.week(pd.DataFrame(), 0, mode),
    ):
        assert go.Figure(figure).to_json()


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


def test_count_axis_has_whole_ticks_and_no_si_prefixes() -> None:
    for highest in (1, 2, 4, 2_500_000_000):
        axis = common.amounts_axis(4, 0, highest)
        assert "tickformat" not in axis
        assert axis["exponentformat"] == "B"
        assert axis.get("dtick") == (1 if highest <= 4 else None)
    assert common.amounts_axis(4, 0, 2, "JPY")["dtick"] == 1
    assert "dtick" not in common.amounts_axis(4, 0, 2, "EUR")


def test_revenue_axis_names_its_currency() -> None:
    assert common.amounts_axis(4, 0, 9, "EUR")["tickprefix"] == "€"
    assert common.amounts_axis(4, 0, 9, "CHF")["tickprefix"] == "CHF\u00a0"
    assert common.amounts_axis(4, 0, 9, "€")["ticksuffix"] == "\u00a0€"
    assert common.amounts_axis(4, -5, 9, "EUR")["ticksuffix"] == "\u00a0€"
    assert common.amounts_axis(4, 0, 9, "POINTS")["ticksuffix"] == "\u00a0POINTS"


def test_mixed_gains_and_losses_are_drawn_as_net_amounts() -> None:
    (net,) = go.Figure(
        over_time.stacked(over_days((10, -4), (0, -6)), "day", "amount", "EUR", None, "light")
    ).data
    assert (net.name, net.y) == (over_time.NET, (6, -6))
    assert net.customdata == ("€6.00", "-€6.00")
    assert len(set(net.marker.color)) == 2
    losses = go.Figure(
        over_time.stacked(over_days((-10, -4)), "day", "amount", "EUR", None, "light")
    )
    assert over_time.NET not in {bar.name for bar in losses.data}


def test_revenue_of_the_comparison_is_a_dashed_line() -> None:
    now, before = over_days((10, 1), (20, 2)), over_days((3, 4), (5, 6), (7, 8))
    line = go.Figure(over_time.stacked(now, "day", "amount", "KWD", before, "light")).data[-1]
    assert (line.line.dash, line.y) == ("dash", (7, 11))
    assert line.customdata[0].replace("\xa0", " ") == "KWD 7.000  (Tue 1 Sep 2026)"


def test_map_with_losses_has_no_shares() -> None:
    world = maps.world(ranking(("DE", 10), ("FR", -4)))
    assert [country.share for country in world] == ["", ""]
    (drawn,) = go.Figure(maps.world_figure(world, "light")).data
    assert drawn.z[1] == -2
    assert drawn.zmin == -drawn.zmax


def test_sparkline_starts_at_zero() -> None:
    """A curve that started at its lowest value would make small changes look large."""
    points = re.findall(r'polyline points="([^"]+)"', common.sparkline((300, 400, 350, 400), "red"))
    heights = [30 - float(point.partition(",")[2]) for point in points[0].split()]
    assert heights == pytest.approx([0.5 + 29 * share for share in (0.75, 1, 0.875, 1)], abs=0.01)


def test_negative_values_of_a_sparkline_are_below_zero() -> None:
    curve = common.sparkline((-10, 0, 10), "red")
    assert 'points="0,29.5 50,15 100,0.5"' in curve
    assert 'points="0,15 0,29.5' in curve


def test_no_sparkline_of_few_values_or_zeros() -> None:
    assert common.sparkline((1, 2), "red") == common.sparkline((0, 0, 0), "red") == ""
