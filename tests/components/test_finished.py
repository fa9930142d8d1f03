"""The cache of figures: one drawing for equal data, sent byte by byte as drawn."""

from __future__ import annotations

from functools import partial

import pandas as pd
from plotly.io.json import to_json_plotly
from streamlit.testing.v1 import AppTest

from components.charts import common
from components.theme import Mode, template

drawn: list[tuple[int, Mode]] = []


def pillar(height: int, text: str, mode: Mode) -> common.Figure:
    drawn.append((height, mode))
    bar = {"type": "bar", "x": [1.5, 2], "y": [height, None], "hovertemplate": "<b>%{y}</b>"}
    return {"data": [bar], "layout": {"template": template(mode), "title": {"text": text}}}


def of_frame(frame: pd.DataFrame, mode: Mode) -> common.Figure:
    return pillar(int(frame["height"].iloc[0]), "", mode)


def test_figure_is_drawn_once_per_colour_scheme() -> None:
    drawn.clear()
    for height in (1, 1, 2, 1):
        common.finished(partial(pillar, height, ""), "light")
    common.finished(partial(pillar, 1, ""), "dark")
    assert drawn == [(1, "light"), (2, "light"), (1, "dark")]


def test_frame_is_cached_by_identity_and_not_by_address() -> None:
    drawn.clear()
    frame = pd.DataFrame({"height": [100]})
    for _ in range(2):
        common.finished(partial(of_frame, frame), "light")
    for height in range(101, 104):
        # Without a reference from the cache, the next frame could get the id of the last.
        common.finished(partial(of_frame, pd.DataFrame({"height": [height]})), "light")
    assert drawn == [(height, "light") for height in range(100, 104)]


def test_cached_figure_cannot_be_changed() -> None:
    plain = pillar(3, "<b>é</b>", "dark")
    cached = common.finished(partial(pillar, 3, "<b>é</b>"), "dark")
    cached.to_dict()["data"].clear()
    assert cached.to_json(validate=False) == to_json_plotly(plain)


def test_cache_size_is_bounded_and_large_figures_are_drawn() -> None:
    quarter = common.ROOM // 4
    for height in range(8):
        common.finished(partial(pillar, height, "x" * quarter), "light")
    assert common.CACHE.currsize <= common.ROOM
    large = common.finished(partial(pillar, 9, "x" * (common.ROOM + 1)), "light")
    assert large.to_dict()["data"][0]["y"] is not None
    common.CACHE.clear()


def page_with_a_figure() -> None:
    from functools import partial

    from components import draw_blocks
    from components.blocks import Chart
    from tests.components.test_finished import pillar

    draw_blocks.draw(Chart("A pillar", "pillar", partial(pillar, 7, "a < b")))


def test_streamlit_sends_the_cached_figure_unchanged() -> None:
    run = AppTest.from_function(page_with_a_figure, default_timeout=60).run()
    assert not run.exception
    chart = run.get("plotly_chart")[0].proto
    assert chart.spec == to_json_plotly(pillar(7, "a < b", "light"))
    assert chart.alt == "A pillar"
