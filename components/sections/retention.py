"""Retention: who comes back."""

from __future__ import annotations

from typing import Final

import streamlit as st

from components import panels, parameters, tiles, url_state
from components.asking import blank
from components.charts import cohorts as drawn
from components.listing import download
from components.told import retention as told
from umami.analysis.retention import Grain
from umami.models.reports import Retention
from umami.view import View

GRAIN_NAMES: Final[dict[Grain, str]] = {
    "day": "By day",
    "week": "By week",
    "month": "By month",
}


def grain(view: View) -> Grain:
    """By what the viewer wants cohorts; draws the control."""
    chosen = told.grain(view, parameters.read("grain"))
    parameters.segments(
        "Cohorts",
        GRAIN_NAMES,
        chosen,
        key="pick_grain",
        write=lambda one: parameters.write(grain=one),
    )
    return chosen


def figures(view: View, now: Retention, before: Retention | None = None) -> None:
    """How many were back on some days, on average over the cohorts."""
    tiles.draw(told.figures(view, now, before))


def triangle(view: View, by: Grain, answer: Retention) -> None:
    """The cohorts as a heatmap."""
    if answer.frame.empty:
        blank(told.NOBODY)
        return
    found = told.found(view, answer, by)
    data = drawn.triangle(found, by)
    st.caption(told.explained(found, data, by))
    panels.chart(
        drawn.triangle_figure,
        data,
        key="triangle",
        alt="Share of each cohort that came back, by time after the first visit",
    )
    download(*told.table(found), what=f"cohorts by {by}", key="cohorts")


def curve(view: View, now: Retention, before: Retention | None = None) -> None:
    """How many are back by day, on average."""
    if now.frame.empty:
        blank("The average appears with the first cohort.")
        return
    st.caption(told.WEIGHED)
    panels.chart(
        drawn.curve_figure,
        told.curve(view, now, before),
        key="curve",
        alt="Average share of visitors that are back, by day after the first visit",
    )


def sizes(view: View, by: Grain, answer: Retention) -> None:
    """How many visitors each cohort has."""
    if answer.frame.empty:
        blank(url_state.why_empty("No visits in this period."))
        return
    found = told.found(view, answer, by)
    data = drawn.sizes(found, by)
    panels.chart(drawn.sizes_figure, data, key="sizes", alt="Visitors of each cohort")
    st.caption(told.counts(found))
