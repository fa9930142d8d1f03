"""Realistic traffic of websites, reproducible: a season, growth, weekdays, and noise that lasts for
days and has heavy tails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from umami.embedded.demo import scenario

Numbers = NDArray[np.float64]

LAST = date(2026, 11, 29)
HOURS = np.array(scenario.HOURS)
"""Weights of the hours of a day, those of the demo."""
VIEWS = 2.6
"""Views per visit."""


@dataclass(slots=True)
class Site:
    """A website; ``mean`` are its expected visits by day, noise included."""

    mean: pd.Series
    random: np.random.Generator

    def visits(self, share: float = 1.0, factor: pd.Series | None = None) -> pd.Series:
        """The visits by day, or a share of them (such as conversions), times a factor by day."""
        mean = self.mean * share if factor is None else self.mean * share * factor
        return pd.Series(self.random.poisson(mean).astype(float), index=mean.index)

    def views_by_hour(self, visits: pd.Series) -> pd.Series:
        """The views by hour of these visits."""
        counts = self.random.multinomial(visits.to_numpy(dtype=int), HOURS / HOURS.sum()).ravel()
        further = self.random.negative_binomial(np.maximum(counts, 1), 1 / VIEWS)
        index = pd.date_range(visits.index[0], periods=len(counts), freq="h")
        return pd.Series(np.where(counts, counts + further, 0).astype(float), index=index)


def site(seed: int, days: int = 400, *, least: float = 500.0, most: float = 5_000.0) -> Site:
    """A website with so many visits on an average day, until ``LAST``. Websites whose seeds differ
    by a multiple of 100,000 share their market: the season, and noise of a few per cent that lasts
    for days."""
    random = np.random.default_rng(seed)
    market = np.random.default_rng(seed % 100_000 + 7_000_000)
    index = pd.date_range(end=LAST, periods=days, freq="D")
    time = np.arange(days)
    shared = _season(market, index) + _lasting(market, days, market.uniform(0.02, 0.06))
    level = np.log(least) + random.uniform(0, np.log(most / least))
    growth = random.uniform(-0.2, 0.6) * (time - days) / 365
    weekdays = _weekdays(random)[index.day_of_week.to_numpy()]
    drift = np.cumsum(random.normal(0, 0.004, days))
    drift -= drift.min()
    noise = random.uniform(0.03, 0.08) * random.standard_t(5, days) / np.sqrt(5 / 3)
    lasting = _lasting(random, days, random.uniform(0.01, 0.04))
    logs = level + max(0.0, -growth.min()) + growth + weekdays + drift + shared + lasting + noise
    return Site(pd.Series(np.exp(logs), index=index), random)


def _season(random: np.random.Generator, index: pd.DatetimeIndex) -> Numbers:
    """A wave over the year, and quiet days around Christmas."""
    amplitude, phase = random.uniform(0, 0.25), random.uniform(0, 2 * np.pi)
    wave = amplitude * np.sin(2 * np.pi * index.day_of_year.to_numpy() / 365 + phase)
    depth = random.uniform(0, 0.3)
    quiet = [_christmas(day.date()) for day in index]
    return np.asarray(wave - depth * np.array(quiet))


def _christmas(day: date) -> float:
    return float((day + timedelta(days=10)).timetuple().tm_yday <= 12)


def _weekdays(random: np.random.Generator) -> Numbers:
    """Logarithms of factors from Monday to Sunday: an office's, a shop's, or even ones."""
    shapes = ([0.1, 0.12, 0.1, 0.08, 0, -0.6, -0.55], [0, -0.02, 0, 0, 0.02, 0.15, 0.2], [0.0] * 7)
    return np.array(shapes[random.integers(len(shapes))]) + random.normal(0, 0.03, 7)


def _lasting(random: np.random.Generator, days: int, deviation: float) -> Numbers:
    """Noise of which four fifths remain on the next day."""
    noise = random.normal(0, deviation * 0.6, days)
    noise[0] /= 0.6
    for day in range(1, days):
        noise[day] += 0.8 * noise[day - 1]
    return noise
