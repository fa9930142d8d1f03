"""Goals: how far a target is reached."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from umami.analysis.steps import Target, matches
from umami.errors import InvalidView
from umami.filters import Filter
from umami.models.events import EventSeries
from umami.models.reports import Goal
from umami.view import View


def reached(goal: Goal, target: Target) -> float | None:
    """Times as a fraction of the target; ``None`` without a target, or where times are unknown."""
    return goal.times / target.times if target.times and goal.times is not None else None


def viewing(view: View, target: Target) -> View | None:
    """The View whose views over time are a page goal's trend.

    ``None`` where there is no such View: a goal with a wildcard, or pages filtered already.
    """
    step = target.step
    if step.kind != "path" or "*" in (step.value[:1], step.value[-1:]):
        return None
    if view.match == "any" or any(one.field == "path" for one in view.filters):
        return None
    try:
        return view.adding(Filter("path", "eq", step.value), beside=False)
    except InvalidView:
        return None


def trend(series: EventSeries, target: Target) -> pd.DataFrame:
    """How often an event goal was reached over time: ``time`` and ``count``."""
    frame = series.frame
    fitting = [name for name in frame["event"].unique() if matches(target.step.value, name)]
    found = frame[frame["event"].isin(fitting)]
    return found.groupby("time")["count"].sum().reset_index()


def table(targets: Sequence[Target], goals: Sequence[Goal]) -> pd.DataFrame:
    """A row a goal: ``value``, ``kind``, ``times``, ``visitors``, ``conversion``, ``target``,
    ``reached``; what is unknown is ``NaN``."""
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
