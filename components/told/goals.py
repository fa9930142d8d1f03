"""Goals: which ones are meant, how often they were reached, their trend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from components import formats
from components.charts import sparkline as drawn
from components.charts.tiles import Tile, counted, rated
from components.fields import Field
from umami.analysis import goals as analysis
from umami.analysis.steps import Target, read_targets
from umami.endpoint import Query
from umami.endpoints import reports
from umami.memoize import memoize
from umami.models.events import EventSeries
from umami.models.reports import Goal
from umami.models.traffic import Timeline
from umami.view import View

MOST: Final = 12
NO_TREND: Final = "Its trend is shown for a single page, without a filter on pages."
NOT_REACHED: Final = "It was not reached in this period."


def read(given: Mapping[str, Sequence[str]]) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """The goals that a page's parameters spell, and what is wrong with them."""
    found, faults = read_targets(given.get("goal", ()))
    if len(found) > MOST:
        faults = (*faults, f"At most {MOST} goals are shown; the others are left out.")
    return found[:MOST], faults


def asked(target: Target, view: View) -> Query[Goal]:
    """How often a goal was reached in a View."""
    return reports.goal(view, target.step.kind, target.step.value)


def figures(now: Goal, before: Goal | None = None) -> list[Tile]:
    """How often it was reached, and by how many."""
    return [
        counted("Times", now.times, before.times if before else None, "How often it happened."),
        counted(
            "Visitors",
            now.visitors,
            before.visitors if before else None,
            "Visitors who reached it at least once.",
        ),
        rated(
            "Conversion",
            now.conversion,
            before.conversion if before else None,
            "Visitors who reached it, of all visitors of the period.",
        ),
    ]


def reached(target: Target, now: Goal) -> tuple[float, str] | None:
    """How far that is of the target, as a fraction and in words; ``None`` without one."""
    share = analysis.reached(now, target)
    if share is None:
        return None
    return share, f"{formats.percent(share)} of the target of {formats.whole(target.times)}"


def of_event(view: View, target: Target, series: EventSeries) -> drawn.Trend | None:
    """The trend of an event; ``None`` where it never happened."""
    frame = analysis.trend(series, target)
    return _trend(view, target, list(frame["time"]), list(frame["count"]), "times")


def of_page(view: View, target: Target, timeline: Timeline) -> drawn.Trend | None:
    """The trend of a page; ``None`` where nobody saw it."""
    frame = timeline.frame
    return _trend(view, target, list(frame["time"]), list(frame["views"]), "views")


def _trend(
    view: View,
    target: Target,
    times: Sequence[pd.Timestamp],
    values: Sequence[float],
    what: str,
) -> drawn.Trend | None:
    if not any(values):
        return None
    return drawn.trend(times, values, view.period.unit, what, target.times or None)


@memoize
def listed(wanted: Sequence[Target], answers: Sequence[Goal]) -> tuple[pd.DataFrame, list[Field]]:
    """A row a goal."""
    return analysis.table(wanted, answers), [
        Field("value", "Goal", "text"),
        Field("kind", "Kind", "text"),
        Field("times", "Times"),
        Field("visitors", "Visitors"),
        Field("conversion", "Conversion", "percent"),
        Field("target", "Target"),
        Field("reached", "Of the target", "percent"),
    ]
