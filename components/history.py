"""The traffic of about a year by day, against which the days of a View are measured."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

import pandas as pd

from components import conversions, visit_tables
from components.blocks import Params
from components.charts.over_time import UNUSUAL
from components.loading import Collector
from umami.analysis import expected
from umami.analysis.expected import Marks, Rhythm, Stretch, UnusualDay
from umami.api import traffic
from umami.api.conversions import over_time
from umami.api.traffic import Timeline
from umami.memoize import memoize
from umami.period import EARLIEST, Period, zone
from umami.view import View

STRETCH: Final = 180
"""Days of a query: servers count longer ranges by month."""
DAYS: Final = 2 * STRETCH
AFTER: Final = 14
"""Days after a View whose traffic is asked for."""
FIRST: Final = EARLIEST.date() + timedelta(days=1)
"""The first day that periods of every time zone can have."""
VISITORS: Final = "sessions"
OF_VISITS: Final = ("visits", "conversions")
"""Columns that only servers that keep whole visits tell by day."""

NO_TRAFFIC: Final = pd.DataFrame(
    {"views": [], "sessions": []}, index=pd.DatetimeIndex([], name="time")
)


def ask(query: Collector, view: View) -> tuple[Future[Timeline | None], ...]:
    """Send the queries for the traffic of about a year of complete days, after those of the first
    screen. The days end two weeks after the View, so that unusual days are the same in each View
    that contains some of them."""
    with query.later():
        return tuple(query.optional(traffic.pageviews(part)) for part in _around(view))


def ask_shown(query: Collector, view: View, params: Params) -> tuple[Future[Any], ...]:
    """Send the queries of ``ask`` and, where the chart of the traffic shows visits or conversions,
    those for their days: the arguments of ``shown``. Only servers that keep whole visits tell these
    in one query for half a year."""
    days = ask(query, view)
    if not view.whole_visits or next(reversed(params.get("chart", ())), "") not in OF_VISITS:
        return days
    ask_visits = visit_tables.groups_query(conversions.chosen(query, view), "time")
    with query.later():
        visits = [
            query.known(ask_visits(part), partial(over_time, period=part.period))
            for part in _around(view)
        ]
    return (*days, *visits)


def _around(view: View) -> list[View]:
    return views(view, min(view.period.days[1] + timedelta(days=AFTER), yesterday(view)))


def yesterday(view: View) -> date:
    """The last complete day."""
    return datetime.now(zone(view.period.timezone)).date() - timedelta(days=1)


def views(view: View, last: date) -> list[View]:
    """The Views of about a year of days up to ``last``, in order; each can be asked by day."""
    ends = [last - timedelta(days=days) for days in range(DAYS - STRETCH, -1, -STRETCH)]
    return [of_days(view, end) for end in ends if end >= FIRST]


def last_day(view: View) -> date:
    """The last complete day of a View."""
    return min(view.period.days[1], yesterday(view))


def of_days(view: View, last: date, days: int = STRETCH) -> View:
    """The View of so many days that end with ``last``, by the day and without a comparison."""
    first = min(last, max(last - timedelta(days=days - 1), FIRST))
    period = Period.of_days(first, last, view.period.timezone, unit="day")
    return view.of_period(period)


def joined(answers: Iterable[Any]) -> pd.DataFrame:
    """The ``Timeline`` frames among the answers of a section as one frame by day, from the first
    day with any traffic on."""
    return _joined(tuple(answer for answer in answers if isinstance(answer, Timeline)))


def shown(answers: Iterable[Timeline | pd.DataFrame | None]) -> pd.DataFrame:
    """The days of ``joined``, with the visits and conversions among the answers of
    ``ask_shown``."""
    answers = [*answers]
    days = joined(answers)
    visits = tuple(answer for answer in answers if isinstance(answer, pd.DataFrame))
    return _with_visits(days, visits) if visits else days


@memoize
def _with_visits(days: pd.DataFrame, visits: tuple[pd.DataFrame, ...]) -> pd.DataFrame:
    counts = pd.concat(visits, ignore_index=True).set_index("time")[[*OF_VISITS]]
    return days.assign(**{name: on_days(counts[name], days.index) for name in OF_VISITS})


@memoize
def _joined(timelines: tuple[Timeline, ...]) -> pd.DataFrame:
    if not timelines:
        return NO_TRAFFIC
    frames = [timeline.frame for timeline in timelines]
    days = pd.concat(frames, ignore_index=True).set_index("time")
    return from_first_view(days[~days.index.duplicated()])


def from_first_view(traffic: pd.DataFrame) -> pd.DataFrame:
    """The traffic by time from the first time with any view on."""
    counted = traffic["views"].to_numpy().nonzero()[0]
    return traffic.iloc[counted[0] :] if len(counted) else traffic.iloc[:0]


def on_days(counts: pd.Series[Any], days: pd.Index[Any]) -> pd.Series[Any]:
    """The counts of these days; 0 for a day without one. Answers may share a day."""
    return counts[~counts.index.duplicated()].reindex(days, fill_value=0)


@memoize
def rhythm(days: pd.DataFrame, column: str) -> Rhythm | None:
    """The pattern of a count by day, which takes some tens of milliseconds; ``None``
    where the history is too short or too thin."""
    return expected.rhythm(days[column])


@memoize
def unusual_days(days: pd.DataFrame, column: str) -> tuple[UnusualDay, ...]:
    """The days with unusually many or few of what a column counts."""
    pattern = rhythm(days, column)
    return expected.unusual_days(pattern) if pattern else ()


def unusual_stretches(days: pd.DataFrame) -> tuple[Stretch, ...]:
    """The stretches of days with unusually many or few visitors."""
    return expected.stretches(unusual_days(days, VISITORS))


@memoize
def marks(days: pd.DataFrame, period: Period) -> dict[str, Marks]:
    """The usual range on the days of a period, which includes 80% of usual days, and its unusual
    days, by column; none for other buckets than days, and where the history is too short."""
    by_column: dict[str, Marks] = {}
    if period.unit != "day":
        return by_column
    axis = period.axis()
    for column in filter(days.columns.__contains__, UNUSUAL):
        if pattern := rhythm(days, column):
            band = expected.band(pattern)
            unusual = (day for day in unusual_days(days, column) if pd.Timestamp(day.day) in axis)
            if len(within := band[band.index.isin(axis)]):
                by_column[column] = Marks(within, tuple(unusual))
    return by_column
