"""Figures of the pages: empty figures without data, escaped names."""

from __future__ import annotations

import json
from datetime import date

import pandas as pd
import plotly.graph_objects as go
import pytest

from components.charts import bars, flows, heatmaps, maps, over_time
from components.charts.common import Figure
from components.formats import Field
from components.theme import PALETTES, Mode
from umami.analysis import activity, rankings, steps
from umami.analysis.rankings import Distribution
from umami.analysis.retention import cohorts as cohorts_of
from umami.api.events import EventSeries
from umami.api.reports import Breakdown, FunnelResult, Path, Retention
from umami.conversion import FunnelStep
from umami.period import Period

MODES: tuple[Mode, ...] = ("light", "dark")
DAY = Period.of_days(date(2026, 9, 1), date(2026, 9, 30), "UTC")
NOW = Field("now", "Now")
CORRECTED = ("time", "views", "sessions", "views_without", "sessions_without", "replaced")
HOSTILE = "<b onclick='x'>&{b}"


def cohorts(rows: list[dict[str, object]]) -> heatmaps.Cohorts:
    return cohorts_of(Retention.read(rows, DAY), pd.Timestamp("2026-09-30"), "day")


def empty(mode: Mode) -> list[Figure]:
    """Every figure without data."""
    nobody = cohorts([])
    moved = pd.DataFrame({"label": [], "now": [], "before": [], "delta": []})
    groups = rankings.rated(
        Breakdown(pd.DataFrame(columns=["os", "views", "visitors", "visits", "bounces", "seconds"]))
    )
    return [
        bars.ranking(moved, "label", NOW, True, mode),
        heatmaps.triangle(nobody, "day", mode),
        heatmaps.curve(nobody, nobody, mode),
        heatmaps.sizes(nobody, "month", mode),
        bars.deltas(moved, mode),
        bars.distribution(Distribution(0, 0, 0, 0, 0, (0.0, 1.0), (0,)), mode),
        over_time.stacked(EventSeries.read([], DAY).frame, "day", "count", "EUR", None, mode),
        flows.funnel(steps.funnel_table([], None), None, mode),
        maps.tree_figure(maps.tree(rankings.tree(groups, ["os"], "views")), "views", mode),
        over_time.corrected(pd.DataFrame({name: [] for name in CORRECTED}), "day", mode),
        over_time.trend(pd.DataFrame({"time": [], "views": []}), "views", "day", "views", 9, mode),
    ]


@pytest.mark.parametrize("mode", MODES)
def test_nothing_to_draw_is_an_empty_figure(mode: Mode) -> None:
    for figure in empty(mode):
        assert go.Figure(figure).to_json()
    for spec in (
        flows.sankey_spec(activity.flow([]), "", mode),
        over_time.minutes_spec(pd.DataFrame({"time": [], "views": [], "visitors": []}), mode),
    ):
        assert json.dumps(spec)


def test_hostile_names_are_escaped_in_every_figure() -> None:
    result = [FunnelResult(FunnelStep("path", HOSTILE), 3, 0, 0, None, 1.0)] * 2
    moved = pd.DataFrame({"label": [HOSTILE], "now": [3], "before": [1], "delta": [2]})
    groups = pd.DataFrame({"path": [(HOSTILE,)], "value": [3]})
    for figure in (
        bars.ranking(moved, "label", NOW, True, "light"),
        bars.deltas(moved, "light"),
        flows.funnel(steps.funnel_table(result, result), None, "light"),
        maps.tree_figure(maps.tree(groups), "views", "light"),
    ):
        assert "<b onclick" not in go.Figure(figure).to_json()


def test_small_cohort_is_marked_and_future_days_are_blank() -> None:
    counts = {"day": 1, "visitors": 5, "returnVisitors": 1, "percentage": 20.0}
    daily = cohorts([{"date": f"2026-09-{day}", **counts} for day in (28, 29)])
    figure = go.Figure(heatmaps.triangle(daily, "day", "light"))
    assert figure.layout.yaxis.ticktext == ("28 Sep  5 ◦", "29 Sep  5 ◦")
    assert figure.layout.xaxis.ticktext == ("1", "2")
    (cells,) = figure.data
    assert list(map(list, cells.z)) == [[0.2, 0.0], [0.2, None]]
    assert (cells.zmin, cells.zmax) == (0, 0.2)
    assert "not reliable" in cells.customdata[0][0]


