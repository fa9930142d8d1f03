"""Retention: who comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from components import formats
from components.charts import cohorts as drawn
from components.charts.tiles import Tile, counted, rated
from components.fields import Field
from umami.analysis import retention as analysis
from umami.analysis.retention import GRAINS, Cohorts, Grain, cohorts
from umami.memoize import memoize
from umami.models.reports import Retention
from umami.view import View

MARKS: Final = (1, 7, 14, 30)
"""Days whose share is told as a figure."""
NOBODY: Final = "No visitors in this period. A cohort begins with the first visits of a day."
WEIGHED: Final = "Each cohort counts by its size, and only with the days that have come."


def grain(view: View, given: Mapping[str, Sequence[str]]) -> Grain:
    """By what cohorts are wanted, or what fits the period."""
    days = (view.period.end - view.period.start).days + 1
    asked = list(given.get("grain", ()))
    return next((one for one in GRAINS if [one] == asked), analysis.suggested(days))


@memoize
def found(view: View, answer: Retention, by: Grain) -> Cohorts:
    """The cohorts of an answer about a View."""
    until = (
        pd.Timestamp(view.period.end).tz_convert(view.period.timezone).tz_localize(None).floor("D")
    )
    return cohorts(answer, until, by)


@memoize
def figures(view: View, now: Retention, before: Retention | None = None) -> list[Tile]:
    """How many were back on some days, on average over the cohorts."""
    average = found(view, now, "day").average
    compared = view.compared()
    earlier = found(compared, before, "day").average if before and compared else None

    def share(of: pd.Series[float] | None, day: int) -> float | None:
        return None if of is None or pd.isna(of[day]) else float(of[day])

    size = int(now.frame.groupby("cohort")["size"].max().sum())
    size_before = int(before.frame.groupby("cohort")["size"].max().sum()) if before else None
    return [
        counted("New visitors", size, size_before, "Visitors of all cohorts together."),
        *(
            rated(
                f"Back on day {day}",
                share(average, day),
                share(earlier, day),
                f"Visitors who were back {day} day{'s' if day > 1 else ''} after their first "
                "visit, of those for whom that day has come. Each cohort counts by its size.",
            )
            for day in MARKS
        ),
    ]


def explained(cohorts: Cohorts, data: drawn.Triangle, by: Grain) -> str:
    """What the triangle shows."""
    said = "Each row is those whose first visit was then, and how many they are."
    if by != "day":
        said += " Shares are of an average day of the week."
    if cohorts.small.any():
        said += f" ◦ marks cohorts of fewer than {analysis.SMALL} visitors: their shares are noise."
    if data.left_out:
        said += f" The latest {len(data.cohorts)} of {len(cohorts.sizes)} are drawn."
    return said


@memoize
def table(cohorts: Cohorts) -> tuple[pd.DataFrame, list[Field]]:
    """A row a cohort, a column a step."""
    names = [drawn.step_name(*step) for step in cohorts.steps]
    frame = cohorts.shares.set_axis(names, axis="columns").reset_index()
    frame.insert(1, "size", cohorts.sizes.to_numpy())
    return frame, [
        Field("cohort", "First visit", "time", unit="day"),
        Field("size", "Visitors"),
        *(Field(name, name, "percent") for name in names),
    ]


@memoize
def curve(view: View, now: Retention, before: Retention | None = None) -> drawn.Curve:
    """How many are back by day, on average."""
    compared = view.compared()
    earlier = found(compared, before, "day") if before and compared else None
    return drawn.curve(found(view, now, "day"), earlier)


@memoize
def counts(cohorts: Cohorts) -> str:
    """How many cohorts, and how large."""
    return (
        f"{formats.whole(len(cohorts.sizes))} cohorts, "
        f"{formats.whole(cohorts.sizes.mean())} visitors on average."
    )
