"""Retention: who comes back."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from components import formats, panels, parameters, tiles
from components.asking import blank
from components.fields import Field
from components.figures import cohorts as drawn
from components.listing import download
from umami.analysis import retention as analysis
from umami.analysis.retention import GRAINS, Cohorts, Grain, cohorts
from umami.models.reports import Retention
from umami.view import View

GRAIN_NAMES: Final[dict[Grain, str]] = {
    "day": "By day",
    "week": "By week",
    "month": "By month",
}
MARKS: Final = (1, 7, 14, 30)
"""Days whose share is told as a figure."""


def grain(view: View) -> Grain:
    """By what the viewer wants cohorts; draws the control."""
    days = (view.period.end - view.period.start).days + 1
    asked = parameters.read("grain")["grain"]
    chosen = next((one for one in GRAINS if [one] == asked), analysis.suggested(days))
    parameters.segments(
        "Cohorts",
        GRAIN_NAMES,
        chosen,
        key="pick_grain",
        write=lambda one: parameters.write(grain=one),
    )
    return chosen


def _until(view: View) -> pd.Timestamp:
    """The local day on which the View's period ends."""
    return (
        pd.Timestamp(view.period.end).tz_convert(view.period.timezone).tz_localize(None).floor("D")
    )


def _daily(view: View, answer: Retention) -> Cohorts:
    return cohorts(answer, _until(view), "day")


def figures(view: View, now: Retention, before: Retention | None = None) -> None:
    """How many were back on some days, on average over the cohorts."""
    average = _daily(view, now).average
    compared = view.compared()
    earlier = _daily(compared, before).average if before and compared else None

    def share(of: pd.Series[float] | None, day: int) -> float | None:
        return None if of is None or pd.isna(of[day]) else float(of[day])

    size = int(now.frame.groupby("cohort")["size"].max().sum())
    size_before = int(before.frame.groupby("cohort")["size"].max().sum()) if before else None
    tiles.draw(
        [
            tiles.counted("New visitors", size, size_before, "Visitors of all cohorts together."),
            *(
                tiles.rated(
                    f"Back on day {day}",
                    share(average, day),
                    share(earlier, day),
                    f"Visitors who were back {day} day{'s' if day > 1 else ''} after their first "
                    "visit, of those for whom that day has come. Each cohort counts by its size.",
                )
                for day in MARKS
            ),
        ]
    )


def triangle(view: View, by: Grain, answer: Retention) -> None:
    """The cohorts as a heatmap."""
    if answer.frame.empty:
        blank("No visitors in this period. A cohort begins with the first visits of a day.")
        return
    found = cohorts(answer, _until(view), by)
    data = drawn.triangle(found, by)
    said = "Each row is those whose first visit was then, and how many they are."
    if by != "day":
        said += " Shares are of an average day of the week."
    if found.small.any():
        said += f" ◦ marks cohorts of fewer than {analysis.SMALL} visitors: their shares are noise."
    if data.left_out:
        said += f" The latest {len(data.cohorts)} of {len(found.sizes)} are drawn."
    st.caption(said)
    panels.chart(
        drawn.triangle_figure(data, panels.mode()),
        key="triangle",
        alt="Share of each cohort that came back, by time after the first visit",
    )
    _download(found, by)


def _download(found: Cohorts, by: Grain) -> None:
    names = [drawn.step_name(*step) for step in found.steps]
    frame = found.shares.set_axis(names, axis="columns").reset_index()
    frame.insert(1, "size", found.sizes.to_numpy())
    frame["cohort"] = frame["cohort"].dt.date.astype("str")
    fields = [
        Field("cohort", "First visit", "text"),
        Field("size", "Visitors"),
        *(Field(name, name, "percent") for name in names),
    ]
    download(frame, fields, what=f"cohorts by {by}", key="cohorts")


def curve(view: View, now: Retention, before: Retention | None = None) -> None:
    """How many are back by day, on average."""
    if now.frame.empty:
        blank("The average appears with the first cohort.")
        return
    compared = view.compared()
    data = drawn.curve(_daily(view, now), _daily(compared, before) if before and compared else None)
    st.caption("Each cohort counts by its size, and only with the days that have come.")
    panels.chart(
        drawn.curve_figure(data, panels.mode()),
        key="curve",
        alt="Average share of visitors that are back, by day after the first visit",
    )


def sizes(view: View, by: Grain, answer: Retention) -> None:
    """How many visitors each cohort has."""
    if answer.frame.empty:
        blank("Cohorts appear with the first visits.")
        return
    found = cohorts(answer, _until(view), by)
    data = drawn.sizes(found, by)
    panels.chart(
        drawn.sizes_figure(data, panels.mode()), key="sizes", alt="Visitors of each cohort"
    )
    st.caption(
        f"{formats.whole(len(found.sizes))} cohorts, "
        f"{formats.whole(found.sizes.mean())} visitors on average."
    )
