"""The history by hour or day that an alert is judged by, as ``umami.analysis.alerts.judge`` takes
it.

The number of requests is bounded: one for half a year of days, and one for two days of hours.
Servers of Umami report neither visits nor conversions by day, so that each day is a request, for at
most ``ONE_BY_ONE`` days; the values of a field are one request a day on any server.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from components import conversions, converters, doubtful, history, visit_tables
from components.loading import Collector
from components.texts import N_
from components.view_description import NO_VIEWS_OF_EVENTS, why_unknown
from umami.analysis.alerts import KNOWN_DAYS, RATES, Condition
from umami.api import revenue, traffic, websites
from umami.api.conversions import over_time
from umami.api.traffic import Ranking
from umami.conversion import Conversion
from umami.errors import InvalidView, NotOffered
from umami.period import MILLISECOND, Period, hour_end, midnight, zone
from umami.view import View

ONE_BY_ONE: Final = 98
"""The most days that are asked for one by one."""
VALUES: Final = 500
"""The most values of a field that are asked for by day."""
NO_CONVERSION: Final = N_("Choose what counts as a conversion.")
NO_CURRENCY: Final = N_("Choose the currency of the revenue.")
BY_DAY_ONLY: Final = N_("This server reports this figure by day, not by hour.")


@dataclass(frozen=True, slots=True)
class Buckets:
    """Which hours or days of a View are asked for: the latest ``days`` until ``now`` (aware)."""

    view: View
    unit: Literal["hour", "day"]
    now: datetime
    days: int
    running: bool
    """Whether the running hour or day is asked for, too."""

    @property
    def wall(self) -> pd.Timestamp:
        """The local time of ``now``."""
        return wall(self.view, self.now)

    def parts(self) -> Iterator[View]:
        """Views that every server counts by this unit, in order; the running hour or day is one of
        its own, so that the answers about the others can be used again."""
        period = self.view.period
        if self.unit == "hour":
            end = self.now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
            start = end - timedelta(days=1)
            until = Period(start, end - MILLISECOND, "hour", period.timezone)
            yield from doubtful.by_hour(self.view.of_period(until), self.days)
            start = end
        else:
            yesterday = self.wall.date() - timedelta(days=1)
            start = midnight(self.wall.date(), zone(period.timezone))
            for first in range(self.days, 0, -history.STRETCH):
                length = min(first, history.STRETCH)
                last = yesterday - timedelta(days=first - length)
                yield history.of_days(self.view, last, length)
        if self.running:
            end = hour_end(self.wall_aware).astimezone(UTC) - MILLISECOND
            yield self.view.of_period(Period(start, end, self.unit, period.timezone))

    @property
    def wall_aware(self) -> datetime:
        """``now`` in the time zone of the View."""
        return self.now.astimezone(zone(self.view.period.timezone))

    def one_by_one(self) -> list[View]:
        """A View for each complete day, and one for the running one, in order."""
        yesterday = self.wall.date() - timedelta(days=1)
        ago = range(min(self.days, ONE_BY_ONE) - 1, -1, -1)
        listed = [history.of_days(self.view, yesterday - timedelta(days=at), 1) for at in ago]
        return [*listed, *([*self.parts()][-1:] if self.running else [])]


def wall(view: View, instant: datetime) -> pd.Timestamp:
    """An instant as naive local time of a View."""
    local: pd.Timestamp = pd.Timestamp(instant).tz_convert(view.period.timezone)
    return local.tz_localize(None)


def of_figure(
    query: Collector, view: View, condition: Condition, now: datetime, days: int
) -> tuple[pd.DataFrame, str]:
    """The figure by hour or day from the first complete one with records on, and its currency
    (``""`` unless it is revenue). Waits for the answers; raises ``UmamiError``, which says why a
    server does not tell it."""
    figure = "views" if condition.kind == "no_data" else condition.figure
    hourly = condition.kind == "no_data" or (
        condition.span == "hour" and condition.kind != "behind_pace"
    )
    running = condition.kind in ("above", "no_data")
    buckets = Buckets(view, "hour" if hourly else "day", now, days, running)
    recorded = query.optional(websites.daterange(view.website))
    if not view.keeps_views and figure not in ("conversions", "revenue"):
        raise NotOffered(NO_VIEWS_OF_EVENTS)
    if figure in RATES and (why := why_unknown(view)):
        raise NotOffered(why)
    if figure in RATES and condition.kind == "behind_pace":
        raise InvalidView(N_("A rate has no sum of a month."), remedy=N_("Choose another figure."))
    currency = ""
    if figure in ("visitors", "views"):
        frame = _traffic(query, buckets, figure)
    elif figure in ("conversions", "revenue"):
        conversion = conversions.chosen(query, view)
        if not conversion:
            raise NotOffered(NO_CONVERSION)
        if figure == "revenue" and not conversion.currency:
            raise NotOffered(NO_CURRENCY)
        currency = conversion.currency if figure == "revenue" else ""
        frame = _brought(query, buckets, conversion, figure)
    else:
        frame = _visits(query, buckets, figure)
    frame = frame.groupby(level="time").sum().sort_index()
    first = recorded.result()
    if first and first.start:
        frame = frame[frame.index >= wall(view, first.start)]
    else:
        frame = frame[frame["amount"].cumsum() > 0]
    if hourly and condition.kind != "no_data":
        frame = frame[~_is_repeated(frame, view)]
    return frame, currency


def of_field(
    query: Collector, view: View, condition: Condition, now: datetime, days: int
) -> pd.DataFrame:
    """The visitors of each value of the field by complete day, for so many days and the four weeks
    before: a request for each day. For one day, the four weeks are a single request, whose visitors
    are those of their first day. Waits for the answers; raises ``UmamiError``."""
    last = wall(view, now).date() - timedelta(days=1)
    recorded = query.optional(websites.daterange(view.website))
    spans = [(last - timedelta(days=ago), 1) for ago in range(days + KNOWN_DAYS - 1, -1, -1)]
    if days == 1:
        spans = [(last - timedelta(days=1), KNOWN_DAYS), (last, 1)]
    views = [history.of_days(view, end, length) for end, length in spans]
    replies = [query.ask(traffic.metrics(each, condition.field, VALUES)) for each in views]
    rankings = [answer.result() for answer in replies]
    counts = {
        pd.Timestamp(each.period.days[0]): _counts(ranking)
        for each, ranking in zip(views, rankings, strict=True)
    }
    if days == 1 and len(rankings[0].rows) >= VALUES:
        first = pd.Timestamp(views[0].period.days[0])
        unsure = [name for name in counts[pd.Timestamp(last)] if name not in counts[first]]
        counts[first] |= _searched(query, views[0], condition, unsure)
    index = pd.date_range(last - timedelta(days=days + KNOWN_DAYS - 1), last, freq="D")
    frame = pd.DataFrame.from_dict(counts, orient="index", dtype=float).reindex(index).fillna(0.0)
    start = recorded.result()
    if start and start.start:
        frame = frame[frame.index >= wall(view, start.start).floor("D")]
    return frame


def _searched(
    query: Collector, view: View, condition: Condition, names: Sequence[str]
) -> dict[str, float]:
    """The visitors of those among these values that a list was too long for."""
    replies = [
        query.ask(traffic.metrics(view, condition.field, VALUES, search=name))
        for name in names[:ONE_BY_ONE]
    ]
    counts: dict[str, float] = {}
    for answer in replies:
        counts |= _counts(answer.result())
    return counts


def _counts(ranking: Ranking) -> dict[str, float]:
    return {row.name or "": float(row.count) for row in ranking.rows}


def _traffic(query: Collector, buckets: Buckets, figure: str) -> pd.DataFrame:
    replies = [query.ask(traffic.pageviews(part)) for part in buckets.parts()]
    column = "sessions" if figure == "visitors" else "views"
    return _joined([answer.result().frame.rename(columns={column: "amount"}) for answer in replies])


def _visits(query: Collector, buckets: Buckets, figure: str) -> pd.DataFrame:
    """Visits, or bounces per visits."""
    columns = {"visits": "amount"} if figure == "visits" else {"bounces": "amount", "visits": "per"}
    if buckets.view.whole_visits:
        frames = _groups(query, buckets, Conversion())
    else:
        views = _listed(buckets)
        totals = [query.ask(traffic.stats(each)) for each in views]
        frames = [
            _bucket(
                each, visits=answer.result().current.visits, bounces=answer.result().current.bounces
            )
            for each, answer in zip(views, totals, strict=True)
        ]
    return _joined([frame.rename(columns=columns) for frame in frames])


def _brought(
    query: Collector, buckets: Buckets, conversion: Conversion, figure: str
) -> pd.DataFrame:
    """Conversions or revenue, as the tiles count them."""
    frames: list[pd.DataFrame]
    if buckets.view.whole_visits:
        frames = _groups(query, buckets, conversion)
    elif figure == "revenue":
        charts = [
            query.ask(revenue.revenue_chart(part, conversion.currency)) for part in buckets.parts()
        ]
        frames = [chart.result()[["time", "amount"]] for chart in charts]
        return _complete(_joined(frames), buckets)
    else:
        views = _listed(buckets)
        lists = [converters.ask(query, each, conversion) for each in views]
        frames = []
        for each, answer in zip(views, lists, strict=True):
            if (page := answer.result()) is None:
                raise NotOffered(converters.UNTOLD)
            frames.append(_bucket(each, conversions=page.count))
    return _joined([frame.rename(columns={figure: "amount"}) for frame in frames])


def _complete(frame: pd.DataFrame, buckets: Buckets) -> pd.DataFrame:
    """Zeros for the buckets of a chart of purchases without any."""
    axes = [part.period.axis() for part in buckets.parts()]
    index = pd.DatetimeIndex(sorted({time for axis in axes for time in axis}), name="time")
    return frame.groupby(level="time").sum().reindex(index, fill_value=0.0)


def _listed(buckets: Buckets) -> list[View]:
    if buckets.unit == "hour":
        raise NotOffered(BY_DAY_ONLY)
    return buckets.one_by_one()


def _bucket(view: View, **counts: int) -> pd.DataFrame:
    time = pd.Timestamp(view.period.days[0])
    return pd.DataFrame({"time": [time], **{name: [count] for name, count in counts.items()}})


def _groups(query: Collector, buckets: Buckets, conversion: Conversion) -> list[pd.DataFrame]:
    ask = visit_tables.groups_query(conversion, "time")
    parts = [*buckets.parts()]
    answers = [query.ask(ask(part)) for part in parts]
    return [
        over_time(answer.result(), part.period) for part, answer in zip(parts, answers, strict=True)
    ]


def _joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    frame = pd.concat([frame.set_index("time") for frame in frames])
    return frame[[name for name in ("amount", "per") if name in frame]].astype(float)


def _is_repeated(frame: pd.DataFrame, view: View) -> Any:
    """Which hours the clocks repeat, so that they have the counts of two."""
    index, local = pd.DatetimeIndex(frame.index), view.period.timezone
    early, late = (
        index.tz_localize(local, ambiguous=np.full(len(index), dst), nonexistent="shift_forward")
        for dst in (True, False)
    )
    return early != late
