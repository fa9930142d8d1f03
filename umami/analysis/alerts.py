"""Alerts: what they watch for, and when a history of a figure would have set them off.

Each hour or day is judged by what was known when it was complete, so that a later check and the
rehearsal before an alert is saved find the same episodes. Hours and days are naive local times, as
in ``umami.analysis.doubts`` and ``expected``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal, get_args

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from umami.analysis import doubts, expected
from umami.analysis.expected import Rhythm
from umami.analysis.pace import pace

Kind = Literal["above", "below", "changed", "unusual", "no_data", "new_value", "behind_pace"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
Span = Literal["hour", "day", "week"]
"""What is compared with the limit: a complete hour, a complete local day, or the last seven."""
Figure = Literal["visitors", "visits", "views", "bounce_rate", "conversions", "revenue"]
FIGURES: Final[tuple[Figure, ...]] = get_args(Figure)
NewField = Literal["referrer", "path", "country", "utmCampaign"]
NEW_FIELDS: Final[tuple[NewField, ...]] = get_args(NewField)


class Condition(BaseModel):
    """What an alert watches for.

    - ``above``, ``below``: ``figure`` in a ``span`` is beyond ``limit``.
    - ``changed``: it differs by more than ``limit`` (a fraction) from the same ``span`` a week
      earlier; ``direction`` says which way.
    - ``unusual``: it is outside of what is usual for that weekday (and hour); see
      ``umami.analysis.expected``. ``direction`` says which way.
    - ``no_data``: no view arrived for ``hours`` hours in which some are expected.
    - ``new_value``: a value of ``field`` has at least ``limit`` visitors on a day and had none in
      the 28 days before.
    - ``behind_pace``: ``figure`` will not reach ``limit`` by the end of the month (``pace``).

    Rates are fractions, money is in the currency of the View. The visitors of a week, or of a
    month, are the sum of those of its days.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    figure: Figure = "visitors"
    span: Span = "day"
    limit: Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False)] = 0.0
    direction: Literal["up", "down", "either"] = "either"
    hours: Annotated[int, Field(ge=1, le=72)] = 3
    field: NewField = "referrer"


DAY: Final = pd.Timedelta(days=1)
HOUR: Final = pd.Timedelta(hours=1)
WEEK: Final = pd.Timedelta(days=7)
BASE: Final = 180
"""Days that tell what is usual for a day, itself included."""
BASE_OF_HOURS: Final = 28
"""Days before an hour's own day that tell what is usual for that hour."""
HOUR_LIMIT: Final = 4.25
"""Usual deviations beyond which an hour is unusual. A month has more hours than days, so that the
limit of days would be exceeded by chance too often."""
FEWEST_OF_HOUR: Final = 20.0
"""The expected count of an hour, in units of its spread, from which twice as many or half of them
would stand out."""
BACK: Final = 0.5
"""The part of the limit within which an unusual figure is usual again."""
KNOWN_DAYS: Final = 28
"""Days before a value is new again."""
RATES: Final[frozenset[str]] = frozenset({"bounce_rate"})
"""The figures that are fractions."""
_PER_RATE: Final = 10_000
"""Rates are judged in basis points, as noise of counts does not apply to them."""


@dataclass(frozen=True, slots=True)
class Episode:
    """A time in which a condition held."""

    begin: pd.Timestamp
    end: pd.Timestamp | None
    """The beginning of the first hour or day without it; ``None`` while it lasts."""
    at: pd.Timestamp
    """The latest hour or day beyond the limit; of a week, its last day."""
    value: float
    """The figure then; for ``no_data`` the hours without a view, for ``behind_pace`` the sum of the
    month so far."""
    expected: float
    """What it was compared with: the limit, a week earlier, what was usual; for ``no_data`` the
    missing views, for ``behind_pace`` the most that the month is likely to end with."""
    name: str = ""
    """The new value of a field."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The episodes of a history, in order, and what else it tells."""

    episodes: tuple[Episode, ...]
    days: int
    """The days that could be judged."""
    latest: tuple[pd.Timestamp, float] | None = None
    """The latest hour or day that could be judged, and its figure; ``None`` if it is more than a
    day before the end of the history."""

    @property
    def lasting(self) -> tuple[Episode, ...]:
        """The episodes that have not ended."""
        return tuple(episode for episode in self.episodes if episode.end is None)


def episodes(
    condition: Condition,
    history: pd.DataFrame,
    now: pd.Timestamp,
    since: pd.Timestamp | None = None,
) -> tuple[Episode, ...]:
    """When a condition held, in order; see ``judge``."""
    return judge(condition, history, now, since).episodes


