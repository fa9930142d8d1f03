"""Whether alerts find days and hours that were planted in generated traffic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tests.support.generated_traffic import site
from umami.analysis.alerts import DAY, HOUR, Condition, episodes

UNUSUAL_HOURS = Condition(kind="unusual", span="hour", figure="views")


@dataclass(slots=True)
class Tally:
    """How many were planted, how many of them were found, and what was found besides."""

    planted: int = 0
    marked: int = 0
    wrong: int = 0
    months: float = 0.0

    @property
    def recall(self) -> float:
        """The part of the planted ones that was found."""
        return self.marked / self.planted

    @property
    def wrong_a_month(self) -> float:
        """False alarms a month."""
        return self.wrong / self.months


def days(seeds: Sequence[int], length: int) -> Tally:
    """Days of twice or half the visits, about one a month, and the alert on unusual days."""
    tally = Tally(months=len(seeds) * length / 30.4)
    for seed in seeds:
        traffic = site(seed, 400 + length)
        index = traffic.mean.index[-length:]
        chosen = index[traffic.random.choice(length, length // 30, replace=False)]
        factor = pd.Series(1.0, index=traffic.mean.index)
        factor[chosen] = np.resize([2.0, 0.5], len(chosen))
        history = traffic.visits(factor=factor).to_frame("amount")
        end = index[-1] + DAY
        spans = episodes(Condition(kind="unusual"), history, end, index[0])
        tally.planted += len(chosen)
        tally.marked += sum(any(e.begin <= day < (e.end or end) for e in spans) for day in chosen)
        tally.wrong += sum(episode.begin not in chosen for episode in spans)
    return tally


def hours(seeds: Sequence[int], length: int) -> tuple[Tally, Tally]:
    """By day, three pauses of three hours and the alert on missing views; and three hours of twice
    or half the views, and the alert on unusual hours."""
    months = len(seeds) * length / 30.4
    silent, unusual = Tally(months=months), Tally(months=months)
    for seed in seeds:
        traffic = site(seed, 450)
        views = traffic.views_by_hour(traffic.visits()[-length - 28 :])
        busy = views.index[views.index.hour.isin(range(10, 20))][10 * 28 :]
        chosen = busy[traffic.random.choice(len(busy) // 40, 6, replace=False) * 40]
        for pause in chosen[:3]:
            views[pause : pause + 2 * HOUR] = 0.0
        views[chosen[3:]] = (views[chosen[3:]] * [2.0, 0.5, 2.0]).round()
        since, end = views.index[28 * 24], views.index[-1] + HOUR
        for tally, condition, wanted in (
            (silent, Condition(kind="no_data"), chosen[:3]),
            (unusual, UNUSUAL_HOURS, chosen[3:]),
        ):
            spans = episodes(condition, views.to_frame("amount"), end, since)
            tally.planted += len(wanted)
            tally.marked += sum(any(e.begin <= hour <= e.at for e in spans) for hour in wanted)
            tally.wrong += sum(
                not any(abs(e.begin - hour) < 4 * HOUR for hour in chosen) for e in spans
            )
    return silent, unusual
