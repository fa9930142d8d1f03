"""Goals: how much of a target is reached."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from umami.analysis.steps import Target, matches
from umami.api.events import EventSeries
from umami.api.reports import Goal
from umami.errors import InvalidView
from umami.filters import Filter
from umami.memoize import memoize
from umami.view import View


def reached(goal: Goal, target: Target) -> float | None:
    """Times as a fraction of the target; ``None`` without a target or without times."""
    return goal.times / target.times if target.times and goal.times is not None else None


def viewing(view: View, target: Target) -> View | None:
    """The View whose pageviews over time are the trend of a page goal.

    ``None`` where no View can express it: a goal with a wildcard, or a View that filters pages.
    """
    step = target.step
    if step.kind != "path" or "*" in (step.value[:1], step.value[-1:]):
        return None
    if view.match == "any" or any(filter_.field == "path" for filter_ in view.filters):
        return None
    try:
        return view.adding(Filter("path", "eq", step.value), beside=False)
    except InvalidView:
        return None


@memoize
def trend(series: EventSeries, target: Target) -> pd.DataFrame:
    """How often an event goal was reached over time: ``time`` and ``count``."""
    frame = series.frame
    fitting = [name for name in frame["event"].unique() if matches(target.step.value, name)]
    return frame[frame["event"].isin(fitting)].groupby("time")["count"].sum().reset_index()


def table(targets: Sequence[Target], goals: Sequence[Goal]) -> pd.DataFrame:
    """A row per goal: ``value``, ``kind``, ``times``, ``visitors``, ``conversion``, ``target``,
    ``reached``; unknown figures are ``NaN``."""
    rows = [
        {
            "value": target.step.value,
            "kind": target.step.kind,
            "times": goal.times,
            "visitors": goal.visitors,
            "conversion": goal.conversion,
            "target": target.times or None,
            "reached": reached(goal, target),
        }
        for target, goal in zip(targets, goals, strict=True)
    ]
    return pd.DataFrame(rows)