def test_cells_show_shares_of_steps_that_have_begun() -> None:
    days = {"date": "2026-09-23", "visitors": 40, "returnVisitors": 4, "percentage": 10.0}
    daily = cohorts([{**days, "day": day} for day in (1, 2)])
    (cells,) = go.Figure(heatmaps.triangle(daily, "day", "light")).data
    assert list(cells.x) == [f"Day {day}" for day in range(1, 8)]
    assert (cells.texttemplate, cells.colorbar.tickformat) == ("%{z:.1%}", ".0%")
    earlier = cohorts([{**days, "date": "2026-09-01", "day": 1}])
    (cells,) = go.Figure(heatmaps.triangle(earlier, "day", "light")).data
    assert len(cells.x) == 29
    assert cells.texttemplate is None


@pytest.mark.parametrize("mode", MODES)
def test_larger_groups_are_stronger_in_one_hue(mode: Mode) -> None:
    nodes = pd.DataFrame(
        {"path": [("a",), ("b",), ("a", "x"), ("a", "y")], "value": [100, 4, 96, 4]}
    )
    (treemap,) = go.Figure(maps.tree_figure(maps.tree(nodes), "views", mode)).data
    colours, palette = dict(zip(treemap.ids, treemap.marker.colors, strict=True)), PALETTES[mode]
    assert set(colours.values()) <= set(palette.sequential)
    # Groups of the same size look alike, wherever they are; those with parts are frames.
    assert colours["1"] == colours["0.1"] != colours["0.0"]
    assert colours["0.0"] == palette.sequential[maps.SHADES[-1]]
    assert colours["0"] == palette.sequential[1]
    assert treemap.textfont.color == palette.text


def test_treemap_lists_parents_before_children() -> None:
    nodes = pd.DataFrame({"path": [("a", "x"), ("b",), ("a",), ("a", "y")], "value": [2, 1, 5, 3]})
    tree = maps.tree(nodes)
    (treemap,) = go.Figure(maps.tree_figure(tree, "views", "light")).data
    assert treemap.ids == ("0", "1", "0.0", "0.1")
    assert treemap.parents == ("", "", "0", "0")
    places = [data[0] for data in treemap.customdata[2:]]
    assert [tree["path"].iloc[place] for place in places] == [("a", "y"), ("a", "x")]


def test_the_worst_step_has_another_colour() -> None:
    result = [FunnelResult(FunnelStep("path", "/"), n, 0, 0, None, None) for n in (9, 3)]
    figure = go.Figure(flows.funnel(steps.funnel_table(result, None), 1, "light"))
    first, second = figure.data[0].marker.color
    assert first != second
    named = {trace.name: trace.marker.color for trace in figure.data[1:]}
    assert named == {"Biggest drop": second}
    assert figure.layout.showlegend


def test_funnel_without_earlier_visitors_has_no_comparison_mark() -> None:
    def stepped(*visitors: int) -> list[FunnelResult]:
        return [FunnelResult(FunnelStep("path", "/"), n, 0, 0, None, None) for n in visitors]

    def marks(*before: int) -> list[tuple[float | None, ...]]:
        table = steps.funnel_table(stepped(9, 3), stepped(*before))
        figure = go.Figure(flows.funnel(table, None, "light"))
        return [trace.x for trace in figure.data[1:]]

    assert marks(8, 2) == [(4, 1)]
    assert marks(8, 0) == [(4, None)]
    assert marks(0, 0) == []


def test_rare_nodes_are_folded() -> None:
    paths = [Path(("/", f"/{at}"), 20 - at) for at in range(12)]
    (series,) = flows.sankey_spec(activity.flow(paths), "", "light")["series"]
    second = [node["name"] for node in series["data"] if node["depth"] == 1]
    assert len(second) == activity.MOST_NODES
    assert [name for name in second if name.endswith("more")] == ["Step 2, 5 more"]
