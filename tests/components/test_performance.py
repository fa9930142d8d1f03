"""Web vitals, links and two sides as blocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest

from components import segments_dialog, side_by_side
from components.areas import links, performance
from components.blocks import Chart, ListPosition, SetParams, Table, Text, Tiles
from components.rankings import COUNTRIES
from umami.analysis.segments import Definition
from umami.api.boards import Link
from umami.api.performance import (
    Percentiles,
    PerformanceChart,
    PerformanceMetrics,
    PerformanceStats,
)
from umami.api.segments import Segment
from umami.api.traffic import Ranked, Ranking, Stats, Totals
from umami.compat.generations import V3_5
from umami.definitions import Definitions
from umami.errors import InvalidView
from umami.filters import Filter
from umami.parsing import Page
from umami.period import Period
from umami.view import View

ID = "47a8e931-d51a-4351-a5e1-51db9a717a5d"
OTHER = "31e8662e-b0ee-4259-b469-24ee0ae1d001"
VIEW = View(ID, Period.of_days(date(2026, 9, 1), date(2026, 9, 3), "UTC"))
HOSTILE = "=cmd() <script>alert(1)</script>" + "x" * 500


def measured(count: int = 200, **values: float) -> PerformanceStats:
    vitals: dict[Any, Percentiles] = {
        name: Percentiles(value / 2, value, value * 2) for name, value in values.items()
    }
    return PerformanceStats(vitals=vitals, count=count)


def text_of(block: object) -> str:
    assert isinstance(block, Text)
    return block.plain


def test_tiles_rate_each_vital_and_lower_is_better() -> None:
    now = measured(lcp=3000, inp=150, cls=0.3, fcp=0, ttfb=700)
    tiles, lead, about = performance.summary_blocks(VIEW, "lcp", now, measured(lcp=2000))
    assert text_of(lead) == "Not all Core Web Vitals are good: LCP needs improvement, CLS poor."
    assert isinstance(tiles, Tiles)
    assert [(tile.label, tile.value) for tile in tiles.tiles] == [
        ("LCP · needs improvement", "3.00 s"),
        ("INP · good", "150 ms"),
        ("CLS · poor", "0.3"),
        ("FCP", "–"),
        ("TTFB · good", "700 ms"),
    ]
    assert (tiles.tiles[0].delta, tiles.tiles[0].good) == ("+50.0%", "down")
    assert tiles.on_choose
    assert tiles.on_choose("cls") == SetParams({"vital": "cls"})
    assert text_of(about).startswith("From 200 measurements")


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (measured(lcp=1, inp=1, cls=0), "All Core Web Vitals are good"),
        (measured(lcp=1, cls=0), "INP is unknown"),
        (measured(ttfb=1), "Core Web Vitals that were measured are good; LCP and INP is unknown"),
    ],
)
def test_verdict_names_what_is_unknown(now: PerformanceStats, said: str) -> None:
    values = replace(now, vitals={**now.vitals, "cls": Percentiles(0.0, 0.0, 0.0)})
    assert said in performance.verdict(values)


def test_few_measurements_and_none_are_said() -> None:
    *_others, note = performance.summary_blocks(VIEW, "lcp", measured(3, lcp=1))
    assert isinstance(note, Text)
    assert (note.kind, "Only 3 measurements" in note.text) == ("note", True)
    (nothing,) = performance.summary_blocks(VIEW, "lcp", measured(0))
    assert 'data-performance="true"' in text_of(nothing)


def test_chart_shows_limits_and_the_comparison() -> None:
    frame = pd.DataFrame(
        {"time": VIEW.period.axis(), "p50": [1.0, None, 3], "p75": [2.0, None, 4], "p95": 5.0}
    )
    now = PerformanceChart(frame)
    about, chart, table = performance._over_time(VIEW, "lcp", now, PerformanceChart(frame))
    assert "Good up to 2.50 s, poor from 4.00 s: the dotted lines." in text_of(about)
    assert isinstance(chart, Chart)
    assert isinstance(table, Table)
    figure = chart.draw("dark")
    assert [trace["name"] for trace in figure["data"]] == [
        "95th percentile",
        "75th percentile",
        "Median",
        "75th percentile (previous period)",
    ]
    assert [shape["y0"] for shape in figure["layout"]["shapes"]] == [2500, 4000]
    empty = PerformanceChart(frame.assign(p75=float("nan")))
    (nothing,) = performance._over_time(VIEW, "inp", empty)
    assert text_of(nothing) == "INP was not measured in this period."


def test_pages_are_rated_and_filter() -> None:
    frame = pd.DataFrame(
        [(HOSTILE, 1.0, 2600.0, 3.0, 40), ("/", 1.0, 9000.0, 3.0, 3)],
        columns=["name", "p50", "p75", "p95", "count"],
    )
    (table,) = performance.table_blocks(VIEW, "lcp", "path", PerformanceMetrics(frame))
    assert isinstance(table, Table)
    assert table.filter_field == "path"
    assert table.frame["rating"].tolist() == ["needs improvement", "poor"]
    assert table.frame["note"].fillna("").tolist() == ["", "few measurements"]
    assert [field.label for field in table.fields].count("Change") == 0


def totals(views: int) -> Stats:
    return Stats(Totals(views, views // 2, views // 2, 0, 0), None)


def test_links_show_clicks_and_their_change() -> None:
    rows = (
        Link(ID, HOSTILE, "https://shop.example/?a=1", "abc"),
        Link(OTHER, "Poster", "https://shop.example/", "xyz"),
    )
    position = ListPosition("links")
    page: Page[Any] = Page(rows, 2)
    answers = (totals(30), None, totals(20), totals(5))
    (table,) = links.list_blocks("links", position, ID, page, *answers)
    assert isinstance(table, Table)
    first, second = table.frame.to_dict("records")
    assert (first["name"], first["address"], first["views"]) == (HOSTILE, "/q/abc", 30)
    assert first["change"] == pytest.approx(0.5)
    assert pd.isna(second["views"])
    assert pd.isna(second["change"])
    assert table.on_choose
    assert table.on_choose(ID) == SetParams({"link": ""})
    assert table.on_choose(OTHER) == SetParams({"link": OTHER})
    (empty,) = links.list_blocks("pixels", position, "", Page((), 0))
    assert "No pixels yet" in text_of(empty)


@pytest.mark.parametrize("text", ["segment", "segment.x", f"website.{ID}", "=cmd()"])
def test_malformed_sides_are_refused(text: str) -> None:
    with pytest.raises(InvalidView, match="no segment to compare"):
        side_by_side.parse_side(text)


def test_sides_replace_segment_and_cohort_of_the_view() -> None:
    view = replace(VIEW.filtered("country", "DE"), segment=OTHER, comparison="previous")
    left, right = (side_by_side.parse_side(text) for text in (f"cohort.{ID}", "all"))
    assert left.view(view) == replace(VIEW.filtered("country", "DE"), cohort=ID)
    assert right.view(view) == VIEW.filtered("country", "DE")
    page = Page((Segment(ID, "cohort", HOSTILE),), 1)
    assert side_by_side.side_names([left, right], [page])[1] == "Everybody"
    assert len(side_by_side.side_names([left, right], [page])[0]) == 40
    with pytest.raises(InvalidView, match="may have been deleted"):
        side_by_side.side_names([side_by_side.parse_side(f"cohort.{OTHER}")], [page])


def test_figures_side_by_side() -> None:
    views = [replace(VIEW, segment=ID, whole_visits=True), VIEW]
    (table,) = side_by_side.figure_blocks(
        Definitions(V3_5), views, ["A", "B"], totals(30), totals(20), []
    )
    assert isinstance(table, Table)
    assert [field.label for field in table.fields] == ["Figure", "A", "B", "Difference"]
    assert table.frame.iloc[0].tolist() == ["Views", "30", "20", "+50.0%"]
    on_umami = [replace(VIEW, segment=ID), VIEW]
    table, why = side_by_side.figure_blocks(
        Definitions(V3_5), on_umami, ["A", "B"], totals(30), totals(20), []
    )
    assert isinstance(table, Table)
    assert table.frame.iloc[3].tolist() == ["Bounce rate", "–", "–", "–"]
    assert "segment" in text_of(why)


def test_shares_side_by_side_name_the_largest_difference() -> None:
    left = Ranking([Ranked("DE", 30), Ranked("FR", 10)], "visitors")
    right = Ranking([Ranked("FR", 15)], "visitors")
    sides = (totals(80), totals(60))
    lead, _about, table = side_by_side.share_blocks(
        VIEW, COUNTRIES, ["A", "B"], *sides, left, right
    )
    assert text_of(lead) == "Germany is more common in “A” than in “B”: 75.0% and 0.0%."
    assert isinstance(table, Table)
    assert table.frame["label"].tolist() == ["Germany", "France"]
    assert table.filter_field == "country"
    none = Ranking([], "visitors")
    (empty,) = side_by_side.share_blocks(VIEW, COUNTRIES, ["A", "B"], *sides, none, none)
    assert "on either side" in text_of(empty)


def test_differences_that_may_be_chance_are_not_named() -> None:
    sides = [Ranking([Ranked("DE", count)], "visitors") for count in (30, 24)]
    lead, *_others = side_by_side.share_blocks(
        VIEW, COUNTRIES, ["A", "B"], totals(80), totals(60), *sides
    )
    assert text_of(lead) == "No share of countries differs by more than chance."


def test_a_smaller_difference_that_is_no_chance_goes_before_a_larger_one_that_may_be() -> None:
    left = Ranking([Ranked("DE", 200), Ranked("FR", 20)], "visitors")
    right = Ranking([Ranked("DE", 4500), Ranked("FR", 100)], "visitors")
    lead, *_others = side_by_side.share_blocks(
        VIEW, COUNTRIES, ["A", "B"], totals(800), totals(20_000), left, right
    )
    assert text_of(lead) == "France is more common in “A” than in “B”: 5.0% and 1.0%."


@pytest.mark.parametrize("nobody", [0, 1])
def test_side_without_visitors_has_no_sentence(nobody: int) -> None:
    ranked = [Ranking([Ranked("DE", 15)], "visitors"), Ranking([], "visitors")]
    sides = [totals(30), totals(0)]
    if nobody == 0:
        ranked.reverse()
        sides.reverse()
    about, table = side_by_side.share_blocks(VIEW, COUNTRIES, ["A", "B"], *sides, *ranked)
    assert text_of(about).startswith("Shares of all")
    assert isinstance(table, Table)
    cells = [field.shown(table.frame.iloc[0][field.column]) for field in table.fields]
    assert cells[1:5] == [*(("–", "100.0%") if nobody == 0 else ("100.0%", "–")), "–", "–"]


def test_values_beyond_the_limit_of_a_side_are_counted_and_left_out() -> None:
    long = Ranking([Ranked(f"/{at}", 900 - at) for at in range(500)], "visitors")
    short = Ranking([Ranked("/1", 5), Ranked("/rare", 50)], "visitors")
    sides = (totals(1000), totals(60))
    lead, note, _about, table = side_by_side.share_blocks(
        VIEW, COUNTRIES, ["A", "B"], *sides, long, short
    )
    assert "/rare" not in text_of(lead)
    assert text_of(note).startswith("1 countries are among the first 500 of one side only.")
    assert isinstance(table, Table)
    assert "/rare" not in set(table.frame["name"])


def test_segments_are_described_in_words() -> None:
    both = (Filter("country", "eq", "DE", "FR"), Filter("path", "c", "sale"))
    shown = Definition("segment", "x", both, "any")
    assert segments_dialog.in_words(shown) == "Country is Germany or France or Page contains sale"
    cohort = Definition("cohort", "x", both[:1], "all", "30day", ("event", "purchase"))
    assert segments_dialog.in_words(cohort) == (
        "Country is Germany or France · Triggered an event: purchase · Last 30 days"
    )