def judge(
    condition: Condition,
    history: pd.DataFrame,
    now: pd.Timestamp,
    since: pd.Timestamp | None = None,
) -> Judgement:
    """When a condition held, of the hours or days from ``since`` on that could be judged.

    ``history`` has a row for each hour or day up to ``now`` (naive local time), the running one
    last. Its column ``amount`` is the figure, for a rate to be divided by the column ``per``. For
    ``no_data`` it is the views by hour; for ``new_value`` each value of the field is a column with
    its visitors by day. A running hour or day is judged for ``above`` only, and ends ``no_data``.
    """
    if not len(history):
        return Judgement((), 0)
    first = pd.Timestamp(history.index[0])
    since = first if since is None else max(since, first)
    if condition.kind == "no_data":
        return _no_data(condition, history["amount"], now, since)
    if condition.kind == "new_value":
        return _new_values(condition, history, now, since)
    values = _values(condition, history)
    complete = values[_times(values) + _length(condition) <= now]
    if condition.kind == "unusual" and condition.span == "hour":
        judged = _unusual_hours(condition, complete, since)
    elif condition.kind == "unusual":
        judged = _unusual_days(condition, complete, since)
    elif condition.kind == "behind_pace":
        judged = _behind_pace(condition, complete, since)
    else:
        judged = _compared(condition, values, len(complete))[since:]
    return _judgement(condition, judged)


def _length(condition: Condition) -> pd.Timedelta:
    return HOUR if condition.span == "hour" and condition.kind != "behind_pace" else DAY


def _values(condition: Condition, history: pd.DataFrame) -> pd.Series:
    """The figure by hour, by day, or of the seven days that end with a day."""
    sums = history
    if condition.span == "week" and condition.kind != "behind_pace":
        sums = history.astype(float).asfreq("D").rolling(7).sum()
    amount = sums["amount"].astype(float)
    if "per" in sums:
        amount = amount / sums["per"].where(sums["per"] > 0)
    return amount


def _times(values: pd.Series | pd.DataFrame) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(values.index)


def _judged(values: pd.Series, reference: Any, beyond: Any, lasts: Any = False) -> pd.DataFrame:
    """Hours or days with their ``value``, what it is compared with (``expected``), whether it is
    ``beyond`` the limit, and whether an episode ``lasts`` although it is not. A row without a value
    or a reference cannot be judged."""
    frame = pd.DataFrame({"value": values, "expected": reference, "beyond": beyond, "lasts": lasts})
    return frame.astype({"beyond": bool, "lasts": bool})


def _compared(condition: Condition, values: pd.Series, complete: int) -> pd.DataFrame:
    """Values beyond a limit, or beyond a change from a week earlier."""
    if condition.kind == "above":
        judged = _judged(values, condition.limit, values > condition.limit)
        running = judged.iloc[complete:]
        return pd.concat([judged.iloc[:complete], running.loc[running["beyond"]]])
    values = values.iloc[:complete]
    if condition.kind == "below":
        return _judged(values, condition.limit, values < condition.limit)
    before = values.reindex(_times(values) - WEEK).set_axis(values.index)
    before = before.where(before > 0)
    change = values / before - 1
    beyond = _in_direction(condition, change) & (change.abs() > condition.limit)
    return _judged(values, before, beyond)


def _in_direction(condition: Condition, change: pd.Series) -> pd.Series:
    if condition.direction == "either":
        return change.notna()
    return change > 0 if condition.direction == "up" else change < 0


def _unusual_days(condition: Condition, values: pd.Series, since: pd.Timestamp) -> pd.DataFrame:
    """Days, or weeks, beyond what the history until then makes usual."""
    scale = _PER_RATE if condition.figure in RATES else 1
    known = values.first_valid_index()
    rows = []
    for day in values[since:].index:
        before = values[max(known, day - (BASE - 1) * DAY) : day]
        pattern = expected.rhythm(before * scale) if len(before) else None
        rows.append((np.nan, np.nan, np.nan) if pattern is None else _last(pattern))
    usual, distance, limit = np.array(rows, dtype=float).reshape(-1, 3).T
    return _beyond_usual(condition, values[since:], usual / scale, distance, limit)


def _last(pattern: Rhythm) -> tuple[float, float, float]:
    """What the last day was to be, its distance (of logarithms) from it, and the limit of that."""
    distance = pattern.residuals * pattern.deviation
    return float(pattern.expected[-1]), float(distance[-1]), float(pattern.limits[-1])


def _beyond_usual(
    condition: Condition, values: pd.Series, usual: Any, distance: Any, limit: Any
) -> pd.DataFrame:
    distances = pd.Series(distance, index=values.index, dtype=float)
    wanted, size = _in_direction(condition, distances), distances.abs()
    reference = pd.Series(usual, index=values.index).where(distances.notna())
    return _judged(values, reference, wanted & (size > limit), wanted & (size > BACK * limit))


def _unusual_hours(condition: Condition, values: pd.Series, since: pd.Timestamp) -> pd.DataFrame:
    """Hours beyond what the four weeks before their day make usual for that hour of the week."""
    frames = [
        _unusual_hours_of(condition, values[day - BASE_OF_HOURS * DAY : day - HOUR], hours)
        for day, hours in values[since:].groupby(_times(values[since:]).normalize())
    ]
    return pd.concat(frames) if frames else _judged(values[:0], 0.0, False)


