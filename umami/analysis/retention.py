"""Cohorts: the share of visitors that returned, by day, week or month, and on average."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

import pandas as pd

from umami.api.reports import Retention

Grain = Literal["day", "week", "month"]
GRAINS: Final[tuple[Grain, ...]] = get_args(Grain)
SMALL: Final = 20
"""Visitors below which a cohort's shares are noise: one visitor is five points or more."""
LAST_DAY: Final = 31
"""The last day after the first visit that Umami counts."""
WEEKS: Final[tuple[tuple[int, int], ...]] = ((1, 7), (8, 14), (15, 21), (22, 28))


@dataclass(frozen=True, slots=True)
class Cohorts:
    """Cohorts by the day, week or month of their first visit, and how many visitors returned.

    ``sizes`` has the visitors of each cohort (a row, by its first local day). ``returned`` and
    ``possible`` have the same rows and a column per step: a day after the first visit (1 to 31), or
    a week of such days. ``possible`` are the visitor-days of the step that have passed,
    ``returned`` those of them on which the visitor returned.
    """

    sizes: "pd.Series[int]"
    returned: pd.DataFrame
    possible: pd.DataFrame
    steps: tuple[tuple[int, int], ...]
    """First and last day of each step."""

    @property
    def shares(self) -> pd.DataFrame:
        """The fraction of the cohort that returned on an average day of a step; ``NaN`` before the
        step begins."""
        return self.returned / self.possible.where(self.possible > 0)

    @property
    def average(self) -> "pd.Series[float]":
        """Shares over all cohorts by step, weighted by the size of the cohorts."""
        possible = self.possible.sum()
        return self.returned.sum() / possible.where(possible > 0)

    @property
    def small(self) -> "pd.Series[bool]":
        """The cohorts whose shares are noise."""
        return self.sizes < SMALL


def cohorts(answer: Retention, until: pd.Timestamp, grain: Grain) -> Cohorts:
    """Cohorts of an answer whose period ends on the local day ``until``. Later days are not
    counted, so they are no steps of a cohort. A visitor who returns on two days of a week counts as
    two visitor-days, as no server returns distinct visitors by week."""
    frame = answer.frame
    sizes = frame.groupby("cohort")["size"].max()
    days = pd.RangeIndex(1, LAST_DAY + 1)
    returned = (
        frame.groupby(["cohort", "day"])["returned"]
        .sum()
        .unstack()
        .reindex(index=sizes.index, columns=days)
        .fillna(0)
    )
    ages = (until - pd.DatetimeIndex(sizes.index)).days.to_numpy()
    passed = ages[:, None] >= days.to_numpy()[None, :]
    possible = pd.DataFrame(passed, index=sizes.index, columns=days).mul(sizes, axis=0)
    if grain == "day":
        steps = tuple((day, day) for day in days)
        return Cohorts(sizes, returned.astype("int64"), possible.astype("int64"), steps)
    first = _firsts(pd.DatetimeIndex(sizes.index), grain)
    return Cohorts(
        sizes.groupby(first).sum().rename_axis("cohort"),
        _weekly(returned).groupby(first).sum().rename_axis("cohort"),
        _weekly(possible).groupby(first).sum().rename_axis("cohort"),
        WEEKS,
    )


def suggested(period_days: int) -> Grain:
    """The grain whose cohorts fit on a screen."""
    if period_days <= 14:
        return "day"
    return "week" if period_days <= 190 else "month"


def _firsts(days: pd.DatetimeIndex, grain: Grain) -> pd.DatetimeIndex:
    """The first day of the week (a Monday) or month of each day."""
    if grain == "month":
        return days.to_period("M").to_timestamp()
    return days - pd.to_timedelta(days.day_of_week, unit="D")


def _weekly(daily: pd.DataFrame) -> pd.DataFrame:
    days = daily.to_numpy()
    summed = {
        week: days[:, first - 1 : last].sum(axis=1) for week, (first, last) in enumerate(WEEKS, 1)
    }
    return pd.DataFrame(summed, index=daily.index).astype("int64")
