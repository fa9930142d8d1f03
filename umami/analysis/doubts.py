"""What makes figures doubtful: hours without any row, an event or money that stopped, all pages
down at once, doubled views, and traffic that looks automated; each with its size.

Rows of a busy website never pause for long, so a pause is improbable when the expected rows make it
so. Rows come in visits and in waves; the spread of the counts around their expectation shows how
much, and the probability of a pause takes it into account.

Hours are naive starts of local hours, as in a chart by the hour: the one that a clock change skips
is absent, and the one that occurs twice is one bucket.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from umami.analysis.expected import complete_days

Numbers = NDArray[np.float64]

FEWEST_WEEKS: Final = 3
IMPROBABLE: Final = 1e-4
"""The probability of a pause below which it is a gap."""
AROUND: Final = 12
"""Hours before and after a pause that show how busy these days are."""
QUIETEST: Final = 0.25
"""How quiet they can make a day: what failed slowly must not excuse the pause after it."""
SHRINKING: Final = 3.0
"""The weeks of data after which an hour of the week counts as much as its hour of the day."""
STOPPED_DAYS: Final = 90
"""The latest days that tell how often an event occurs."""
DOWN: Final = 0.6
"""The part of its expected views below which a page is down."""
ALL_DOWN: Final = 0.8
"""The part of the pages, by expected views, that are down when all of them are."""
FEWEST_PAGES: Final = 3
FEWEST_VIEWS: Final = 10.0
"""The expected views of a day from which a page can be down."""
DOUBLED: Final = (1.6, 2.6)
"""The ratio of views per visit to its usual value between which views are doubled."""
FEWEST_VISITS: Final = 30
BASE_DAYS: Final = 28
"""Days that tell the usual views per visit."""
BOUNCES: Final = 0.98
SECONDS: Final = 1.0
VIEWS: Final = 1.05
"""The least bounce rate, the longest average visit and the most views per visit of automated
traffic."""
OTHERS_BOUNCE: Final = 0.85
"""The bounce rate of the other visits above which nothing tells automated visits from them."""
FEWEST_AUTOMATED: Final = 50
LEAST_SHARE: Final = 0.02
"""The visits, and the share of all visits, from which automated traffic matters."""
SUDDEN: Final = 2.0
"""The factor by which its share exceeds that of the time before."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Hours without any row, from ``start`` until ``end`` (excluded)."""

    start: pd.Timestamp
    end: pd.Timestamp
    missing: float
    """The rows that were to be expected."""

    @property
    def hours(self) -> int:
        """How many hours it lasts."""
        return int((self.end - self.start) / pd.Timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Stopped:
    """An event, or money, that has not occurred since a day (included)."""

    since: date
    days: int
    missing: float
    """The count or the amount that was to be expected since then."""


@dataclass(frozen=True, slots=True)
class AllDown:
    """Days on which (nearly) all pages had far fewer views, from first to last (included)."""

    first: date
    last: date
    pages: int
    """The most pages that were down on a day."""
    missing: float
    """The views that were to be expected and are absent."""


@dataclass(frozen=True, slots=True)
class Doubled:
    """Days with about twice the views per visit, from first to last (included)."""

    first: date
    last: date
    usual: float
    """The views per visit before."""
    actual: float
    extra: float
    """The views beyond the usual ones."""


@dataclass(frozen=True, slots=True)
class Automated:
    """A group of visits that looks automated."""

    name: str
    visits: int
    share: float
    """A fraction of all visits."""
    share_before: float | None
    """The same before; ``None`` if there was no time before."""


def expected_hours(hours: pd.Series) -> pd.Series | None:
    """The rows that each hour was to be expected to have, by hour of the week and by how busy the
    days around are; ``None`` with fewer than three weeks. A pause lowers no expectation."""
    pattern = hourly(hours)
    return None if pattern is None else pattern[0]


def hourly(hours: pd.Series) -> tuple[pd.Series, float] | None:
    """The expected rows of each hour, as ``expected_hours``, and their spread: their variance as a
    multiple of their expectation, at least 1."""
    rows = hours.to_numpy(dtype=float)
    if len(rows) < FEWEST_WEEKS * 7 * 24 or not np.nansum(rows):
        return None
    index = pd.DatetimeIndex(hours.index)
    usable = np.isfinite(rows)
    expected, spread = _profile(rows, index, usable)
    # Once more without the pauses that the first pass makes improbable.
    for first, last in _runs(rows == 0):
        usable[first:last] = _pause(expected[first:last].sum(), spread) >= IMPROBABLE
    expected, spread = _profile(rows, index, usable)
    return pd.Series(expected, index=hours.index), spread


def gaps(hours: pd.Series) -> tuple[Gap, ...]:
    """Pauses that the usual rhythm makes improbable, in order. ``hours`` counts rows by hour,
    complete hours only. An hour at night on a small website is no gap."""
    pattern = hourly(hours)
    if pattern is None:
        return ()
    expected, spread = pattern
    rows, usual = hours.to_numpy(dtype=float), expected.to_numpy()
    gaps = []
    for first, last in _runs(rows == 0):
        around = np.r_[max(0, first - AROUND) : first, last : min(len(rows), last + AROUND)]
        busy = rows[around].sum() / max(usual[around].sum(), 1e-9)
        missing = usual[first:last].sum()
        if _pause(missing * float(np.clip(busy, QUIETEST, 1.0)), spread) < IMPROBABLE:
            end = hours.index[last - 1] + pd.Timedelta(hours=1)
            gaps.append(Gap(hours.index[first], end, float(missing)))
    return tuple(gaps)


def stopped(history: pd.Series) -> Stopped | None:
    """Whether an event (its times by day) or money (its amount by day) has stopped: it does not
    occur since a day, for longer than it ever paused, and days without it are so rare before that
    as many of them are improbable. ``None`` if it goes on, or if it is too rare to tell."""
    daily = complete_days(history).iloc[-STOPPED_DAYS:].dropna()
    occurs = (daily > 0).to_numpy()
    since = int(np.flatnonzero(occurs)[-1]) + 1 if occurs.any() else 0
    before, pause = daily.iloc[:since], len(daily) - since
    if not pause or since < FEWEST_WEEKS * 7:
        return None
    pauses = _runs(~occurs[:since])
    if pause <= max((last - first for first, last in pauses), default=0):
        return None
    absent = (before == 0).groupby(pd.DatetimeIndex(before.index).day_of_week).agg(["sum", "count"])
    usual = ((before == 0).sum() + 0.5) / (since + 1)
    chances = (absent["sum"] + 2 * usual) / (absent["count"] + 2)
    weekdays = pd.DatetimeIndex(daily.index[since:]).day_of_week
    if float(chances.reindex(weekdays).to_numpy().prod()) >= IMPROBABLE:
        return None
    mean = before.groupby(pd.DatetimeIndex(before.index).day_of_week).mean()
    return Stopped(daily.index[since].date(), pause, float(mean.reindex(weekdays).sum()))


def all_down(pages: pd.DataFrame) -> tuple[AllDown, ...]:
    """Days on which pages with at least four fifths of the views are down by two fifths or more.
    ``pages`` has views, a row per day and a column per page. What a page has on a day is compared
    with the median of the same weekday in the four weeks before and after."""
    daily = pages.astype(float).asfreq("D")
    weekdays = pd.DatetimeIndex(daily.index).day_of_week
    expected = pd.concat(
        daily[weekdays == weekday].rolling(9, center=True, min_periods=4).median()
        for weekday in range(7)
    ).sort_index()
    judged = (expected >= FEWEST_VIEWS) & daily.notna()
    down = judged & (daily < DOWN * expected)
    weight = expected.where(judged, 0.0)
    part = weight.where(down, 0.0).sum(axis=1) / weight.sum(axis=1)
    days = (part >= ALL_DOWN) & (judged.sum(axis=1) >= FEWEST_PAGES)
    missing = (expected - daily).where(judged, 0.0).sum(axis=1)
    return tuple(
        AllDown(
            daily.index[first].date(),
            daily.index[last - 1].date(),
            int(down.iloc[first:last].sum(axis=1).max()),
            float(missing.iloc[first:last].sum()),
        )
        for first, last in _runs(days.to_numpy())
    )


def doubled(days: pd.DataFrame) -> tuple[Doubled, ...]:
    """Days on which a visit has about twice its usual views, as when a page counts each view twice.
    ``days`` has ``views`` and ``visits`` by day. Twice as many visits double nothing. The usual
    value is the median of the 28 days before that are not doubled themselves."""
    ratio = (days["views"] / days["visits"].where(days["visits"] >= FEWEST_VISITS)).to_numpy(float)
    marks, usual = np.zeros(len(ratio), dtype=bool), np.full(len(ratio), np.nan)
    base: list[float] = []
    for at, value in enumerate(ratio):
        if not np.isfinite(value):
            continue
        if len(base) >= 7:
            center = float(np.median(base))
            noise = float(np.median(np.abs(np.array(base) - center)))
            usual[at] = center
            marks[at] = DOUBLED[0] <= value / center <= DOUBLED[1] and value - center > 5 * noise
        if not marks[at]:
            base = [*base[1 - BASE_DAYS :], value]
    views, visits = days["views"].to_numpy(float), days["visits"].to_numpy(float)
    return tuple(
        Doubled(
            days.index[first].date(),
            days.index[last - 1].date(),
            float(usual[first]),
            float(views[first:last].sum() / visits[first:last].sum()),
            float((views - usual * visits)[first:last].sum()),
        )
        for first, last in _runs(marks)
    )


def automated(groups: pd.DataFrame, before: pd.DataFrame | None = None) -> tuple[Automated, ...]:
    """The sources, countries or browsers whose visits look automated, most visits first: (almost)
    all of them bounce after one view without any time, unlike those of the others, and their share
    of all visits has at least doubled since ``before``. Both frames have ``name``, ``visits``,
    ``views``, ``bounces`` and ``seconds`` (all visits together), each visit in one row.

    Without a time before, nothing is sudden and no group is reported."""
    known = groups.dropna(subset=["name", "visits", "views", "bounces", "seconds"])
    total = float(known["visits"].sum())
    if before is None or not total or not before["visits"].sum():
        return ()
    shares = before.groupby("name")["visits"].sum() / before["visits"].sum()
    visits = known["visits"].astype(float)
    share = visits / total
    earlier = known["name"].map(shares).fillna(0.0).astype(float)
    suspects = known[
        (visits >= FEWEST_AUTOMATED)
        & (share >= LEAST_SHARE)
        & (known["bounces"] >= BOUNCES * visits)
        & (known["seconds"] <= SECONDS * visits)
        & (known["views"] <= VIEWS * visits)
        & (share >= SUDDEN * earlier + LEAST_SHARE)
    ]
    others = known.drop(index=suspects.index)
    if suspects.empty or others["bounces"].sum() > OTHERS_BOUNCE * others["visits"].sum():
        return ()
    ranked = suspects.sort_values("visits", ascending=False)
    return tuple(
        Automated(str(known["name"][at]), int(visits[at]), float(share[at]), float(earlier[at]))
        for at in ranked.index
    )


def _profile(
    rows: Numbers, index: pd.DatetimeIndex, usable: NDArray[np.bool_]
) -> tuple[Numbers, float]:
    """Expected rows and their spread from the usable hours: the level of the days around, times the
    share of the hour of the week, which few weeks pull towards the hour of the day."""
    frame = pd.DataFrame({"rows": np.where(usable, rows, np.nan), "hour": index.hour})
    daily = frame["rows"].groupby(index.normalize()).mean()
    daily = daily.where(daily > 0)
    level_by_day = daily.rolling(7, center=True, min_periods=1).median()
    # A whole week at both ends, too, so that no weekday counts there more than others.
    level_by_day.iloc[:3] = daily.iloc[:7].median()
    level_by_day.iloc[-4:] = daily.dropna().iloc[-7:].median()
    level = np.maximum(level_by_day.reindex(index.normalize()).ffill().bfill().to_numpy(), 1e-9)
    share = frame["rows"] / level
    # A flood of rows in one hour is no rhythm.
    share = share.clip(upper=share.groupby(frame["hour"]).transform("quantile", 0.95))
    hourly = share.groupby(frame["hour"]).transform("mean")
    weekly = share.groupby(index.day_of_week * 24 + index.hour)
    count = weekly.transform("count")
    total = weekly.transform("sum")
    expected = ((total + SHRINKING * hourly) / (count + SHRINKING)).to_numpy() * level
    return expected, _spread(rows[usable], expected[usable])


def _spread(counts: Numbers, expected: Numbers) -> float:
    """The variance of counts as a multiple of their expectation, at least 1; robust."""
    busy = expected >= min(1.0, float(np.median(expected)))
    squares = (counts[busy] - expected[busy]) ** 2 / np.maximum(expected[busy], 1e-9)
    # 0.455 is the median of a chi-squared variable with one degree of freedom.
    return max(1.0, float(np.median(squares)) / 0.455) if len(squares) else 1.0


def _pause(expected: float, spread: float) -> float:
    """The probability of no row where some are expected: that of a negative binomial variable with
    this spread, which is ``exp(-expected)`` for a spread of 1."""
    excess = spread - 1
    return float(np.exp(-expected * (np.log(spread) / excess if excess > 1e-6 else 1.0)))


def _runs(marks: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Runs of marks: the first position and the one after the last."""
    edges = np.flatnonzero(np.diff(np.r_[False, marks, False].astype(np.int8)))
    yield from ((int(first), int(last)) for first, last in edges.reshape(-1, 2))