def _unusual_hours_of(condition: Condition, before: pd.Series, hours: pd.Series) -> pd.DataFrame:
    """The hours of one day."""
    scale = _PER_RATE if condition.figure in RATES else 1
    unknown = pd.Series(np.nan, index=hours.index)
    pattern = doubts.hourly(pd.concat([before * scale, unknown]))
    if pattern is None:
        return _judged(hours, np.nan, False)
    usual, spread = pattern
    earlier, coming = usual.iloc[: len(before)], usual.iloc[len(before) :]
    busy = earlier >= earlier.median()
    noise = _distance(before * scale, earlier)[busy].dropna().to_numpy(float)
    least = expected.robust_deviation(noise)
    deviation = np.maximum(np.sqrt(spread / np.maximum(coming, 1.0)), least)
    limit = np.maximum(HOUR_LIMIT * deviation, expected.LEAST_CHANGE)
    distance = _distance(hours * scale, coming).where(coming >= FEWEST_OF_HOUR * spread)
    return _beyond_usual(condition, hours, coming / scale, distance, limit)


def _distance(counts: pd.Series, usual: pd.Series) -> pd.Series:
    """The logarithms of counts, in relation to what is usual."""
    values, expectation = counts.clip(lower=0).to_numpy(float), usual.to_numpy(float)
    logs = np.log(values + expected.OFFSET) - np.log(expectation + expected.OFFSET)
    return pd.Series(logs, index=counts.index)


def _behind_pace(condition: Condition, values: pd.Series, since: pd.Timestamp) -> pd.DataFrame:
    """Days after which the month was likely to miss the limit; it catches up once its likely end
    reaches the limit."""
    rows = []
    for day in values[since:].index:
        end = pace(values[:day], day.date(), condition.limit, months=0)
        if end is None:
            rows.append((np.nan, np.nan, False, False))
        else:
            missed = end.verdict == "below"
            rows.append((end.so_far, end.high, missed, missed or end.middle < condition.limit))
    columns = ["value", "expected", "beyond", "lasts"]
    judged = pd.DataFrame(rows, index=values[since:].index, columns=columns)
    return judged.astype({"beyond": bool, "lasts": bool})


def _judgement(condition: Condition, judged: pd.DataFrame) -> Judgement:
    known = judged[["value", "expected"]].notna().all(axis=1).to_numpy()
    latest = None
    if known.any() and judged.index[-1] - judged.index[known][-1] < DAY:
        latest = judged.index[known][-1], float(judged["value"].to_numpy()[known][-1])
    days = len(pd.DatetimeIndex(judged.index[known]).normalize().unique())
    return Judgement(tuple(_spans(condition, judged, known)), days, latest)


def _spans(condition: Condition, judged: pd.DataFrame, known: Any) -> Iterator[Episode]:
    """Rows beyond the limit in a row, on the same side of what they are compared with. A row that
    cannot be judged ends no episode. A month that ends ends that of its pace."""
    rows = list(zip(judged.index, judged["value"], judged["expected"], strict=True))
    running: Episode | None = None
    for row, judgeable, beyond, lasts in zip(
        rows, known, judged["beyond"], judged["lasts"], strict=True
    ):
        at, value, reference = row
        same = running is None or (value > reference) == (running.value > running.expected)
        over = judgeable and not (same and (beyond or lasts))
        over |= condition.kind == "behind_pace" and at.day == 1
        if running and over:
            yield replace(running, end=at)
            running = None
        if judgeable and beyond:
            begin = running.begin if running else at
            running = Episode(begin, None, at, float(value), float(reference))
    if running:
        yield running


def _no_data(
    condition: Condition, views: pd.Series, now: pd.Timestamp, since: pd.Timestamp
) -> Judgement:
    complete = views[_times(views) + HOUR <= now]
    if len(complete) < doubts.FEWEST_WEEKS * 7 * 24 or not complete.sum():
        return Judgement((), 0)
    end = _times(complete)[-1] + HOUR
    again = bool(views[end:].sum())
    pauses = [gap for gap in doubts.gaps(complete) if gap.hours >= condition.hours]
    spans = tuple(
        Episode(
            gap.start,
            gap.end if gap.end < end or again else None,
            gap.end - HOUR,
            float(gap.hours),
            gap.missing,
        )
        for gap in pauses
        if gap.end > since
    )
    days = len(pd.DatetimeIndex(complete[since:].index).normalize().unique())
    return Judgement(spans, days, (complete.index[-1], float(complete.iloc[-1])))


def _new_values(
    condition: Condition, history: pd.DataFrame, now: pd.Timestamp, since: pd.Timestamp
) -> Judgement:
    counts = history[_times(history) + DAY <= now].astype(float).fillna(0.0)
    before = counts.rolling(KNOWN_DAYS).sum().shift()
    # The first weeks have no earlier ones that could have had a value.
    judged = before.index[KNOWN_DAYS:]
    judged = judged[judged >= since]
    new = (counts >= max(1.0, condition.limit)) & (before < 1)
    spans = tuple(
        Episode(
            day,
            None if day == counts.index[-1] else day + DAY,
            day,
            float(counts[name][day]),
            0.0,
            str(name),
        )
        for day in judged
        for name in counts.columns[new.loc[day]]
    )
    latest = (judged[-1], 0.0) if len(judged) else None
    return Judgement(spans, len(judged), latest)
