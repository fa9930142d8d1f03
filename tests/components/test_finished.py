"""Figures that are kept: drawn once for the same data, and sent letter by letter as drawn."""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go
from streamlit.testing.v1 import AppTest

from components.charts import common
from components.theme import Mode, template

drawn: list[tuple[int, Mode]] = []


@dataclass(frozen=True, slots=True)
class Pillar:
    height: int
    text: str = ""


def pillar_figure(data: Pillar, mode: Mode) -> go.Figure:
    drawn.append((data.height, mode))
    figure = go.Figure(layout={"template": template(mode), "title": {"text": data.text}})
    return figure.add_bar(x=[1.5, 2], y=[data.height, None], hovertemplate="<b>%{y}</b>")


def test_the_same_data_is_drawn_once_for_each_appearance() -> None:
    drawn.clear()
    for height in (1, 1, 2, 1):
        common.finished(pillar_figure, Pillar(height), "light")
    common.finished(pillar_figure, Pillar(1), "dark")
    assert drawn == [(1, "light"), (2, "light"), (1, "dark")]


def test_it_is_the_figure_and_nobody_changes_it_for_the_next() -> None:
    plain = pillar_figure(Pillar(3, "<b>é</b>"), "dark")
    kept = common.finished(pillar_figure, Pillar(3, "<b>é</b>"), "dark")
    kept.to_dict()["data"].clear()
    assert kept.to_json(validate=False) == plain.to_json(validate=False)


def test_what_is_kept_is_bounded_and_one_too_large_is_drawn_all_the_same() -> None:
    quarter = common.ROOM // 4
    for height in range(8):
        common.finished(pillar_figure, Pillar(height, "x" * quarter), "light")
    assert common.KEPT.currsize <= common.ROOM
    large = common.finished(pillar_figure, Pillar(9, "x" * (common.ROOM + 1)), "light")
    assert large.to_dict()["data"][0]["y"] is not None
    common.KEPT.clear()


def page_with_a_figure() -> None:
    from components import draw_blocks
    from components.blocks import Chart
    from tests.components.test_finished import Pillar, pillar_figure

    draw_blocks.draw(Chart("A pillar", "pillar", pillar_figure, Pillar(7, "a < b")))


def test_streamlit_sends_it_as_it_was_drawn() -> None:
    run = AppTest.from_function(page_with_a_figure, default_timeout=60).run()
    assert not run.exception
    chart = run.get("plotly_chart")[0].proto
    assert chart.spec == pillar_figure(Pillar(7, "a < b"), "light").to_json(validate=False)
    assert chart.alt == "A pillar"
