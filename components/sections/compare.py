"""Compare: what grew, fell, appeared and vanished between two periods."""

from __future__ import annotations

from functools import partial

import streamlit as st

from components import panels, parameters, rankings, url_state
from components.charts import waterfall as drawn
from components.notices import show_empty
from components.table import draw_table
from components.told import compare as told
from umami.analysis.movers import Move, Movers
from umami.endpoints.traffic import Metric
from umami.models.traffic import Ranking


def field() -> Metric:
    """What is compared; draws the control."""
    chosen = told.read(parameters.read("by"))
    options: dict[Metric, str] = {one: told.title(one) for one in told.TABLES}
    parameters.choice(
        "Compare by",
        options,
        chosen,
        key="pick_by",
        icon=":material/category:",
        width=220,
        write=lambda one: parameters.write(by=one),
    )
    return chosen


def nothing() -> None:
    """What is shown without a comparison."""
    with st.container(border=True):
        show_empty(told.NOTHING)


def moved(by: Metric, now: Ranking, before: Ranking) -> None:
    """What moved the total most, and everything that moved by kind of move."""
    found = told.moved(by, now, before)
    if found.frame.empty:
        show_empty(told.none_of(by, url_state.view()))
        return
    st.markdown(f"**{told.counts(by, now, found)}**")
    if left_out := told.left_out(by, found):
        st.caption(left_out)
    data = drawn.deltas(found.frame)
    if data.names:
        measure = rankings.MEASURES[now.measure].lower()
        panels.chart(
            drawn.deltas_figure,
            data,
            key="deltas",
            alt=f"{told.title(by)} that moved most, by {measure}",
        )
    with st.grid(2, min_column_width=330):
        for move, (title, _) in told.MOVE_NAMES.items():
            with panels.card(title):
                _moved(by, found, move)


def _moved(by: Metric, found: Movers, move: Move) -> None:
    frame = found.of(move)
    if frame.empty:
        show_empty(told.MOVE_NAMES[move][1])
        return
    filters = told.TABLES[by].filters
    draw_table(
        frame,
        told.fields(by, move),
        what=f"{told.TABLES[by].many} that {move}",
        key=f"moved_{move}",
        value="name" if filters else None,
        active=url_state.chosen(filters),
        on_choose=partial(url_state.toggle, filters) if filters else None,
    )
